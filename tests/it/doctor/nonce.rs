//! `/healthz` recognises a nonce that the daemon created, and no one can see
//! this from outside.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, Plan};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::captured_log::CapturedLog;
use crate::support::control::socket;

/// The daemon's report for `request`.
async fn ask(house: &House, request: &Value) -> Value {
    let mut stream = loop {
        if let Ok(stream) = UnixStream::connect(socket(house)).await {
            break stream;
        }
        tokio::task::yield_now().await;
    };
    let line = format!("{request}\n");
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["report"].clone()
}

async fn nonce(house: &House) -> String {
    let nonce = ask(house, &json!({"command": "doctor-nonce"})).await;
    nonce.as_str().unwrap().to_owned()
}

async fn seen(house: &House, nonce: &str) -> Value {
    ask(house, &json!({"command": "doctor-seen", "nonce": nonce})).await
}

async fn get(house: &House, query: &str, forwarded: Option<&str>) -> Shown {
    let mut browser = Browser::new();
    if let Some(address) = forwarded {
        browser = browser.with_header("x-forwarded-for", address);
    }
    browser.get(&house.url(&format!("/healthz{query}"))).await
}

#[tokio::test]
async fn a_request_with_the_nonce_is_seen_with_its_client() {
    let house = House::new().await;
    let nonce = nonce(&house).await;
    assert_eq!(nonce.len(), 43, "256 bits");
    assert_eq!(seen(&house, &nonce).await, Value::Null);
    get(
        &house,
        &format!("?doctor={nonce}"),
        Some("198.51.100.7, 127.0.0.1"),
    )
    .await;
    let expected = json!({
        "peer": "127.0.0.1",
        "client": "198.51.100.7",
        "forwarded": "used",
        "named": "127.0.0.1",
    });
    assert_eq!(seen(&house, &nonce).await, expected);
    house.clock.advance(Duration::from_mins(1));
    assert_eq!(seen(&house, &nonce).await, Value::Null);
}

#[tokio::test]
async fn a_missing_and_an_untrusted_header_are_told_apart() {
    let house = House::new().await;
    let first = nonce(&house).await;
    get(&house, &format!("?doctor={first}"), None).await;
    let expected = json!({
        "peer": "127.0.0.1",
        "client": "127.0.0.1",
        "forwarded": "missing",
        "named": null,
    });
    assert_eq!(seen(&house, &first).await, expected);

    let house = House::planned(Plan {
        listen: "trusted-proxies = [\"192.0.2.1/32\"]".to_owned(),
        ..Plan::default()
    })
    .await;
    let second = nonce(&house).await;
    get(&house, &format!("?doctor={second}"), Some("198.51.100.7")).await;
    let expected = json!({
        "peer": "127.0.0.1",
        "client": "127.0.0.1",
        "forwarded": "ignored",
        "named": "198.51.100.7",
    });
    assert_eq!(seen(&house, &second).await, expected);
}

/// The responses to GET and HEAD, without their time.
async fn answers(house: &House, query: &str) -> [String; 2] {
    let url = house.url(&format!("/healthz{query}"));
    let mut answers = Vec::new();
    for method in ["GET", "HEAD"] {
        let mut answer = Browser::new().send(method, &url, None).await;
        assert_eq!(answer.status, 200);
        answer.headers.remove("date");
        answers.push(format!("{answer:?}"));
    }
    answers.try_into().unwrap()
}

#[tokio::test]
async fn the_response_and_the_log_do_not_show_the_nonce() {
    let log = CapturedLog::up(LogLevel::TRACE, LogFormat::Json);
    let house = House::new().await;
    let without = answers(&house, "").await;
    let nonce = nonce(&house).await;
    let guess = "A".repeat(43);
    for query in [
        &format!("?doctor={nonce}"),
        "?doctor=",
        "?doctor",
        &format!("?doctor={guess}"),
    ] {
        assert_eq!(answers(&house, query).await, without, "{query}");
    }
    assert!(!seen(&house, &nonce).await.is_null());
    assert!(seen(&house, &guess).await.is_null());
    assert!(log.text().contains("/healthz"), "{}", log.text());
    assert!(!log.text().contains(&nonce));
}
