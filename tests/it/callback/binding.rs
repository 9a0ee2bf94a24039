//! Only the browser that began a login can finish it (RFC 9700, section 4.7.1):
//! its cookie and the returned state belong together.

use std::time::Duration;

use fakes::browser::Browser;
use fakes::house::{House, JEANNE};

use super::{assert_cookie_deleted, assert_ended, exchanges, login_id, with};

/// A browser may load a link before its user follows it.
#[tokio::test]
async fn a_prefetch_uses_nothing_up() {
    let house = House::new().await;
    let at_home = || Browser::new().with_header("x-forwarded-for", "198.51.100.7");
    let mut browser = at_home();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "Prefetch"),
    ] {
        // Nor do they use up the limit of 60 tries a minute.
        for _ in 0..60 {
            let mut early = at_home().with_header(name, value);
            early.cookies = browser.cookies.clone();
            let shown = early.get(&callback).await;
            assert_eq!(shown.status, 503, "{name}: {value}");
            assert_eq!(shown.header("cache-control"), "no-store");
            assert_eq!(early.cookies, browser.cookies);
        }
    }
    assert_eq!(exchanges(&house), 0);

    let mut normal = browser.with_header("sec-purpose", "navigate");
    let arrived = normal.get(&callback).await;
    assert!(arrived.answered("code").is_some(), "{arrived:?}");
}

#[tokio::test]
async fn a_callback_without_a_cookie_is_rejected() {
    let house = House::new().await;
    let callback = house.choose(&mut Browser::new(), JEANNE, "").await;
    let shown = Browser::new().get(&callback).await;
    assert_ended(&shown, &callback, &house);
    assert!(shown.body.contains("This sign-in attempt has expired"));
    assert_eq!(exchanges(&house), 0, "Google is not asked for a stranger");
}

/// An attacker sends a link that signs the family in as another user (RFC 9700,
/// section 4.7).
#[tokio::test]
async fn the_callback_of_another_browser_is_rejected() {
    let house = House::new().await;
    let mut strangers = Browser::new();
    let link = house.choose(&mut strangers, JEANNE, "").await;
    let mut jeannes = Browser::new();
    let own = house.choose(&mut jeannes, JEANNE, "").await;

    let shown = jeannes.get(&link).await;
    assert_ended(&shown, &link, &house);
    assert_eq!(exchanges(&house), 0);
    // Jeanne's own login is not affected, and neither is the other browser's.
    assert!(jeannes.get(&own).await.answered("code").is_some());
    assert!(strangers.get(&link).await.answered("code").is_some());
}

#[tokio::test]
async fn a_cookie_under_another_logins_name_is_rejected() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let first = house.choose(&mut browser, JEANNE, "").await;
    let cookie = browser.cookies[&format!("login-{}", login_id(&first))].clone();
    let second = house.choose(&mut browser, JEANNE, "").await;
    let name = format!("login-{}", login_id(&second));
    browser.cookies.insert(name, cookie);
    let shown = browser.get(&second).await;
    assert_ended(&shown, &second, &house);
    assert_eq!(exchanges(&house), 0);
}

#[tokio::test]
async fn the_state_must_come_back_whole() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let cookies = browser.cookies.clone();
    let id = login_id(&callback);
    for state in [
        format!("{id}.AAAAAAAAAAAAAAAAAAAAAA"),
        format!("{id}."),
        format!("{id}.x"),
    ] {
        browser.cookies.clone_from(&cookies);
        let shown = browser.get(&with(&callback, "state", &state)).await;
        assert_ended(&shown, &callback, &house);
    }
    for state in [id.as_str(), ".", "x.y", "\u{e9}.\u{e9}"] {
        let shown = browser.get(&with(&callback, "state", state)).await;
        assert_eq!(shown.status, 400, "{state}");
        assert!(!shown.headers.contains_key("set-cookie"), "{state}");
    }
    assert_eq!(exchanges(&house), 0);
    // None of this has used up the login.
    browser.cookies = cookies;
    assert!(browser.get(&callback).await.answered("code").is_some());
}

