//! When Google fails, the user sees a page and can try again.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::google::token::Lie;
use fakes::google::{Endpoint, ResponseIssuer, Trouble};
use fakes::house::{House, JEANNE};
use serde_json::json;
use tokio::net::TcpListener;

use super::{assert_cookie_deleted, depart, exchanges};

/// A page with a new link, no code, and nothing stored.
fn assert_google_failed(shown: &Shown, callback: &str, house: &House) {
    assert_eq!(shown.status, 502, "{shown:?}");
    assert!(!shown.headers.contains_key("location"), "{shown:?}");
    assert!(shown.body.contains("Google did not answer correctly"));
    assert_eq!(shown.refusal(), None);
    assert_cookie_deleted(shown, callback);
    assert_eq!(house.rows("grants"), 0);
}

/// The page's link repeats the login after Google has recovered.
async fn assert_link_works(shown: &Shown, browser: &mut Browser, house: &House) {
    let again = browser.get(&house.back(&shown.link())).await;
    assert_eq!(again.status, 303, "{again:?}");
    let callback = house.google.choose(again.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    assert_eq!(arrived.answered("state").as_deref(), Some("12345678"));
    let code = arrived.answered("code").unwrap();
    let tokens = house.redeem(&code, "").await.json();
    let claims = fakes::house::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["nonce"], "n");
}

#[tokio::test]
async fn a_failing_token_endpoint_gives_a_page_with_a_working_link() {
    for trouble in [
        Trouble::Status(500),
        Trouble::Status(404),
        Trouble::Html,
        Trouble::Redirect,
        Trouble::TooLarge,
        Trouble::OAuthError("invalid_grant"),
        Trouble::Json(json!({})),
        Trouble::Json(json!([])),
        Trouble::Json(json!({"access_token": "a", "id_token": 7})),
        Trouble::Json(json!({"access_token": "a", "id_token": "a.b.c"})),
    ] {
        let house = House::new().await;
        let mut browser = Browser::new();
        let callback = house.choose(&mut browser, JEANNE, "&nonce=n").await;
        house.google.fail_once(Endpoint::Token, trouble);
        let shown = browser.get(&callback).await;
        assert_google_failed(&shown, &callback, &house);
        assert_link_works(&shown, &mut browser, &house).await;
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_not_there_is_a_page_too() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "&nonce=n").await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/token", free.local_addr().unwrap());
    drop(free);
    house
        .google
        .edit_discovery(|document| document["token_endpoint"] = json!(nobody));
    house.bridge().upstream.refresh().await.unwrap();
    let shown = browser.get(&callback).await;
    assert_google_failed(&shown, &callback, &house);
}

#[tokio::test]
async fn a_hanging_token_endpoint_times_out() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "&nonce=n").await;
    house.google.fail_once(Endpoint::Token, Trouble::Hang);
    let (shown, ()) = tokio::join!(browser.get(&callback), async {
        house.google.requested(Endpoint::Token, 1).await;
        // From here on only time passes.
        tokio::time::pause();
    });
    tokio::time::resume();
    assert_google_failed(&shown, &callback, &house);
    assert_link_works(&shown, &mut browser, &house).await;
}

#[tokio::test]
async fn a_response_with_another_iss_is_a_mix_up() {
    let evil = "https://evil.example".to_owned();
    for issuer in [ResponseIssuer::Missing, ResponseIssuer::Other(evil)] {
        let house = House::new().await;
        let mut browser = Browser::new();
        house.google.set_response_issuer(issuer.clone());
        let callback = house.choose(&mut browser, JEANNE, "&nonce=n").await;
        let shown = browser.get(&callback).await;
        assert_google_failed(&shown, &callback, &house);
        assert_eq!(exchanges(&house), 0, "the code is not shown to Google");

        // An error from another issuer is not sent to DSM either.
        let to_google = depart(&house, &mut browser, "").await;
        let refused = house.google.refuse(&to_google, "access_denied");
        let refused = browser.get(refused.as_str()).await;
        assert_eq!(refused.status, 502, "{issuer:?}");

        house.google.set_response_issuer(ResponseIssuer::Right);
        assert_link_works(&shown, &mut browser, &house).await;
    }
}

