//! Token requests of a second client, and the errors in their responses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fakes::browser::{Browser, Shown};
use fakes::house::{House, Plan, encode, write_secret};
use tempfile::TempDir;

/// The redirect URI of the second client.
pub(crate) const PHOTOS: &str = "https://photos.example.com/callback?from=login";

/// The error in a response in the form of RFC 6749, section 5.2, without a
/// token.
#[track_caller]
pub(crate) fn error(answer: &Shown) -> (u16, String) {
    let json = answer.json();
    let members: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(members, ["error", "error_description"], "{answer:?}");
    let description = json["error_description"].as_str().unwrap();
    let plain = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    assert!(description.chars().all(plain), "{description}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let code = json["error"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), code)
}

/// The expected `invalid_grant` response.
pub(crate) fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

/// The expected `invalid_request` response.
pub(crate) fn invalid_request() -> (u16, String) {
    (400, "invalid_request".to_owned())
}

/// `client_secret_basic` for halves that are already encoded.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Sends a POST request with `form` and an Authorization header.
pub(crate) async fn post_with(house: &House, authorization: &str, form: &str) -> Shown {
    let mut browser = Browser::new().with_header("authorization", authorization);
    browser.post(&house.url("/token"), form).await
}

/// A house in which a second client has `id` and `secret`.
pub(crate) async fn house_with_photos(id: &str, secret: &str) -> (House, TempDir) {
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("photos");
    write_secret(&file, secret);
    let more = format!(
        "[[clients]]\nid = {id:?}\nsecret-file = \"{}\"\nredirect-uris = [{PHOTOS:?}]\n",
        file.display()
    );
    let plan = Plan {
        more,
        ..Plan::default()
    };
    (House::planned(plan).await, secrets)
}

/// A code for `person` that was issued to `client`.
pub(crate) async fn code_for(
    house: &House,
    client: &str,
    redirect_uri: &str,
    person: &str,
) -> String {
    let mut browser = Browser::new();
    let request = format!(
        "/auth?response_type=code&client_id={}&redirect_uri={}",
        encode(client),
        encode(redirect_uri)
    );
    let departed = browser.get(&house.url(&request)).await;
    let back = house.google.choose(departed.location(), person);
    let arrived = browser.get(&house.back(back.as_str())).await;
    arrived.answered("code").unwrap()
}
