//! What Google says about the client, the redirect URI and the secret.

use fakes::google::{CLIENT_ID, Endpoint, Trouble};
use fakes::house::write_secret;
use serde_json::json;

use super::{doctor, edit_config};
use crate::support::built::Built;

/// What depends on Google's documents.
const FETCHED: &[&str] = &["google.client", "machine.clock"];

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_named() {
    let built = Built::new().await;
    let google = &built.house.google;
    google.register_redirect_uris(&["https://login.example.com/callback"]);
    let report = doctor(&built.house).await;
    let uri = format!("add {}/callback", built.house.issuer());
    report.fault("google.client", &uri, &[]);
    let message = report.message("google.client");
    let console = "Google Cloud console > APIs & Services > Credentials";
    assert!(message.contains(console), "{message}");
    google.register_redirect_uris(&[&format!("{}/callback", built.house.issuer())]);
    doctor(&built.house).await.all_ok();
}

#[tokio::test]
async fn a_client_that_google_does_not_know_is_named() {
    let built = Built::new().await;
    let house = &built.house;
    edit_config(house, CLIENT_ID, "99.apps.googleusercontent.com");
    let report = doctor(house).await;
    report.fault("google.client", "99.apps.googleusercontent.com", &[]);
    assert!(report.message("google.client").contains("invalid_client"));
    edit_config(house, "99.apps.googleusercontent.com", CLIENT_ID);
    for code in ["deleted_client", "disabled_client", "invalid_request"] {
        let trouble = Trouble::ErrorPage(code);
        house.google.fail(Endpoint::Authorization, trouble);
        doctor(house).await.fault("google.client", code, &[]);
    }
    let trouble = Trouble::ErrorPage("org_internal");
    house.google.fail(Endpoint::Authorization, trouble);
    doctor(house)
        .await
        .warning("google.client", "organisation", &[]);
}

#[tokio::test]
async fn a_wrong_secret_is_named_and_not_shown() {
    let built = Built::new().await;
    let file = built.house.home.path().join("google-client-secret");
    write_secret(&file, "GOCSPX-of-another-client");
    let report = doctor(&built.house).await;
    report.fault("google.client", "rejects the client secret", &[]);
    assert!(!report.message("google.client").contains("GOCSPX"));
}

#[tokio::test]
async fn what_cannot_be_determined_is_a_warning() {
    let built = Built::new().await;
    for trouble in [
        Trouble::Html,
        Trouble::Status(503),
        Trouble::Redirect,
        Trouble::ErrorPage("something_new"),
        Trouble::TooLarge,
    ] {
        built.house.google.fail(Endpoint::Authorization, trouble);
        let report = doctor(&built.house).await;
        report.warning("google.client", "cannot be determined", &[]);
    }
}

#[tokio::test]
async fn documents_that_are_missing_or_wrong_are_named() {
    let built = Built::new().await;
    let google = &built.house.google;
    for (endpoint, trouble, words) in [
        (Endpoint::Discovery, Trouble::Status(500), "status 500"),
        (Endpoint::Keys, Trouble::Html, "keys"),
        (
            Endpoint::Discovery,
            Trouble::Json(json!({"issuer": "x"})),
            "not a discovery document",
        ),
    ] {
        google.fail(endpoint, trouble);
        let report = doctor(&built.house).await;
        report.fault("google.discovery", words, FETCHED);
        google.mend(endpoint);
    }
    doctor(&built.house).await.all_ok();
}
