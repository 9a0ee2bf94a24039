//! The size of a client's request: everything that is sent again with each
//! request of the login must fit a proxy's limits.

use fakes::browser::Browser;
use fakes::house::{House, JEANNE, REDIRECT_URI, encode};

use super::{ask_more, asked_of_google, assert_dead_end, redirect_parameter};

/// The limit in bytes of state, nonce and redirect URI together,
/// percent-encoded.
const ECHOED: usize = 1400;

/// The bytes that the redirect URI leaves for state and nonce.
fn left() -> usize {
    ECHOED - encode(REDIRECT_URI).len()
}

#[tokio::test]
async fn echoed_parameters_may_have_1400_bytes_and_no_more() {
    let house = House::new().await;
    let ask = async |state: &str, nonce: &str| {
        let redirect = redirect_parameter();
        let query = format!(
            "/auth?response_type=code&client_id=synology{redirect}&state={state}&nonce={nonce}"
        );
        Browser::new().get(&house.url(&query)).await
    };
    let a = |count: usize| "a".repeat(count);
    for (what, state, nonce) in [
        ("state", a(left()), String::new()),
        ("nonce", String::new(), a(left())),
        ("both", a(left() - 10), a(10)),
        // A byte that takes three characters when encoded, however it was
        // written.
        (
            "encoded",
            format!("{}{}", "%FF".repeat(10), a(left() - 30)),
            String::new(),
        ),
        (
            "as a plus",
            format!("{}{}", "+".repeat(10), a(left() - 30)),
            String::new(),
        ),
        // A character that needs no encoding takes one byte.
        (
            "over-encoded",
            format!("%61{}", a(left() - 1)),
            String::new(),
        ),
    ] {
        let fits = ask(&state, &nonce).await;
        assert_eq!(fits.status, 303, "{what}");
        let one_more = ask(&format!("{state}a"), &nonce).await;
        assert_dead_end(&one_more, 400, &house);
        let one_more = ask(&state, &format!("{nonce}a")).await;
        assert_dead_end(&one_more, 400, &house);
    }
}

#[tokio::test]
async fn the_longest_state_comes_back_whole() {
    let house = House::new().await;
    let state = "a".repeat(left() - "12345678".len());
    let mut browser = Browser::new();
    let request = house.authorization_request("");
    let shown = browser.get(&format!("{request}{state}")).await;
    let callback = house.google.choose(shown.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    assert_eq!(arrived.answered("state"), Some(format!("12345678{state}")));
}

#[tokio::test]
async fn a_login_hint_over_256_bytes_is_dropped() {
    let house = House::new().await;
    let hint = async |hint: &str| {
        let shown = asked_of_google(&house, &format!("&login_hint={}", encode(hint))).await;
        shown.answered("login_hint")
    };
    assert_eq!(hint(JEANNE).await.as_deref(), Some(JEANNE));
    let longest = format!("{}@example.com", "a".repeat(244));
    assert_eq!(hint(&longest).await, Some(longest.clone()));
    assert_eq!(hint(&format!("a{longest}")).await, None);
    // Bytes, not characters.
    assert_eq!(hint(&"é".repeat(128)).await, Some("é".repeat(128)));
    assert_eq!(hint(&"é".repeat(129)).await, None);
    assert_eq!(hint("").await, None);
}

#[tokio::test]
async fn dsm_may_ask_by_a_form_of_16_kilobytes() {
    let house = House::new().await;
    let url = house.url("/auth");
    let request = house.authorization_request("&nonce=n&ignored=");
    let (_, form) = request.split_once('?').unwrap();

    let mut browser = Browser::new();
    let shown = browser.post(&url, form).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    let callback = house.google.choose(shown.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    assert_eq!(arrived.answered("state").as_deref(), Some("12345678"));
    assert_eq!(house.rows("grants"), 1);

    let padded = |bytes: usize| format!("{form}{}", "x".repeat(bytes - form.len()));
    let full = Browser::new().post(&url, &padded(16 * 1024)).await;
    assert_eq!(full.status, 303);
    let over = Browser::new().post(&url, &padded(16 * 1024 + 1)).await;
    assert_eq!(over.status, 413);
    assert!(!over.headers.contains_key("location"));
    assert!(!over.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_post_must_be_a_form_and_its_query_is_ignored() {
    let house = House::new().await;
    let request = house.authorization_request("");
    let (url, form) = request.split_once('?').unwrap();
    let in_query = Browser::new().post(&request, "state=s").await;
    assert_dead_end(&in_query, 400, &house);
    let untyped = Browser::new().send("POST", &request, None).await;
    assert_dead_end(&untyped, 400, &house);

    // The browser appends its own type; the first one is used.
    for wrong in ["application/json", "text/plain", "multipart/form-data", ""] {
        let mut browser = Browser::new().with_header("content-type", wrong);
        assert_dead_end(&browser.post(url, form).await, 400, &house);
    }
    let typed = "Application/X-WWW-Form-urlencoded ; charset=UTF-8";
    let mut browser = Browser::new().with_header("content-type", typed);
    assert_eq!(browser.post(url, form).await.status, 303);
}

#[tokio::test]
async fn an_empty_parameter_counts_as_left_out() {
    let house = House::new().await;
    let empty = "&nonce=&prompt=&max_age=&response_mode=&login_hint=&request=&request_uri=\
                 &registration=&code_challenge=&code_challenge_method=&scope=&state=";
    let shown = ask_more(&house, empty).await;
    assert_eq!(shown.answered("prompt").as_deref(), Some("select_account"));
    assert_eq!(shown.answered("login_hint"), None);
}
