//! One whole login, request by request.

use fakes::browser::Browser;
use fakes::house::{House, JEANNE};

#[tokio::test]
async fn jeanne_signs_in_with_google_and_the_nas_learns_her_name() {
    let house = House::new().await;

    let arrived = house
        .arrive(&mut Browser::new(), JEANNE, "&nonce=n-0S6_WzA2Mj")
        .await;
    assert_eq!(arrived.status, 303);
    assert!(
        arrived
            .location()
            .starts_with("https://nas.example.com/?code=")
    );
    assert_eq!(arrived.answered("state").as_deref(), Some("12345678"));
    assert_eq!(arrived.answered("iss"), Some(house.issuer()));

    let code = arrived.answered("code").unwrap();
    let tokens = house.redeem(&code, "").await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let tokens = tokens.json();
    let claims = fakes::house::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["username"], "jeanne");
    assert_eq!(claims["nonce"], "n-0S6_WzA2Mj");

    let userinfo = house
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    assert_eq!(userinfo.json()["username"], "jeanne");
    assert_eq!(userinfo.json()["sub"], claims["sub"]);
}
