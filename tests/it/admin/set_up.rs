//! Paul writes the settings into DSM, and restores what was there before.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::dsm::Api;
use fakes::dsm::settings::Settings;
use fakes::house::{CLIENT_SECRET_OF_DSM, House};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use super::{message, open, public_house, signed_in, submit, token};
use crate::support::captured_log::CapturedLog;

const SET_UP: &str = "/admin/setup";
const PLAN_APPLY: &str = "plan-settings";
const APPLY: &str = "write-settings";
const PLAN_UNDO: &str = "plan-undo";
const UNDO: &str = "undo-settings";
const SECRET: &str = "show-secret";

/// A house with these settings in DSM, and Paul.
async fn at_the_page(settings: Settings) -> (House, Browser) {
    let house = public_house("").await;
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    house.dsm.change(|dsm| dsm.settings = settings);
    let paul = signed_in(&house).await;
    (house, paul)
}

fn foreign() -> Settings {
    Settings::of("https://other.example.com", "their secret", "https://x/")
}

/// Sends the form `name` of `page`, with more `fields`.
async fn send(
    house: &House,
    paul: &mut Browser,
    page: &Shown,
    (name, fields): (&str, &str),
) -> Shown {
    let token = format!("{}{fields}", token(page, name));
    submit(house, paul, SET_UP, name, &token).await
}

/// Clicks the button `name`, which shows a preview.
async fn preview(house: &House, paul: &mut Browser, name: &str) -> Shown {
    let page = open(house, paul, SET_UP).await;
    let shown = send(house, paul, &page, (name, "")).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    shown
}

/// The field with what the preview is about.
fn seen(preview: &Shown) -> String {
    let (_, after) = preview.body.split_once("name=\"seen\" value=\"").unwrap();
    format!("&seen={}", after.split('"').next().unwrap())
}

/// Agrees to the `preview`, and returns the page after that.
async fn agree(house: &House, paul: &mut Browser, preview: &Shown, name: &str) -> Shown {
    let shown = send(house, paul, preview, (name, &seen(preview))).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    open(house, paul, SET_UP).await
}

#[track_caller]
fn assert_says(page: &Shown, words: &str) {
    assert!(page.body.contains(words), "{words}: {}", page.body);
}

#[tokio::test]
async fn the_settings_are_written_after_a_yes_and_restored() {
    let (house, mut paul) = at_the_page(Settings::default()).await;
    let before = house.dsm.behaviour().settings;
    let shown = preview(&house, &mut paul, PLAN_APPLY).await;
    assert_says(
        &shown,
        "https://login.example.com/.well-known/openid-configuration",
    );
    assert_eq!(house.dsm.writes(), [], "a preview writes nothing");

    let page = agree(&house, &mut paul, &shown, APPLY).await;

    assert_says(&page, "The settings were written to DSM.");
    let written = house.dsm.behaviour().settings;
    assert_eq!(written.client["oidc_client_id"], "synology");
    assert_eq!(written.client["oidc_client_secret"], CLIENT_SECRET_OF_DSM);
    assert_eq!(written.proxy.len(), 1);
    let shown = preview(&house, &mut paul, PLAN_APPLY).await;
    assert_says(&shown, "There is nothing to write");

    let shown = preview(&house, &mut paul, PLAN_UNDO).await;
    let page = agree(&house, &mut paul, &shown, UNDO).await;
    assert_says(&page, "DSM has its previous settings again.");
    let restored = house.dsm.behaviour().settings;
    assert_eq!(restored.client, before.client);
    assert_eq!(restored.proxy, before.proxy);
    let shown = preview(&house, &mut paul, PLAN_UNDO).await;
    assert_says(&shown, "There is nothing to undo.");
}

