//! The form of a response from Google, and invalid responses.

use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan, encode};

use super::{assert_cookie_deleted, assert_ended, depart, exchanges, without};

#[tokio::test]
async fn a_response_has_the_state_byte_for_byte_and_our_issuer() {
    let house = House::new().await;
    for (sent, expected) in [
        ("&state=%FF%FE%00", "&state=%FF%FE%00"),
        ("&state=a+b%20c%2Bd", "&state=a%20b%20c%2Bd"),
        ("&state=%26state%3Dx%23%25", "&state=%26state%3Dx%23%25"),
        ("&state=%C3%A9", "&state=%C3%A9"),
        ("", ""),
    ] {
        let mut browser = Browser::new();
        let query = format!(
            "/auth?response_type=code&client_id=synology&redirect_uri={}{sent}",
            encode("https://nas.example.com/")
        );
        let shown = browser.get(&house.url(&query)).await;
        let callback = house.google.choose(shown.location(), JEANNE);
        let arrived = browser.get(callback.as_str()).await;
        assert_eq!(arrived.status, 303);
        let code = arrived.answered("code").unwrap();
        // 256 bits in base64url.
        assert_eq!(code.len(), 43);
        let expected = format!(
            "https://nas.example.com/?code={code}{expected}&iss={}",
            encode(&house.issuer())
        );
        assert_eq!(arrived.location(), expected);
        assert_eq!(arrived.header("cache-control"), "no-store");
        assert_eq!(arrived.header("referrer-policy"), "no-referrer");
        assert_eq!(arrived.body, "");
        assert_cookie_deleted(&arrived, callback.as_str());
    }
}

#[tokio::test]
async fn an_invalid_callback_is_a_page() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let bare = without(&callback, "code");
    for (what, url) in [
        ("neither", bare.clone()),
        ("empty code", format!("{bare}&code=")),
        ("empty error", format!("{bare}&error=")),
        ("both", format!("{callback}&error=access_denied")),
        ("code twice", format!("{callback}&code=4%2Fother")),
        ("error twice", format!("{bare}&error=a&error=b")),
        (
            "iss twice",
            format!("{callback}&iss=https%3A%2F%2Fevil.example"),
        ),
    ] {
        let mut browser = browser.clone();
        let shown = browser.get(&url).await;
        assert!(shown.body.contains("answer is incomplete"), "{what}");
        assert_ended(&shown, &callback, &house);
        assert!(browser.cookies.is_empty(), "{what}");
    }
    for (what, url) in [
        ("no state", without(&callback, "state")),
        (
            "empty state",
            format!("{}&state=", without(&callback, "state")),
        ),
        ("state twice", format!("{callback}&state=x.y")),
        ("nothing", house.url("/callback")),
        ("an empty query", house.url("/callback?")),
    ] {
        let shown = browser.clone().get(&url).await;
        assert_eq!(shown.status, 400, "{what}");
        assert!(!shown.headers.contains_key("location"), "{what}");
    }
    assert_eq!(exchanges(&house), 0);
    assert_eq!(house.rows("grants"), 0);
}

#[tokio::test]
async fn each_of_googles_errors_goes_to_dsm() {
    let house = House::new().await;
    for (said, told) in [
        ("invalid_request", "invalid_request"),
        ("unauthorized_client", "unauthorized_client"),
        ("access_denied", "access_denied"),
        ("unsupported_response_type", "unsupported_response_type"),
        ("invalid_scope", "invalid_scope"),
        ("server_error", "server_error"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("interaction_required", "interaction_required"),
        ("login_required", "login_required"),
        ("account_selection_required", "account_selection_required"),
        ("consent_required", "consent_required"),
        ("invalid_request_uri", "invalid_request_uri"),
        ("invalid_request_object", "invalid_request_object"),
        ("request_not_supported", "request_not_supported"),
        ("request_uri_not_supported", "request_uri_not_supported"),
        ("registration_not_supported", "registration_not_supported"),
        // The client only knows registered error codes.
        ("admin_policy_enforced", "server_error"),
        ("Access_Denied", "server_error"),
        ("<script>\"\\\r\n\u{e9}", "server_error"),
    ] {
        let mut browser = Browser::new();
        let to_google = depart(&house, &mut browser, "").await;
        let callback = house.google.refuse(&to_google, said);
        let shown = browser.get(callback.as_str()).await;
        assert_eq!(shown.status, 303, "{said}");
        assert!(
            shown
                .location()
                .starts_with("https://nas.example.com/?error=")
        );
        assert_eq!(shown.answered("error").as_deref(), Some(told), "{said}");
        assert_eq!(shown.answered("state").as_deref(), Some("12345678"));
        assert_eq!(shown.answered("iss"), Some(house.issuer()));
        assert_eq!(shown.header("cache-control"), "no-store");
        assert_eq!(shown.header("referrer-policy"), "no-referrer");
        assert_cookie_deleted(&shown, callback.as_str());
        assert!(browser.cookies.is_empty());
    }
    assert_eq!(exchanges(&house), 0);
    assert_eq!(house.rows("grants"), 0);
}

/// Removing a client or a redirect URI from the config also affects logins in
/// progress.
#[tokio::test]
async fn an_unregistered_client_gets_no_response() {
    let another_client = "redirect-uris = [\"https://nas.example.com/\"]\n\
                          [[clients]]\nid = \"wiki\"\nsecret-file = \"google-client-secret\"\n\
                          redirect-uris = [\"https://wiki.example.com/back\"]";
    let wiki = encode("https://wiki.example.com/back");
    let dsm = encode("https://nas.example.com/");
    for (what, client, redirect, before, after) in [
        (
            "the client",
            "wiki",
            &wiki,
            another_client.to_owned(),
            Plan::default().client,
        ),
        (
            "the redirect URI",
            "synology",
            &dsm,
            Plan::default().client,
            "redirect-uris = [\"https://nas.example.com/elsewhere\"]".to_owned(),
        ),
    ] {
        let mut house = House::planned(Plan {
            client: before,
            ..Plan::default()
        })
        .await;
        let request =
            format!("/auth?response_type=code&client_id={client}&redirect_uri={redirect}&state=s");
        let mut browser = Browser::new();
        let shown = browser.get(&house.url(&request)).await;
        house.stop().await;
        house.plan().client = after;
        house.start().await;
        let agreed = house.google.choose(shown.location(), JEANNE);
        assert_ended(
            &browser.clone().get(agreed.as_str()).await,
            agreed.as_str(),
            &house,
        );
        let refused = house.google.refuse(shown.location(), "access_denied");
        let shown = browser.get(refused.as_str()).await;
        assert_ended(&shown, refused.as_str(), &house);
        assert_eq!(exchanges(&house), 0, "{what}");
    }
}
