use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::dsm::{Api, Instead};
use fakes::house::{CLIENT_SECRET_OF_DSM, Plan, REDIRECT_URI};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use serde_json::json;

use super::{
    ISSUER, answer, apply, assert_done, correct, differing, foreign, left, nas, nas_planned,
    refusal, report, to_apply, written,
};
use crate::support::captured_log::CapturedLog;

const PLAN: &str = "plan-apply";

#[tokio::test]
async fn a_blank_dsm_gets_every_value_in_one_session() {
    let house = nas(Settings::default()).await;
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let plan = report(&house, &json!({"command": PLAN})).await;
    assert_eq!(plan["rows"].as_array().unwrap().len(), 13);
    assert_eq!(plan["rows"][3]["dsm"], "");
    assert_eq!(
        plan["rows"][3]["ours"],
        format!("{ISSUER}/.well-known/openid-configuration")
    );
    assert_eq!(house.dsm.writes(), []);
    let sign_ins = house.dsm.counts().sign_ins;
    assert_done(&report(&house, &to_apply(&plan, false)).await);
    assert_eq!(house.dsm.counts().sign_ins, sign_ins + 1);
    assert_eq!(house.dsm.counts().open_sessions, 0);
    let order = [Api::SetSsoClient, Api::SetSsoProfile, Api::CreateProxyRule];
    assert_eq!(house.dsm.writes(), order);
    let dsm = written(&house.dsm);
    assert_eq!(dsm.client, correct().client);
    assert_eq!(
        dsm.profile,
        json!({"sso_enable": true, "sso_profile": "oidc"})
    );
    let rule = &dsm.rules[0];
    assert_eq!(
        rule["frontend"],
        json!({
            "acl": null, "fqdn": "login.example.com", "https": {"hsts": false}, "port": 443,
            "protocol": 1,
        })
    );
    assert_eq!(rule["backend"]["fqdn"], "127.0.0.1");
    assert_eq!(rule["backend"]["port"], house.address.port());
    // Each change is in the log, at warn, and the secret is not.
    let log = log.text();
    assert_eq!(log.matches("wrote settings of DSM").count(), 3, "{log}");
    assert!(log.contains("WARN"), "{log}");
    assert!(log.contains("login.example.com:443"), "{log}");
    assert!(!log.contains(CLIENT_SECRET_OF_DSM), "{log}");
}

#[tokio::test]
async fn nothing_is_written_if_nothing_differs() {
    let mut settings = correct();
    settings.proxy = vec![proxy_rule("*", 1)];
    let house = nas(settings.clone()).await;
    let port = house.address.port();
    settings.proxy = vec![proxy_rule("*", port)];
    // Equivalent values are not ours, letter by letter.
    settings.client["oidc_scope"] = json!("openid groups");
    settings.client["oidc_redirect_uri"] = json!("https://nas.example.com");
    settings.client["oidc_name"] = json!("Famille");
    settings.client["oidc_user_claim"] = json!("preferred_username");
    house.dsm.change(|dsm| dsm.settings = settings);
    assert_done(&apply(&house).await);
    assert_eq!(house.dsm.writes(), []);
    assert_eq!(house.rows("dsm_settings_before"), 0);
}

#[tokio::test]
async fn an_equivalent_value_stays_when_another_field_is_written() {
    let mut settings = correct();
    settings.client["oidc_scope"] = json!("");
    settings.client["oidc_name"] = json!("Famille");
    settings.client["oidc_of_a_later_dsm"] = json!("kept");
    settings.client["oidc_client_secret"] = json!("a former secret");
    let mut expected = settings.client.clone();
    expected["oidc_client_secret"] = json!(CLIENT_SECRET_OF_DSM);
    let house = nas(settings).await;
    assert_done(&apply(&house).await);
    assert_eq!(written(&house.dsm).client, expected);
    assert_eq!(
        house.dsm.writes(),
        [Api::SetSsoClient, Api::CreateProxyRule]
    );
}

#[tokio::test]
async fn a_foreign_service_stays_and_the_other_place_is_written() {
    let mut settings = foreign();
    settings.proxy.truncate(1);
    let house = nas(settings).await;
    let before = written(&house.dsm);
    let plan = report(&house, &json!({"command": PLAN})).await;
    assert_eq!(left(&plan), ["sso-client"]);
    let why = plan["left"][0]["why"].as_str().unwrap();
    assert!(why.contains("https://other.example.com/"), "{why}");
    let done = report(&house, &to_apply(&plan, false)).await;
    assert_eq!(left(&done), ["sso-client"]);
    assert_eq!(house.dsm.writes(), [Api::CreateProxyRule]);
    let after = written(&house.dsm);
    assert_eq!(
        (after.client, after.profile),
        (before.client, before.profile)
    );
    assert_eq!(after.rules.len(), 2);
    // A profile that is not OIDC is as foreign; one that is off is not.
    house
        .dsm
        .change(|dsm| dsm.settings.profile["sso_profile"] = json!("azure"));
    let done = apply(&house).await;
    assert_eq!(left(&done), ["sso-client"]);
    house
        .dsm
        .change(|dsm| dsm.settings.profile["sso_enable"] = json!(false));
    assert_done(&apply(&house).await);
}

#[tokio::test]
async fn a_foreign_rule_stays_and_the_other_place_is_written() {
    let mut settings = foreign();
    settings.profile["sso_enable"] = json!(false);
    let house = nas(settings).await;
    let before = written(&house.dsm);
    let done = apply(&house).await;
    assert_eq!(left(&done), ["reverse-proxy"]);
    assert_eq!(differing(&done), ["destination"]);
    assert_eq!(house.dsm.writes(), [Api::SetSsoClient, Api::SetSsoProfile]);
    assert_eq!(written(&house.dsm).rules, before.rules);
}