#[tokio::test]
async fn a_modified_cookie_is_rejected() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let (name, value) = browser.cookies.first_key_value().unwrap();
    let (name, value) = (name.clone(), value.clone());
    for touched in [
        String::new(),
        "x".to_owned(),
        format!("{value}A"),
        value[1..].to_owned(),
        value[..value.len() - 1].to_owned(),
        value.replace(
            &value[40..41],
            if &value[40..41] == "A" { "B" } else { "A" },
        ),
        value.to_ascii_lowercase(),
        format!("\"{value}\""),
    ] {
        browser.cookies = [(name.clone(), touched)].into();
        let shown = browser.get(&callback).await;
        assert_ended(&shown, &callback, &house);
    }
    assert_eq!(exchanges(&house), 0);
}

#[tokio::test]
async fn a_person_may_take_a_quarter_of_an_hour() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    house.clock.advance(Duration::from_mins(15));
    let arrived = browser.get(&callback).await;
    assert!(arrived.answered("code").is_some(), "{arrived:?}");

    let house = House::new().await;
    let callback = house.choose(&mut browser, JEANNE, "").await;
    house.clock.advance(Duration::from_secs(15 * 60 + 1));
    let shown = browser.get(&callback).await;
    assert_ended(&shown, &callback, &house);
    assert!(shown.body.contains("It took too long"));
}

#[tokio::test]
async fn a_restart_in_between_spoils_no_login() {
    let mut house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "&nonce=before").await;
    house.stop().await;
    house.start().await;
    let arrived = browser.get(&callback).await;
    assert_eq!(arrived.answered("state").as_deref(), Some("12345678"));
    let code = arrived.answered("code").unwrap();
    let tokens = house.redeem(&code, "").await.json();
    let claims = fakes::house::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["nonce"], "before");
}

/// Two cookies of one name, for two paths or from a parent domain, caused
/// endless loops in other software.
#[tokio::test]
async fn of_two_cookies_of_one_name_the_right_one_counts() {
    let house = House::new().await;
    for wrong_first in [true, false] {
        let mut browser = Browser::new();
        let callback = house.choose(&mut browser, JEANNE, "").await;
        let (name, right) = browser.cookies.pop_first().unwrap();
        let other = house.choose(&mut browser, JEANNE, "").await;
        assert_ne!(other, callback);
        let (_, wrong) = browser.cookies.pop_first().unwrap();
        let [first, second] = if wrong_first {
            [&wrong, &right]
        } else {
            [&right, &wrong]
        };
        let header = format!("{name}={first}; {name}={second}");
        let mut browser = Browser::new().with_header("cookie", &header);
        let arrived = browser.get(&callback).await;
        assert!(arrived.answered("code").is_some(), "{arrived:?}");
    }
}

#[tokio::test]
async fn a_reload_does_not_use_a_login_again_nor_spoil_its_code() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    // A browser that has not yet received the deletion of its cookie.
    let mut twin = browser.clone();
    let arrived = browser.get(&callback).await;
    assert_cookie_deleted(&arrived, &callback);
    let code = arrived.answered("code").unwrap();

    for browser in [&mut browser, &mut twin, &mut Browser::new()] {
        let shown = browser.get(&callback).await;
        assert_eq!(shown.status, 400);
        assert!(shown.body.contains("already used"), "{}", shown.body);
        assert!(!shown.headers.contains_key("location"));
        assert_cookie_deleted(&shown, &callback);
    }
    assert_eq!(house.rows("grants"), 1);
    assert_eq!(exchanges(&house), 1);
    assert_eq!(house.redeem(&code, "").await.status, 200);
    assert_eq!(house.redeem(&code, "").await.status, 400);
}

/// A double click, or a browser that loads in advance.
#[tokio::test]
async fn of_two_callbacks_at_once_one_gets_the_code() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let mut twin = browser.clone();
    let (one, other) = tokio::join!(browser.get(&callback), twin.get(&callback));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400]);
    assert_eq!(house.rows("grants"), 1);
}

#[tokio::test]
async fn only_a_get_uses_the_login_up() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    for method in ["HEAD", "OPTIONS", "POST", "PUT"] {
        let shown = browser.send(method, &callback, None).await;
        assert_eq!(shown.status, 405, "{method}");
        assert_eq!(shown.header("allow"), "GET", "{method}");
        assert!(!shown.headers.contains_key("set-cookie"), "{method}");
    }
    assert_eq!(exchanges(&house), 0);
    assert!(browser.get(&callback).await.answered("code").is_some());
}
