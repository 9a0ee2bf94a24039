//! An administrator says which DSM user a refused Google account is: by the
//! request on the control socket that the administration page makes.

use std::fs;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::FakeUser;
use fakes::google::Person;
use fakes::house::{House, JEANNE, Plan, by_name, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::captured_log::CapturedLog;
use crate::support::command_line::text;
use crate::support::control::{command, report, socket};

const STRANGER: &str = "inconnu@gmail.com";
const STRANGERS_SUBJECT: &str = "117700123456789012345";

#[tokio::test]
async fn a_refused_account_is_admitted_without_any_e_mail() {
    let house = House::new().await;
    assert_eq!(refusal(&house, STRANGER).await, "address-unknown");
    let refused = last_refusal(&house).await;
    assert_eq!(refused["account"]["subject"], STRANGERS_SUBJECT);
    assert_eq!(refused["linked"], Value::Null);
    let log = CapturedLog::up(LogLevel::WARN, LogFormat::Text);
    let linked = choose(&house, &refused, "lea").await;
    assert_eq!(linked["report"]["result"], "linked");
    assert_eq!(
        log.count("linked a Google account to a DSM user user=lea"),
        1
    );
    assert_eq!(log.count("by=administrator"), 1);
    drop(log);
    // The next click, and all later ones, which write nothing.
    house.state().execute_batch(NO_MORE_LINKS).unwrap();
    for _ in 0..2 {
        let (claims, _) = house.sign_in(STRANGER, "").await;
        assert_eq!(claims["username"], "lea");
    }
    assert_eq!(last_refusal(&house).await["linked"], "lea");
}

#[tokio::test]
async fn the_reports_say_that_an_administrator_made_the_link() {
    let house = House::new().await;
    refusal(&house, STRANGER).await;
    choose(&house, &last_refusal(&house).await, "lea").await;
    let line = format!("linked by an administrator, {STRANGER}: lea\n");
    for arguments in [&["users"][..], &["links", "list"]] {
        let output = command(&house, arguments).await;
        assert!(text(&output.stdout).ends_with(&line), "{output:?}");
    }
    // The JSON has no field for it.
    let links = report(&house, &["links", "list"]).await;
    assert_eq!(links[0].as_object().unwrap().len(), 5);
    let users = report(&house, &["users"]).await;
    let users = users.as_array().unwrap();
    let lea = users.iter().find(|user| user["name"] == "lea").unwrap();
    assert_eq!(lea["verdict"], "ok");
    assert_eq!(lea["link"]["subject"], STRANGERS_SUBJECT);
    let explained = report(&house, &["explain", STRANGER]).await;
    assert_eq!(explained["user"], "lea");
    let rule = explained["rules"][2]["message"].as_str().unwrap();
    assert!(rule.contains("linked to lea by an administrator"), "{rule}");
}

#[tokio::test]
async fn only_a_refusal_in_our_own_list_can_be_chosen() {
    let house = House::new().await;
    refusal(&house, STRANGER).await;
    let refused = last_refusal(&house).await;
    let alter = |field: &str, value: &str| {
        let mut altered = refused.clone();
        match field {
            "at" => altered["at"] = value.into(),
            field => altered["account"][field] = value.into(),
        }
        altered
    };
    for altered in [
        alter("subject", "999999999999999999999"),
        alter("issuer", "https://accounts.google.com"),
        alter("at", "2026-01-01T00:00:00Z"),
    ] {
        let answer = choose(&house, &altered, "lea").await;
        assert_eq!(answer["report"]["why"], "not-recent", "{altered}");
    }
    for user in ["LEA", "nobody", "", "lea "] {
        let answer = choose(&house, &refused, user).await;
        assert_eq!(answer["report"]["why"], "no-such-user", "{user:?}");
    }
    assert_eq!(house.rows("links"), 0);
}

#[tokio::test]
async fn an_account_that_google_has_not_verified_cannot_be_chosen() {
    let house = House::new().await;
    assert_eq!(
        refusal(&house, "lea@example.net").await,
        "address-not-verified"
    );
    let refused = last_refusal(&house).await;
    assert_eq!(refused["account"], Value::Null);
    assert_eq!(refused["can_be_linked"], false);
    // The browser names the account, which it knows.
    let mut forged = refused.clone();
    forged["account"] =
        json!({"issuer": house.google.issuer(), "subject": "108816695103348721175"});
    let answer = choose(&house, &forged, "lea").await;
    assert_eq!(answer["report"]["why"], "not-recent");
    assert_eq!(house.rows("links"), 0);
}

#[tokio::test]
async fn an_account_of_another_domain_cannot_be_chosen() {
    let mut house = House::new().await;
    assert_eq!(refusal(&house, STRANGER).await, "address-unknown");
    let before = last_refusal(&house).await;
    house.clock.advance(Duration::from_mins(1));
    house.stop().await;
    house.plan().google = r#"hosted-domains = ["example.com"]"#.to_owned();
    house.start().await;
    assert_eq!(refusal(&house, STRANGER).await, "domain-not-allowed");
    let refused = last_refusal(&house).await;
    assert_eq!(refused["can_be_linked"], false);
    // Nor by an earlier refusal, before the domains were restricted.
    for refused in [refused, before] {
        let answer = choose(&house, &refused, "lea").await;
        assert_eq!(answer["report"]["why"], "not-accepted");
    }
    assert_eq!(house.rows("links"), 0);
}

#[tokio::test]
async fn no_link_is_made_for_a_user_who_may_not_sign_in() {
    let mut house = House::planned(Plan {
        more: "[users]\ndeny = [\"lea\"]\nadministrators = \"refuse\"".to_owned(),
        ..Plan::default()
    })
    .await;
    let mut users = family();
    by_name(&mut users, "jeanne").expired = Some("2020/1/1".to_owned());
    list(&house, users).await;
    refusal(&house, STRANGER).await;
    let refused = last_refusal(&house).await;
    for (user, why) in [
        ("admin", "account-disabled"),
        ("jeanne", "account-expired"),
        ("lea", "account-denied"),
        ("Paul", "administrator-refused"),
    ] {
        let answer = choose(&house, &refused, user).await;
        assert_eq!(answer["report"]["why"], json!({ "refused": why }), "{user}");
    }
    assert_eq!(house.rows("links"), 0);
    // An alias admits an administrator there, and so does this link.
    house.stop().await;
    house.plan().more = "[users]\nadministrators = \"alias\"".to_owned();
    house.start().await;
    choose(&house, &refused, "Paul").await;
    let (claims, _) = house.sign_in(STRANGER, "").await;
    assert_eq!(claims["username"], "Paul");
}

#[tokio::test]
async fn a_user_who_is_disabled_later_is_refused_and_has_no_tokens() {
    let house = House::new().await;
    refusal(&house, STRANGER).await;
    choose(&house, &last_refusal(&house).await, "lea").await;
    let (_, token) = house.sign_in(STRANGER, "").await;
    let code = house.code(STRANGER, "").await;
    let mut users = family();
    by_name(&mut users, "lea").expired = Some("now".to_owned());
    list(&house, users).await;
    assert_eq!(house.redeem(&code, "").await.status, 400);
    assert_eq!(house.userinfo(&token).await.status, 401);
    assert_eq!(refusal(&house, STRANGER).await, "account-disabled");
}

#[tokio::test]
async fn tokens_end_when_the_account_is_another_user_or_unlinked() {
    let house = House::new().await;
    refusal(&house, STRANGER).await;
    let refused = last_refusal(&house).await;
    choose(&house, &refused, "lea").await;
    let (_, token) = house.sign_in(STRANGER, "").await;
    let code = house.code(STRANGER, "").await;
    let answer = choose(&house, &refused, "jeanne").await;
    assert_eq!(answer["report"]["before"], "lea");
    assert_eq!(house.redeem(&code, "").await.status, 400);
    assert_eq!(house.userinfo(&token).await.status, 401);
    let (claims, token) = house.sign_in(STRANGER, "").await;
    assert_eq!(claims["username"], "jeanne");
    report(&house, &["links", "remove", "jeanne"]).await;
    assert_eq!(house.userinfo(&token).await.status, 401);
    assert_eq!(refusal(&house, STRANGER).await, "address-unknown");
}

#[tokio::test]
async fn a_link_survives_a_new_e_mail_and_ends_with_the_user() {
    let house = House::new().await;
    refusal(&house, STRANGER).await;
    choose(&house, &last_refusal(&house).await, "lea").await;
    let mut users = family();
    by_name(&mut users, "lea").email = Some("another@example.net".to_owned());
    list(&house, users.clone()).await;
    let moved = Person::new(STRANGERS_SUBJECT, "inconnu.new@gmail.com", "Igor");
    house.google.set_people(vec![moved]);
    let (claims, _) = house.sign_in(STRANGERS_SUBJECT, "").await;
    assert_eq!(claims["username"], "lea");
    users.retain(|user| user.name != "lea");
    list(&house, users).await;
    assert_eq!(refusal(&house, STRANGERS_SUBJECT).await, "address-unknown");
}

#[tokio::test]
async fn another_account_with_the_address_is_not_replaced() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let new = Person::new(STRANGERS_SUBJECT, JEANNE, "Jeanne's new account");
    house.google.set_people(vec![new]);
    assert_eq!(refusal(&house, JEANNE).await, "linked-to-another");
    let refused = last_refusal(&house).await;
    let answer = choose(&house, &refused, "jeanne").await;
    let why = json!({"refused": "linked-to-another"});
    assert_eq!(answer["report"]["why"], why);
    assert_eq!(answer["report"]["user"], "jeanne");
    report(&house, &["links", "remove", "jeanne"]).await;
    let answer = choose(&house, &refused, "jeanne").await;
    assert_eq!(answer["report"]["result"], "linked");
    let (claims, _) = house.sign_in(STRANGERS_SUBJECT, "").await;
    assert_eq!(claims["username"], "jeanne");
}

