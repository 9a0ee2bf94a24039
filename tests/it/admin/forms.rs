//! The forms of the page: each change is meant by the person at the page.

use std::time::Duration;

use fakes::house::House;
use google_to_synology_sso::config::{LogFormat, LogLevel};

use super::{
    PAUL, at_home, has_session, keys, message, open, public_house, signed_in, submit, submit_from,
    through_google, token,
};
use crate::support::captured_log::CapturedLog;

const ROTATE: &str = "rotate-keys";
const KEYS: &str = "/admin/keys";

/// Paul at the page of the keys, and the token of its form.
async fn at_the_keys(house: &House) -> (fakes::browser::Browser, String) {
    let mut paul = signed_in(house).await;
    let page = open(house, &mut paul, KEYS).await;
    let token = token(&page, ROTATE);
    (paul, token)
}

#[tokio::test]
async fn a_form_makes_its_change_and_the_page_says_so_once() {
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = public_house("").await;
    let (mut paul, token) = at_the_keys(&house).await;

    let shown = submit(&house, &mut paul, KEYS, ROTATE, &token).await;

    assert_eq!(shown.status, 303, "{shown:?}");
    assert_eq!(shown.location(), "https://login.example.com/admin/keys");
    assert_eq!(keys(&house).await, 2);
    let line = log.text();
    let line = line
        .lines()
        .find(|line| line.contains("changed on the administration page"));
    let line = line.unwrap();
    for words in ["WARN", "administrator=Paul", "form=rotate-keys"] {
        assert!(line.contains(words), "{line}");
    }
    let page = open(&house, &mut paul, KEYS).await;
    assert!(page.body.contains("class=\"notice good\""), "{page:?}");
    let page = open(&house, &mut paul, KEYS).await;
    assert!(!page.body.contains("class=\"notice good\""), "{page:?}");
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let house = public_house("").await;
    let (mut paul, token) = at_the_keys(&house).await;
    let own = house.issuer();
    for origins in [
        vec![],
        vec!["null".to_owned()],
        vec!["https://evil.example.com".to_owned()],
        vec!["http://login.example.com".to_owned()],
        vec!["https://login.example.com.evil.example.com".to_owned()],
        vec!["https://login.example.com:8443".to_owned()],
        vec![String::new()],
        vec![own.clone(), "https://evil.example.com".to_owned()],
        vec![own.clone(), own.clone()],
    ] {
        let form = (KEYS, ROTATE, token.as_str());
        let shown = submit_from(&house, &mut paul, &origins, form).await;
        assert_eq!(
            (shown.status.as_u16(), message(&shown)),
            (403, "foreign-form")
        );
        let form = ("/admin/sign-out", "sign-out", token.as_str());
        let shown = submit_from(&house, &mut paul, &origins, form).await;
        assert_eq!(message(&shown), "foreign-form");
    }
    assert_eq!(keys(&house).await, 1);
    assert!(has_session(&house, &mut paul).await);
    // The token was not used up by that.
    assert_eq!(
        submit(&house, &mut paul, KEYS, ROTATE, &token).await.status,
        303
    );
}

