//! `dsm-settings --compare`: DSM's values beside ours.

use std::process::Output;

use fakes::dsm::{Api, Instead};
use fakes::house::{CLIENT_SECRET_OF_DSM, House};
use google_to_synology_sso::doctor::dsm::Compared;

use super::nas;
use crate::support::command_line::text;
use crate::support::control::command_at_once;

async fn compare(house: &House, more: &[&str]) -> Output {
    let arguments = [&["dsm-settings", "--compare"], more].concat();
    let output = command_at_once(house, &arguments).await;
    let printed = format!("{output:?}");
    assert!(!printed.contains(CLIENT_SECRET_OF_DSM), "{printed}");
    assert!(!printed.contains("another secret"), "{printed}");
    output
}

fn rows(output: &Output) -> Vec<Compared> {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_dsm_with_our_values_is_the_same() {
    let house = nas().await;
    let output = compare(&house, &["--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rows = rows(&output);
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| row.same), "{rows:#?}");
    let secret = rows.iter().find(|row| row.field == "application_secret");
    let secret = secret.unwrap();
    assert_eq!((&secret.dsm, &secret.ours), (&None, &None));

    let output = compare(&house, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // The name does not exist outside the test.
    let printed = text(&output.stdout);
    let certificate = "\nDSM has the same values.\nCertificate: login.example.com ";
    assert!(printed.contains(certificate), "{printed}");
}

#[tokio::test]
async fn each_field_that_differs_is_shown_with_both_values() {
    let house = nas().await;
    house.dsm.change(|dsm| {
        let client = &mut dsm.settings.client;
        client["oidc_user_claim"] = "email".into();
        client["oidc_client_secret"] = "another secret of DSM".into();
        dsm.settings.proxy.clear();
    });
    let output = compare(&house, &["--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let rows = rows(&output);
    let differing = rows.iter().filter(|row| !row.same);
    let differing: Vec<&str> = differing.map(|row| row.field.as_str()).collect();
    let expected = [
        "application_secret",
        "username_claim",
        "source",
        "destination",
    ];
    assert_eq!(differing, expected);
    let claim = rows
        .iter()
        .find(|row| row.field == "username_claim")
        .unwrap();
    assert_eq!(claim.dsm.as_deref(), Some("email"));
    assert_eq!(claim.ours.as_deref(), Some("username"));

    let output = compare(&house, &[]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let printed = text(&output.stdout);
    assert!(
        printed.contains("\n4 differ. Let dsm-settings --apply write them, or "),
        "{printed}"
    );
}

#[tokio::test]
async fn without_a_daemon_the_command_reads_dsm_itself() {
    let mut house = nas().await;
    house.stop().await;
    let output = compare(&house, &["--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(rows(&output).len(), 13);
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_that_says_why() {
    let house = nas().await;
    house.dsm.always(Api::ProxyRules, Instead::Code(105));
    let output = compare(&house, &["--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(rows(&output).len(), 11);
    let told = text(&output.stderr);
    assert!(told.contains("reverse-proxy: "), "{told}");

    house.dsm.always(Api::SignIn, Instead::Code(400));
    let output = compare(&house, &["--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let told = text(&output.stderr);
    assert!(told.contains("dsm.sign-in: "), "{told}");
}
