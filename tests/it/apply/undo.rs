use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::dsm::{Api, Instead};
use serde_json::{Value, json};

use super::{
    apply, assert_done, differing, foreign, left, nas, refusal, report, to_apply, undo, written,
};

/// Replaces everything, by consent.
async fn apply_with_force(house: &fakes::house::House) -> Value {
    let plan = report(house, &json!({"command": "plan-apply"})).await;
    report(house, &to_apply(&plan, true)).await
}

#[tokio::test]
async fn a_blank_dsm_is_blank_again() {
    let house = nas(Settings::default()).await;
    let before = written(&house.dsm);
    assert_done(&apply(&house).await);
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before);
    // The button disappears before the client does.
    let undone = [Api::SetSsoProfile, Api::SetSsoClient, Api::DeleteProxyRule];
    assert_eq!(house.dsm.writes()[3..], undone);
    assert_eq!(house.rows("dsm_settings_before"), 0);
    // There is nothing more to undo.
    let plan = report(&house, &json!({"command": "plan-undo"})).await;
    assert_eq!((&plan["rows"], &plan["left"]), (&json!([]), &json!([])));
    assert_done(&undo(&house, true).await);
    assert_eq!(house.dsm.writes().len(), 6);
}

#[tokio::test]
async fn what_was_replaced_by_force_is_restored_byte_for_byte() {
    let house = nas(foreign()).await;
    let before = written(&house.dsm);
    assert_done(&apply_with_force(&house).await);
    assert_ne!(written(&house.dsm), before);
    let plan = report(&house, &json!({"command": "plan-undo"})).await;
    let rows = plan["rows"].to_string();
    assert!(rows.contains("https://other.example.com/auth"), "{rows}");
    assert!(differing(&plan).contains(&"application_secret"), "{rows}");
    assert!(differing(&plan).contains(&"destination"), "{rows}");
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before);
}

#[tokio::test]
async fn a_second_apply_with_another_config_is_undone_too() {
    let mut house = nas(foreign()).await;
    let before = written(&house.dsm);
    assert_done(&apply_with_force(&house).await);
    house.stop().await;
    house.plan().issuer = Some("https://sso.example.com/dex".to_owned());
    house.plan().client = "redirect-uris = [\"https://photos.example.com/\"]".to_owned();
    house.start().await;
    assert_done(&apply_with_force(&house).await);
    // Each of the two names has a rule. The profile was right before.
    assert_eq!(written(&house.dsm).rules.len(), 3);
    assert_eq!(house.rows("dsm_settings_before"), 3);
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before);
}

#[tokio::test]
async fn after_a_partial_apply_nothing_else_is_touched() {
    let house = nas(Settings::default()).await;
    let before = written(&house.dsm);
    house.dsm.next(Api::SetSsoProfile, Instead::Code(402));
    let done = apply(&house).await;
    assert_eq!(done["problems"].as_array().unwrap().len(), 1, "{done}");
    let writes_before = house.dsm.writes().len();
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before);
    let undone = [Api::SetSsoClient, Api::DeleteProxyRule];
    assert_eq!(house.dsm.writes()[writes_before..], undone);
}

#[tokio::test]
async fn what_dsm_stored_differently_is_undone_too() {
    let house = nas(Settings::default()).await;
    let before = written(&house.dsm);
    let other = Instead::Stores(json!({"oidc_scope": "openid", "oidc_client_id": "x"}));
    house.dsm.next(Api::SetSsoClient, other);
    house.dsm.next(
        Api::CreateProxyRule,
        Instead::Stores(json!({"description": "theirs"})),
    );
    apply(&house).await;
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before);
}

#[tokio::test]
async fn what_was_changed_since_is_left_unless_forced() {
    let house = nas(foreign()).await;
    let before = written(&house.dsm);
    assert_done(&apply_with_force(&house).await);
    house.dsm.change(|dsm| {
        dsm.settings.client["oidc_name"] = json!("Mine");
        dsm.settings.proxy[1]["proxy_read_timeout"] = json!(7);
    });
    let changed = written(&house.dsm);
    let plan = report(&house, &json!({"command": "plan-undo"})).await;
    assert_eq!(left(&plan), ["sso-client", "reverse-proxy"]);
    let done = undo(&house, false).await;
    assert_eq!(left(&done), ["sso-client", "reverse-proxy"]);
    // The profile was ours in both, so there was nothing to restore.
    assert_eq!(written(&house.dsm), changed);
    let done = undo(&house, true).await;
    assert_eq!(left(&done), Vec::<&str>::new());
    assert_eq!(written(&house.dsm), before);
    assert_eq!(house.rows("dsm_settings_before"), 0);
}

