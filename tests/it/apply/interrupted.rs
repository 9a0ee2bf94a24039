use fakes::dsm::settings::Settings;
use fakes::dsm::{Api, Instead};
use serde_json::json;

use super::{
    apply, assert_done, correct, in_fast_motion, nas, refusal, report, to_apply, undo, writes,
    written,
};

const IN_ORDER: [Api; 3] = [Api::SetSsoClient, Api::SetSsoProfile, Api::CreateProxyRule];

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
        assert_eq!(writes(&house.dsm).len(), 4, "{lost:?}");
        assert_done(&undo(&house, false).await);
        assert_eq!(written(&house.dsm), before, "{lost:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_lost_twice_is_an_error() {
    let house = nas(Settings::default()).await;
    house.dsm.always(Api::SetSsoProfile, Instead::SessionLost);
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    let message = refusal(&house, &to_apply(&plan, false)).await;
    assert!(
        message.contains("cannot write the SSO profile"),
        "{message}"
    );
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

/// A write of this kind gets no answer; the administrator restores what was
/// there, or completes it.
async fn assert_can_be_undone_or_completed(api: Api, hangs: Instead) {
    let house = nas(Settings::default()).await;
    let before = house.dsm.behaviour().settings;
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    house.dsm.next(api, hangs);
    let request = to_apply(&plan, false);
    let message = in_fast_motion(refusal(&house, &request)).await;
    assert!(message.contains("dsm-settings --compare"), "{message}");
    assert_eq!(writes(&house.dsm).last(), Some(&api));
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
    let message = in_fast_motion(refusal(&house, &request)).await;
    assert!(message.contains("dsm-settings --compare"), "{message}");
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before, "{api:?}");
}

#[tokio::test]
async fn an_undo_without_an_answer_can_be_repeated() {
    for api in [Api::SetSsoProfile, Api::SetSsoClient, Api::DeleteProxyRule] {
        assert_can_be_repeated(api, Instead::Hang).await;
        assert_can_be_repeated(api, Instead::HangAfterwards).await;
    }
}
