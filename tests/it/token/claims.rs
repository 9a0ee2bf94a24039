//! The claims of the ID token, byte for byte, and its signature.

use std::collections::HashSet;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan, claims, encode};
use fakes::time::MONDAY_MORNING;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::support::token::{PHOTOS, code_for, house_with_photos};

/// The `sub` that Dex's Google connector creates from Jeanne's subject,
/// 103547991597142817347.
const JEANNE_IN_DEX: &str = "ChUxMDM1NDc5OTE1OTcxNDI4MTczNDcSBmdvb2dsZQ";

fn names(object: &Value) -> Vec<&str> {
    let object = object.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

async fn jwks(house: &House) -> JwkSet {
    let keys = Browser::new().get(&house.url("/keys")).await;
    serde_json::from_str(&keys.body).unwrap()
}

#[tokio::test]
async fn the_id_token_says_what_the_contract_lists_and_nothing_else() {
    let house = House::new().await;
    let code = house.code(JEANNE, "&nonce=n-0S6_WzA2Mj").await;
    house.clock.advance(Duration::from_secs(30));
    let tokens = house.redeem(&code, "").await.json();
    let mut claims = claims(tokens["id_token"].as_str().unwrap());

    let access_token = tokens["access_token"].as_str().unwrap();
    let hash = digest(&SHA256, access_token.as_bytes());
    let at_hash = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    let jti = claims["jti"].take();
    assert_eq!(jti.as_str().unwrap().len(), 22, "128 bits");
    let issued = MONDAY_MORNING + 30;
    assert_eq!(
        claims,
        json!({
            "iss": house.issuer(),
            "sub": JEANNE_IN_DEX,
            "aud": "synology",
            "iat": issued,
            "exp": issued + 3600,
            "nonce": "n-0S6_WzA2Mj",
            "at_hash": at_hash,
            "jti": null,
            "email": "Jeanne.Martin@gmail.com",
            "email_verified": true,
            "name": "Jeanne Martin",
            "username": "jeanne",
            "preferred_username": "jeanne",
        })
    );
}

#[tokio::test]
async fn claims_do_not_depend_on_the_scope() {
    let house = House::new().await;
    let (plain, _) = house.sign_in(JEANNE, "").await;
    let asked = "&scope=openid+email+profile";
    let (asked, _) = house.sign_in(JEANNE, asked).await;
    assert_eq!(names(&plain), names(&asked));
    assert!(!names(&plain).contains(&"nonce"));
}

#[tokio::test]
async fn the_published_key_verifies_the_signature() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let tokens = house.redeem(&code, "").await.json();
    let token = tokens["id_token"].as_str().unwrap();

    let header = decode_header(token).unwrap();
    assert_eq!(header.alg, Algorithm::RS256);
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    let keys = jwks(&house).await;
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let key = DecodingKey::from_jwk(key).unwrap();

    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["synology"]);
    validation.set_issuer(&[house.issuer()]);
    // The library would use the machine's clock.
    validation.validate_exp = false;
    let decoded = decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(decoded.claims["username"], "jeanne");

    // A modified token is rejected.
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = message.split_once('.').unwrap();
    let claims = decoded.claims.to_string().replace("jeanne", "Paul");
    let forged = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims));
    assert!(decode::<Value>(&forged, &key, &validation).is_err());
}

#[tokio::test]
async fn the_nonce_comes_back_byte_for_byte() {
    let house = House::new().await;
    for nonce in [
        "a b+c%20d",
        "\"\\\u{7f}<&>",
        "d\u{e9}j\u{e0} \u{1f511}",
        "0",
    ] {
        let more = format!("&nonce={}", encode(nonce));
        let (claims, _) = house.sign_in(JEANNE, &more).await;
        assert_eq!(claims["nonce"], nonce);
    }
}