/// RFC 9207, section 2.4: only a provider that announces `iss` must send it.
#[tokio::test]
async fn a_provider_that_promises_no_iss_need_not_send_one() {
    let house = House::new().await;
    house.google.edit_discovery(|document| {
        document["authorization_response_iss_parameter_supported"] = json!(false);
    });
    house.bridge().upstream.refresh().await.unwrap();
    house.google.set_response_issuer(ResponseIssuer::Missing);
    house.code(JEANNE, "").await;
}

const LIES: [(Lie, u16); 29] = [
    (Lie::OtherIssuer, 502),
    (Lie::OtherAudience, 502),
    (Lie::TwoAudiences, 502),
    (Lie::OtherParty, 502),
    (Lie::Expired, 502),
    (Lie::FromTheFuture, 502),
    (Lie::NoExpiry, 502),
    (Lie::NoIssueTime, 502),
    (Lie::NotBefore, 502),
    (Lie::OtherNonce, 502),
    (Lie::NoNonce, 502),
    (Lie::AlgNone, 502),
    (Lie::HmacWithPublicKey, 502),
    (Lie::HmacWithClientSecret, 502),
    (Lie::Rs512, 502),
    (Lie::StrangersSignature, 502),
    (Lie::UnknownKid, 502),
    (Lie::Critical, 502),
    (Lie::OtherAtHash, 502),
    (Lie::NoSubject, 502),
    (Lie::EmptySubject, 502),
    (Lie::LongSubject, 502),
    (Lie::TwoSubjects, 502),
    // A correct token that is not sufficient.
    (Lie::UnverifiedAddress, 403),
    (Lie::VerifiedAsNumber, 403),
    (Lie::NoVerified, 403),
    (Lie::NoEmail, 403),
    // Accepted as long as Google has only one key.
    (Lie::NoKid, 303),
    (Lie::NoAtHash, 303),
];

#[tokio::test]
async fn no_lie_gets_a_code() {
    let house = House::new().await;
    for (lie, status) in LIES {
        let stored = house.rows("grants");
        house.google.lie(Some(lie));
        let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
        assert_eq!(shown.status, status, "{lie:?}: {shown:?}");
        if status == 303 {
            continue;
        }
        assert!(!shown.headers.contains_key("location"), "{lie:?}");
        assert_eq!(house.rows("grants"), stored, "{lie:?}");
        let refusal = (status == 403).then_some("address-not-verified");
        assert_eq!(shown.refusal(), refusal, "{lie:?}");
    }
    house.clock.advance(Duration::from_secs(31));
    house.google.rotate_keys();
    house.google.lie(None);
    house.code(JEANNE, "").await;
    house.google.lie(Some(Lie::NoKid));
    let stored = house.rows("grants");
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.status, 502, "of two keys it names none");
    assert_eq!(house.rows("grants"), stored);
}

#[tokio::test]
async fn accepted_variants_of_googles_token_get_a_code() {
    let house = House::new().await;
    for lie in [Lie::AudienceArray, Lie::NoAtHash, Lie::VerifiedAsString] {
        house.google.lie(Some(lie));
        house.code(JEANNE, "").await;
    }
}

#[tokio::test]
async fn an_unknown_key_makes_us_fetch_the_keys_once() {
    let house = House::new().await;
    house.code(JEANNE, "").await;
    let before = house.google.requests(Endpoint::Keys);
    house.google.rotate_keys();
    house.code(JEANNE, "").await;
    assert_eq!(house.google.requests(Endpoint::Keys), before + 1);

    // A key that Google does not publish does not cause a fetch at each login.
    house.clock.advance(Duration::from_secs(31));
    house.google.lie(Some(Lie::UnknownKid));
    for _ in 0..3 {
        let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
        assert_eq!(shown.status, 502);
    }
    assert_eq!(house.google.requests(Endpoint::Keys), before + 2);
    house.clock.advance(Duration::from_secs(31));
    house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(house.google.requests(Endpoint::Keys), before + 3);
}
