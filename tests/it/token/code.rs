//! A code is valid once, for a minute, for its client, redirect URI and
//! verifier.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fakes::browser::{Browser, Shown};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, encode};

use crate::support::token::{PHOTOS, code_for, error, house_with_photos, invalid_grant};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// DSM's request with another redirect URI.
async fn redeem_for(house: &House, code: &str, redirect_uri: &str) -> Shown {
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}&client_id=synology\
         &client_secret={}",
        encode(redirect_uri),
        encode(CLIENT_SECRET_OF_DSM)
    );
    Browser::new().post(&house.url("/token"), &form).await
}

fn access_token(answer: &Shown) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_answer_has_what_the_standards_ask_and_nothing_else() {
    let house = House::new().await;
    for (asked, scope) in [
        ("", None),
        ("&scope=", None),
        ("&scope=groups+offline_access", None),
        ("&scope=openid", Some("openid")),
        (
            "&scope=profile+unknown+openid+email",
            Some("openid email profile"),
        ),
    ] {
        let code = house.code(JEANNE, asked).await;
        let answer = house.redeem(&code, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        let json = answer.json();
        let members: Vec<&String> = json.as_object().unwrap().keys().collect();
        let mut expected = vec!["access_token", "expires_in", "id_token"];
        expected.extend(scope.map(|_| "scope"));
        expected.push("token_type");
        assert_eq!(members, expected, "{asked}");
        assert_eq!(json["token_type"], "Bearer");
        assert_eq!(json["expires_in"], 3600);
        assert_eq!(json.get("scope").and_then(|scope| scope.as_str()), scope);
        // 256 random bits each, and not a JWT.
        for secret in [&code, json["access_token"].as_str().unwrap()] {
            let bytes = URL_SAFE_NO_PAD.decode(secret).unwrap();
            assert_eq!(bytes.len(), 32);
        }
    }
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    house.clock.advance(Duration::from_mins(1));
    let answer = house.redeem(&code, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let code = house.code(JEANNE, "").await;
    house.clock.advance(Duration::from_secs(61));
    let answer = house.redeem(&code, "").await;
    assert_eq!(error(&answer), invalid_grant());
}

#[tokio::test]
async fn an_unknown_code_is_rejected() {
    let house = House::new().await;
    let answer = house.redeem(&URL_SAFE_NO_PAD.encode([7; 32]), "").await;
    assert_eq!(error(&answer), invalid_grant());
}

#[tokio::test]
async fn a_second_use_ends_what_the_first_one_got() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let token = access_token(&house.redeem(&code, "").await);
    assert_eq!(house.userinfo(&token).await.status, 200);

    let again = house.redeem(&code, "").await;
    assert_eq!(error(&again), invalid_grant());
    assert_eq!(house.userinfo(&token).await.status, 401);

    let third = house.redeem(&code, "").await;
    assert_eq!(error(&third), invalid_grant());
}

#[tokio::test]
async fn a_second_use_much_later_still_ends_it() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let token = access_token(&house.redeem(&code, "").await);
    house.clock.advance(Duration::from_mins(10));
    // Another login deletes what has expired, but not this code.
    let other = house.sign_in("paul@example.com", "").await.1;

    let again = house.redeem(&code, "").await;
    assert_eq!(error(&again), invalid_grant());
    assert_eq!(house.userinfo(&token).await.status, 401);
    assert_eq!(house.userinfo(&other).await.status, 200);
}

#[tokio::test]
async fn a_second_use_that_is_wrong_in_other_ways_ends_it_too() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let token = access_token(&house.redeem(&code, "").await);
    let again = house.redeem(&code, "&code_verifier=nobody-asked").await;
    assert_eq!(error(&again), invalid_grant());
    assert_eq!(house.userinfo(&token).await.status, 401);

    let code = house.code(JEANNE, "").await;
    let token = access_token(&house.redeem(&code, "").await);
    let again = redeem_for(&house, &code, "https://evil.example/").await;
    assert_eq!(error(&again), invalid_grant());
    assert_eq!(house.userinfo(&token).await.status, 401);
}

