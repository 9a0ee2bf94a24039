//! What the daemon observes of DSM's OpenID client and of others: facts, and
//! no secrets.

use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm_login::{DsmLogin, SsoSettings, Stored};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, REDIRECT_URI, encode, token_form};
use serde_json::Value;

use crate::support::disk::disk;
use crate::support::token::basic;

/// A challenge and its verifier (RFC 7636, appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The values of a fact, the most frequent first, each with its number.
fn seen(house: &House, endpoint: &str, fact: &str) -> Vec<(String, u64)> {
    let rows = house.bridge().store.observed().rows().into_iter();
    let rows = rows.filter(|row| row.endpoint == endpoint && row.fact == fact);
    rows.map(|row| (row.value, row.times)).collect()
}

/// Asserts the only value of each fact.
fn assert_seen(house: &House, endpoint: &str, facts: &[(&str, &str)]) {
    for (fact, value) in facts {
        let found = seen(house, endpoint, fact);
        let found: Vec<&str> = found.iter().map(|(value, _)| value.as_str()).collect();
        assert_eq!(found, [*value], "{endpoint}: {fact}");
    }
}

/// The number of all facts.
fn count(house: &House) -> usize {
    house.bridge().store.observed().rows().len()
}

/// A login page of a fake DSM, and a house for it.
async fn with_dsm_login() -> (House, DsmLogin) {
    let login = DsmLogin::start().await;
    let plan = Plan {
        client: format!("redirect-uris = [\"{}/\"]", login.url()),
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    login.configure(SsoSettings {
        well_known: house.url("/.well-known/openid-configuration"),
        client_id: "synology".to_owned(),
        client_secret: CLIENT_SECRET_OF_DSM.to_owned(),
        redirect_uri: login.url(),
        scope: String::new(),
        username_claim: "username".to_owned(),
        stored: Stored::default(),
    });
    (house, login)
}

/// A whole sign-in at the login page.
async fn sign_in_at(login: &DsmLogin, house: &House) {
    let browser = &mut Browser::new();
    let clicked = browser.get(&format!("{}/sso/start", login.url())).await;
    let to_google = browser.get(clicked.location()).await;
    let callback = house.google.choose(to_google.location(), JEANNE);
    let back = browser.get(callback.as_str()).await;
    let page = browser.get(back.location()).await;
    assert!(page.body.contains("Signed in"), "{page:?}");
}

#[tokio::test]
async fn a_sign_in_at_dsm_shows_what_its_client_does() {
    let (house, login) = with_dsm_login().await;
    sign_in_at(&login, &house).await;
    sign_in_at(&login, &house).await;
    assert_seen(
        &house,
        "/auth",
        &[
            ("response_type", "code"),
            ("response_mode", "missing"),
            ("redirect_uri", "without a final slash"),
            ("scope", "openid"),
            ("state", "16 bytes"),
            ("nonce", "missing"),
            ("code_challenge", "missing"),
            ("prompt", "missing"),
            ("other parameters", "client_id"),
        ],
    );
    assert_seen(
        &house,
        "/token",
        &[
            ("authentication", "client_secret_post"),
            ("redirect_uri", "without a final slash"),
            ("code_verifier", "missing"),
            ("user-agent", "empty"),
            ("content-type", "application/x-www-form-urlencoded"),
            (
                "headers",
                "accept content-length content-type host user-agent",
            ),
            (
                "other parameters",
                "client_id client_secret code grant_type",
            ),
            ("discovery since the previous", "3"),
        ],
    );
    // The keys are fetched after the token request.
    let mut keys = seen(&house, "/token", "keys since the previous");
    keys.sort();
    assert_eq!(keys, [("0".to_owned(), 1), ("1".to_owned(), 1)]);
    assert_seen(
        &house,
        "/userinfo",
        &[
            ("method", "GET"),
            ("token", "in the header"),
            ("user name sent", "without capital letters"),
            ("headers", "accept authorization host user-agent"),
        ],
    );
    let agents = seen(&house, "discovery", "user-agent");
    assert_eq!(agents, [("empty".to_owned(), 6)]);
    assert_seen(&house, "/keys", &[("user-agent", "empty")]);
}

#[tokio::test]
async fn nonce_pkce_and_basic_are_told_from_their_absence() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let more = format!(
        "&nonce=n-0S6&code_challenge={CHALLENGE}&code_challenge_method=S256&scope=openid+files\
         &prompt=login&response_mode=query"
    );
    let code = house.code("paul@example.com", &more).await;
    let form = format!(
        "grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&redirect_uri={}",
        encode(REDIRECT_URI)
    );
    let mut client = Browser::new()
        .with_header("authorization", &basic("synology", CLIENT_SECRET_OF_DSM))
        .with_header("user-agent", "libcurl/8.1")
        .with_header("accept", "*/*");
    let tokens = client.post(&house.url("/token"), &form).await.json();
    let form = format!("access_token={}", tokens["access_token"].as_str().unwrap());
    let mut client = Browser::new().with_header("user-agent", "libcurl/8.1");
    assert_eq!(
        client.post(&house.url("/userinfo"), &form).await.status,
        200
    );
    client.get(&house.url("/keys")).await;

    let both = |endpoint, fact, first: &str, second: &str| {
        let mut values = seen(&house, endpoint, fact);
        values.sort();
        let mut expected = [(first.to_owned(), 1), (second.to_owned(), 1)];
        expected.sort();
        assert_eq!(values, expected, "{fact}");
    };
    both("/auth", "nonce", "missing", "5 bytes");
    both("/auth", "code_challenge_method", "missing", "S256");
    both("/auth", "scope", "missing", "openid and 1 more");
    both("/auth", "prompt", "missing", "login");
    both("/auth", "response_mode", "missing", "query");
    both(
        "/token",
        "authentication",
        "client_secret_post",
        "client_secret_basic",
    );
    both("/token", "code_verifier", "missing", "43 bytes");
    both("/token", "user-agent", "missing", "libcurl/8.1");
    both("/token", "accept", "missing", "*/*");
    assert_seen(
        &house,
        "/userinfo",
        &[
            ("method", "POST"),
            ("token", "in the form"),
            ("user name sent", "with capital letters"),
        ],
    );
    assert_seen(&house, "/keys", &[("user-agent", "as in token requests")]);
}

