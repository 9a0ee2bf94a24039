use fakes::dsm::settings::Settings;
use fakes::dsm::{Api, Instead};
use serde_json::json;

use super::{apply, assert_done, correct, nas, refusal, report, to_apply, undo, written};
use crate::support::timers::in_fast_motion;

const IN_ORDER: [Api; 3] = [Api::SetSsoClient, Api::SetSsoProfile, Api::CreateProxyRule];
const UNDONE_IN_ORDER: [Api; 3] = [Api::SetSsoProfile, Api::SetSsoClient, Api::DeleteProxyRule];

#[tokio::test]
async fn a_session_lost_before_any_write_is_opened_again() {
    for lost in IN_ORDER {
        let house = nas(Settings::default()).await;
        let before = written(&house.dsm);
        let sign_ins = house.dsm.counts().sign_ins;
        house.dsm.next(lost, Instead::SessionLost);
        assert_done(&apply(&house).await);
        // One for the plan, one for the order, one after the loss.
        assert_eq!(house.dsm.counts().sign_ins, sign_ins + 3, "{lost:?}");
        assert_eq!(house.dsm.counts().open_sessions, 0, "{lost:?}");
        // What was written before is not written again.
        assert_eq!(house.dsm.writes().len(), 4, "{lost:?}");
        assert_done(&undo(&house, false).await);
        assert_eq!(written(&house.dsm), before, "{lost:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_lost_twice_is_an_error() {
    let house = nas(Settings::default()).await;
    house.dsm.always(Api::SetSsoProfile, Instead::SessionLost);
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    let sign_ins = house.dsm.counts().sign_ins;
    let message = refusal(&house, &to_apply(&plan, false)).await;
    assert!(
        message.contains("cannot write the SSO profile"),
        "{message}"
    );
    // One for the order, one after the first loss.
    assert_eq!(house.dsm.counts().sign_ins, sign_ins + 2);
    house.dsm.as_usual(Api::SetSsoProfile);
    assert_done(&apply(&house).await);
}

#[tokio::test]
async fn a_session_lost_before_a_read_is_opened_again() {
    for lost in [Api::SsoClient, Api::SsoProfile, Api::ProxyRules] {
        let house = nas(Settings::default()).await;
        let plan = report(&house, &json!({"command": "plan-apply"})).await;
        house.dsm.next(lost, Instead::Code(119));
        assert_done(&report(&house, &to_apply(&plan, false)).await);
    }
}

#[tokio::test]
async fn a_session_lost_during_an_undo_is_opened_again() {
    let house = nas(Settings::default()).await;
    let before = written(&house.dsm);
    for lost in UNDONE_IN_ORDER {
        assert_done(&apply(&house).await);
        let (sign_ins, so_far) = (house.dsm.counts().sign_ins, house.dsm.writes().len());
        house.dsm.next(lost, Instead::SessionLost);
        assert_done(&undo(&house, false).await);
        assert_eq!(written(&house.dsm), before, "{lost:?}");
        // One for the plan, one for the order, one after the loss.
        assert_eq!(house.dsm.counts().sign_ins, sign_ins + 3, "{lost:?}");
        // What was restored before is not written again.
        assert_eq!(house.dsm.writes().len(), so_far + 4, "{lost:?}");
        assert_eq!(house.rows("dsm_settings_before"), 0, "{lost:?}");
    }
}

#[tokio::test]
async fn a_session_lost_before_a_value_is_read_back_is_opened_again() {
    let house = nas(Settings::default()).await;
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    house.dsm.next(Api::SetSsoClient, Instead::HangAfterwards);
    let request = to_apply(&plan, false);
    let session_is_lost = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        house.dsm.forget_sessions();
        house.dsm.release();
    };
    let (done, ()) = tokio::join!(report(&house, &request), session_is_lost);
    assert_done(&done);
    assert_eq!(house.dsm.writes(), IN_ORDER);
}

#[tokio::test]
async fn a_sign_in_rejected_after_a_lost_session_begins_a_pause() {
    let house = nas(Settings::default()).await;
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    house.dsm.next(Api::SetSsoProfile, Instead::Hang);
    let request = to_apply(&plan, false);
    let password_changes = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        house.dsm.change(|dsm| dsm.password = "changed".to_owned());
        house.dsm.forget_sessions();
        house.dsm.release();
    };
    let (message, ()) = tokio::join!(refusal(&house, &request), password_changes);
    assert!(message.contains("(400)"), "{message}");
    let calls = house.dsm.calls().len();
    for command in [request, json!({"command": "plan-undo"})] {
        let message = refusal(&house, &command).await;
        assert!(message.contains("paused until 20"), "{message}");
    }
    assert_eq!(house.dsm.calls().len(), calls);
}

/// A write of this kind gets no answer; the administrator restores what was
/// there, or completes it.
async fn assert_can_be_undone_or_completed(api: Api, hangs: Instead) {
    let house = nas(Settings::default()).await;
    let before = house.dsm.behaviour().settings;
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    house.dsm.next(api, hangs);
    let request = to_apply(&plan, false);
    let message = in_fast_motion(20, refusal(&house, &request)).await;
    assert!(message.contains("dsm-settings --compare"), "{message}");
    assert_eq!(house.dsm.writes().last(), Some(&api));
    let half = house.dsm.behaviour().settings;
    assert_done(&undo(&house, false).await);
    let undone = written(&house.dsm);
    // The same again, and this time completed.
    house.dsm.change(|dsm| dsm.settings = half);
    assert_done(&apply(&house).await);
    assert_eq!(written(&house.dsm).client, correct().client, "{api:?}");
    house.dsm.change(|dsm| dsm.settings = before);
    assert_eq!(undone, written(&house.dsm), "{api:?}");
}

#[tokio::test]
async fn a_write_without_an_answer_can_be_completed_or_undone() {
    for api in IN_ORDER {
        assert_can_be_undone_or_completed(api, Instead::Hang).await;
        assert_can_be_undone_or_completed(api, Instead::HangAfterwards).await;
    }
}

/// A write of an undo gets no answer; the administrator repeats the undo.
async fn assert_can_be_repeated(api: Api, hangs: Instead) {
    let house = nas(Settings::default()).await;
    let before = written(&house.dsm);
    assert_done(&apply(&house).await);
    let plan = report(&house, &json!({"command": "plan-undo"})).await;
    house.dsm.next(api, hangs);
    let request = json!({"command": "undo", "seen": plan["seen"], "force": false});
    let message = in_fast_motion(20, refusal(&house, &request)).await;
    assert!(message.contains("dsm-settings --compare"), "{message}");
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before, "{api:?}");
}

#[tokio::test]
async fn an_undo_without_an_answer_can_be_repeated() {
    for api in UNDONE_IN_ORDER {
        assert_can_be_repeated(api, Instead::Hang).await;
        assert_can_be_repeated(api, Instead::HangAfterwards).await;
    }
}
