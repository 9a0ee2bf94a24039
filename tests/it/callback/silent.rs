//! `prompt=none`: no page is shown, so the client must get an error if the
//! user, or the age of the sign-in, is not the requested one.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::google::token::{self, Lie};
use fakes::house::{House, JEANNE, claims};
use fakes::time::MONDAY_MORNING;
use serde_json::json;

/// Sends Jeanne's silent request with the parameters in `more`.
async fn silently(house: &House, person: &str, more: &str) -> Shown {
    let more = format!("&prompt=none{more}");
    house.arrive(&mut Browser::new(), person, &more).await
}

/// Returns the error that the client gets, or `none` with a code.
fn error(shown: &Shown) -> String {
    assert_eq!(shown.status, 303, "{shown:?}");
    assert_eq!(shown.answered("state").as_deref(), Some("12345678"));
    let error = shown.answered("error");
    assert_eq!(error.is_some(), shown.answered("code").is_none());
    error.unwrap_or_else(|| "none".to_owned())
}

#[tokio::test]
async fn a_sign_in_of_unknown_age_is_not_fresh_enough() {
    let house = House::new().await;
    for more in ["&max_age=0", "&max_age=10000", "&max_age=99999999999"] {
        let shown = silently(&house, JEANNE, more).await;
        assert_eq!(error(&shown), "login_required", "{more}");
        assert_eq!(house.rows("grants"), 0);
    }
    assert_eq!(error(&silently(&house, JEANNE, "").await), "none");
}

#[tokio::test]
async fn a_sign_in_whose_age_google_tells_is_compared() {
    let house = House::new().await;
    let signed_in = MONDAY_MORNING - 60;
    house
        .google
        .tamper(move |draft| draft.claim("auth_time", signed_in));
    for more in ["&max_age=0", "&max_age=59"] {
        let shown = silently(&house, JEANNE, more).await;
        assert_eq!(error(&shown), "login_required", "{more}");
    }
    let shown = silently(&house, JEANNE, "&max_age=60").await;
    assert_eq!(error(&shown), "none");
    let code = shown.answered("code").unwrap();
    let tokens = house.redeem(&code, "").await.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["auth_time"], signed_in);
}

#[tokio::test]
async fn a_sign_in_in_the_future_is_not_fresh() {
    let house = House::new().await;
    let ahead = MONDAY_MORNING + 3_600;
    house
        .google
        .tamper(move |draft| draft.claim("auth_time", ahead));
    let shown = silently(&house, JEANNE, "&max_age=10000").await;
    assert_eq!(error(&shown), "login_required");
}

#[tokio::test]
async fn an_id_token_of_another_user_is_no_hint_of_this_one() {
    let house = House::new().await;
    let hint = async |person: &str| {
        let code = house.code(person, "").await;
        let tokens = house.redeem(&code, "").await.json();
        let token = tokens["id_token"].as_str().unwrap();
        (format!("&id_token_hint={token}"), token.to_owned())
    };
    let (jeanne, _) = hint(JEANNE).await;
    let (paul, pauls_token) = hint("paul@example.com").await;

    assert_eq!(error(&silently(&house, JEANNE, &jeanne).await), "none");
    assert_eq!(
        error(&silently(&house, JEANNE, &paul).await),
        "login_required"
    );
    // The hint may be an expired ID token.
    house.clock.advance(Duration::from_hours(24));
    assert_eq!(
        error(&silently(&house, JEANNE, &paul).await),
        "login_required"
    );

    // A hint that is not an ID token of ours is ignored.
    let (message, _) = pauls_token.rsplit_once('.').unwrap();
    for forged in ["x", "a.b.c", message, &format!("{message}.AAAA")] {
        let forged = format!("&id_token_hint={forged}");
        assert_eq!(
            error(&silently(&house, JEANNE, &forged).await),
            "none",
            "{forged}"
        );
    }

    // A user who sees a page can choose another account.
    let shown = house.arrive(&mut Browser::new(), JEANNE, &paul).await;
    assert!(shown.answered("code").is_some());
}

/// OpenID Connect Core, section 10.1.
#[tokio::test]
async fn a_provider_with_one_key_need_not_name_it() {
    let house = House::new().await;
    let mut key = token::jwk(0);
    key.as_object_mut().unwrap().remove("kid");
    house.google.set_jwks(json!({"keys": [key]}));
    house.bridge().upstream.refresh().await.unwrap();
    house.google.lie(Some(Lie::NoKid));
    house.code(JEANNE, "").await;
}