#[tokio::test]
async fn with_force_the_rest_of_a_foreign_rule_stays() {
    let house = nas(foreign()).await;
    let mut expected = written(&house.dsm);
    let plan = report(&house, &json!({"command": PLAN})).await;
    assert_eq!(left(&plan), ["sso-client", "reverse-proxy"]);
    assert_done(&report(&house, &to_apply(&plan, true)).await);
    let client = correct().client;
    for (name, value) in client.as_object().unwrap() {
        expected.client[name] = value.clone();
    }
    expected.rules[1]["backend"]["fqdn"] = json!("127.0.0.1");
    expected.rules[1]["backend"]["port"] = json!(house.address.port());
    assert_eq!(written(&house.dsm), expected);
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_is_rejected() {
    let house = nas(Settings::default()).await;
    let plan = report(&house, &json!({"command": PLAN})).await;
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_name"] = json!("changed"));
    let message = refusal(&house, &to_apply(&plan, true)).await;
    assert!(message.contains("have changed since"), "{message}");
    let message = refusal(&house, &to_apply(&json!({"seen": ""}), true)).await;
    assert!(message.contains("have changed since"), "{message}");
    assert_eq!(house.dsm.writes(), []);
    assert_eq!(house.rows("dsm_settings_before"), 0);
    // Another rule than that for the public name does not matter.
    let plan = report(&house, &json!({"command": PLAN})).await;
    house.dsm.change(|dsm| {
        dsm.settings
            .proxy
            .push(proxy_rule("photos.example.com", 9000));
    });
    assert_done(&report(&house, &to_apply(&plan, false)).await);
}

#[tokio::test]
async fn a_session_of_version_6_may_not_write() {
    let house = nas(Settings::default()).await;
    house.dsm.change(|dsm| {
        dsm.highest_auth_version = 6;
        dsm.rejects_writes_of_old_sessions = true;
    });
    let done = apply(&house).await;
    let problems = done["problems"].to_string();
    assert_eq!(done["problems"].as_array().unwrap().len(), 2, "{problems}");
    for words in [
        "cannot write the SSO client of DSM",
        "(402)",
        "Control Panel > Domain/LDAP > SSO Client",
        REDIRECT_URI,
        "synology-client-secret",
        "Control Panel > Login Portal > Advanced > Reverse Proxy",
        "https://login.example.com:443",
    ] {
        assert!(problems.contains(words), "{words}: {problems}");
    }
    // The button does not appear before the client is complete.
    assert_eq!(
        house.dsm.writes(),
        [Api::SetSsoClient, Api::CreateProxyRule]
    );
    // No sign-in pause: the next order signs in.
    house
        .dsm
        .change(|dsm| dsm.rejects_writes_of_old_sessions = false);
    assert_done(&apply(&house).await);
}

#[tokio::test]
async fn what_dsm_stores_differently_is_named_and_not_enabled() {
    let house = nas(Settings::default()).await;
    let other = json!({"oidc_client_id": "\u{1b}[2J", "oidc_client_secret": "another"});
    house.dsm.next(Api::SetSsoClient, Instead::Stores(other));
    let done = apply(&house).await;
    let problems: Vec<String> = serde_json::from_value(done["problems"].clone()).unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("application_id should be \"synology\", and is"));
    assert!(problems[0].contains("Control Panel > Domain/LDAP > SSO Client"));
    assert!(!problems[0].contains('\u{1b}'), "{problems:?}");
    assert!(problems[1].contains("application_secret"), "{problems:?}");
    assert!(!problems[1].contains("another\""), "{problems:?}");
    assert_eq!(
        house.dsm.writes(),
        [Api::SetSsoClient, Api::CreateProxyRule]
    );
    // A second apply completes it.
    assert_done(&apply(&house).await);
}

#[tokio::test]
async fn the_copy_of_the_state_has_what_an_undo_needs() {
    let house = nas(Settings::default()).await;
    assert_done(&apply(&house).await);
    let copy = house.home.path().join("state.sqlite3.copy");
    let copy = rusqlite::Connection::open(copy).unwrap();
    let count = "SELECT count(*) FROM dsm_settings_before";
    let saved: i64 = copy.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(saved, 3);
}

#[tokio::test]
async fn nothing_is_asked_of_dsm_during_a_sign_in_pause() {
    let house = nas(Settings::default()).await;
    house.dsm.change(|dsm| dsm.password = "changed".to_owned());
    let message = refusal(&house, &json!({"command": PLAN})).await;
    assert!(message.contains("(400)"), "{message}");
    let calls = house.dsm.calls().len();
    let message = refusal(&house, &json!({"command": PLAN})).await;
    assert!(message.contains("paused until 20"), "{message}");
    assert_eq!(house.dsm.calls().len(), calls);
}

#[tokio::test]
async fn the_first_redirect_uri_of_the_config_is_entered() {
    let plan = Plan {
        client: format!("redirect-uris = [{REDIRECT_URI:?}, \"https://photos.example.com/\"]"),
        ..Plan::default()
    };
    let house = nas_planned(Settings::default(), plan).await;
    assert_done(&apply(&house).await);
    assert_eq!(
        written(&house.dsm).client["oidc_redirect_uri"],
        REDIRECT_URI
    );
    let unknown = answer(&house, &json!({"command": "apply"})).await;
    assert!(unknown["refused"].is_object(), "{unknown}");
}