#[tokio::test]
async fn a_restart_keeps_refusals_and_a_damaged_state_keeps_links() {
    let mut house = House::new().await;
    refusal(&house, STRANGER).await;
    house.stop().await;
    house.start().await;
    choose(&house, &last_refusal(&house).await, "lea").await;
    // The power is cut, although the daily copy is not due.
    let state = house.home.path().join("state.sqlite3");
    let copy = state.with_extension("sqlite3.copy");
    let at_the_cut = fs::read(&copy).unwrap();
    house.stop().await;
    fs::write(copy, at_the_cut).unwrap();
    fs::write(state, "damaged").unwrap();
    house.start().await;
    let (claims, _) = house.sign_in(STRANGER, "").await;
    assert_eq!(claims["username"], "lea");
}

const NO_MORE_LINKS: &str = "CREATE TRIGGER no_more BEFORE INSERT ON links
     BEGIN SELECT RAISE(ABORT, 'written again'); END";

async fn refusal(house: &House, person: &str) -> String {
    let shown = house.arrive(&mut Browser::new(), person, "").await;
    let refusal = shown.refusal();
    refusal.unwrap_or_else(|| panic!("{shown:?}")).to_owned()
}

async fn list(house: &House, users: Vec<FakeUser>) {
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
}

async fn last_refusal(house: &House) -> Value {
    ask(house, json!({"command": "refusals"})).await["report"][0].clone()
}

/// Returns the answer to the choice of `user` for a refusal.
async fn choose(house: &House, refused: &Value, user: &str) -> Value {
    let request = json!({
        "command": "link-chosen",
        "account": refused["account"],
        "at": refused["at"],
        "user": user,
    });
    ask(house, request).await
}

async fn ask(house: &House, request: Value) -> Value {
    report(house, &["status"]).await;
    let mut stream = UnixStream::connect(socket(house)).await.unwrap();
    let line = format!("{request}\n");
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}
