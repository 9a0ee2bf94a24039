//! What Google's responses mean.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;
use domain::base::ids::GoogleIssuer;
use domain::base::secret::Secret;

/// The `authError` of Google's redirect for a redirect URI that is not
/// registered, as aosreminders recorded it on 2026-09-21; the URI is shorter.
const MISMATCH: &str = "ChVyZWRpcmVjdF91cmlfbWlzbWF0Y2gSsAEKWW91IGNhbid0IHNpZ24gaW4gdG8gdGhpcyBh\
                        cHAgYmVjYXVzZSBpdCBkb2Vzbid0IGNvbXBseQ";

/// Those for a client that does not exist, and for one that was deleted, as
/// several projects recorded them.
const NOT_FOUND: &str = "Cg5pbnZhbGlkX2NsaWVudBIfVGhlIE9BdXRoIGNsaWVudCB3YXMgbm90IGZvdW5kLiCRAw==";
const DELETED: &str = "Cg5kZWxldGVkX2NsaWVudBIdVGhlIE9BdXRoIGNsaWVudCB3YXMgZGVsZXRlZC4gkQM=";

fn google() -> (GoogleClient, GoogleMetadata) {
    let issuer = GoogleIssuer::new("https://accounts.google.com".to_owned());
    let document = json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
    });
    let metadata = GoogleMetadata::parse(document.to_string().as_bytes(), &issuer).unwrap();
    let client = GoogleClient {
        issuer,
        client_id: "1234.apps.googleusercontent.com".to_owned(),
        client_secret: Secret::new("secret".to_owned()),
        redirect_uri: "https://login.example.com/callback".to_owned(),
        prompt: None,
    };
    (client, metadata)
}

fn redirected(location: &str) -> Verdict {
    let (client, metadata) = google();
    let location = location.to_owned();
    of_authorization(
        &Err(HttpClientError::Redirect { location }),
        &client,
        &metadata,
    )
}

fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn error_page(error: &str) -> Verdict {
    redirected(&format!(
        "https://accounts.google.com/signin/oauth/error?authError={error}\
         &client_id=1234.apps.googleusercontent.com&flowName=GeneralOAuthFlow"
    ))
}

fn is_unclear(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unclear(_))
}

#[test]
fn an_error_that_comes_back_to_us_shows_that_google_knows_us() {
    let back = "https://login.example.com/callback";
    for query in [
        "?error=interaction_required&error_subtype=access_denied&state=s",
        "?state=s&error=login_required",
    ] {
        assert_eq!(redirected(&format!("{back}{query}")), Verdict::Known);
    }
    let page = "https://accounts.google.com/v3/signin/identifier?client_id=x";
    assert_eq!(redirected(page), Verdict::Known);
    assert_eq!(redirected("/v3/signin/identifier"), Verdict::Known);
}

#[test]
fn googles_error_page_names_the_fault() {
    assert_eq!(
        error_page(MISMATCH),
        Verdict::Fault("redirect_uri_mismatch")
    );
    assert_eq!(error_page(NOT_FOUND), Verdict::Fault("invalid_client"));
    let encoded = NOT_FOUND.replace('=', "%3D");
    assert_eq!(error_page(&encoded), Verdict::Fault("invalid_client"));
    assert_eq!(error_page(DELETED), Verdict::Fault("deleted_client"));
    let (client, metadata) = google();
    let page = answer(400, "<h1>400.</h1><p>Error: redirect_uri_mismatch</p>");
    let verdict = of_authorization(&Ok(page), &client, &metadata);
    assert_eq!(verdict, Verdict::Fault("redirect_uri_mismatch"));
}

#[test]
fn anything_else_is_unclear() {
    for error in [
        "",
        "%00",
        "AAAA",
        "CgE",
        "Cv9h",
        "Cgphbm90aGVyLi4u",
        MISMATCH.get(..8).unwrap(),
    ] {
        assert!(is_unclear(&error_page(error)), "{error}");
    }
    for location in [
        "",
        "https://login.example.com/callback",
        "https://login.example.com/callback/?error=x",
        "https://evil.example.com/v3/signin/identifier",
        "https://consent.example.com/?error=login_required",
        "http://[",
    ] {
        assert!(is_unclear(&redirected(location)), "{location}");
    }
    let (client, metadata) = google();
    for (status, body) in [
        (200, "invalid_client"),
        (400, "no"),
        (503, "invalid_client"),
    ] {
        let verdict = of_authorization(&Ok(answer(status, body)), &client, &metadata);
        assert!(is_unclear(&verdict), "{status} {body}");
    }
    let slow = Err(HttpClientError::Timeout(Duration::from_secs(8)));
    assert!(is_unclear(&of_authorization(&slow, &client, &metadata)));
}

#[test]
fn only_invalid_client_shows_a_wrong_secret() {
    let wrong = answer(401, r#"{"error": "invalid_client"}"#);
    assert_eq!(of_token(&Ok(wrong)), Some(Verdict::WrongSecret));
    for body in [
        r#"{"error": "invalid_grant"}"#,
        r#"{"error": "server_error"}"#,
        "{}",
        "invalid_client",
        "",
    ] {
        assert_eq!(of_token(&Ok(answer(400, body))), None, "{body}");
    }
    assert_eq!(of_token(&Err(HttpClientError::TooLarge(1))), None);
}

proptest::proptest! {
    #[test]
    fn no_text_of_google_is_too_strange(text in "\\PC*") {
        drop(error_page(&text));
        drop(redirected(&text));
    }
}
