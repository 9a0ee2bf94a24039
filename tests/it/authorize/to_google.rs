//! The authorization request to Google.

use std::collections::BTreeSet;

use fakes::google::CLIENT_ID;
use fakes::house::{House, Plan};
use url::Url;

use super::asked_of_google;

#[tokio::test]
async fn google_is_asked_for_a_code_and_who_it_is_and_nothing_else() {
    let house = House::planned(Plan {
        path: "/dex".to_owned(),
        ..Plan::default()
    })
    .await;
    let shown = asked_of_google(&house, "&scope=openid+groups&nonce=dsm&claims=x&foo=y").await;
    let endpoint = format!("{}/o/oauth2/v2/auth?", house.google.issuer());
    assert!(shown.location().starts_with(&endpoint), "{shown:?}");

    let url = Url::parse(shown.location()).unwrap();
    let names: Vec<String> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    let expected = [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
    ];
    assert_eq!(names, expected);
    let asked = |name| shown.answered(name).unwrap();
    assert_eq!(asked("response_type"), "code");
    assert_eq!(asked("client_id"), CLIENT_ID);
    assert_eq!(asked("redirect_uri"), house.url("/callback"));
    assert_eq!(asked("scope"), "openid email profile");
    assert_eq!(asked("code_challenge_method"), "S256");
    assert_eq!(asked("code_challenge").len(), 43);
    assert_eq!(asked("prompt"), "select_account");
    // Not DSM's values, which are for DSM and us only.
    assert_ne!(asked("nonce"), "dsm");
    assert!(!asked("state").contains("12345678"));

    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    assert_eq!(house.rows("grants"), 0);
}

#[tokio::test]
async fn no_two_logins_have_a_state_a_nonce_or_a_challenge_in_common() {
    let house = House::new().await;
    let mut seen = BTreeSet::new();
    for _ in 0..8 {
        let shown = asked_of_google(&house, "").await;
        let state = shown.answered("state").unwrap();
        let (id, secret) = state.split_once('.').unwrap();
        // 128 bits in base64url.
        assert_eq!(secret.len(), 22);
        let nonce = shown.answered("nonce").unwrap();
        assert!(nonce.len() >= 22, "{nonce}");
        let challenge = shown.answered("code_challenge").unwrap();
        for value in [id, secret, &nonce, &challenge] {
            assert!(seen.insert(value.to_owned()), "{value} again");
        }
    }
}

#[tokio::test]
async fn the_clients_prompt_wins_over_the_configs() {
    let select = Some("select_account");
    let both = Some("select_account consent");
    let check = async |config: &str, rows: &[(&str, Option<&str>)]| {
        let house = House::planned(Plan {
            google: config.to_owned(),
            ..Plan::default()
        })
        .await;
        for (asked, expected) in rows {
            let shown = asked_of_google(&house, asked).await;
            let prompt = shown.answered("prompt");
            assert_eq!(prompt.as_deref(), *expected, "{config}: {asked}");
        }
    };
    check(
        "",
        &[
            ("", select),
            ("&prompt=login", select),
            ("&prompt=select_account", select),
            ("&prompt=consent", Some("consent")),
            ("&prompt=login+consent", both),
            ("&prompt=consent+select_account", both),
            ("&prompt=login+select_account", select),
            ("&prompt=none", Some("none")),
            ("&prompt=none&max_age=0", Some("none")),
            ("&max_age=0", select),
            ("&max_age=3600", select),
            ("&max_age=3600&prompt=consent", both),
            ("&prompt=create", select),
        ],
    )
    .await;
    check(
        "prompt = \"\"",
        &[
            ("", None),
            ("&prompt=create", None),
            ("&prompt=login", select),
            ("&prompt=consent", Some("consent")),
            ("&prompt=none", Some("none")),
            ("&max_age=60", select),
        ],
    )
    .await;
    check(
        "prompt = \"consent\"",
        &[
            ("", Some("consent")),
            ("&prompt=select_account", select),
            ("&prompt=none", Some("none")),
        ],
    )
    .await;
}

/// Google ignores it; other providers ask for the password again.
#[tokio::test]
async fn how_old_a_sign_in_may_be_is_passed_on() {
    let house = House::new().await;
    for (asked, expected) in [
        ("", None),
        ("&max_age=10000", Some("10000")),
        ("&max_age=99999999999", Some("4294967295")),
        ("&prompt=none&max_age=1", Some("1")),
        ("&prompt=login", Some("0")),
        ("&prompt=login+consent&max_age=10000", Some("0")),
        ("&prompt=select_account", None),
    ] {
        let shown = asked_of_google(&house, asked).await;
        assert_eq!(shown.answered("max_age").as_deref(), expected, "{asked}");
    }
}
