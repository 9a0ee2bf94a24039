//! `prompt=none`: no page is shown, so DSM gets the reason as an error (OpenID
//! Connect Core, section 3.1.2.6).

use fakes::browser::{Browser, Shown};
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE};

use super::{assert_cookie_deleted, depart};

const SILENT: &str = "&prompt=none";

fn assert_told(shown: &Shown, error: &str, house: &House) {
    assert_eq!(shown.status, 303, "{shown:?}");
    assert!(
        shown
            .location()
            .starts_with("https://nas.example.com/?error=")
    );
    assert_eq!(shown.answered("error").as_deref(), Some(error));
    assert_eq!(shown.answered("state").as_deref(), Some("12345678"));
    assert_eq!(shown.answered("iss"), Some(house.issuer()));
    // DSM may log it, so it contains no address.
    assert!(!shown.location().contains('@') && !shown.location().contains("%40"));
    assert_eq!(house.rows("grants"), 0);
}

#[tokio::test]
async fn a_user_signed_in_at_google_signs_in_silently() {
    let house = House::new().await;
    let arrived = house.arrive(&mut Browser::new(), JEANNE, SILENT).await;
    assert!(arrived.answered("code").is_some(), "{arrived:?}");
}

#[tokio::test]
async fn googles_wish_to_ask_goes_to_dsm() {
    let house = House::new().await;
    for error in ["login_required", "interaction_required", "consent_required"] {
        let mut browser = Browser::new();
        let to_google = depart(&house, &mut browser, SILENT).await;
        let callback = house.google.refuse(&to_google, error);
        let shown = browser.get(callback.as_str()).await;
        assert_told(&shown, error, &house);
        assert_cookie_deleted(&shown, callback.as_str());
    }
}

#[tokio::test]
async fn a_refusal_of_ours_is_access_denied() {
    let house = House::new().await;
    for person in ["inconnu@gmail.com", "lea@example.net"] {
        let shown = house.arrive(&mut Browser::new(), person, SILENT).await;
        assert_told(&shown, "access_denied", &house);
    }
}

#[tokio::test]
async fn temporary_failures_are_temporarily_unavailable() {
    let house = House::new().await;
    house.google.set_date_offset(7200);
    let shown = house.arrive(&mut Browser::new(), JEANNE, SILENT).await;
    assert_told(&shown, "temporarily_unavailable", &house);
    house.google.set_date_offset(0);

    house
        .google
        .fail_once(Endpoint::Token, Trouble::Status(500));
    let shown = house.arrive(&mut Browser::new(), JEANNE, SILENT).await;
    assert_told(&shown, "temporarily_unavailable", &house);
}
