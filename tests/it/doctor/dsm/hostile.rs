use fakes::dsm::settings::proxy_rule;
use fakes::dsm::{Api, FakeUser, Instead};
use google_to_synology_sso::doctor::Outcome;
use google_to_synology_sso::doctor::dsm::ProxyState;
use serde_json::{Value, json};

use super::{
    all_but, assert_not_tested, assert_one_fault, faults, inspect, inspect_in_fast_motion, nas,
};

const MANY: usize = 100_000;

#[tokio::test]
async fn a_sign_in_that_hangs_ends_in_time() {
    let house = nas().await;
    house.dsm.always(Api::SignIn, Instead::Hang);
    let report = inspect_in_fast_motion(&house).await;
    assert_one_fault(
        &report,
        "dsm.reach",
        Outcome::Fail,
        &["did not answer in time"],
    );
    assert_not_tested(&report, &all_but(&["dsm.reach", "dsm.power"]));
}

#[tokio::test]
async fn a_list_that_hangs_ends_in_time() {
    let house = nas().await;
    house.dsm.always(Api::Users, Instead::Hang);
    let report = inspect_in_fast_motion(&house).await;
    assert_one_fault(
        &report,
        "dsm.users",
        Outcome::Fail,
        &["did not answer in time"],
    );
    assert_eq!(house.dsm.counts().open_sessions, 0);
}

#[tokio::test]
async fn one_setting_that_hangs_hides_no_other() {
    let house = nas().await;
    house.dsm.always(Api::ProxyRules, Instead::Hang);
    let report = inspect_in_fast_motion(&house).await;
    assert_one_fault(
        &report,
        "reverse-proxy",
        Outcome::Warn,
        &["did not answer in time"],
    );
    assert_not_tested(&report, &[]);
    assert_eq!(report.proxy, ProxyState::Unread);
    assert_eq!(house.dsm.counts().open_sessions, 0);
}

#[tokio::test]
async fn a_refresh_that_waits_for_dsm_is_not_waited_for_for_long() {
    let house = nas().await;
    house.dsm.next(Api::Users, Instead::Hang);
    let refreshing = async { drop(house.jobs().users.refresh().await) };
    let inspecting = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        let report = inspect_in_fast_motion(&house).await;
        assert_one_fault(&report, "dsm.reach", Outcome::Fail, &["for 25 s"]);
    };
    tokio::select! {
        () = inspecting => {}
        () = refreshing => panic!("it hangs for longer"),
    }
}

#[tokio::test]
async fn answers_without_an_end_are_not_read() {
    let house = nas().await;
    for api in [
        Api::SsoProfile,
        Api::SsoClient,
        Api::SsoDefault,
        Api::ProxyRules,
        Api::Web,
    ] {
        house.dsm.always(api, Instead::Huge(1 << 20));
    }
    let report = inspect(&house).await;
    for fault in faults(&report.findings) {
        assert_eq!(fault.result, Outcome::Warn);
        assert!(fault.message.contains("larger than"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_rules_and_users_are_not_shown() {
    let house = nas().await;
    // Too large for us, or too slow for this machine.
    let side = json!({"fqdn": "nas.example.com", "port": 443, "protocol": 1});
    let rule = json!({"frontend": side, "backend": side});
    let rules: Vec<Value> = vec![rule; MANY];
    house.dsm.change(|dsm| dsm.settings.proxy = rules);
    let report = inspect(&house).await;
    assert_one_fault(
        &report,
        "reverse-proxy",
        Outcome::Warn,
        &["cannot list the reverse proxy rules"],
    );

    let mut users: Vec<FakeUser> = (0..MANY)
        .map(|n| FakeUser::new(&format!("u{n}"), ""))
        .collect();
    users.push(FakeUser::new("jeanne", "jeanne.martin@gmail.com"));
    house.dsm.set_users(users);
    house.dsm.change(|dsm| dsm.settings.proxy.clear());
    let report = inspect(&house).await;
    let users = faults(&report.findings)[0];
    assert!(users.message.contains("and 99995 more"), "{users:?}");
}

#[tokio::test]
async fn control_characters_reach_no_line() {
    let house = nas().await;
    let evil = "\u{1b}[2J\r\n\u{7}\u{202e}\u{9b}evil";
    house.dsm.set_users([
        FakeUser::new(evil, ""),
        FakeUser::new("lea", "lea@example.net"),
    ]);
    house.dsm.change(|dsm| {
        let settings = &mut dsm.settings;
        settings.profile["sso_profile"] = json!(evil);
        for key in [
            "oidc_wellknown",
            "oidc_client_id",
            "oidc_redirect_uri",
            "oidc_user_claim",
        ] {
            settings.client[key] = json!(evil.repeat(1_000));
        }
        settings.client["oidc_scope"] = json!(evil);
        let port = house.address.port() + 1;
        settings.proxy = vec![proxy_rule("login.example.com", port)];
        settings.proxy[0]["backend"]["fqdn"] = json!(evil);
        settings.info["version_string"] = json!(evil);
    });
    let report = inspect(&house).await;
    // Which also looks for control characters.
    assert_eq!(faults(&report.findings).len(), 7, "{report:#?}");
    let told = format!("{report:?}");
    assert!(!told.contains('\u{202e}') && !told.contains('\u{9b}'));
}

#[tokio::test]
async fn values_of_another_type_are_not_quoted_if_they_may_be_secret() {
    let house = nas().await;
    house.dsm.change(|dsm| {
        dsm.settings.client["oidc_client_secret"] = json!(["a secret that DSM knows"]);
        dsm.settings.client["oidc_allow_local_user"] = json!("a secret that DSM knows");
    });
    let report = inspect(&house).await;
    let told = format!("{report:?}");
    assert!(told.contains("another shape"), "{told}");
    assert!(!told.contains("that DSM knows"), "{told}");
}
