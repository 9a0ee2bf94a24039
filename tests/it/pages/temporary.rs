//! Temporary failures: 503, and when to try again.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::dsm::{Api, Instead};
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE};
use fakes::time::MONDAY_MORNING;

use super::{follow, french};

fn assert_temporary(shown: &Shown, refusal: &str, house: &House) {
    assert_eq!(shown.status, 503, "{shown:?}");
    assert_eq!(shown.refusal(), Some(refusal));
    let wait: u64 = shown.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert!(!shown.headers.contains_key("location"), "{shown:?}");
    assert!(shown.headers("set-cookie")[0].ends_with("Max-Age=0"));
    assert_eq!(house.rows("grants"), 0);
}

/// The NAS was switched on and DSM is not up yet.
async fn while_dsm_is_not_up(house: &mut House) {
    house.stop().await;
    house.dsm.always(Api::Users, Instead::Status(503));
    house.plan().warmed_up = false;
}

/// As on the very first start, without saved data.
fn forget_everything(house: &House) {
    for name in ["state.sqlite3", "state.sqlite3.copy"] {
        std::fs::remove_file(house.home.path().join(name)).unwrap();
    }
}

#[tokio::test]
async fn before_dsm_has_ever_answered_each_login_is_refused() {
    let mut house = House::new().await;
    while_dsm_is_not_up(&mut house).await;
    forget_everything(&house);
    house.start().await;
    for mut browser in [Browser::new(), french()] {
        let shown = house.arrive(&mut browser, JEANNE, "&nonce=n").await;
        assert_temporary(&shown, "directory-stale", &house);
    }
    let mut browser = Browser::new();
    let shown = house.arrive(&mut browser, JEANNE, "").await;

    house.dsm.as_usual(Api::Users);
    house.jobs().users.refresh().await.unwrap();
    let again = follow(&shown, &mut browser, &house).await;
    let callback = house.google.choose(again.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    assert!(arrived.answered("code").is_some(), "{arrived:?}");
}

/// Rule 1 comes first: an unverified user does not learn that DSM is not up.
#[tokio::test]
async fn an_unverified_address_is_one_whatever_dsm_does() {
    let mut house = House::new().await;
    while_dsm_is_not_up(&mut house).await;
    forget_everything(&house);
    house.start().await;
    let shown = house
        .arrive(&mut Browser::new(), "lea@example.net", "")
        .await;
    assert_eq!(shown.status, 403);
    assert_eq!(shown.refusal(), Some("address-not-verified"));
}

#[tokio::test]
async fn yesterdays_users_are_good_for_max_age_and_no_longer() {
    let mut house = House::new().await;
    house.plan().dsm = "max-age = \"2d\"".to_owned();
    while_dsm_is_not_up(&mut house).await;
    house.clock.advance(Duration::from_hours(48));
    house.start().await;
    let code = house.code(JEANNE, "").await;

    house.clock.advance(Duration::from_secs(1));
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.status, 503);
    assert_eq!(shown.refusal(), Some("directory-stale"));
    assert_eq!(house.rows("grants"), 1);
    // A code issued a second ago is rejected too.
    assert_eq!(house.redeem(&code, "").await.status, 400);
}

#[tokio::test]
async fn users_from_the_future_were_listed_by_a_clock_that_was_wrong() {
    let mut house = House::new().await;
    while_dsm_is_not_up(&mut house).await;
    house.clock.set(MONDAY_MORNING - 300);
    house.start().await;
    house.code(JEANNE, "").await;

    house.clock.set(MONDAY_MORNING - 301);
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.status, 503);
    assert_eq!(shown.refusal(), Some("directory-stale"));
    assert_eq!(house.rows("grants"), 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_said_and_by_how_much() {
    let house = House::new().await;
    for (googles, english, french_text) in [
        (61, "61 s slow", "61 s de retard"),
        (600, "10 min slow", "10 min de retard"),
        (7500, "2 h 5 min slow", "2 h 5 min de retard"),
        (-7200, "2 h 0 min fast", "2 h 0 min d’avance"),
        (-86_400 * 30, "30 days fast", "30 jours d’avance"),
        (86_400 * 365 * 3, "3 years slow", "3 ans de retard"),
    ] {
        house.google.set_date_offset(googles);
        let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
        assert_temporary(&shown, "clock-wrong", &house);
        assert!(shown.body.contains(english), "{}", shown.body);
        assert!(shown.body.contains("NTP"), "{}", shown.body);
        let shown = house.arrive(&mut french(), JEANNE, "").await;
        assert!(shown.body.contains(french_text), "{}", shown.body);
    }
    house.google.set_date_offset(60);
    house.code(JEANNE, "").await;
}

/// A token with a wrong time is Google's fault if the clocks agree.
#[tokio::test]
async fn our_clock_is_wrong_only_if_googles_says_so() {
    let house = House::new().await;
    house
        .google
        .tamper(|draft| draft.claim("exp", MONDAY_MORNING - 3600));
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.status, 502);
    assert_eq!(shown.refusal(), None);
    // A wrong nonce is not caused by the clock either.
    house.google.set_date_offset(3600);
    house.google.tamper(|draft| {
        draft.claim("nonce", "another");
        draft.claim("iat", MONDAY_MORNING);
    });
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.status, 502);
    assert_eq!(house.rows("grants"), 0);
}

#[tokio::test]
async fn a_silent_login_returns_temporarily_unavailable_to_dsm() {
    let mut house = House::new().await;
    while_dsm_is_not_up(&mut house).await;
    forget_everything(&house);
    house.start().await;
    let shown = house
        .arrive(&mut Browser::new(), JEANNE, "&prompt=none")
        .await;
    assert_eq!(shown.status, 303);
    let error = shown.answered("error");
    assert_eq!(error.as_deref(), Some("temporarily_unavailable"));
    assert_eq!(shown.answered("state").as_deref(), Some("12345678"));
    assert_eq!(house.rows("grants"), 0);
}

/// The NAS is up but the network is not: a page with a link for later.
#[tokio::test]
async fn without_google_auth_is_a_page_with_a_link_that_works_later() {
    let mut house = House::new().await;
    house.stop().await;
    forget_everything(&house);
    house.plan().warmed_up = false;
    house.google.fail(Endpoint::Discovery, Trouble::Status(500));
    house.start().await;
    let mut browser = Browser::new();
    let request = house.authorization_request("&nonce=n&prompt=consent");
    let shown = browser.get(&request).await;
    assert_eq!(shown.status, 502, "{shown:?}");
    assert!(!shown.headers.contains_key("set-cookie"));
    let silent = browser
        .get(&house.authorization_request("&prompt=none"))
        .await;
    let error = silent.answered("error");
    assert_eq!(error.as_deref(), Some("temporarily_unavailable"));
    assert_eq!(silent.answered("state").as_deref(), Some("12345678"));

    house.google.mend(Endpoint::Discovery);
    house.clock.advance(Duration::from_secs(1));
    let again = follow(&shown, &mut browser, &house).await;
    assert_eq!(again.answered("prompt").as_deref(), Some("consent"));
}
