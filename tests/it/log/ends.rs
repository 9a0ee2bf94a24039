//! One line for the end of each login, and none for other successful requests.

use std::error::Error;
use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::google::token::Lie;
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE, encode, token_form};
use google_to_synology_sso::clients::http_client::{HttpClient, Trust};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use hyper::Request;

use crate::support::captured_log::CapturedLog;
use crate::support::process::free_port;
use crate::support::wire::Wire;

const REFUSED: &str = "WARN  refused refusal=address-unknown address=inconnu@gmail.com \
                       client=synology";

fn taken_up() -> CapturedLog {
    CapturedLog::up(LogLevel::INFO, LogFormat::Text)
}

#[tokio::test]
async fn jeanne_signs_in_and_one_line_says_so() {
    let mut log = taken_up();
    let house = House::new().await;
    // The first sign-in may log an additional line.
    house.sign_in(JEANNE, "").await;
    log.news();

    let (_, access_token) = house.sign_in(JEANNE, "").await;
    let (line, _) = log.only_line("signed in");
    assert_eq!(
        line,
        "INFO  signed in user=jeanne client=synology subject=103547991597142817347"
    );

    house.userinfo(&access_token).await;
    for path in [
        "/.well-known/openid-configuration",
        "/keys",
        "/healthz",
        "/",
        "/no",
    ] {
        Browser::new().get(&house.url(path)).await;
    }
    assert_eq!(log.news(), [""; 0]);
}

