//! Requests that are accepted although they may be wrong: DSM's scope is free
//! text, and other clients send unknown parameters.

use fakes::house::{House, JEANNE, claims};

use super::asked_of_google;

#[tokio::test]
async fn a_login_does_not_hang_on_its_scope() {
    let house = House::new().await;
    for (scope, answered) in [
        ("", None),
        ("&scope=", None),
        ("&scope=groups", None),
        ("&scope=email", Some("email")),
        ("&scope=openid", Some("openid")),
        ("&scope=profile+openid++email", Some("openid email profile")),
        ("&scope=openid+offline_access+%22%5C", Some("openid")),
        ("&scope=OpenID", None),
    ] {
        let code = house.code(JEANNE, scope).await;
        let tokens = house.redeem(&code, "").await;
        assert_eq!(tokens.status, 200, "{scope}: {tokens:?}");
        let tokens = tokens.json();
        assert_eq!(tokens["scope"].as_str(), answered, "{scope}");
        let claims = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(claims["username"], "jeanne", "{scope}");
    }
}

#[tokio::test]
async fn unknown_parameters_are_ignored_even_twice() {
    let house = House::new().await;
    let plain = asked_of_google(&house, "").await;
    let names = |shown: &fakes::browser::Shown| {
        let url = url::Url::parse(shown.location()).unwrap();
        let pairs = url.query_pairs();
        pairs.map(|(name, _)| name.into_owned()).collect::<Vec<_>>()
    };
    for name in [
        "claims",
        "acr_values",
        "display",
        "ui_locales",
        "hd",
        "access_type",
        "foo",
        "%FF",
        "",
    ] {
        let more = format!("&{name}=x&{name}=y");
        let shown = asked_of_google(&house, &more).await;
        assert_eq!(names(&shown), names(&plain), "{name}");
    }
    asked_of_google(&house, "&&&").await;
    asked_of_google(&house, "&response_mode=query").await;
}
