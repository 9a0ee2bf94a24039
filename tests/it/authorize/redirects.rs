//! Only a registered redirect URI is used, and only if it is equal byte for
//! byte (RFC 9700, section 4.1.3).

use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan, encode};

use super::{ASKING, ask, assert_dead_end};

const REGISTERED: &str = r#"redirect-uris = [
    "https://nas.example.com/",
    "https://nas.example.com:5001/webman/login.cgi",
    "https://nas.example.com/back?tenant=1",
    "https://files.example.com",
]"#;

async fn house() -> House {
    House::planned(Plan {
        client: REGISTERED.to_owned(),
        ..Plan::default()
    })
    .await
}

/// Sends a request that fails immediately, and returns the target of the
/// redirect.
async fn answered_at(house: &House, redirect_uri: &str) -> Option<String> {
    let redirect_uri = encode(redirect_uri);
    let query =
        format!("/auth?response_type=token&client_id=synology&redirect_uri={redirect_uri}&state=s");
    let shown = ask(house, &query).await;
    if shown.status == 303 {
        return Some(shown.location().to_owned());
    }
    assert_dead_end(&shown, 400, house);
    None
}

/// RFC 8252, section 7.1: an app on a phone.
#[tokio::test]
async fn an_app_is_sent_back_to_by_its_own_scheme() {
    let house = House::planned(Plan {
        client: "redirect-uris = [\"app.example:///callback\"]".to_owned(),
        ..Plan::default()
    })
    .await;
    let query = format!(
        "/auth?response_type=code&client_id=synology&state=s&redirect_uri={}",
        encode("app.example:///callback")
    );
    for other in [
        "app.example:/callback",
        "app.example:///callback/",
        "APP.example:///callback",
        "app.example://callback",
    ] {
        assert_eq!(answered_at(&house, other).await, None, "{other}");
    }
    let mut browser = Browser::new();
    let shown = browser.get(&house.url(&query)).await;
    let callback = house.google.choose(shown.location(), JEANNE);

    let arrived = browser.get(&house.back(callback.as_str())).await;

    let location = arrived.location();
    assert!(
        location.starts_with("app.example:///callback?code="),
        "{location}"
    );
    assert_eq!(Browser::new().get(&house.url("/")).await.status, 200);
}

#[tokio::test]
async fn a_registered_uri_gets_its_answer_as_it_is_written() {
    let house = house().await;
    let check = async |asked: &str, expected: &str| {
        let location = answered_at(&house, asked).await;
        let location = location.unwrap_or_else(|| panic!("{asked} is not trusted"));
        assert!(location.starts_with(expected), "{asked}: {location}");
    };
    check(
        "https://nas.example.com/",
        "https://nas.example.com/?error=",
    )
    .await;
    check(
        "https://nas.example.com:5001/webman/login.cgi",
        "https://nas.example.com:5001/webman/login.cgi?error=",
    )
    .await;
    // Administrators type a bare origin with or without the slash.
    check("https://nas.example.com", "https://nas.example.com?error=").await;
    check(
        "https://files.example.com/",
        "https://files.example.com/?error=",
    )
    .await;
    check(
        "https://files.example.com",
        "https://files.example.com?error=",
    )
    .await;
    // RFC 6749, section 3.1.2: the query is preserved.
    check(
        "https://nas.example.com/back?tenant=1",
        "https://nas.example.com/back?tenant=1&error=",
    )
    .await;
}

/// The trick, and the redirect URI that uses it.
const TRICKS: &[(&str, &str)] = &[
    ("another host", "https://evil.example/"),
    ("http", "http://nas.example.com/"),
    ("another scheme", "javascript:https://nas.example.com/"),
    ("no scheme", "//nas.example.com/"),
    ("upper case host", "https://NAS.example.com/"),
    ("upper case scheme", "HTTPS://nas.example.com/"),
    (
        "upper case path",
        "https://nas.example.com:5001/webman/LOGIN.cgi",
    ),
    ("default port", "https://nas.example.com:443/"),
    (
        "another port",
        "https://nas.example.com:5000/webman/login.cgi",
    ),
    ("no port", "https://nas.example.com/webman/login.cgi"),
    ("empty port", "https://nas.example.com:/"),
    ("a path", "https://nas.example.com/a"),
    ("two slashes", "https://nas.example.com//"),
    (
        "slash after a path",
        "https://nas.example.com:5001/webman/login.cgi/",
    ),
    ("dots in the path", "https://nas.example.com/./"),
    (
        "dots up",
        "https://nas.example.com:5001/x/../webman/login.cgi",
    ),
    ("a query", "https://nas.example.com/?"),
    ("a query on the bare twin", "https://nas.example.com?a=b"),
    ("more query", "https://nas.example.com/back?tenant=1&a=b"),
    ("less query", "https://nas.example.com/back"),
    ("other query", "https://nas.example.com/back?tenant=2"),
    (
        "slash before the query",
        "https://nas.example.com/back/?tenant=1",
    ),
    ("a fragment", "https://nas.example.com/#"),
    ("DSM's own fragment", "https://nas.example.com/#/signin"),
    (
        "suffix of the host",
        "https://nas.example.com.evil.example/",
    ),
    ("prefix of the host", "https://evilnas.example.com/"),
    ("a subdomain", "https://a.nas.example.com/"),
    ("the parent", "https://example.com/"),
    ("a final dot", "https://nas.example.com./"),
    ("as a user's name", "https://nas.example.com@evil.example/"),
    ("with a user's name", "https://user@nas.example.com/"),
    ("with an empty user's name", "https://@nas.example.com/"),
    ("a backslash", "https://nas.example.com\\@evil.example/"),
    ("backslashes for slashes", "https:\\\\nas.example.com\\"),
    ("encoded slash", "https://nas.example.com%2F"),
    ("encoded dot", "https://nas%2eexample.com/"),
    (
        "encoded letter",
        "https://nas.example.com:5001/webman/%6cogin.cgi",
    ),
    ("encoded twice", "https%3A%2F%2Fnas.example.com%2F"),
    ("a blank before", " https://nas.example.com/"),
    ("a blank after", "https://nas.example.com/ "),
    ("a line's end", "https://nas.example.com/\r\n"),
    ("a header", "https://nas.example.com/\r\nset-cookie: a=b"),
    ("a zero byte", "https://nas.example.com/\0"),
    ("a tab inside", "https://nas.exam\tple.com/"),
    ("look-alike letter", "https://n\u{430}s.example.com/"),
    ("a wildcard", "https://*.example.com/"),
    (
        "two in one",
        "https://nas.example.com/ https://nas.example.com",
    ),
];

