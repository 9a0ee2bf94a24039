//! `admin.access`: from where the page can be opened.

use fakes::browser::Browser;
use fakes::house::{House, Plan};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use super::{at_home, has_session, message, open, public_house, signed_in};
use crate::support::captured_log::CapturedLog;
use crate::support::control::report;

/// The status of `/admin` for a browser with this `X-Forwarded-For`.
async fn status(house: &House, forwarded: Option<&str>) -> u16 {
    let mut browser = Browser::new();
    if let Some(forwarded) = forwarded {
        browser = browser.with_header("x-forwarded-for", forwarded);
    }
    browser.get(&house.url("/admin")).await.status.as_u16()
}

#[tokio::test]
async fn by_default_the_page_opens_only_from_the_home_network() {
    let house = public_house("").await;
    for home in [
        "192.168.1.20",
        "10.1.2.3",
        "172.16.0.9",
        "169.254.7.7",
        "fd00::20",
        "fe80::20",
        "::ffff:192.168.1.20",
        "203.0.113.5, 192.168.1.20",
    ] {
        assert_eq!(status(&house, Some(home)).await, 303, "{home}");
    }
    for elsewhere in [
        "203.0.113.5",
        "172.32.0.1",
        // A network of an operator.
        "100.64.0.9",
        "2001:db8::5",
        "192.168.1.20, 203.0.113.5",
    ] {
        assert_eq!(status(&house, Some(elsewhere)).await, 403, "{elsewhere}");
    }
}

#[tokio::test]
async fn without_an_address_of_the_client_it_stays_closed() {
    let house = public_house("").await;
    for unusable in [
        None,
        Some("unknown"),
        Some(""),
        Some("127.0.0.1"),
        Some("::1"),
    ] {
        assert_eq!(status(&house, unusable).await, 403, "{unusable:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_the_config_does_not_name_opens_nothing() {
    let plan = Plan {
        issuer: Some("https://login.example.com".to_owned()),
        listen: "trusted-proxies = [\"192.0.2.1/32\"]".to_owned(),
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    assert_eq!(status(&house, Some("203.0.113.5")).await, 403);
    assert_eq!(status(&house, Some("192.168.1.20")).await, 403);
    // The browser itself, on this machine.
    assert_eq!(status(&house, None).await, 303);
}

#[tokio::test]
async fn on_this_machine_alone_no_proxy_forwards_an_address() {
    let house = House::new().await;
    assert!(house.issuer().starts_with("http://127.0.0.1:"));
    assert_eq!(status(&house, None).await, 303);
    assert_eq!(status(&house, Some("203.0.113.5")).await, 403);
}

#[tokio::test]
async fn anywhere_is_from_any_address_and_from_none() {
    let house = public_house("[admin]\naccess = \"anywhere\"").await;
    for client in [None, Some("203.0.113.5"), Some("unknown")] {
        assert_eq!(status(&house, client).await, 303, "{client:?}");
    }
}

#[tokio::test]
async fn a_session_from_home_is_not_valid_elsewhere() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    open(&house, &mut paul, "/admin").await;

    paul.headers = vec![("x-forwarded-for", "203.0.113.5".to_owned())];
    let shown = paul.get(&house.url("/admin")).await;

    assert_eq!(shown.status, 403);
    assert_eq!(message(&shown), "elsewhere");
    assert!(shown.body.contains("admin.access"), "{shown:?}");
}

#[tokio::test]
async fn switched_off_nothing_is_left_of_it() {
    let house = public_house("[admin]\naccess = \"off\"").await;
    for path in [
        "/admin",
        "/admin/",
        "/admin/people",
        "/admin/callback",
        "/admin/sign-in",
    ] {
        let shown = at_home().get(&house.url(path)).await;
        assert_eq!(shown.status, 404, "{path}");
        let shown = at_home().post(&house.url(path), "form=x&token=y").await;
        assert_eq!(shown.status, 404, "{path}");
    }
    // It is not a client of the service either.
    let request = "/auth?response_type=code&client_id=administration%20page\
                   &redirect_uri=https%3A%2F%2Flogin.example.com%2Fadmin%2Fcallback";
    let shown = at_home().get(&house.url(request)).await;
    assert_eq!(shown.status, 400);
}

#[tokio::test]
async fn a_reload_switches_it_off_for_open_sessions() {
    let mut house = public_house("").await;
    let mut paul = signed_in(&house).await;
    assert!(has_session(&house, &mut paul).await);

    house.plan().more = "[admin]\naccess = \"off\"".to_owned();
    house.write_config();
    let reloaded = report(&house, &["reload"]).await;

    let change = &reloaded["changes"][0];
    assert_eq!(change["key"], "admin.access");
    assert_eq!(
        (&change["from"], &change["to"]),
        (&"local".into(), &"off".into())
    );
    assert_eq!(change["needs_restart"], false);
    assert_eq!(paul.get(&house.url("/admin")).await.status, 404);
}

#[tokio::test]
async fn the_log_says_which_address_was_turned_down() {
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = public_house("").await;
    status(&house, Some("203.0.113.5")).await;
    assert_eq!(
        log.count("the administration page is closed to this address"),
        1
    );
    assert!(log.text().contains("203.0.113.5"), "{}", log.text());
}

#[tokio::test]
async fn a_flood_from_one_address_is_limited() {
    let house = public_house("").await;
    for _ in 0..60 {
        assert_eq!(status(&house, Some("192.168.1.66")).await, 303);
    }
    assert_eq!(status(&house, Some("192.168.1.66")).await, 429);
    assert_eq!(status(&house, Some("192.168.1.67")).await, 303);
}

#[tokio::test]
async fn other_methods_and_large_bodies_are_rejected() {
    let house = public_house("").await;
    let shown = at_home().send("PUT", &house.url("/admin"), None).await;
    assert_eq!(shown.status, 405);
    assert_eq!(shown.header("allow"), "GET, POST");
    let large = "x".repeat(17 * 1024);
    let shown = at_home().post(&house.url("/admin"), &large).await;
    assert_eq!(shown.status, 413);
    let many = "a&".repeat(65);
    let shown = at_home().post(&house.url("/admin"), &many).await;
    assert_eq!(shown.status, 400);
}