#[tokio::test]
async fn the_page_of_a_refusal_shows_the_reference_of_its_log_line() {
    let mut log = taken_up();
    let house = House::new().await;
    log.news();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let page = house
            .arrive(&mut Browser::new(), "inconnu@gmail.com", "")
            .await;
        assert_eq!(page.refusal(), Some("address-unknown"));
        let (line, id) = log.only_line("refused");
        assert_eq!(line, REFUSED);
        assert!(page.body.contains(&id), "{id} {page:?}");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_refusal_without_a_page_is_one_line_too() {
    let mut log = taken_up();
    let house = House::new().await;
    log.news();
    let answer = house
        .arrive(&mut Browser::new(), "inconnu@gmail.com", "&prompt=none")
        .await;
    assert_eq!(answer.answered("error").unwrap(), "access_denied");
    assert_eq!(log.only_line("prompt=none").0, REFUSED);
}

#[tokio::test]
async fn when_google_fails_one_line_says_what_it_did() {
    let mut log = taken_up();
    let house = House::new().await;
    log.news();
    let failures = [
        (None, "Google's ID token does not verify: "),
        (Some(Trouble::Status(500)), "HTTP status 500"),
        (Some(Trouble::Redirect), ": it redirects to "),
    ];
    house.google.lie(Some(Lie::OtherNonce));
    for (trouble, what) in failures {
        if let Some(trouble) = trouble {
            house.google.fail(Endpoint::Token, trouble);
        }
        for prompt in ["", "&prompt=none"] {
            house.arrive(&mut Browser::new(), JEANNE, prompt).await;
            let (line, _) = log.only_line(what);
            assert!(
                line.starts_with("WARN  Google request failed error=\""),
                "{line}"
            );
            assert!(line.contains(what), "{line}");
            assert!(line.ends_with(" client=synology"), "{line}");
        }
    }
}

/// The error of a library is logged completely and once.
#[tokio::test]
async fn a_connection_that_is_refused_is_said_once() {
    let mut log = taken_up();
    let http = HttpClient::new(Trust::SystemAuthorities, Duration::from_secs(10));
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let error = http.get(Request::get(nobody), 1000).await.unwrap_err();
    tracing::warn!(
        target: "google_to_synology_sso",
        error = &error as &dyn Error,
        "cannot refresh the users"
    );
    let line = log.news().concat();
    assert_eq!(line.matches("onnection refused").count(), 1, "{line}");
    assert_eq!(line.matches("tcp connect error").count(), 1, "{line}");
}

#[tokio::test]
async fn an_answer_to_the_client_is_one_line() {
    let mut log = taken_up();
    let house = House::new().await;
    log.news();

    let request = house.authorization_request("&request=x");
    let answer = Browser::new().get(&request).await;
    assert_eq!(answer.status, 303);
    let (line, _) = log.only_line("request");
    let told = "INFO  returned an error to the client error=\"";
    assert!(
        line.starts_with(&format!("{told}request_not_supported")),
        "{line}"
    );

    let mut browser = Browser::new();
    let shown = browser.get(&house.authorization_request("")).await;
    let back = house.google.refuse(shown.location(), "access_denied");
    assert_eq!(browser.get(back.as_str()).await.status, 303);
    let (line, _) = log.only_line("cancelled");
    assert!(line.starts_with(&format!("{told}access_denied")), "{line}");
}

#[tokio::test]
async fn a_login_that_cannot_go_on_is_one_line() {
    let mut log = taken_up();
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    log.news();
    let mut check = |case: &str, shown: Shown, why: &str| {
        assert_eq!(shown.status, 400, "{case}");
        let (line, id) = log.only_line(case);
        assert!(line.contains(" sign-in aborted error="), "{line}");
        assert!(line.contains(why), "{line}");
        assert!(shown.body.contains(&id), "{case}: {shown:?}");
    };
    let strangers = Browser::new().get(&callback).await;
    check("another browser", strangers, "no cookie");
    let kept = browser.cookies.clone();
    assert_eq!(browser.get(&callback).await.status, 303);
    browser.cookies = kept;
    let again = browser.get(&callback).await;
    check("again", again, "already used");
    let bare = browser.get(&house.url("/callback?state=x.y")).await;
    check("neither code nor error", bare, "neither");
    let unknown = house.authorization_request("").replace("synology", "eve");
    let unknown = browser.get(&unknown).await;
    check("an unknown client", unknown, "client");
}

#[tokio::test]
async fn a_client_that_gets_no_tokens_is_one_line() {
    let mut log = taken_up();
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    log.news();

    let form = token_form(&code).replace("client_secret=a", "client_secret=xa");
    let answer = Browser::new().post(&house.url("/token"), &form).await;
    assert_eq!(answer.status, 401);
    let (line, _) = log.only_line("wrong secret");
    assert_eq!(
        line,
        "WARN  client authentication failed from=127.0.0.1 why=\"the secret of the client \
         synology is wrong: it has 24 characters, and clients.secret-file has 23\""
    );

    assert_eq!(house.redeem(&code, "").await.status, 200);
    assert!(log.only_line("redeemed").0.contains(" signed in "));
    for (code, why) in [(code.as_str(), "used before"), ("made-up", "")] {
        assert_eq!(house.redeem(code, "").await.status, 400);
        let (line, _) = log.only_line(code);
        let start = "WARN  token request rejected error=\"invalid_grant: ";
        assert!(line.starts_with(start) && line.contains(why), "{line}");
    }
}

/// The text that an attacker can bring into a line without Google.
#[tokio::test]
async fn a_stranger_forges_no_line() {
    let mut log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let house = House::new().await;
    log.news();
    let line = "2026-11-23T07:02:41.382+01:00 INFO  signed in user=eve";
    let name = encode(&format!("eve\n{line}\u{1b}[32m\u{9b}1m\u{202e}\u{2028}"));
    let request = house
        .authorization_request("")
        .replace("=synology", &format!("={name}"));
    assert_eq!(Browser::new().get(&request).await.status, 400);
    let mut wire = Wire::to(house.address).await;
    wire.send("GET /a\u{9b}31m\"user=\"eve HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    wire.rest().await;
    let news = log.news();
    let about_eve: Vec<&String> = news.iter().filter(|line| line.contains("eve")).collect();
    assert_eq!(about_eve.len(), 2, "{news:?}");
    assert!(
        about_eve.iter().all(|line| line.contains(" request=")),
        "{about_eve:?}"
    );
    for line in news {
        assert!(!line.starts_with("2026-11-23T07:02:41.382"), "{line:?}");
        let is_forged = |c| matches!(c, '\u{1b}' | '\u{9b}' | '\u{202e}' | '\u{2028}');
        assert!(!line.contains(is_forged), "{line:?}");
    }
}