#[tokio::test]
async fn a_uri_similar_to_a_registered_one_is_rejected() {
    let house = house().await;
    for (trick, asked) in TRICKS {
        let location = answered_at(&house, asked).await;
        assert_eq!(location, None, "{trick}: {asked:?}");
    }
}

#[tokio::test]
async fn without_a_known_client_and_redirect_uri_no_redirect() {
    let house = house().await;
    let nas = encode("https://nas.example.com/");
    let files = encode("https://files.example.com");
    for (what, query) in [
        (
            "no client",
            format!("response_type=code&redirect_uri={nas}"),
        ),
        ("empty client", format!("client_id=&redirect_uri={nas}")),
        (
            "unknown client",
            format!("client_id=nas&redirect_uri={nas}"),
        ),
        (
            "client in capitals",
            format!("client_id=Synology&redirect_uri={nas}"),
        ),
        (
            "client with a blank",
            format!("client_id=synology+&redirect_uri={nas}"),
        ),
        (
            "client not UTF-8",
            format!("client_id=synology%FF&redirect_uri={nas}"),
        ),
        (
            "client twice",
            format!("client_id=synology&client_id=synology&redirect_uri={nas}"),
        ),
        ("no redirect URI", "client_id=synology".to_owned()),
        (
            "empty redirect URI",
            "client_id=synology&redirect_uri=".to_owned(),
        ),
        (
            "redirect URI not UTF-8",
            format!("client_id=synology&redirect_uri={nas}%FF"),
        ),
        (
            "redirect URI twice",
            format!("client_id=synology&redirect_uri={nas}&redirect_uri={nas}"),
        ),
        (
            "two registered redirect URIs",
            format!("client_id=synology&redirect_uri={nas}&redirect_uri={files}"),
        ),
        (
            "name in capitals",
            format!("client_id=synology&Redirect_URI={nas}"),
        ),
    ] {
        let shown = ask(&house, &format!("/auth?response_type=code&state=s&{query}")).await;
        assert!(!shown.body.contains("evil"), "{what}");
        assert_dead_end(&shown, 400, &house);
    }
    assert_dead_end(&ask(&house, "/auth").await, 400, &house);
    assert_dead_end(&ask(&house, "/auth?").await, 400, &house);
}

#[tokio::test]
async fn a_client_has_no_right_to_another_clients_redirect_uri() {
    let house = House::planned(Plan {
        more: "[[clients]]\nid = \"wiki\"\nsecret-file = \"google-client-secret\"\n\
               redirect-uris = [\"https://wiki.example.com/back\"]"
            .to_owned(),
        ..Plan::default()
    })
    .await;
    let wiki = encode("https://wiki.example.com/back");
    let shown = ask(&house, &format!("{ASKING}&redirect_uri={wiki}")).await;
    assert_dead_end(&shown, 400, &house);

    let query = format!("/auth?response_type=code&client_id=wiki&redirect_uri={wiki}");
    let mut browser = Browser::new();
    let shown = browser.get(&house.url(&query)).await;
    let callback = house.google.choose(shown.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    let location = arrived.location();
    assert!(
        location.starts_with("https://wiki.example.com/back?code="),
        "{location}"
    );
}

#[tokio::test]
async fn a_code_arrives_where_it_was_asked_for() {
    let house = house().await;
    for (asked, expected) in [
        ("https://nas.example.com", "https://nas.example.com?code="),
        (
            "https://files.example.com/",
            "https://files.example.com/?code=",
        ),
        (
            "https://nas.example.com/back?tenant=1",
            "https://nas.example.com/back?tenant=1&code=",
        ),
    ] {
        let mut browser = Browser::new();
        let query = format!("{ASKING}&redirect_uri={}&state=s", encode(asked));
        let shown = browser.get(&house.url(&query)).await;
        let callback = house.google.choose(shown.location(), JEANNE);
        let arrived = browser.get(callback.as_str()).await;
        assert!(arrived.location().starts_with(expected), "{arrived:?}");
        assert_eq!(arrived.answered("state").as_deref(), Some("s"));
    }
}
