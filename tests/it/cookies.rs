//! A login in progress is stored in a sealed cookie of the browser that began
//! it: one for each login, few of them, and small in total.

mod room;
mod seal;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, JEANNE, Plan};

/// Returns name, value and attributes of the only cookie that a response sets.
fn cookie(shown: &Shown) -> (String, String, Vec<String>) {
    let lines = shown.headers("set-cookie");
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let mut parts = line.split("; ").map(str::to_owned);
    let pair = parts.next().unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    (name.to_owned(), value.to_owned(), parts.collect())
}

/// A house behind a proxy that serves https.
async fn https() -> House {
    House::planned(Plan {
        issuer: Some("https://login.example.com/dex".to_owned()),
        path: "/dex".to_owned(),
        ..Plan::default()
    })
    .await
}

#[tokio::test]
async fn behind_https_a_cookie_is_secure_and_for_this_host_only() {
    let house = https().await;
    let mut browser = Browser::new();
    let shown = browser.get(&house.authorization_request("")).await;
    let (name, value, attributes) = cookie(&shown);
    let state = shown.answered("state").unwrap();
    let (id, secret) = state.split_once('.').unwrap();
    assert_eq!(name, format!("__Host-login-{id}"));
    assert_eq!(
        attributes,
        [
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
            "Max-Age=900"
        ]
    );
    assert!(!value.contains(secret), "{value}");

    let callback = house.google.choose(shown.location(), JEANNE);
    let arrived = browser.get(&house.back(callback.as_str())).await;
    assert_eq!(arrived.status, 303, "{arrived:?}");
    let (name, value, attributes) = cookie(&arrived);
    assert_eq!(name, format!("__Host-login-{id}"));
    assert_eq!(value, "");
    // A browser drops a `__Host-` cookie's deletion that is not as strict.
    assert_eq!(
        attributes,
        ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=0"]
    );
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn on_loopback_http_the_cookie_is_not_secure() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let shown = browser.get(&house.authorization_request("")).await;
    let (name, _, attributes) = cookie(&shown);
    let state = shown.answered("state").unwrap();
    let (id, _) = state.split_once('.').unwrap();
    assert_eq!(name, format!("login-{id}"));
    let expected = ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=900"];
    assert_eq!(attributes, expected);

    let callback = house.google.choose(shown.location(), JEANNE);
    let (name, _, attributes) = cookie(&browser.get(callback.as_str()).await);
    assert_eq!(name, format!("login-{id}"));
    let expected = ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=0"];
    assert_eq!(attributes, expected);
}

/// Headers about the connection from a proxy or an attacker change nothing.
#[tokio::test]
async fn the_issuer_decides_and_not_the_connection() {
    let pretending = || {
        Browser::new()
            .with_header("x-forwarded-host", "evil.example")
            .with_header("forwarded", "proto=https;host=evil.example")
    };
    let house = House::new().await;
    let mut browser = pretending().with_header("x-forwarded-proto", "https");
    let shown = browser.get(&house.authorization_request("")).await;
    let (name, _, attributes) = cookie(&shown);
    assert!(name.starts_with("login-"), "{name}");
    assert!(!attributes.contains(&"Secure".to_owned()));
    assert_eq!(shown.answered("redirect_uri"), Some(house.url("/callback")));

    let house = https().await;
    let mut browser = pretending().with_header("x-forwarded-proto", "http");
    let shown = browser.get(&house.authorization_request("")).await;
    let (name, _, attributes) = cookie(&shown);
    assert!(name.starts_with("__Host-login-"), "{name}");
    assert!(attributes.contains(&"Secure".to_owned()));
    let callback = "https://login.example.com/dex/callback";
    assert_eq!(shown.answered("redirect_uri").as_deref(), Some(callback));
}

/// A cookie without the prefix can be set by every host of the domain.
#[tokio::test]
async fn behind_https_a_cookie_without_the_prefix_is_ignored() {
    let house = https().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let cookies = std::mem::take(&mut browser.cookies);
    for (name, value) in cookies {
        let bare = name.strip_prefix("__Host-").unwrap().to_owned();
        browser.cookies.insert(bare, value);
    }
    assert_eq!(browser.get(&callback).await.status, 400);
    assert_eq!(house.rows("grants"), 0);
}

/// A proxy or another service of the same host may set a cookie that is not
/// text.
#[tokio::test]
async fn a_malformed_cookie_of_another_service_is_ignored() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let (name, value) = browser.cookies.pop_first().unwrap();
    let header = format!("name=Jérôme; {name}={value}; a; =b; =; ;;c=\"d");
    let arrived = raw_get(&callback, &house, &header).await;
    assert!(arrived.starts_with("HTTP/1.1 303"), "{arrived}");
    assert_eq!(house.rows("grants"), 1);
}

/// GETs `url` of `house` with this Cookie header, byte for byte.
async fn raw_get(url: &str, house: &House, cookie: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let origin = format!("http://{}", house.address);
    let path = url.strip_prefix(&origin).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: nas\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