#[tokio::test]
async fn no_two_tokens_have_one_jti() {
    let house = House::new().await;
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let (claims, token) = house.sign_in(JEANNE, "").await;
        assert!(seen.insert(claims["jti"].as_str().unwrap().to_owned()));
        assert!(seen.insert(token));
    }
}

#[tokio::test]
async fn auth_time_comes_from_google() {
    let house = House::new().await;
    let auth_time = async |more| {
        let code = house.code(JEANNE, more).await;
        house.clock.advance(Duration::from_secs(20));
        let tokens = house.redeem(&code, "").await.json();
        let claims = claims(tokens["id_token"].as_str().unwrap());
        let issued = claims["iat"].as_i64().unwrap();
        claims.get("auth_time").map(|time| (issued, time.clone()))
    };

    // Google sends no `auth_time`, so the claim is only included if required.
    assert_eq!(auth_time("").await, None);
    // Then the time of the callback, which was twenty seconds ago.
    let (issued, time) = auth_time("&max_age=3600").await.unwrap();
    assert_eq!(time, issued - 20);

    let said = MONDAY_MORNING - 86_400;
    house
        .google
        .tamper(move |draft| draft.claim("auth_time", said));
    assert_eq!(auth_time("").await.unwrap().1, said);
    assert_eq!(auth_time("&max_age=3600").await.unwrap().1, said);
}

#[tokio::test]
async fn the_user_name_is_written_as_dsm_lists_it() {
    let house = House::new().await;
    let (claims, token) = house.sign_in("paul@example.com", "").await;
    let userinfo = house.userinfo(&token).await.json();
    for said in [claims, userinfo] {
        assert_eq!(said["username"], "Paul");
        assert_eq!(said["preferred_username"], "Paul");
        // The address is as Google writes it.
        assert_eq!(said["email"], "paul@example.com");
        assert_eq!(said["name"], "Paul Martin");
    }
}

#[tokio::test]
async fn a_user_without_a_name_at_google_has_no_name_claim() {
    let house = House::new().await;
    house.google.tamper(|draft| draft.drop_claim("name"));
    let (claims, token) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims.get("name"), None);
    let userinfo = house.userinfo(&token).await.json();
    assert_eq!(userinfo.get("name"), None);
}

#[tokio::test]
async fn the_user_name_goes_by_the_name_that_the_config_gives_it() {
    for (claim, expected) in [
        ("upn", vec!["preferred_username", "upn"]),
        ("preferred_username", vec!["preferred_username"]),
        ("https://nas.example/user", {
            vec!["https://nas.example/user", "preferred_username"]
        }),
    ] {
        let plan = Plan {
            top: format!("username-claim = {claim:?}"),
            ..Plan::default()
        };
        let house = House::planned(plan).await;
        let (claims, token) = house.sign_in(JEANNE, "").await;
        let userinfo = house.userinfo(&token).await.json();
        for said in [&claims, &userinfo] {
            let mut naming = names(said);
            naming.retain(|name| said[name] == "jeanne");
            assert_eq!(naming, expected);
        }
        let published = Browser::new()
            .get(&house.url("/.well-known/openid-configuration"))
            .await
            .json();
        let listed = published["claims_supported"].as_array().unwrap();
        for name in expected {
            let times = listed.iter().filter(|listed| **listed == name).count();
            assert_eq!(times, 1, "{name} in {listed:?}");
        }
        assert!(!listed.contains(&"username".into()));
    }
}

#[tokio::test]
async fn each_client_is_its_tokens_audience() {
    let (house, _secrets) = house_with_photos("photos", "another secret").await;
    let code = code_for(&house, "photos", PHOTOS, JEANNE).await;
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}\
         &client_id=photos&client_secret=another+secret",
        encode(PHOTOS)
    );
    let tokens = Browser::new().post(&house.url("/token"), &form).await;
    let claims = claims(tokens.json()["id_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "photos");
    // Both clients get the same `sub`.
    assert_eq!(claims["sub"], JEANNE_IN_DEX);
}
