//! Client authentication by the form or by the header, but not by both.

use fakes::browser::{Browser, Shown};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, REDIRECT_URI, encode, token_form};

use crate::support::token::{
    PHOTOS, basic, code_for, error, house_with_photos, invalid_request, post_with,
};

/// DSM's form without the client, for requests with the header.
fn anonymous_form(code: &str) -> String {
    format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}",
        encode(REDIRECT_URI)
    )
}

async fn post(house: &House, form: &str) -> Shown {
    Browser::new().post(&house.url("/token"), form).await
}

#[tokio::test]
async fn the_secret_comes_in_the_form() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let answer = post(&house, &token_form(&code)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_secret_comes_in_the_header() {
    let house = House::new().await;
    let secret = encode(CLIENT_SECRET_OF_DSM);
    for header in [
        basic("synology", &secret),
        basic("synology", &secret.replace("%20", "+")),
        basic("synology", CLIENT_SECRET_OF_DSM),
        basic("synology", &secret).replace("Basic", "bAsIc"),
    ] {
        let code = house.code(JEANNE, "").await;
        let answer = post_with(&house, &header, &anonymous_form(&code)).await;
        assert_eq!(answer.status, 200, "{header}: {answer:?}");
    }
}

#[tokio::test]
async fn both_halves_of_the_header_are_form_encoded() {
    let (id, secret) = ("photos:2+%41", "p:a+s%73 w\u{f6}rd \u{20ac}&=");
    let (house, _secrets) = house_with_photos(id, secret).await;
    let form = |code: &str| {
        format!(
            "grant_type=authorization_code&code={code}&redirect_uri={}",
            encode(PHOTOS)
        )
    };

    let code = code_for(&house, id, PHOTOS, JEANNE).await;
    // Not encoded, the colon in the ID would end it.
    let raw = post_with(&house, &basic(id, secret), &form(&code)).await;
    assert_eq!(error(&raw), (401, "invalid_client".to_owned()));

    let header = basic(&encode(id), &encode(secret).replace("%20", "+"));
    let answer = post_with(&house, &header, &form(&code)).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let code = code_for(&house, id, PHOTOS, JEANNE).await;
    let in_form = format!(
        "{}&client_id={}&client_secret={}",
        form(&code),
        encode(id),
        encode(secret)
    );
    let answer = post(&house, &in_form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// As curl, Postman and many libraries send it, against RFC 6749.
#[tokio::test]
async fn a_secret_that_is_not_encoded_is_accepted() {
    for secret in ["a+b c", "100%41", "%ff%", "p:a+s%73 w\u{f6}rd \u{20ac}&="] {
        let (house, _secrets) = house_with_photos("photos+2", secret).await;
        let form = |code: &str| {
            format!(
                "grant_type=authorization_code&code={code}&redirect_uri={}&client_id=photos%2B2",
                encode(PHOTOS)
            )
        };
        for header in [
            basic("photos+2", secret),
            basic(&encode("photos+2"), &encode(secret)),
        ] {
            let code = code_for(&house, "photos+2", PHOTOS, JEANNE).await;
            let answer = post_with(&house, &header, &form(&code)).await;
            assert_eq!(answer.status, 200, "{secret} {header}: {answer:?}");
        }
        let code = code_for(&house, "photos+2", PHOTOS, JEANNE).await;
        let wrong = basic("photos+2", &format!("{secret}x"));
        let answer = post_with(&house, &wrong, &form(&code)).await;
        assert_eq!(error(&answer), (401, "invalid_client".to_owned()));
    }
}

#[tokio::test]
async fn an_unauthenticated_client_gets_401_and_uses_up_no_code() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let form = anonymous_form(&code);
    let secret = encode(CLIENT_SECRET_OF_DSM);
    let check = |case: &'static str, answer: Shown| {
        assert_eq!(
            error(&answer),
            (401, "invalid_client".to_owned()),
            "{case}: {answer:?}"
        );
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Basic realm="), "{case}: {challenge}");
    };

    for (case, more) in [
        ("nothing", String::new()),
        ("no secret", "&client_id=synology".to_owned()),
        (
            "an empty secret",
            "&client_id=synology&client_secret=".to_owned(),
        ),
        ("no id", format!("&client_secret={secret}")),
        (
            "a wrong secret",
            "&client_id=synology&client_secret=guess".to_owned(),
        ),
        (
            "the secret and more",
            format!("&client_id=synology&client_secret={secret}x"),
        ),
        (
            "an unknown client",
            format!("&client_id=synologie&client_secret={secret}"),
        ),
        (
            "another case",
            format!("&client_id=Synology&client_secret={secret}"),
        ),
    ] {
        check(case, post(&house, &format!("{form}{more}")).await);
    }
    for (case, header) in [
        ("a wrong secret in the header", basic("synology", "guess")),
        ("no secret in the header", basic("synology", "")),
        ("an unknown client in the header", basic("nas", &secret)),
        ("no colon", "Basic c3lub2xvZ3k=".to_owned()),
        ("no base64", "Basic synology:secret".to_owned()),
        ("no text", "Basic //86//8=".to_owned()),
        ("nothing after the scheme", "Basic".to_owned()),
        (
            "another scheme",
            basic("synology", &secret).replace("Basic", "Bearer"),
        ),
    ] {
        check(case, post_with(&house, &header, &form).await);
    }

    let answer = house.redeem(&code, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn two_ways_at_once_are_one_too_many() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let header = basic("synology", &encode(CLIENT_SECRET_OF_DSM));

    let answer = post_with(&house, &header, &token_form(&code)).await;
    assert_eq!(error(&answer), invalid_request());

    let secret_alone = format!("{}&client_secret=guess", anonymous_form(&code));
    let answer = post_with(&house, &header, &secret_alone).await;
    assert_eq!(error(&answer), invalid_request());

    let mut twice = Browser::new()
        .with_header("authorization", &header)
        .with_header("authorization", &basic("synology", "guess"));
    let answer = twice
        .post(&house.url("/token"), &anonymous_form(&code))
        .await;
    assert_eq!(error(&answer), invalid_request());

    let answer = house.redeem(&code, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_form_may_repeat_the_headers_client_but_name_no_other() {
    let (house, _secrets) = house_with_photos("photos", "another secret").await;
    let code = house.code(JEANNE, "").await;
    let header = basic("synology", &encode(CLIENT_SECRET_OF_DSM));
    let form = anonymous_form(&code);

    let answer = post_with(&house, &header, &format!("{form}&client_id=photos")).await;
    assert_eq!(error(&answer), invalid_request());

    let answer = post_with(&house, &header, &format!("{form}&client_id=synology")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
