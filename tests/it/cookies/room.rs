//! The number of cookies, and the total size of the headers, which must fit one
//! buffer of nginx.

use std::time::Duration;

use domain::base::parameters::encode_bytes;
use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan, encode};
use proptest::prelude::*;
use tokio::runtime::Runtime;

/// nginx's `proxy_buffer_size` on systems with pages of 4 kB.
const NGINX: usize = 4096;

/// The size of our part of the Cookie header.
fn cookie_bytes(browser: &Browser) -> usize {
    let cookies = browser.cookies.iter();
    cookies
        .map(|(name, value)| name.len() + value.len() + 1)
        .sum()
}

async fn begin(house: &House, browser: &mut Browser, more: &str) -> String {
    let before: Vec<String> = browser.cookies.keys().cloned().collect();
    let shown = browser.get(&house.authorization_request(more)).await;
    assert_eq!(shown.status, 303);
    house.clock.advance(Duration::from_secs(1));
    let mut names = browser.cookies.keys();
    names.find(|name| !before.contains(name)).unwrap().clone()
}

#[tokio::test]
async fn of_many_tabs_the_four_newest_are_remembered() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let mut begun = Vec::new();
    for tabs in 1..=7 {
        begun.push(begin(&house, &mut browser, "").await);
        assert_eq!(browser.cookies.len(), tabs.min(4));
    }
    let mut newest = begun.split_off(3);
    newest.sort();
    let kept: Vec<String> = browser.cookies.into_keys().collect();
    assert_eq!(kept, newest);
}

#[tokio::test]
async fn each_of_four_tabs_can_be_finished_in_any_order() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let mut callbacks = Vec::new();
    for tab in 1..=4 {
        let nonce = format!("&nonce={tab}");
        callbacks.push(house.choose(&mut browser, JEANNE, &nonce).await);
    }
    for tab in [2, 0, 3, 1] {
        let arrived = browser.get(&callbacks[tab]).await;
        assert_eq!(arrived.status, 303);
        assert!(arrived.answered("code").is_some(), "{arrived:?}");
    }
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn big_logins_have_four_kilobytes_together() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let state = format!("&nonce={}", "a".repeat(1300));
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(begin(&house, &mut browser, &state).await);
        assert!(cookie_bytes(&browser) <= 4096, "{}", cookie_bytes(&browser));
    }
    assert_eq!(browser.cookies.len(), 2, "two of these fit");
    assert!(browser.cookies.contains_key(&begun[3]));
    assert!(browser.cookies.contains_key(&begun[2]));
    // A small login makes room by deleting the oldest, not the largest.
    begin(&house, &mut browser, "").await;
    assert!(browser.cookies.contains_key(&begun[3]));
}

#[tokio::test]
async fn unreadable_cookies_are_removed_before_the_oldest() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let oldest = begin(&house, &mut browser, "").await;
    let foreign = browser.cookies[&oldest].clone();
    for (name, value) in [
        ("login-AAAAAAAAAAAAAAAA", "garbage"),
        ("login-", ""),
        ("login-short", "x"),
        // Another login's seal.
        ("login-BBBBBBBBBBBBBBBB", &foreign),
        ("session", "of another program"),
        ("__Host-login-AAAAAAAAAAAAAAAA", "of an https issuer"),
    ] {
        browser.cookies.insert(name.to_owned(), value.to_owned());
    }
    let newest = begin(&house, &mut browser, "").await;
    let kept: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
    let mut expected = vec![
        "__Host-login-AAAAAAAAAAAAAAAA",
        "session",
        oldest.as_str(),
        newest.as_str(),
    ];
    expected.sort_unstable();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn an_expired_login_makes_room_like_an_unreadable_one() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let old = begin(&house, &mut browser, "").await;
    house.clock.advance(Duration::from_mins(15));
    begin(&house, &mut browser, "").await;
    assert!(!browser.cookies.contains_key(&old));
}

#[tokio::test]
async fn of_too_many_cookies_as_many_go_as_one_answer_holds() {
    let house = House::new().await;
    let mut browser = Browser::new();
    for number in 0..120 {
        let name = format!("login-{number:0>40}");
        browser.cookies.insert(name, "x".to_owned());
    }
    let mut left = browser.cookies.len();
    let mut answers = 0;
    // With more than 64, a login is not begun, and they are deleted.
    while left > 64 {
        let url = house.authorization_request("");
        let callback = house.url("/callback?code=x&state=AAAAAAAAAAAAAAAA.x");
        for url in [url, callback] {
            let shown = browser.get(&url).await;
            assert_eq!(shown.status, 400);
            assert!(shown.header_bytes() < NGINX, "{}", shown.header_bytes());
        }
        assert!(browser.cookies.len() < left, "some go each time");
        left = browser.cookies.len();
        answers += 1;
    }
    while left > 4 {
        let shown = browser.get(&house.authorization_request("")).await;
        assert!(shown.header_bytes() < NGINX, "{}", shown.header_bytes());
        assert!(browser.cookies.len() < left, "some go each time");
        left = browser.cookies.len();
        answers += 1;
    }
    assert!(answers > 2, "{answers}");
    // A login succeeds in this state.
    let arrived = house.arrive(&mut browser, JEANNE, "").await;
    assert!(arrived.answered("code").is_some());
}

