use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::dsm::{Api, Instead};
use google_to_synology_sso::doctor::dsm::ProxyState;
use google_to_synology_sso::doctor::{Finding, Outcome};
use serde_json::{Value, json};

use super::{assert_not_tested, assert_one_fault, faults, inspect, message, nas, nas_with};

const SSO_CLIENT: &str = "Control Panel > Domain/LDAP > SSO Client";
const REVERSE_PROXY: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

/// A key of DSM's client and its wrong value; the line that names it, and some
/// words of it.
type WrongField = (&'static str, Value, &'static str, &'static [&'static str]);

fn wrong_fields() -> [WrongField; 11] {
    [
        (
            "oidc_allow_local_user",
            json!(false),
            "account_type",
            &["Domain/LDAP/local", "DSM 7.2"],
        ),
        (
            "oidc_wellknown",
            json!("https://old.example.com/.well-known"),
            "well_known_url",
            &["\"https://old.example.com/.well-known\""],
        ),
        (
            "oidc_wellknown",
            json!(""),
            "well_known_url",
            &["DSM has nothing"],
        ),
        (
            "oidc_authorization_endpoint",
            json!("https://login.example.com/dex/auth"),
            "authorization_endpoint",
            &["/dex/auth", "save it again"],
        ),
        (
            "oidc_token_endpoint",
            json!(""),
            "token_endpoint",
            &["save it again"],
        ),
        (
            "oidc_client_id",
            json!("synology2"),
            "application_id",
            &["\"synology2\""],
        ),
        (
            "oidc_client_secret",
            json!("a secret of long ago"),
            "application_secret",
            &["synology-client-secret", "application secret"],
        ),
        (
            "oidc_redirect_uri",
            json!("https://nas.example.com/#/signin"),
            "redirect_uri",
            &["/#/signin", "redirect-uris"],
        ),
        (
            "oidc_redirect_uri",
            Value::Null,
            "redirect_uri",
            &["DSM has nothing"],
        ),
        (
            "oidc_user_claim",
            json!("email"),
            "username_claim",
            &["\"email\""],
        ),
        (
            "oidc_user_claim",
            json!(""),
            "username_claim",
            &["\"username\""],
        ),
    ]
}

