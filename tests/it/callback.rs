//! `/callback`: Google's response is valid in the browser that began the login,
//! once, for 15 minutes.

mod binding;
mod google_fails;
mod refused;
mod shape;
mod silent;

use fakes::browser::{Browser, Shown};
use fakes::google::Endpoint;
use fakes::house::House;

/// The login's id in a callback's URL.
fn login_id(callback: &str) -> String {
    let url = url::Url::parse(callback).unwrap();
    let mut pairs = url.query_pairs();
    let state = pairs.find(|(name, _)| name == "state").unwrap().1;
    state.split_once('.').unwrap().0.to_owned()
}

/// A page without a link: no code, nothing stored, and the login's cookie is
/// deleted.
fn assert_ended(shown: &Shown, callback: &str, house: &House) {
    assert_eq!(shown.status, 400, "{shown:?}");
    assert!(!shown.headers.contains_key("location"), "{shown:?}");
    assert_eq!(shown.header("content-type"), "text/html; charset=utf-8");
    assert_cookie_deleted(shown, callback);
    assert_eq!(house.rows("grants"), 0);
}

/// Every response to a callback deletes the login's cookie.
fn assert_cookie_deleted(shown: &Shown, callback: &str) {
    let expected = format!(
        "login-{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
        login_id(callback)
    );
    assert_eq!(shown.headers("set-cookie"), [expected.as_str()]);
}

/// Returns `url` with the value of one parameter replaced.
fn with(url: &str, name: &str, value: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut query = url.query_pairs_mut();
    query.clear();
    for (key, old) in &pairs {
        query.append_pair(key, if key == name { value } else { old });
    }
    drop(query);
    url.into()
}

/// Returns `url` without one parameter.
fn without(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let kept = pairs.iter().filter(|(key, _)| key != name);
    url.query_pairs_mut().clear().extend_pairs(kept);
    url.into()
}

/// Sends a browser to Google and returns the URL there.
async fn depart(house: &House, browser: &mut Browser, more: &str) -> String {
    let shown = browser.get(&house.authorization_request(more)).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    shown.location().to_owned()
}

/// Returns how many codes Google was asked to exchange.
fn exchanges(house: &House) -> usize {
    house.google.requests(Endpoint::Token)
}