#[tokio::test]
async fn another_client_can_neither_use_nor_spend_a_code() {
    let (house, _secrets) = house_with_photos("photos", "another secret").await;
    let by_photos = |code: &str| {
        format!(
            "grant_type=authorization_code&code={code}&redirect_uri={}\
             &client_id=photos&client_secret=another+secret",
            encode("https://nas.example.com/")
        )
    };
    let url = house.url("/token");
    let code = house.code(JEANNE, "").await;
    let stolen = Browser::new().post(&url, &by_photos(&code)).await;
    assert_eq!(error(&stolen), invalid_grant());

    let token = access_token(&house.redeem(&code, "").await);

    // Nor revoke its token.
    let stolen = Browser::new().post(&url, &by_photos(&code)).await;
    assert_eq!(error(&stolen), invalid_grant());
    assert_eq!(house.userinfo(&token).await.status, 200);

    // The same with the clients exchanged.
    let code = code_for(&house, "photos", PHOTOS, JEANNE).await;
    let stolen = redeem_for(&house, &code, PHOTOS).await;
    assert_eq!(error(&stolen), invalid_grant());
}

#[tokio::test]
async fn the_redirect_uri_is_that_of_the_request_byte_for_byte() {
    let plan = Plan {
        client: "redirect-uris = [\"https://nas.example.com\", \"https://nas.example.com/sso\"]"
            .to_owned(),
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    for (case, asked, shown) in [
        (
            "another one of the client's",
            "https://nas.example.com",
            "https://nas.example.com/sso",
        ),
        (
            "the twin with a slash",
            "https://nas.example.com",
            "https://nas.example.com/",
        ),
        (
            "the twin without",
            "https://nas.example.com/",
            "https://nas.example.com",
        ),
        (
            "another case",
            "https://nas.example.com/",
            "https://NAS.example.com/",
        ),
        (
            "a stranger's",
            "https://nas.example.com",
            "https://evil.example/",
        ),
    ] {
        let code = code_for(&house, "synology", asked, JEANNE).await;
        let answer = redeem_for(&house, &code, shown).await;
        assert_eq!(error(&answer), invalid_grant(), "{case}");
    }
    for asked in [
        "https://nas.example.com",
        "https://nas.example.com/",
        "https://nas.example.com/sso",
    ] {
        let code = code_for(&house, "synology", asked, JEANNE).await;
        let answer = redeem_for(&house, &code, asked).await;
        assert_eq!(answer.status, 200, "{asked}: {answer:?}");
    }
}

#[tokio::test]
async fn a_challenge_wants_its_verifier() {
    let house = House::new().await;
    let asked = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    for (case, more) in [
        ("none", String::new()),
        ("an empty one", "&code_verifier=".to_owned()),
        ("another", format!("&code_verifier={}", "a".repeat(43))),
        ("cut", format!("&code_verifier={}", &VERIFIER[..42])),
        (
            "the challenge itself",
            format!("&code_verifier={CHALLENGE}"),
        ),
    ] {
        let code = house.code(JEANNE, &asked).await;
        let answer = house.redeem(&code, &more).await;
        assert_eq!(error(&answer), invalid_grant(), "{case}");
        // A second try is not accepted.
        let right = format!("&code_verifier={VERIFIER}");
        let answer = house.redeem(&code, &right).await;
        assert_eq!(error(&answer), invalid_grant(), "{case}, then right");
    }
    let code = house.code(JEANNE, &asked).await;
    let answer = house
        .redeem(&code, &format!("&code_verifier={VERIFIER}"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_a_downgrade() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let answer = house
        .redeem(&code, &format!("&code_verifier={VERIFIER}"))
        .await;
    assert_eq!(error(&answer), invalid_grant());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_show_a_code_at_once_one_gets_tokens() {
    let house = House::new().await;
    for _ in 0..4 {
        let code = house.code(JEANNE, "").await;
        let show = || house.redeem(&code, "");
        let answers: [Shown; 8] = tokio::join!(
            show(),
            show(),
            show(),
            show(),
            show(),
            show(),
            show(),
            show()
        )
        .into();
        let (got, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(got.len(), 1, "{answers:?}");
        for answer in refused {
            assert_eq!(error(answer), invalid_grant());
        }
        // Seven replays: the token of the first request was revoked.
        let token = access_token(got[0]);
        assert_eq!(house.userinfo(&token).await.status, 401);
    }
}
