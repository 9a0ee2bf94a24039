//! `/auth`: clients, parameters, and the target of the response.

mod errors;
mod leniency;
mod redirects;
mod sizes;
mod strangers;
mod to_google;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, REDIRECT_URI, encode};

/// DSM's request without its redirect URI and its state.
const ASKING: &str = "/auth?response_type=code&client_id=synology";

/// Sends a request to `path_and_query` from a new browser.
async fn ask(house: &House, path_and_query: &str) -> Shown {
    Browser::new().get(&house.url(path_and_query)).await
}

/// Sends DSM's whole request with the parameters in `more`, such as `&nonce=n`.
async fn ask_more(house: &House, more: &str) -> Shown {
    Browser::new().get(&house.authorization_request(more)).await
}

/// Returns the request to Google for DSM's request with the parameters in
/// `more`.
async fn asked_of_google(house: &House, more: &str) -> Shown {
    let shown = ask_more(house, more).await;
    assert_eq!(shown.status, 303, "{more}: {shown:?}");
    let to_google = shown.location().starts_with(house.google.issuer());
    assert!(to_google, "{more}: {}", shown.location());
    shown
}

/// The redirect URI of DSM as a parameter.
fn redirect_parameter() -> String {
    format!("&redirect_uri={}", encode(REDIRECT_URI))
}

/// The client is not trusted: the response is a page without a link.
fn assert_dead_end(shown: &Shown, status: u16, house: &House) {
    assert_eq!(shown.status, status, "{shown:?}");
    assert_eq!(shown.header("content-type"), "text/html; charset=utf-8");
    assert!(!shown.headers.contains_key("location"), "{shown:?}");
    assert!(!shown.headers.contains_key("set-cookie"), "{shown:?}");
    assert_eq!(house.rows("grants"), 0);
}
