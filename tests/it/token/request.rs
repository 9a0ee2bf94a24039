//! Valid and invalid token requests; an invalid one does not use up the code.

use fakes::browser::{Browser, Shown};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, REDIRECT_URI, encode, token_form};

use crate::support::token::{error, invalid_request};
use crate::support::wire::Wire;

/// Returns the form without the parameter `name`, or with another value.
fn with(form: &str, name: &str, value: Option<&str>) -> String {
    let prefix = format!("{name}=");
    let pairs = form.split('&').filter(|pair| !pair.starts_with(&prefix));
    let mut pairs: Vec<String> = pairs.map(str::to_owned).collect();
    pairs.extend(value.map(|value| format!("{prefix}{value}")));
    pairs.join("&")
}

/// Sends a POST request with `body` as `content_type`; an empty type is left
/// out.
async fn post_as(house: &House, content_type: &str, body: &str) -> (u16, String) {
    let header = match content_type {
        "" => String::new(),
        some => format!("Content-Type: {some}\r\n"),
    };
    let mut wire = Wire::to(house.address).await;
    wire.send(&format!(
        "POST /token HTTP/1.1\r\nHost: x\r\n{header}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    wire.answer().await
}

#[tokio::test]
async fn a_missing_doubled_or_unreadable_parameter_uses_up_no_code() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let form = token_form(&code);
    let secret = format!("&client_secret={}", encode(CLIENT_SECRET_OF_DSM));
    let redirect = format!("&redirect_uri={}", encode(REDIRECT_URI));
    for (case, form) in [
        ("no grant_type", with(&form, "grant_type", None)),
        ("an empty grant_type", with(&form, "grant_type", Some(""))),
        ("no code", with(&form, "code", None)),
        ("a code that is no text", with(&form, "code", Some("%FF"))),
        ("no redirect_uri", with(&form, "redirect_uri", None)),
        (
            "an empty redirect_uri",
            with(&form, "redirect_uri", Some("")),
        ),
        (
            "two grant_types",
            format!("{form}&grant_type=authorization_code"),
        ),
        ("two codes", format!("{form}&code={code}")),
        ("two redirect_uris", format!("{form}{redirect}")),
        ("two client_ids", format!("{form}&client_id=synology")),
        ("two secrets", format!("{form}{secret}")),
        (
            "two verifiers",
            format!("{form}&code_verifier=a&code_verifier=a"),
        ),
    ] {
        let answer = Browser::new().post(&house.url("/token"), &form).await;
        assert_eq!(error(&answer), invalid_request(), "{case}: {answer:?}");
    }
    let answer = house
        .redeem(&code, "&scope=openid&what=ever&what=ever")
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn another_grant_type_is_not_supported() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    for grant_type in [
        "refresh_token",
        "client_credentials",
        "password",
        "Authorization_Code",
    ] {
        let form = with(&token_form(&code), "grant_type", Some(grant_type));
        let answer = Browser::new().post(&house.url("/token"), &form).await;
        let expected = (400, "unsupported_grant_type".to_owned());
        assert_eq!(error(&answer), expected, "{grant_type}");
    }
    let answer = house.redeem(&code, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn only_a_post_is_allowed() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let in_query = house.url(&format!("/token?{}", token_form(&code)));
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = Browser::new().send(method, &in_query, None).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "POST", "{method}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn the_query_of_a_post_is_not_read() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let in_query = house.url(&format!("/token?{}", token_form(&code)));
    let answer = Browser::new().post(&in_query, "").await;
    assert_eq!(error(&answer), (401, "invalid_client".to_owned()));

    let split = house.url(&format!("/token?code={code}"));
    let form = with(&token_form(&code), "code", None);
    let answer = Browser::new().post(&split, &form).await;
    assert_eq!(error(&answer), invalid_request());

    // A second code in the query is ignored.
    let answer = Browser::new().post(&split, &token_form(&code)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_body_of_another_type_is_no_form() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let form = token_form(&code);
    for content_type in [
        "",
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedly",
    ] {
        let (status, body) = post_as(&house, content_type, &form).await;
        assert_eq!(status, 400, "{content_type:?}");
        assert!(body.contains("\"invalid_request\""), "{body}");
    }
    let content_type = "Application/X-WWW-Form-URLEncoded ; charset=UTF-8";
    let (status, body) = post_as(&house, content_type, &form).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn a_body_of_more_than_16_kb_is_refused() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let padded = |length: usize| {
        let form = format!("{}&padding=", token_form(&code));
        let padding = "x".repeat(length - form.len());
        form + &padding
    };
    let (status, body) = post_as(&house, FORM, &padded(16 * 1024 + 1)).await;
    assert_eq!(status, 413);
    assert!(body.contains("\"invalid_request\""), "{body}");

    // Nor a body without a declared length.
    let mut wire = Wire::to(house.address).await;
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let half = format!("2001\r\n{}\r\n", "x".repeat(0x2001));
    wire.send(&format!("{head}{half}{half}")).await;
    assert_eq!(wire.answer().await.0, 413);

    let (status, body) = post_as(&house, FORM, &padded(16 * 1024)).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn a_client_that_is_no_person_gets_no_page() {
    let house = House::new().await;
    let mut browser = Browser::new().with_header("accept", "text/html");
    let answer: Shown = browser.post(&house.url("/token"), "").await;
    assert_eq!(error(&answer), (401, "invalid_client".to_owned()));
    assert!(answer.headers("set-cookie").is_empty());
}
