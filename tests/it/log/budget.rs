//! A flood of requests cannot push other lines out of the log.

use std::time::Duration;

use fakes::browser::Browser;
use fakes::house::{House, JEANNE};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use crate::support::captured_log::CapturedLog;
use crate::support::wire::Wire;

/// The limit of lines a minute that requests can cause.
const LINES: usize = 30;

const MINUTE: Duration = Duration::from_mins(1);

/// Without lines about background work.
fn by_others(mut lines: Vec<String>) -> Vec<String> {
    let words = [" request=", "connection failed", " more were not written"];
    lines.retain(|line| words.iter().any(|words| line.contains(words)));
    lines
}

/// Sends a request from a new address.
async fn ask(number: usize, request: &(&'static str, String, Option<String>)) {
    let address = format!("2001:db8:0:{number:x}::1");
    let browser = Browser::new().with_header("x-forwarded-for", &address);
    let mut browser = browser.with_header("authorization", "Basic eDp5");
    let (method, url, form) = request;
    browser.send(method, url, form.as_deref()).await;
}

/// An attacker's request for each route, and for unknown paths.
fn junk(house: &House) -> Vec<(&'static str, String, Option<String>)> {
    let many = "a&".repeat(65);
    let long = "%E2%80%AE".repeat(1000);
    let get = |path: &str| ("GET", house.url(path), None);
    let post = |path: &str, form: &str| ("POST", house.url(path), Some(form.to_owned()));
    vec![
        get("/auth?client_id=x"),
        get(&format!("/auth?client_id={long}")),
        get(&format!("/auth?{many}")),
        get("/auth?client_id=synology&redirect_uri=https://evil.example"),
        ("GET", house.authorization_request("&request=x"), None),
        post("/auth", &many),
        get("/callback"),
        get(&format!("/callback?{many}")),
        get("/callback?code=x&state=AAAAAAAAAAAAAAAA.x"),
        post("/token", ""),
        post("/token", &many),
        post("/token", "client_id=synology&client_secret=guess"),
        post("/userinfo", &many),
        get("/userinfo"),
        get("/keys"),
        get("/healthz"),
        get("/"),
        get("/.well-known/openid-configuration"),
        get("/nothing"),
        ("PUT", house.url("/token"), None),
    ]
}

#[tokio::test]
async fn a_flood_of_any_route_writes_30_lines_a_minute() {
    let mut log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let house = House::new().await;
    let skipped = |lines: &[String]| -> usize {
        let mut found = lines
            .iter()
            .filter(|line| line.contains(" more were not written"));
        let line = found.next().expect("a line that says how many");
        assert!(found.next().is_none(), "{lines:#?}");
        line.split(' ').find_map(|word| word.parse().ok()).unwrap()
    };
    let mut number = 0;
    for request in junk(&house) {
        house.clock.advance(MINUTE);
        ask(number, &request).await;
        let each = log
            .news()
            .iter()
            .filter(|line| line.contains(" request="))
            .count();
        assert!(each > 0, "{request:?} is logged");
        for _ in 0..2 * LINES {
            number += 1;
            ask(number, &request).await;
        }
        let written = by_others(log.news());
        assert!(written.len() < LINES, "{request:?}: {written:#?}");
        assert!(written.concat().len() < 16 * 1024, "{request:?}");

        // The next minute begins with the number of suppressed lines.
        house.clock.advance(MINUTE);
        ask(number, &request).await;
        let missing = skipped(&log.news());
        assert_eq!(missing + written.len(), each * 2 * LINES, "{request:?}");
    }
}

#[tokio::test]
async fn connections_that_break_share_the_limit() {
    let mut log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let house = House::new().await;
    log.news();
    for _ in 0..2 * LINES {
        let mut wire = Wire::to(house.address).await;
        wire.send("\u{16}\u{3}\u{1}\r\n\r\n").await;
        wire.rest().await;
    }
    let written = by_others(log.news());
    assert_eq!(written.len(), LINES, "{written:#?}");
}

#[tokio::test]
async fn a_user_with_a_google_account_is_logged_during_a_flood() {
    let mut log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = House::new().await;
    for number in 0..2 * LINES {
        ask(number, &junk(&house)[0]).await;
    }
    log.news();
    house.sign_in(JEANNE, "").await;
    let mut browser = Browser::new();
    house.arrive(&mut browser, "inconnu@gmail.com", "").await;
    let lines = log.news().join("\n");
    for expected in [" linked a Google", " signed in ", " refused refusal="] {
        assert!(lines.contains(expected), "{expected}: {lines}");
    }
}

/// No more requests may come for hours after a flood.
#[tokio::test]
async fn a_stop_says_how_many_lines_are_missing() {
    let mut log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let mut house = House::new().await;
    for number in 0..LINES + 7 {
        ask(number, &junk(&house)[0]).await;
    }
    house.stop().await;
    let last = log
        .news()
        .into_iter()
        .find(|line| line.contains(" more were "));
    assert!(last.unwrap().contains(" 7 more were not written"));
}