#[tokio::test]
async fn a_preview_that_is_out_of_date_is_shown_again() {
    let (house, mut paul) = at_the_page(Settings::default()).await;
    let shown = preview(&house, &mut paul, PLAN_APPLY).await;
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_name"] = "Famille".into());

    let again = send(&house, &mut paul, &shown, (APPLY, &seen(&shown))).await;

    assert_eq!(again.status, 200, "{again:?}");
    assert_says(&again, "Nothing was written:");
    assert_eq!(house.dsm.writes(), []);
    assert_ne!(seen(&again), seen(&shown));
    let page = agree(&house, &mut paul, &again, APPLY).await;
    assert_says(&page, "The settings were written to DSM.");
}

#[tokio::test]
async fn another_service_is_replaced_only_by_its_own_button() {
    let (house, mut paul) = at_the_page(foreign()).await;
    let shown = preview(&house, &mut paul, PLAN_APPLY).await;
    let (first, second) = shown.body.split_once("What points elsewhere").unwrap();
    assert!(!first.contains("other.example.com"), "{first}");
    assert!(second.contains("https://other.example.com"), "{second}");

    let partly = send(&house, &mut paul, &shown, (APPLY, &seen(&shown))).await;
    assert_eq!(partly.status, 200, "{partly:?}");
    assert_says(&partly, "Not everything was written");
    assert_eq!(house.dsm.writes(), [Api::CreateProxyRule]);
    assert_eq!(house.dsm.behaviour().settings.client, foreign().client);

    let shown = preview(&house, &mut paul, PLAN_APPLY).await;
    let fields = seen(&shown) + "&force=replace";
    let done = send(&house, &mut paul, &shown, (APPLY, &fields)).await;
    assert_eq!(done.status, 303, "{done:?}");
    let written = house.dsm.behaviour().settings.client;
    assert_eq!(written["oidc_client_id"], "synology");
}

#[tokio::test]
async fn the_secret_is_shown_on_request_only_and_never_logged() {
    let log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let (house, mut paul) = at_the_page(Settings::default()).await;
    for path in ["/admin", "/admin/people", SET_UP, "/admin/keys"] {
        let page = open(&house, &mut paul, path).await;
        assert!(!page.body.contains(CLIENT_SECRET_OF_DSM), "{path}");
    }
    let shown = preview(&house, &mut paul, PLAN_APPLY).await;
    assert!(!shown.body.contains(CLIENT_SECRET_OF_DSM));

    let page = open(&house, &mut paul, SET_UP).await;
    let client = "&client=synology";
    let secret = send(&house, &mut paul, &page, (SECRET, client)).await;
    assert_eq!(secret.status, 200, "{secret:?}");
    assert_says(&secret, CLIENT_SECRET_OF_DSM);
    assert_eq!(secret.header("cache-control"), "no-store");

    // After ten minutes, Paul has to sign in again.
    house.clock.advance(Duration::from_secs(601));
    let page = open(&house, &mut paul, SET_UP).await;
    let late = send(&house, &mut paul, &page, (SECRET, client)).await;
    assert_eq!(message(&late), "needs-fresh-sign-in");
    assert!(!late.body.contains(CLIENT_SECRET_OF_DSM));
    let late = send(&house, &mut paul, &page, (PLAN_APPLY, "")).await;
    assert_eq!(message(&late), "needs-fresh-sign-in");
    let log = log.text();
    assert!(log.contains("looked at the secret of a client"), "{log}");
    assert!(!log.contains(CLIENT_SECRET_OF_DSM));
}

#[tokio::test]
async fn a_message_of_the_daemon_is_marked_as_english() {
    let (house, paul) = at_the_page(Settings::default()).await;
    let mut paul = paul.with_header("accept-language", "fr");
    let page = open(&house, &mut paul, SET_UP).await;

    let refused = send(&house, &mut paul, &page, (SECRET, "&client=unknown")).await;

    assert_eq!(refused.status, 303, "{refused:?}");
    let page = open(&house, &mut paul, SET_UP).await;
    assert_says(&page, "<html lang=\"fr\"");
    assert_says(&page, "class=\"notice bad\" role=\"status\" lang=\"en\">");
}