#[tokio::test]
async fn only_clients_are_described() {
    let house = House::new().await;
    let before = count(&house);
    let stranger = &mut Browser::new().with_header("user-agent", "stranger");
    let auth = house.authorization_request("");
    // Another client, another redirect URI.
    stranger.get(&auth.replace("synology", "photos")).await;
    stranger
        .get(&auth.replace("nas.example", "nas.attacker"))
        .await;
    // A wrong secret, none, and no valid token.
    let form = token_form("code").replace(&encode(CLIENT_SECRET_OF_DSM), "guess");
    stranger.post(&house.url("/token"), &form).await;
    stranger.post(&house.url("/token"), "code=x").await;
    stranger.get(&house.url("/userinfo")).await;
    house.userinfo("not-a-good-token").await;
    assert_eq!(count(&house), before);
    // The documents are only counted.
    for path in ["/.well-known/openid-configuration", "/keys"] {
        for _ in 0..3 {
            stranger.get(&house.url(path)).await;
        }
    }
    let counted = |endpoint| seen(&house, endpoint, "user-agent");
    assert_eq!(counted("discovery"), [("another".to_owned(), 3)]);
    assert_eq!(counted("/keys"), [("another".to_owned(), 3)]);
}

#[tokio::test]
async fn hostile_requests_leave_neither_their_text_nor_many_rows() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let usual = count(&house);
    let secret = "hunter2-hunter2";
    for number in 0..200_usize {
        // Requests are limited for each address.
        house.clock.advance(Duration::from_secs(1));
        let junk = "x".repeat(number);
        let more = format!(
            "{junk}&nonce={secret}{junk}&{secret}{junk}={secret}&scope={secret}&prompt={secret}\
             &code_challenge={secret}&code_challenge_method={secret}&login_hint={secret}"
        );
        Browser::new()
            .get(&house.authorization_request(&more))
            .await;
        let mut client = Browser::new()
            .with_header("x-hunter2-hunter2", secret)
            .with_header("cookie", secret)
            .with_header(
                "user-agent",
                &format!("\u{e9}{number}\t{}", "x".repeat(4_000)),
            );
        let form = format!("{}&{secret}={secret}", token_form(secret));
        client.post(&house.url("/token"), &form).await;
    }
    let rows = house.bridge().store.observed().rows();
    assert!(rows.len() < usual + 60, "{}", rows.len());
    for row in &rows {
        assert!(row.value.len() <= 300, "{row:?}");
        assert!(row.value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
    assert!(!format!("{rows:?}").contains("hunter2"), "{rows:?}");
    // What the family's NAS does is still there.
    let states = seen(&house, "/auth", "state");
    assert!(states.contains(&("8 bytes".to_owned(), 2)), "{states:?}");
    house.sign_in(JEANNE, "").await;
    assert_eq!(
        house.look_up::<i64>("SELECT count(*) FROM observations WHERE value LIKE '%hunter2%'"),
        0
    );
    assert!(house.rows("observations") < 120);
}

#[tokio::test]
async fn observations_survive_a_restart_and_a_power_cut() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    // Saved with the code, and read by a second connection: no stop is needed.
    let saved = house.look_up::<i64>(
        "SELECT times FROM observations WHERE endpoint = '/auth' AND fact = 'nonce'",
    );
    assert_eq!(saved, 1);
    house.sign_in(JEANNE, "").await;
    // The last userinfo request has no later write but that of the stop.
    let (_, token) = house.sign_in(JEANNE, "").await;
    house.userinfo(&token).await;
    house.stop().await;
    house.start().await;
    assert_eq!(seen(&house, "/auth", "nonce"), [("missing".to_owned(), 3)]);
    assert_eq!(seen(&house, "/userinfo", "method"), [("GET".to_owned(), 1)]);
    house.sign_in(JEANNE, "").await;
    assert_eq!(seen(&house, "/auth", "nonce"), [("missing".to_owned(), 4)]);
}