#[tokio::test]
async fn each_wrong_field_of_the_client_has_its_line() {
    let house = nas().await;
    let healthy = house.dsm.behaviour().settings;
    for (key, value, field, words) in wrong_fields() {
        house.dsm.change(|dsm| {
            dsm.settings = healthy.clone();
            dsm.settings.client[key] = value;
        });
        let report = inspect(&house).await;
        let name = format!("sso-client.{field}");
        assert_one_fault(
            &report,
            &name,
            Outcome::Fail,
            &[words, &[SSO_CLIENT]].concat(),
        );
        assert_not_tested(&report, &[]);
        let told = format!("{report:?}");
        assert!(
            !told.contains("long ago") && !told.contains("DSM knows"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_sign_in_that_is_off_or_of_another_profile_has_its_line() {
    let house = nas().await;
    for (key, value, field) in [
        ("sso_enable", json!(false), "enabled"),
        ("sso_profile", json!("azure"), "profile"),
    ] {
        house.dsm.change(|dsm| {
            dsm.settings.profile = json!({"sso_enable": true, "sso_profile": "oidc"});
            dsm.settings.profile[key] = value;
        });
        let report = inspect(&house).await;
        let name = format!("sso-client.{field}");
        assert_one_fault(&report, &name, Outcome::Fail, &[SSO_CLIENT]);
        assert_not_tested(&report, &[]);
    }
}

#[tokio::test]
async fn a_dialog_that_was_never_filled_in_is_one_fault() {
    let house = nas().await;
    house.dsm.change(|dsm| {
        dsm.settings = Settings {
            proxy: dsm.settings.proxy.clone(),
            ..Settings::default()
        };
    });
    let report = inspect(&house).await;
    let words = ["is not set up", "dsm-settings", SSO_CLIENT];
    assert_one_fault(&report, "sso-client.enabled", Outcome::Fail, &words);
}

#[tokio::test]
async fn a_moved_service_is_one_fault_of_three_fields() {
    let house = nas().await;
    let old = Settings::of(
        "https://old.example.com",
        "a secret that DSM knows",
        "https://nas.example.com",
    );
    house.dsm.change(|dsm| dsm.settings.client = old.client);
    let report = inspect(&house).await;
    assert_one_fault(
        &report,
        "sso-client.well_known_url",
        Outcome::Fail,
        &[SSO_CLIENT],
    );
    let endpoints = [
        "sso-client.authorization_endpoint",
        "sso-client.token_endpoint",
    ];
    assert_not_tested(&report, &endpoints);
}

#[tokio::test]
async fn values_that_work_are_ok() {
    let house = nas().await;
    house.dsm.change(|dsm| {
        let client = &mut dsm.settings.client;
        client["oidc_scope"] = json!("groups");
        client["oidc_redirect_uri"] = json!("https://nas.example.com");
        client["oidc_user_claim"] = json!("preferred_username");
        client["oidc_name"] = json!("Sign in");
        dsm.settings.default = json!({"sso_default_login": true});
    });
    let report = inspect(&house).await;
    assert!(faults(&report.findings).is_empty(), "{report:#?}");
    let scope = message(&report, "sso-client.scope");
    assert!(scope.contains("\"groups\", which works"), "{scope}");
    assert!(message(&report, "sso-client.enabled").contains("by default"));
}

#[tokio::test]
async fn one_of_several_redirect_uris_that_is_unknown_is_a_warning() {
    let house = nas().await;
    let two = "https://nas.example.com/,https://photos.example.com";
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_redirect_uri"] = json!(two));
    let report = inspect(&house).await;
    let words = ["\"https://photos.example.com\" are rejected", SSO_CLIENT];
    assert_one_fault(&report, "sso-client.redirect_uri", Outcome::Warn, &words);
}

#[tokio::test]
async fn a_secret_that_dsm_hides_is_not_tested() {
    let house = nas().await;
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_client_secret"] = Value::Null);
    let report = inspect(&house).await;
    assert!(faults(&report.findings).is_empty(), "{report:#?}");
    assert_not_tested(&report, &["sso-client.application_secret"]);
}

#[tokio::test]
async fn a_rule_that_is_wrong_or_missing_has_its_line() {
    let house = nas().await;
    let port = house.address.port();
    let mut other_port = proxy_rule("login.example.com", port);
    other_port["backend"]["port"] = json!(port + 1);
    let mut encrypted = proxy_rule("login.example.com", port);
    encrypted["backend"]["protocol"] = json!(1);
    let other_name = proxy_rule("old.example.com", port);
    for (rules, state, words) in [
        (vec![], ProxyState::Missing, "create it in"),
        (
            vec![other_port],
            ProxyState::Elsewhere,
            "let it lead to http://127.0.0.1:",
        ),
        (
            vec![encrypted],
            ProxyState::Elsewhere,
            "leads to https://localhost:",
        ),
        (
            vec![other_name],
            ProxyState::Missing,
            "https://old.example.com:443",
        ),
        (
            vec![json!({"description": "another form"})],
            ProxyState::Missing,
            "create it in",
        ),
    ] {
        house.dsm.change(|dsm| dsm.settings.proxy = rules);
        let report = inspect(&house).await;
        let words = [words, "https://login.example.com:443", REVERSE_PROXY];
        assert_one_fault(&report, "reverse-proxy", Outcome::Fail, &words);
        assert_eq!(report.proxy, state);
        assert_not_tested(&report, &[]);

        let reached = report.with_reached_public_name();
        assert!(faults(&reached.findings).is_empty(), "{reached:#?}");
        let found = message(&reached, "reverse-proxy");
        assert!(found.contains("another proxy leads it here"), "{found}");
    }
}

#[tokio::test]
async fn a_daemon_that_browsers_reach_directly_needs_no_rule() {
    let house = nas_with(|plan| plan.issuer = None).await;
    house.dsm.change(|dsm| dsm.settings.proxy.clear());
    let report = inspect(&house).await;
    assert!(faults(&report.findings).is_empty(), "{report:#?}");
    assert_eq!(report.proxy, ProxyState::NotNeeded);
}

#[tokio::test]
async fn a_setting_that_this_dsm_does_not_have_hides_no_other() {
    let fields_of_client = [
        "account_type",
        "well_known_url",
        "authorization_endpoint",
        "token_endpoint",
        "application_id",
        "application_secret",
        "redirect_uri",
        "scope",
        "username_claim",
    ];
    let of = |fields: &[&str]| -> Vec<String> {
        let names = fields.iter().map(|field| format!("sso-client.{field}"));
        names.collect()
    };
    for (api, expected) in [
        (Api::SsoProfile, of(&["enabled", "profile"])),
        (Api::SsoClient, of(&fields_of_client)),
        (Api::SsoDefault, vec![]),
        (Api::ProxyRules, vec!["reverse-proxy".to_owned()]),
    ] {
        for (code, words) in [
            (102, "lacks the API (102)"),
            (103, "lacks the method, or wants a SynoToken (103)"),
            (104, "lacks this version of the API (104)"),
            (105, "denies it to the account (105)"),
        ] {
            let house = nas().await;
            house.dsm.always(api, Instead::Code(code));
            let report = inspect(&house).await;
            let faults = faults(&report.findings);
            let names: Vec<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
            assert_eq!(names, expected, "{report:#?}");
            assert_unread(&faults, words);
            assert_not_tested(&report, &[]);
        }
    }
}

/// Checks that each line is a warning with the reason and the dialog.
fn assert_unread(lines: &[&Finding], reason: &str) {
    for line in lines {
        assert_eq!(line.result, Outcome::Warn, "{line:?}");
        for words in [reason, "Control Panel > "] {
            assert!(line.message.contains(words), "{line:?}");
        }
    }
}
