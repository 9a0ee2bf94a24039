//! The session: how long it lasts, and what ends it.

use std::time::Duration;

use fakes::house::House;

use super::{
    PAUL, at_home, has_session, message, open, public_house, signed_in, submit, through_google,
    token,
};

const MINUTES_25: Duration = Duration::from_mins(25);

#[tokio::test]
async fn it_ends_after_thirty_minutes_without_a_request() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let mut idle = paul.clone();
    for _ in 0..2 {
        house.clock.advance(Duration::from_mins(29));
        assert!(has_session(&house, &mut paul).await);
    }
    assert!(!has_session(&house, &mut idle).await);
    house.clock.advance(Duration::from_mins(31));
    assert!(!has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn it_ends_after_eight_hours_however_busy() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    for _ in 0..19 {
        house.clock.advance(MINUTES_25);
        assert!(has_session(&house, &mut paul).await);
    }
    house.clock.advance(MINUTES_25);
    assert!(!has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn after_the_sign_out_no_copy_of_the_cookie_is_valid() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin").await;
    let mut stolen = paul.clone();

    let token = token(&page, "sign-out");
    let shown = submit(&house, &mut paul, "/admin/sign-out", "sign-out", &token).await;

    assert_eq!(
        (shown.status.as_u16(), message(&shown)),
        (200, "signed-out")
    );
    assert!(!paul.cookies.contains_key("__Host-admin"));
    assert!(!has_session(&house, &mut stolen).await);
    house.clock.advance(MINUTES_25);
    assert!(!has_session(&house, &mut stolen).await);
    // Paul can sign in again.
    assert!(has_session(&house, &mut signed_in(&house).await).await);
}

#[tokio::test]
async fn a_restart_ends_it() {
    let mut house = public_house("").await;
    let mut paul = signed_in(&house).await;
    house.stop().await;
    house.start().await;
    assert!(!has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn each_sign_in_begins_a_new_one() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    // An attacker has planted a session of their own choice.
    let mut planted = paul.clone();

    let to_auth = paul.get(&house.url("/admin/sign-in")).await;
    through_google(&house, &mut paul, &to_auth, PAUL).await;

    assert!(has_session(&house, &mut paul).await);
    assert!(!has_session(&house, &mut planted).await);
}

#[tokio::test]
async fn a_changed_cookie_is_none() {
    let house = public_house("").await;
    let paul = signed_in(&house).await;
    let value = &paul.cookies["__Host-admin"];
    let swapped = |at: usize| {
        let other = if value.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &value[..at], &value[at + 1..])
    };
    for forged in [
        String::new(),
        "x".to_owned(),
        "A".repeat(400),
        value[..value.len() - 4].to_owned(),
        swapped(2),
        swapped(30),
        swapped(value.len() - 5),
    ] {
        let mut browser = at_home();
        browser
            .cookies
            .insert("__Host-admin".to_owned(), forged.clone());
        assert!(!has_session(&house, &mut browser).await, "{forged}");
    }
}

#[tokio::test]
async fn a_session_of_another_house_is_none() {
    let (house, other) = (public_house("").await, public_house("").await);
    let mut paul = signed_in(&other).await;
    assert!(!has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn the_page_is_not_stored_framed_or_sent_elsewhere() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let shown = open(&house, &mut paul, "/admin/keys").await;
    let policy = shown.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.contains("form-action 'self'; frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(shown.header("x-frame-options"), "DENY");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    assert_eq!(shown.header("cache-control"), "no-store");
    // With `no-referrer`, forms would have no Origin.
    assert_eq!(shown.header("referrer-policy"), "same-origin");
    assert!(shown.header_bytes() < 4096);
    assert_eq!(shown.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn it_speaks_french() {
    let house: House = public_house("").await;
    let mut paul = signed_in(&house).await.with_header("accept-language", "fr");
    let shown = open(&house, &mut paul, "/admin/people").await;
    assert!(shown.body.contains("<html lang=\"fr\">"), "{shown:?}");
    assert!(shown.body.contains("<h1>Personnes</h1>"), "{shown:?}");
    assert!(shown.body.contains("Se déconnecter"), "{shown:?}");
}