#[tokio::test]
async fn after_an_undo_that_left_a_change_the_next_apply_begins_anew() {
    let house = nas(Settings::default()).await;
    assert_done(&apply(&house).await);
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_name"] = json!("Mine"));
    assert_eq!(left(&undo(&house, false).await), ["sso-client"]);
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_client_id"] = json!("other"));
    let changed = written(&house.dsm);
    assert_done(&apply(&house).await);
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), changed);
}

#[tokio::test]
async fn a_rule_that_was_deleted_returns_only_by_force() {
    let house = nas(foreign()).await;
    let before = written(&house.dsm);
    assert_done(&apply_with_force(&house).await);
    house.dsm.change(|dsm| drop(dsm.settings.proxy.remove(1)));
    assert_eq!(left(&undo(&house, false).await), ["reverse-proxy"]);
    assert_eq!(written(&house.dsm).rules, before.rules[..1]);
    assert_done(&undo(&house, true).await);
    // DSM gives it a new identity.
    let mut rule = written(&house.dsm).rules.remove(1);
    for name in ["UUID", "_key"] {
        rule[name] = before.rules[1][name].clone();
    }
    assert_eq!(rule, before.rules[1]);
}

#[tokio::test]
async fn a_rule_that_was_created_again_is_restored_in_place() {
    let house = nas(foreign()).await;
    let mut expected = written(&house.dsm).rules;
    assert_done(&apply_with_force(&house).await);
    // The administrator deletes our rule, and enters the same one again.
    for name in ["UUID", "_key"] {
        expected[1][name] = json!("entered-again");
        house
            .dsm
            .change(|dsm| dsm.settings.proxy[1][name] = json!("entered-again"));
    }
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm).rules, expected);
}

#[tokio::test]
async fn an_undo_by_hand_leaves_nothing_to_undo() {
    let house = nas(Settings::default()).await;
    assert_done(&apply(&house).await);
    house.dsm.change(|dsm| dsm.settings = Settings::default());
    let writes_before = house.dsm.writes().len();
    assert_done(&undo(&house, false).await);
    assert_eq!(house.dsm.writes().len(), writes_before);
    assert_eq!(house.rows("dsm_settings_before"), 0);
}

#[tokio::test]
async fn a_plan_of_an_undo_that_is_out_of_date_is_rejected() {
    let house = nas(Settings::default()).await;
    assert_done(&apply(&house).await);
    let plan = report(&house, &json!({"command": "plan-undo"})).await;
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_name"] = json!("Mine"));
    let request = json!({"command": "undo", "seen": plan["seen"], "force": true});
    let message = refusal(&house, &request).await;
    assert!(message.contains("have changed since"), "{message}");
    // Nor is a plan of the other direction accepted.
    let plan = report(&house, &json!({"command": "plan-apply"})).await;
    let request = json!({"command": "undo", "seen": plan["seen"], "force": true});
    let message = refusal(&house, &request).await;
    assert!(message.contains("have changed since"), "{message}");
}

#[tokio::test]
async fn an_undo_that_dsm_rejects_can_be_repeated() {
    let proxy = vec![proxy_rule("photos.example.com", 9000)];
    let house = nas(Settings {
        proxy,
        ..Settings::default()
    })
    .await;
    let before = written(&house.dsm);
    assert_done(&apply(&house).await);
    house.dsm.next(Api::DeleteProxyRule, Instead::Code(402));
    house.dsm.next(Api::SetSsoClient, Instead::Code(120));
    let done = undo(&house, false).await;
    assert_eq!(done["problems"].as_array().unwrap().len(), 2, "{done:#}");
    assert_done(&undo(&house, false).await);
    assert_eq!(written(&house.dsm), before);
}

#[tokio::test]
async fn an_undo_that_dsm_stores_differently_can_be_repeated() {
    let house = nas(Settings::default()).await;
    let before = written(&house.dsm);
    assert_done(&apply(&house).await);
    let other = json!({"oidc_name": "Mine"});
    house.dsm.next(Api::SetSsoClient, Instead::Stores(other));
    let done = undo(&house, false).await;
    let problems = done["problems"].to_string();
    assert!(problems.contains("has not restored all"), "{problems}");
    assert_eq!(house.rows("dsm_settings_before"), 1);
    assert_done(&undo(&house, true).await);
    assert_eq!(written(&house.dsm), before);
}