#[tokio::test]
async fn forged_stolen_and_used_tokens_do_nothing() {
    let house = public_house("").await;
    let (mut paul, used) = at_the_keys(&house).await;
    let (_, of_another_session) = at_the_keys(&house).await;
    let page = open(&house, &mut paul, KEYS).await;
    let of_another_form = token(&page, "sign-out");
    assert_eq!(
        submit(&house, &mut paul, KEYS, ROTATE, &used).await.status,
        303
    );
    assert_eq!(keys(&house).await, 2);
    let session = paul.cookies["__Host-admin"].clone();
    for bad in [
        "",
        "x",
        &used,
        &of_another_session,
        &of_another_form,
        &session,
    ] {
        let shown = submit(&house, &mut paul, KEYS, ROTATE, bad).await;
        assert_eq!(
            (shown.status.as_u16(), message(&shown)),
            (403, "stale-form"),
            "{bad}"
        );
        let shown = submit(&house, &mut paul, "/admin/sign-out", "sign-out", &used).await;
        assert_eq!(message(&shown), "stale-form");
    }
    assert!(has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn a_form_that_was_open_for_long_does_nothing() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin").await;
    let old = token(&page, "sign-out");
    for _ in 0..2 {
        house.clock.advance(Duration::from_mins(16));
        open(&house, &mut paul, "/admin").await;
    }
    let shown = submit(&house, &mut paul, "/admin/sign-out", "sign-out", &old).await;
    assert_eq!(message(&shown), "stale-form");
    assert!(has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn without_a_session_a_form_leads_to_no_other_site() {
    let house = public_house("").await;
    let (mut paul, token) = at_the_keys(&house).await;
    house.clock.advance(Duration::from_mins(31));
    let shown = submit(&house, &mut paul, KEYS, ROTATE, &token).await;
    assert_eq!(
        (shown.status.as_u16(), message(&shown)),
        (403, "session-ended")
    );
    assert_eq!(shown.location(), "");
    assert_eq!(shown.link(), "https://login.example.com/admin");
    let shown = submit(&house, &mut at_home(), KEYS, ROTATE, &token).await;
    assert_eq!(message(&shown), "session-ended");
    assert_eq!(keys(&house).await, 1);
}

#[tokio::test]
async fn a_change_that_matters_needs_a_fresh_sign_in() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    house.clock.advance(Duration::from_secs(601));
    let page = open(&house, &mut paul, KEYS).await;
    let before = token(&page, ROTATE);

    let shown = submit(&house, &mut paul, KEYS, ROTATE, &before).await;

    assert_eq!(
        (shown.status.as_u16(), message(&shown)),
        (403, "needs-fresh-sign-in")
    );
    assert_eq!(keys(&house).await, 1);
    // Paul follows the link, and Google asks him again.
    assert_eq!(shown.link(), "https://login.example.com/admin/sign-in");
    let to_auth = paul.get(&house.back(&shown.link())).await;
    assert_eq!(to_auth.answered("prompt").as_deref(), Some("login"));
    let shown = through_google(&house, &mut paul, &to_auth, PAUL).await;
    assert_eq!(shown.location(), "https://login.example.com/admin");
    // The form of the previous session is not valid in the new one.
    let shown = submit(&house, &mut paul, KEYS, ROTATE, &before).await;
    assert_eq!(message(&shown), "stale-form");
    house.clock.advance(Duration::from_mins(10));
    let page = open(&house, &mut paul, KEYS).await;
    let now = token(&page, ROTATE);
    assert_eq!(
        submit(&house, &mut paul, KEYS, ROTATE, &now).await.status,
        303
    );
    assert_eq!(keys(&house).await, 2);
}

#[tokio::test]
async fn a_sign_in_at_google_of_yesterday_is_not_fresh() {
    let house = public_house("").await;
    let yesterday = fakes::time::MONDAY_MORNING - 86_400;
    house
        .google
        .tamper(move |draft| draft.claim("auth_time", yesterday));
    let (mut paul, token) = at_the_keys(&house).await;
    let shown = submit(&house, &mut paul, KEYS, ROTATE, &token).await;
    assert_eq!(message(&shown), "needs-fresh-sign-in");
    assert_eq!(keys(&house).await, 1);
}

#[tokio::test]
async fn requests_that_no_form_makes_are_rejected() {
    let house = public_house("").await;
    let (mut paul, token) = at_the_keys(&house).await;
    let shown = submit(&house, &mut paul, KEYS, "format-the-disks", &token).await;
    assert_eq!((shown.status.as_u16(), message(&shown)), (400, "invalid"));
    // The form of another page.
    let shown = submit(&house, &mut paul, "/admin/people", ROTATE, &token).await;
    assert_eq!(message(&shown), "invalid");
    let shown = submit(&house, &mut paul, "/admin/nothing", ROTATE, &token).await;
    assert_eq!(shown.status, 404);
    let shown = paul.get(&house.url("/admin/nothing")).await;
    assert_eq!(shown.status, 404);
    // By GET, it is a page with a search.
    let url = house.url(&format!("{KEYS}?form={ROTATE}&token={token}"));
    assert_eq!(paul.get(&url).await.status, 200);
    assert_eq!(keys(&house).await, 1);
}