#[tokio::test]
async fn nothing_is_written_for_observations_alone() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.start().await;
    let before = disk(&house);
    for _ in 0..5 {
        Browser::new().get(&house.url("/keys")).await;
        Browser::new()
            .get(&house.authorization_request("&nonce=a"))
            .await;
        house.userinfo(&token).await;
        house.clock.advance(Duration::from_mins(1));
        house.jobs().minutes.passed();
        house.jobs().users.refresh().await.unwrap();
    }
    assert!(!seen(&house, "/userinfo", "method").is_empty());
    assert!(disk(&house) == before, "written");
}

#[tokio::test]
async fn a_state_of_0_1_0_is_updated() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    // As the last release left it.
    let downgrade = "DROP TABLE observations; DROP TABLE dsm_settings_before;
         DROP TABLE dsm_settings_wizard; DROP TABLE sign_ins; DROP TABLE last_sign_ins;
         DROP TABLE refusals; DROP TABLE runs; DROP TABLE job_runs;
         ALTER TABLE links DROP COLUMN by_administrator;
         PRAGMA user_version = 5;";
    house.state().execute_batch(downgrade).unwrap();
    house.start().await;
    assert_eq!(count(&house), 1, "only that a user has signed in");
    house.sign_in(JEANNE, "").await;
    assert!(house.rows("observations") > 10);
}

#[tokio::test]
async fn an_unreadable_table_does_not_prevent_a_sign_in() {
    let mut house = House::new().await;
    house.stop().await;
    // Another form of the table, as after an error in a later release.
    let broken = "DROP TABLE observations; CREATE TABLE observations (x TEXT) STRICT;";
    house.state().execute_batch(broken).unwrap();
    house.start().await;
    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], Value::from("jeanne"));
    assert!(count(&house) > 10);
}