/// Everything at its maximum length: an issuer of 255 bytes with a slash at
/// every other one, a client of 64, a redirect URI of 1,000.
fn longest() -> Plan {
    let path = format!("/{}", "a/".repeat(114));
    let path = path.trim_end_matches('/').to_owned();
    let issuer = format!("https://login.example.com{path}");
    assert!((252..=255).contains(&issuer.len()), "{}", issuer.len());
    let client = "c".repeat(64);
    let redirect = redirect_uri();
    Plan {
        issuer: Some(issuer),
        path,
        more: format!(
            "[[clients]]\nid = {client:?}\nsecret-file = \"google-client-secret\"\n\
             redirect-uris = [{redirect:?}]"
        ),
        ..Plan::default()
    }
}

/// A house with everything at its maximum length, and a Google whose URL is
/// longer than the fake's, as with a real client id.
async fn crowded_house() -> House {
    let house = House::planned(longest()).await;
    house.google.edit_discovery(|document| {
        let endpoint = document["authorization_endpoint"].as_str().unwrap();
        let longer = format!("{endpoint}?tenant={}", "t".repeat(200));
        document["authorization_endpoint"] = longer.into();
    });
    house.bridge().upstream.refresh().await.unwrap();
    house
}

fn redirect_uri() -> String {
    format!("https://nas.example.com/{}", "a".repeat(976))
}

/// The parameters that make the cookie and Google's URL longer.
const EVERYTHING: &str = "&prompt=login+consent&scope=openid+email+profile&max_age=0\
     &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// Requests that must be served.
#[derive(Clone, Debug)]
struct Legal {
    long_client: bool,
    state: Vec<u8>,
    nonce: String,
    hint: String,
    more: &'static str,
}

impl Legal {
    fn query(&self) -> String {
        let (client, redirect) = if self.long_client {
            ("c".repeat(64), redirect_uri())
        } else {
            ("synology".to_owned(), "https://nas.example.com/".to_owned())
        };
        let mut query = format!(
            "/auth?response_type=code&client_id={client}&redirect_uri={}&login_hint={}{}",
            encode(&redirect),
            encode(&self.hint),
            self.more
        );
        let mut left = 1400 - encode(&redirect).len();
        for (name, value) in [
            ("state", self.state.as_slice()),
            ("nonce", self.nonce.as_bytes()),
        ] {
            let value = encode_bytes(value);
            // A cut in the middle of %C3%A9 would be invalid UTF-8.
            if value.len() <= left {
                left -= value.len();
                query = format!("{query}&{name}={value}");
            }
        }
        query
    }
}

fn legal() -> impl Strategy<Value = Legal> {
    let state = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..460),
        (0..1400usize).prop_map(|length| vec![b'a'; length]),
    ];
    let nonce = prop_oneof![".{0,100}", "[a-z]{0,1400}"];
    // The longest hint that is passed on, in the characters that grow most.
    let hint = prop_oneof![Just("é".repeat(128)), ".{0,64}", Just(String::new())];
    let more = prop::sample::select(vec![
        "",
        EVERYTHING,
        "&prompt=none",
        "&response_mode=fragment",
    ]);
    (any::<bool>(), state, nonce, hint, more).prop_map(|(long_client, state, nonce, hint, more)| {
        Legal {
            long_client,
            state,
            nonce,
            hint,
            more,
        }
    })
}

/// A browser's cookies, ours and others.
fn jar() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        4 => "__Host-login-[A-Za-z0-9_-]{16}",
        1 => "__Host-login-[!-+--:<>-~]{0,300}",
        1 => "[a-z]{1,20}",
    ];
    prop::collection::vec((name, "[!-+--:<-~]{0,400}"), 0..40)
}

#[tokio::test]
async fn the_longest_login_of_all_fits_too() {
    let house = crowded_house().await;
    let longest = Legal {
        long_client: true,
        state: Vec::new(),
        nonce: "a".repeat(1400 - encode(&redirect_uri()).len()),
        hint: "é".repeat(128),
        more: EVERYTHING,
    };
    one_login(&house, &longest, Vec::new()).await.unwrap();
}

#[test]
fn all_headers_of_an_answer_together_fit_into_nginxs_buffer() {
    let runtime = Runtime::new().unwrap();
    let house = runtime.block_on(crowded_house());
    proptest!(|(legal in legal(), jar in jar())| {
        runtime.block_on(one_login(&house, &legal, jar))?;
    });
}

async fn one_login(
    house: &House,
    legal: &Legal,
    jar: Vec<(String, String)>,
) -> Result<(), TestCaseError> {
    let mut browser = Browser::new();
    browser.cookies.extend(jar);
    let shown = browser.get(&house.url(&legal.query())).await;
    prop_assert_eq!(shown.status, 303);
    prop_assert!(
        shown.header_bytes() < NGINX,
        "/auth: {}",
        shown.header_bytes()
    );
    if !shown.location().starts_with(house.google.issuer()) {
        return Ok(());
    }
    let callback = house.google.choose(shown.location(), JEANNE);
    let callback = house.back(callback.as_str());
    let arrived = browser.clone().get(&callback).await;
    prop_assert!(arrived.answered("code").is_some());
    prop_assert!(
        arrived.header_bytes() < NGINX,
        "/callback: {}",
        arrived.header_bytes()
    );
    let again = browser.get(&callback).await;
    prop_assert_eq!(again.status, 400);
    prop_assert!(
        again.header_bytes() < NGINX,
        "page: {}",
        again.header_bytes()
    );
    Ok(())
}
