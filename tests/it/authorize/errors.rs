//! A known client gets its mistakes as OAuth error responses (RFC 6749, section
//! 4.1.2.1), with its state and our `iss` (RFC 9207).

use std::time::Duration;

use fakes::browser::Shown;
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, Plan, encode};

use super::{ask, ask_more, asked_of_google, redirect_parameter};

/// A valid challenge.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// DSM got `code` and its state; no login was begun.
fn assert_refused(shown: &Shown, code: &str, house: &House) {
    assert_eq!(shown.status, 303, "{shown:?}");
    let location = shown.location();
    assert!(
        location.starts_with("https://nas.example.com/?error="),
        "{location}"
    );
    assert_eq!(shown.answered("error").as_deref(), Some(code), "{location}");
    assert!(shown.answered("error_description").is_some(), "{location}");
    assert_eq!(shown.answered("iss"), Some(house.issuer()), "{location}");
    assert_eq!(shown.answered("code"), None);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    assert!(!shown.headers.contains_key("set-cookie"), "{shown:?}");
    assert_eq!(house.rows("grants"), 0);
}

/// The expected error, and the parameters besides client, redirect URI and
/// state.
type Mistake = (&'static str, &'static str);

const INVALID_REQUESTS: &[Mistake] = &[
    ("no response_type", ""),
    ("empty response_type", "&response_type="),
    ("form_post", "&response_type=code&response_mode=form_post"),
    ("fragment", "&response_type=code&response_mode=fragment"),
    (
        "plain",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
&code_challenge_method=plain",
    ),
    (
        "s256",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
&code_challenge_method=s256",
    ),
    (
        "a challenge without its method",
        "&response_type=code\
&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    ),
    (
        "a method without its challenge",
        "&response_type=code&code_challenge_method=S256",
    ),
    (
        "42 characters",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c\
&code_challenge_method=S256",
    ),
    (
        "44 characters",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA\
&code_challenge_method=S256",
    ),
    (
        "padding",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c%3D\
&code_challenge_method=S256",
    ),
    (
        "padding behind",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM%3D\
&code_challenge_method=S256",
    ),
    (
        "plain base64",
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw%2BcM\
&code_challenge_method=S256",
    ),
    ("none and login", "&response_type=code&prompt=none+login"),
    ("none and unknown", "&response_type=code&prompt=create+none"),
    ("none twice", "&response_type=code&prompt=none+none"),
    ("max_age in words", "&response_type=code&max_age=soon"),
    ("max_age with a part", "&response_type=code&max_age=1.5"),
    ("max_age below zero", "&response_type=code&max_age=-1"),
    ("nonce not UTF-8", "&response_type=code&nonce=%FF"),
];

const UNSUPPORTED_RESPONSE_TYPES: &[Mistake] = &[
    ("token", "&response_type=token"),
    ("id_token", "&response_type=id_token"),
    ("hybrid", "&response_type=code+id_token"),
    ("code twice in one", "&response_type=code+code"),
    ("capitals", "&response_type=Code"),
    ("none", "&response_type=none"),
];

const UNSUPPORTED: &[(&str, &str, &str)] = &[
    (
        "request",
        "&response_type=code&request=e30.e30.",
        "request_not_supported",
    ),
    (
        "request alone",
        "&request=e30.e30.",
        "request_not_supported",
    ),
    (
        "request_uri",
        "&response_type=code&request_uri=https%3A%2F%2Fevil.example%2F",
        "request_uri_not_supported",
    ),
    (
        "registration",
        "&response_type=code&registration=%7B%7D",
        "registration_not_supported",
    ),
];

#[tokio::test]
async fn each_mistake_has_its_error() {
    let house = House::new().await;
    let check = async |mistake: &str, more: &str, code: &str| {
        let redirect = redirect_parameter();
        let query = format!("/auth?client_id=synology{redirect}&state=s{more}");
        let shown = ask(&house, &query).await;
        assert_eq!(shown.answered("error").as_deref(), Some(code), "{mistake}");
        assert_refused(&shown, code, &house);
        assert_eq!(shown.answered("state").as_deref(), Some("s"), "{mistake}");
    };
    for (mistake, more) in INVALID_REQUESTS {
        check(mistake, more, "invalid_request").await;
    }
    for (mistake, more) in UNSUPPORTED_RESPONSE_TYPES {
        check(mistake, more, "unsupported_response_type").await;
    }
    for (mistake, more, code) in UNSUPPORTED {
        check(mistake, more, code).await;
    }
}

/// RFC 6749, section 3.1: a known parameter must not be repeated.
#[tokio::test]
async fn a_doubled_parameter_is_a_mistake_even_when_both_are_equal() {
    let house = House::new().await;
    for (name, value) in [
        ("nonce", "n"),
        ("scope", "openid"),
        ("response_mode", "query"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
        ("max_age", "0"),
        ("login_hint", "a@example.com"),
        ("id_token_hint", "e30.e30."),
        ("request", "e30.e30."),
        ("request_uri", "https://evil.example/"),
        ("registration", "{}"),
    ] {
        let value = encode(value);
        let shown = ask_more(&house, &format!("&{name}={value}&{name}={value}")).await;
        assert_refused(&shown, "invalid_request", &house);
        assert_eq!(
            shown.answered("state").as_deref(),
            Some("12345678"),
            "{name}"
        );
    }
    let shown = ask_more(&house, "&response_type=code").await;
    assert_refused(&shown, "invalid_request", &house);
}

#[tokio::test]
async fn of_two_states_neither_comes_back() {
    let house = House::new().await;
    for more in ["&state=another", "&state=12345678"] {
        let shown = ask_more(&house, more).await;
        assert_refused(&shown, "invalid_request", &house);
        assert_eq!(shown.answered("state"), None, "{more}");
    }
}

#[tokio::test]
async fn a_client_that_must_send_pkce_does() {
    let house = House::planned(Plan {
        client: format!("require-pkce = true\n{}", Plan::default().client),
        ..Plan::default()
    })
    .await;
    let shown = ask_more(&house, "").await;
    assert_refused(&shown, "invalid_request", &house);
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    asked_of_google(&house, &pkce).await;
}

#[tokio::test]
async fn an_error_carries_the_state_byte_for_byte() {
    let house = House::new().await;
    for (sent, expected) in [
        ("&state=s", "&state=s"),
        ("&state=%FF%FE%00", "&state=%FF%FE%00"),
        ("&state=a+b", "&state=a%20b"),
        ("&state=a%20b", "&state=a%20b"),
        ("&state=a%2Bb", "&state=a%2Bb"),
        ("&state=%26state%3Dx%23", "&state=%26state%3Dx%23"),
        ("&state=a%26b%3Dc", "&state=a%26b%3Dc"),
        ("&state=a=b?c/d", "&state=a%3Db%3Fc%2Fd"),
        ("&state=%C3%A9%E2%82%AC", "&state=%C3%A9%E2%82%AC"),
        ("&state=%0D%0ALocation:%20x", "&state=%0D%0ALocation%3A%20x"),
        ("&state=%", "&state=%25"),
        ("&state=%zz", "&state=%25zz"),
        ("&state=-._~", "&state=-._~"),
        ("&state=", ""),
        ("&state", ""),
        ("", ""),
    ] {
        let query = format!(
            "/auth?response_type=token&client_id=synology{}{sent}",
            redirect_parameter()
        );
        let shown = ask(&house, &query).await;
        assert_refused(&shown, "unsupported_response_type", &house);
        let expected = format!(
            "https://nas.example.com/?error=unsupported_response_type&error_description=\
             the%20only%20response_type%20is%20code{expected}&iss={}",
            encode(&house.issuer())
        );
        assert_eq!(shown.location(), expected, "{sent}");
    }
}

/// A client's mistake is reported immediately, without a request to Google.
#[tokio::test]
async fn a_mistake_is_told_even_when_google_is_out_of_reach() {
    let house = House::new().await;
    house.google.fail(Endpoint::Discovery, Trouble::Hang);
    house.clock.advance(Duration::from_hours(8 * 24));
    let shown = ask_more(&house, "&prompt=none+login").await;
    assert_refused(&shown, "invalid_request", &house);
}
