//! `/userinfo`: the client asks for the user of an access token.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, JEANNE};
use serde_json::json;

/// An error by RFC 6750, section 3: a challenge without a body.
#[track_caller]
fn assert_refused(answer: &Shown, status: u16, challenge: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.body, "");
}

#[track_caller]
fn assert_invalid_token(answer: &Shown) {
    assert_refused(answer, 401, "Bearer error=\"invalid_token\"");
}

fn bearer(token: &str) -> Browser {
    Browser::new().with_header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn the_bearer_learns_who_signed_in() {
    let house = House::new().await;
    let (claims, token) = house.sign_in(JEANNE, "").await;
    let url = house.url("/userinfo");
    let in_form = format!("access_token={token}");
    let mut another_case =
        Browser::new().with_header("authorization", &format!("bEARER  {token} "));
    for answer in [
        bearer(&token).get(&url).await,
        another_case.get(&url).await,
        bearer(&token).post(&url, "").await,
        bearer(&token).send("POST", &url, None).await,
        Browser::new().post(&url, &in_form).await,
    ] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(
            answer.json(),
            json!({
                "sub": claims["sub"],
                "email": "Jeanne.Martin@gmail.com",
                "email_verified": true,
                "name": "Jeanne Martin",
                "username": "jeanne",
                "preferred_username": "jeanne",
            })
        );
    }
}

#[tokio::test]
async fn a_request_without_a_token_gets_only_the_scheme() {
    let house = House::new().await;
    let url = house.url("/userinfo");
    for mut browser in [
        Browser::new(),
        Browser::new().with_header("authorization", "Basic c3lub2xvZ3k6cw=="),
        Browser::new().with_header("authorization", "Bearer"),
    ] {
        assert_refused(&browser.get(&url).await, 401, "Bearer");
        assert_refused(&browser.post(&url, "").await, 401, "Bearer");
    }
    let empty = Browser::new().post(&url, "access_token=").await;
    assert_refused(&empty, 401, "Bearer");
}

#[tokio::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    let url = house.url(&format!("/userinfo?access_token={token}"));
    assert_refused(&Browser::new().get(&url).await, 401, "Bearer");
    assert_refused(&Browser::new().post(&url, "").await, 401, "Bearer");
    // Nor is it a second method beside the header.
    assert_eq!(bearer(&token).get(&url).await.status, 200);
    // A GET request has no form.
    let form = format!("access_token={token}");
    let url = house.url("/userinfo");
    let get = Browser::new().send("GET", &url, Some(&form)).await;
    assert_refused(&get, 401, "Bearer");
}

#[tokio::test]
async fn two_tokens_at_once_are_one_too_many() {
    let house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    let url = house.url("/userinfo");
    let in_form = format!("access_token={token}");
    let doubled = format!("{in_form}&{in_form}");
    let header = format!("Bearer {token}");
    let mut two_headers = bearer(&token).with_header("authorization", &header);
    for answer in [
        bearer(&token).post(&url, &in_form).await,
        Browser::new().post(&url, &doubled).await,
        bearer(&token).post(&url, &doubled).await,
        two_headers.get(&url).await,
    ] {
        assert_refused(&answer, 400, "Bearer error=\"invalid_request\"");
    }
}

#[tokio::test]
async fn only_an_access_token_is_one() {
    let house = House::new().await;
    let fresh = house.code(JEANNE, "").await;
    let spent = house.code(JEANNE, "").await;
    let tokens = house.redeem(&spent, "").await.json();
    let id_token = tokens["id_token"].as_str().unwrap();
    let access_token = tokens["access_token"].as_str().unwrap();
    let cut = &access_token[..access_token.len() - 1];
    for other in [
        "nobody-gave-this",
        id_token,
        &fresh,
        &spent,
        cut,
        "%",
        "\u{e9}",
    ] {
        assert_invalid_token(&bearer(other).get(&house.url("/userinfo")).await);
    }
    // A code sent there is not used up.
    assert_eq!(house.redeem(&fresh, "").await.status, 200);
}

#[tokio::test]
async fn a_token_is_good_for_an_hour() {
    let house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    house.clock.advance(Duration::from_secs(3599));
    assert_eq!(house.userinfo(&token).await.status, 200);
    house.clock.advance(Duration::from_secs(1));
    assert_invalid_token(&house.userinfo(&token).await);
}

#[tokio::test]
async fn a_token_outlives_a_restart() {
    let mut house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.start().await;
    assert_eq!(house.userinfo(&token).await.json()["username"], "jeanne");
}

#[tokio::test]
async fn a_script_may_ask_after_a_preflight() {
    let house = House::new().await;
    let mut script = Browser::new()
        .with_header("origin", "https://photos.example.com")
        .with_header("access-control-request-method", "GET")
        .with_header("access-control-request-headers", "authorization");
    let answer = script.send("OPTIONS", &house.url("/userinfo"), None).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST");
    let headers = answer.header("access-control-allow-headers");
    assert_eq!(headers, "Authorization, Content-Type");
    // Scripts cannot use cookies.
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    let form = format!("access_token={token}&padding={}", "x".repeat(16 * 1024));
    let answer = Browser::new().post(&house.url("/userinfo"), &form).await;
    assert_eq!(answer.status, 413);
}
