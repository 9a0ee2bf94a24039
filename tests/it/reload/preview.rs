//! What a reload would change is shown before it is in force.

use std::fs;

use fakes::browser::Browser;
use fakes::google::CLIENT_SECRET;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, write_secret};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::control::socket;
use crate::support::process::until;

const PAUL: &str = "paul@example.com";
const STRANGER: &str = "inconnu@gmail.com";

/// Returns the answer to a request of the administration page.
async fn ask(house: &House, request: Value) -> Value {
    let path = socket(house);
    until("the daemon answers", || {
        std::os::unix::net::UnixStream::connect(&path).is_ok()
    })
    .await;
    let mut stream = UnixStream::connect(path).await.unwrap();
    let line = format!("{request}\n");
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

async fn plan(house: &House) -> Value {
    let answer = ask(house, json!({"command": "plan-reload"})).await;
    assert!(answer["report"].is_object(), "{answer}");
    answer["report"].clone()
}

async fn accept(house: &House, plan: &Value) -> Value {
    ask(house, json!({"command": "reload", "seen": plan["seen"]})).await
}

fn deny_jeanne(house: &mut House) {
    house.plan().more.push_str("[users]\ndeny = [\"jeanne\"]");
    house.write_config();
}

async fn refusal(house: &House, person: &str) -> Option<String> {
    let shown = house.arrive(&mut Browser::new(), person, "").await;
    shown.refusal().map(str::to_owned)
}

#[tokio::test]
async fn it_names_who_loses_and_gains_and_becomes_another_user() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.sign_in(PAUL, "").await;
    house.plan().more = format!(
        "[users]\ndeny = [\"jeanne\"]\n\
         [[users.alias]]\ngoogle = \"{STRANGER}\"\ndsm = \"lea\"\n\
         [[users.alias]]\ngoogle = \"{PAUL}\"\ndsm = \"sso-reader\""
    );
    house.write_config();

    let plan = plan(&house).await;

    let lose = "account-denied";
    assert_eq!(
        plan["access"],
        json!([
            {"address": JEANNE, "from": "jeanne", "to": null, "refusal": lose},
            {"address": STRANGER, "from": null, "to": "lea", "refusal": null},
            {"address": PAUL, "from": "Paul", "to": "sso-reader", "refusal": null},
        ])
    );
    assert_eq!(plan["changes"][0]["key"], "users.deny");
    assert_eq!(plan["other_dsm"], false);
    // Nothing of it is in force.
    assert_eq!(refusal(&house, JEANNE).await, None);
    assert!(refusal(&house, STRANGER).await.is_some());

    accept(&house, &plan).await;

    assert_eq!(refusal(&house, JEANNE).await.as_deref(), Some(lose));
    assert_eq!(house.sign_in(STRANGER, "").await.0["username"], "lea");
    assert_eq!(house.sign_in(PAUL, "").await.0["username"], "sso-reader");
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_not_put_in_force() {
    let mut house = House::new().await;
    house.plan().google = "prompt = \"consent\"".to_owned();
    house.write_config();
    let seen = plan(&house).await;
    deny_jeanne(&mut house);

    let answer = accept(&house, &seen).await;

    let message = answer["refused"]["message"].as_str().unwrap();
    assert!(
        message.contains("has changed since the preview"),
        "{message}"
    );
    assert_eq!(refusal(&house, JEANNE).await, None);
    let seen = plan(&house).await;
    assert!(accept(&house, &seen).await["report"].is_object());
    let denied = refusal(&house, JEANNE).await;
    assert_eq!(denied.as_deref(), Some("account-denied"));
}

#[tokio::test]
async fn a_secret_that_changed_meanwhile_is_not_put_in_force() {
    let house = House::new().await;
    let seen = plan(&house).await;
    assert_eq!(seen["changes"], json!([]));
    let secret = house.home.path().join("synology-client-secret");
    write_secret(&secret, "another secret, of the same length");
    let answer = accept(&house, &seen).await;
    assert!(answer["refused"].is_object(), "{answer}");
    house.sign_in(JEANNE, "").await;
    // The preview says that it has changed, and not to what.
    let seen = plan(&house).await;
    let change = json!([{
        "key": "clients[0].secret-file", "from": null, "to": null,
        "secret": true, "needs_restart": false,
    }]);
    assert_eq!(seen["changes"], change);
    assert!(!seen.to_string().contains("another secret"));
}

#[tokio::test]
async fn of_an_invalid_file_each_key_is_named() {
    let mut house = House::new().await;
    house.plan().top = "colour = 1".to_owned();
    house.plan().dsm = "refresh = \"1s\"".to_owned();
    house.write_config();
    let answer = ask(&house, json!({"command": "plan-reload"})).await;
    assert_eq!(answer["refused"]["reason"], "bad-config");
    let message = answer["refused"]["message"].as_str().unwrap();
    assert!(message.contains("colour: is unknown"), "{message}");
    assert!(message.contains("dsm.refresh: "), "{message}");
    house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn another_dsm_may_have_other_users() {
    let mut house = House::new().await;
    let other = fakes::dsm::FakeDsm::start().await;
    house.dsm = other;
    house.write_config();
    assert_eq!(plan(&house).await["other_dsm"], true);
}

#[tokio::test]
async fn the_config_in_effect_has_no_secret() {
    let house = House::new().await;
    let config = ask(&house, json!({"command": "config"})).await;
    let text = config.to_string();
    let password = fs::read_to_string(house.home.path().join("dsm-password")).unwrap();
    for secret in [CLIENT_SECRET, CLIENT_SECRET_OF_DSM, password.trim()] {
        assert!(!text.contains(secret), "{text}");
    }
    let rows = config["report"].as_array().unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    assert_eq!(row("dsm.refresh")["value"], "1h");
    assert_eq!(row("users.deny")["value"], Value::Null);
    for key in [
        "google.client-secret-file",
        "dsm.password-file",
        "clients[0].secret-file",
    ] {
        let expected = json!({"key": key, "value": null, "secret": true});
        assert_eq!(row(key), &expected);
    }
}
