//! Paul looks whether everything works.

use std::time::Duration;

use domain::base::clock::Clock;
use fakes::browser::{Browser, Shown};
use fakes::dsm::settings::Settings;
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, REDIRECT_URI, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use google_to_synology_sso::machine::clock::SystemClock;

use super::{PAUL, open, submit, token, try_sign_in};
use crate::support::captured_log::CapturedLog;
use crate::support::timers::in_fast_motion;

const HEALTH: &str = "/admin";
const CHECK: &str = "check-again";
const READ: &str = "read-dsm";

/// A NAS on which nothing is wrong: its name leads to the service, and DSM has
/// the right settings. Paul is signed in.
async fn at_the_page() -> (House, Browser) {
    at_the_page_with(|_| {}).await
}

/// The same at the present time, to which the checks compare Google's clock.
async fn at_the_page_today() -> (House, Browser) {
    at_the_page_with(|house| house.clock.set(SystemClock::new().now().seconds())).await
}

async fn at_the_page_with(change: impl FnOnce(&House)) -> (House, Browser) {
    let house = House::new().await;
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    change(&house);
    let settings = Settings::of(&house.issuer(), CLIENT_SECRET_OF_DSM, REDIRECT_URI);
    house.dsm.change(|dsm| dsm.settings = settings);
    let mut paul = Browser::new();
    let shown = try_sign_in(&house, &mut paul, PAUL).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    (house, paul)
}

/// Clicks the button `name`, and returns the page after it.
async fn click(house: &House, paul: &mut Browser, name: &str) -> Shown {
    let page = open(house, paul, HEALTH).await;
    let shown = submit(house, paul, HEALTH, name, &token(&page, name)).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    open(house, paul, HEALTH).await
}

#[track_caller]
fn assert_says(page: &Shown, words: &str) {
    assert!(page.body.contains(words), "{words}: {}", page.body);
}

#[tokio::test]
async fn all_is_well_once_it_was_checked() {
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let (house, mut paul) = at_the_page_today().await;
    let page = open(&house, &mut paul, HEALTH).await;
    assert_says(&page, "Nothing has been checked since the start.");

    let page = click(&house, &mut paul, CHECK).await;

    assert_says(&page, "Everything was checked.");
    assert_says(&page, "All is well. Three people can sign in");
    let log = log.text();
    assert!(!log.contains("changed on the administration page"), "{log}");
}

#[tokio::test]
async fn a_fault_says_what_to_do_until_it_is_mended() {
    let (house, mut paul) = at_the_page_today().await;
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_client_id"] = "photos".into());
    let page = click(&house, &mut paul, CHECK).await;
    assert_says(&page, "One thing needs attention.");
    let open = page.body.split("All checks").next().unwrap();
    assert!(
        open.contains("<strong>Application ID</strong>, needs attention"),
        "{open}"
    );
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_client_id"] = "synology".into());
    // Two clicks in a moment: the second one only shows what is known.
    let page = click(&house, &mut paul, CHECK).await;
    assert_says(&page, "less than 30 seconds ago");
    assert_says(&page, "One thing needs attention.");
    house.clock.advance(Duration::from_secs(30));
    let page = click(&house, &mut paul, CHECK).await;
    assert_says(&page, "All is well.");
}

#[tokio::test]
async fn a_dsm_that_hangs_does_not_hang_the_page() {
    let (house, mut paul) = at_the_page().await;
    house.dsm.always(Api::Users, Instead::Hang);
    let page = in_fast_motion(20, click(&house, &mut paul, CHECK)).await;
    assert_says(&page, "did not answer in time");
}

#[tokio::test]
async fn dsm_is_read_again_and_a_pause_is_respected() {
    let (house, mut paul) = at_the_page().await;
    let mut users = family();
    users.push(FakeUser::new("lucie", "lucie@gmail.com"));
    house.dsm.set_users(users);
    let page = click(&house, &mut paul, READ).await;
    assert_says(&page, "DSM was read again:");
    assert_says(&page, "Four people can sign in");

    house.clock.advance(Duration::from_secs(10));
    house.dsm.always(Api::SignIn, Instead::Code(400));
    let page = click(&house, &mut paul, READ).await;
    assert_says(&page, "The reason is below.");
    assert_says(&page, "One thing needs attention.");
    house.dsm.as_usual(Api::SignIn);
    house.clock.advance(Duration::from_secs(10));
    let requests = house.dsm.requests().len();
    let page = click(&house, &mut paul, READ).await;
    assert_says(&page, "sign-ins to DSM are paused");
    assert_eq!(house.dsm.requests().len(), requests);
}
