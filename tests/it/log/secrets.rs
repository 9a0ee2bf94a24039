//! In both formats, at the most detailed level, the log contains no secret that
//! would let a reader sign in.

use std::error::Error;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::{Api, Instead};
use fakes::google::token::Lie;
use fakes::google::{CLIENT_ID, CLIENT_SECRET, Endpoint, Trouble};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, encode, token_form};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use crate::support::captured_log::CapturedLog;
use crate::support::secrets::Secrets;

/// Logins, with everything that DSM or a thief can do with the responses.
async fn logins(house: &House, secrets: &Secrets) {
    let browser = &mut Browser::new();
    for (lie, trouble) in [
        (None, None),
        (Some(Lie::UnverifiedAddress), None),
        (Some(Lie::OtherNonce), None),
        (Some(Lie::AlgNone), None),
        (Some(Lie::StrangersSignature), None),
        (Some(Lie::TwoSubjects), None),
        (None, Some(Trouble::Status(500))),
        (None, Some(Trouble::Html)),
        (None, Some(Trouble::Redirect)),
        (None, Some(Trouble::TooLarge)),
        (None, Some(Trouble::OAuthError("invalid_grant"))),
    ] {
        for prompt in ["", "&prompt=none"] {
            house.google.lie(lie);
            if let Some(trouble) = trouble.clone() {
                house.google.fail_once(Endpoint::Token, trouble);
            }
            one_login(house, secrets, browser, prompt).await;
        }
    }
    house.google.lie(None);
}

async fn one_login(house: &House, secrets: &Secrets, browser: &mut Browser, prompt: &str) {
    // All lines of a login are checked, so the limit for a minute must not be
    // reached.
    house.clock.advance(Duration::from_mins(1));
    let more = format!("&nonce=n0nce-of-DSM{prompt}");
    let request = house.authorization_request(&more);
    secrets.url(&request);
    let shown = browser.get(&request).await;
    secrets.shown(&shown);
    secrets.url(shown.location());
    let callback = house.google.choose(shown.location(), JEANNE);
    secrets.url(callback.as_str());
    let cookies = browser.cookies.clone();
    let shown = Browser::new().get(callback.as_str()).await;
    secrets.shown(&shown);
    // A cookie with another last character, and without Google's parameters.
    let mut bad = Browser::new();
    bad.cookies = cookies.clone();
    bad.cookies.values_mut().for_each(|value| value.push('A'));
    bad.get(callback.as_str()).await;
    bad.get(callback.as_str().split('?').next().unwrap()).await;
    let arrived = browser.get(callback.as_str()).await;
    secrets.shown(&arrived);
    browser.cookies.extend(cookies);
    browser.get(callback.as_str()).await;
    browser.cookies.clear();
    if let Some(code) = arrived
        .header("location")
        .contains("code=")
        .then(|| arrived.answered("code"))
    {
        tokens(house, secrets, &code.unwrap()).await;
    }
}

async fn tokens(house: &House, secrets: &Secrets, code: &str) {
    let wrong = token_form(code).replace(&encode(CLIENT_SECRET_OF_DSM), "a-wrong-secret");
    Browser::new().post(&house.url("/token"), &wrong).await;
    Browser::new()
        .post(&house.url("/token?code=in-the-query"), "")
        .await;
    let shown = house.redeem(code, "").await;
    secrets.shown(&shown);
    let access_token = shown.json()["access_token"].as_str().unwrap().to_owned();
    house.userinfo(&access_token).await;
    house.userinfo("not-a-good-token").await;
    let in_query = format!("/userinfo?access_token={access_token}");
    Browser::new().get(&house.url(&in_query)).await;
    house.redeem(code, "").await;
    house.userinfo(&access_token).await;
    for secret in ["a-wrong-secret", "in-the-query", "not-a-good-token"] {
        secrets.add(secret);
    }
}

/// Failures of DSM, logged by the job.
async fn refreshes(house: &House) {
    let somewhere = "http://127.0.0.1:1/webapi/entry.cgi".to_owned();
    for instead in [
        Instead::Code(105),
        Instead::Code(119),
        Instead::Code(400),
        Instead::Html,
        Instead::Cut,
        Instead::Redirect(somewhere),
        Instead::Status(500),
    ] {
        for api in [Api::SignIn, Api::Users, Api::Members, Api::SignOut] {
            house.dsm.next(api, instead.clone());
            if let Err(error) = house.jobs().users.refresh().await {
                let error = &error as &dyn Error;
                tracing::warn!(target: "google_to_synology_sso", error, "cannot be refreshed");
                // The sign-in pause has to end first.
                house.clock.advance(Duration::from_mins(15));
            }
            house.dsm.as_usual(api);
        }
    }
    house.jobs().users.refresh().await.unwrap();
}

async fn nothing_secret_is_logged(format: LogFormat) {
    let log = CapturedLog::up(LogLevel::TRACE, format);
    let secrets = Secrets::default();
    let house = House::new().await;
    secrets.watch(&house);
    for secret in [
        CLIENT_SECRET,
        CLIENT_SECRET_OF_DSM,
        &house.dsm.behaviour().password,
    ] {
        secrets.add(secret);
    }
    secrets.add(&format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    refreshes(&house).await;
    logins(&house, &secrets).await;

    let log = log.text();
    for told in [
        "signed in",
        "refusal",
        "Google request failed",
        "sign-in aborted",
        "refreshed",
        "answered",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    let forms = secrets.forms();
    // Secrets of each kind were seen.
    assert!(forms.len() > 400, "{}", forms.len());
    for start in [
        "4/0Afake",
        "sid-",
        "token-",
        "eyJ",
        "correct horse",
        "n0nce",
    ] {
        assert!(forms.iter().any(|form| form.starts_with(start)), "{start}");
    }
    for secret in forms {
        assert!(!log.contains(&secret), "{secret} is in {log}");
    }
    for start in ["ya29.", "eyJ", "sid-", "PRIVATE KEY"] {
        assert!(!log.contains(start), "{start} is in {log}");
    }
}

#[tokio::test]
async fn nothing_secret_is_logged_as_text() {
    nothing_secret_is_logged(LogFormat::Text).await;
}

#[tokio::test]
async fn nothing_secret_is_logged_as_json() {
    nothing_secret_is_logged(LogFormat::Json).await;
}
