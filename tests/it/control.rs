//! The commands that ask the daemon: their output, and their effect.

mod terminal;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::{FakeDsm, FakeUser};
use fakes::google::FakeGoogle;
use fakes::house::{House, JEANNE, family};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::built::Built;
use crate::support::command_line::{EXAMPLE, Home, bare, text};
use crate::support::control::{command, command_at_once, report, socket};
use crate::support::process::until;

/// An address that DSM does not know.
const UNKNOWN: &str = "inconnu@gmail.com";

/// Every command that asks the daemon.
const ASKING: [&[&str]; 8] = [
    &["status"],
    &["users"],
    &["explain", JEANNE],
    &["links", "list"],
    &["links", "remove", "jeanne"],
    &["keys", "list"],
    &["keys", "rotate"],
    &["reload"],
];

/// Runs a command that must fail, and returns its error.
async fn failure(house: &House, arguments: &[&str]) -> String {
    let output = command(house, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr).to_owned()
}

/// The command reports that no daemon is running.
async fn assert_not_running(house: &House) {
    let output = command_at_once(house, &["status"]).await;
    assert_eq!(output.status.code(), Some(75), "{output:?}");
}

/// The fields of an object.
fn fields(value: &Value) -> Vec<&str> {
    let fields = value.as_object().unwrap().keys();
    fields.map(String::as_str).collect()
}

fn assert_is_time(value: &Value) {
    let text = value.as_str().unwrap();
    let time: jiff::Timestamp = text.parse().unwrap();
    assert_eq!(time.to_string(), text, "in UTC, to the second");
}

#[test]
fn without_a_daemon_every_command_says_that_it_is_not_running() {
    let home = Home::with(EXAMPLE);
    for arguments in ASKING {
        for json in [&[][..], &["--json"]] {
            let arguments = [arguments, json].concat();
            let output = home.command(&arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(75), "{arguments:?}");
            assert_eq!(text(&output.stdout), "");
            let complaint = text(&output.stderr);
            assert!(complaint.contains("is not running"), "{complaint}");
            assert!(complaint.contains("control.sock"), "{complaint}");
        }
    }
    fs::remove_file(home.path()).unwrap();
    for arguments in ASKING {
        let output = home.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_gone_after_a_stop() {
    let mut house = House::new().await;
    report(&house, &["status"]).await;
    let mode = fs::metadata(socket(&house)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    house.stop().await;
    assert!(!socket(&house).exists());
    assert_not_running(&house).await;
}

#[tokio::test]
async fn a_power_cut_leaves_a_socket_that_the_next_daemon_replaces() {
    let mut built = Built::new().await;
    built.process.cut_off();
    assert!(socket(&built.house).exists());
    assert_not_running(&built.house).await;
    built.start();
    report(&built.house, &["status"]).await;
}

#[tokio::test]
async fn a_file_in_the_sockets_place_is_kept_and_the_family_signs_in() {
    let mut house = House::new().await;
    house.stop().await;
    fs::write(socket(&house), "precious").unwrap();
    house.start().await;
    house.sign_in(JEANNE, "").await;
    assert_not_running(&house).await;
    house.stop().await;
    assert_eq!(fs::read_to_string(socket(&house)).unwrap(), "precious");
}

#[tokio::test]
async fn status_says_once_why_dsm_and_google_cannot_be_asked() {
    let mut built = Built::new().await;
    built.process.signal(Signal::TERM);
    built.process.ended().await;
    // Dropped servers refuse connections.
    built.house.google = FakeGoogle::start(built.house.clock.clone()).await;
    built.house.dsm = FakeDsm::start().await;
    built.start_as_configured();
    built.process.says("cannot refresh the users").await;
    built.process.says("cannot fetch Google's documents").await;

    let status = report(&built.house, &["status"]).await;

    for asked in ["directory", "google"] {
        let error = status[asked]["error"].as_str().unwrap();
        assert_eq!(error.matches("no connection").count(), 1, "{error}");
    }
}

#[tokio::test]
async fn status_shows_health_and_recent_refusals() {
    let house = House::new().await;
    let night = [json!({"enabled": true, "hour": 23, "min": 30, "weekdays": "1"})];
    house
        .dsm
        .change(|dsm| dsm.power_schedule = json!({"poweroff_tasks": night}));
    let shown = house.arrive(&mut Browser::new(), UNKNOWN, "").await;
    assert_eq!(shown.refusal(), Some("address-unknown"));
    let known = || house.bridge().power_outlook().unwrap().next_off.is_some();
    until("the schedule is read", known).await;

    let status = report(&house, &["status"]).await;

    assert_eq!(
        fields(&status),
        [
            "apply",
            "directory",
            "google",
            "jobs",
            "power",
            "problems",
            "refusals",
            "sign_ins",
            "started",
            "version"
        ]
    );
    assert_eq!(status["apply"], Value::Null);
    assert_eq!(status["sign_ins"], json!([]));
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_is_time(&status["started"]);
    let directory = &status["directory"];
    assert_eq!(
        fields(directory),
        ["error", "next_refresh", "refreshed", "users"]
    );
    assert_eq!(directory["users"], family().len());
    assert_is_time(&directory["refreshed"]);
    assert_eq!(directory["error"], Value::Null);
    assert_eq!(
        status["power"],
        json!({"source": "api", "next_off": "2026-03-02T23:30:00Z", "next_on": null})
    );
    assert_eq!(fields(&status["google"]), ["error", "keys_refreshed"]);
    assert_is_time(&status["google"]["keys_refreshed"]);
    assert_eq!(fields(&status["jobs"][0]), ["name", "next"]);
    let refused = &status["refusals"][0];
    assert_is_time(&refused["at"]);
    assert_eq!(
        *refused,
        json!({
            "at": refused["at"],
            "refusal": "address-unknown",
            "address": UNKNOWN,
            "user": null,
        })
    );

    let table = command(&house, &["status"]).await;
    let table = text(&table.stdout);
    for part in ["running for", "Users ", "address-unknown", UNKNOWN] {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert!(!table.contains('\u{1b}'), "it is not for a terminal");
}

#[tokio::test]
async fn users_tells_who_can_sign_in_and_who_cannot_and_why() {
    let house = House::new().await;
    let mut users = family();
    users.push(FakeUser::new("jean", "paul@example.com"));
    house.dsm.set_users(users);
    house.sign_in(JEANNE, "").await;
    house.jobs().users.refresh().await.unwrap();

    let users = report(&house, &["users"]).await;

    let of = |name: &str| {
        let users = users.as_array().unwrap().iter();
        users.clone().find(|user| user["name"] == name).unwrap()
    };
    let since = &of("jeanne")["link"]["since"];
    assert_is_time(since);
    let last = &of("jeanne")["last_sign_in"];
    assert_is_time(last);
    let subject = house.look_up::<String>("SELECT subject FROM links");
    assert_eq!(
        *of("jeanne"),
        json!({
            "name": "jeanne",
            "email": "jeanne.martin@gmail.com",
            "verdict": "ok",
            "link": {"subject": subject, "address": JEANNE, "since": since, "moved": null},
            "aliases": [],
            "last_sign_in": last,
        })
    );
    assert_eq!(
        *of("Paul"),
        json!({
            "name": "Paul",
            "email": "Paul@Example.com",
            "verdict": "address-ambiguous",
            "link": null,
            "aliases": [],
            "last_sign_in": null,
        })
    );
    assert_eq!(of("lea")["verdict"], "ok");
    assert_eq!(of("admin")["verdict"], "account-disabled");
    assert_eq!(of("sso-reader")["verdict"], "no-address");

    let table = command(&house, &["users"]).await;
    let table = text(&table.stdout);
    let twins = "\nsame e-mail, paul@example.com: Paul, jean\n";
    assert!(table.contains(twins), "{table}");
    assert!(table.contains("\naddress-ambiguous: several"), "{table}");
}

#[tokio::test]
async fn a_link_that_is_removed_lets_another_google_account_in() {
    let house = House::new().await;
    assert_eq!(report(&house, &["links", "list"]).await, json!([]));
    house.sign_in(JEANNE, "").await;

    let links = report(&house, &["links", "list"]).await;
    let link = &links[0];
    assert_eq!(links.as_array().unwrap().len(), 1);
    assert_is_time(&link["since"]);
    let subject = house.look_up::<String>("SELECT subject FROM links");
    assert_eq!(
        *link,
        json!({
            "user": "jeanne",
            "issuer": house.google.issuer(),
            "subject": subject,
            "address": JEANNE,
            "since": link["since"],
        })
    );

    let removed = report(&house, &["links", "remove", "JEANNE"]).await;
    assert_eq!(removed, links, "in any case, and what was removed is told");
    assert_eq!(house.rows("links"), 0);
    let complaint = failure(&house, &["links", "remove", "jeanne"]).await;
    assert!(complaint.contains("\"jeanne\""), "{complaint}");
    house.sign_in(JEANNE, "").await;
    assert_eq!(house.rows("links"), 1);
}

#[tokio::test]
async fn a_key_is_announced_and_may_be_hurried() {
    let house = House::new().await;
    let keys = report(&house, &["keys", "list"]).await;
    assert_eq!(keys.as_array().unwrap().len(), 1);
    assert_eq!(
        fields(&keys[0]),
        ["created", "gone_after", "kid", "signs_from", "state"]
    );
    assert_eq!(keys[0]["state"], "signing");
    assert_eq!(keys[0]["gone_after"], Value::Null);
    assert_is_time(&keys[0]["created"]);
    assert_is_time(&keys[0]["signs_from"]);

    let rotated = report(&house, &["keys", "rotate"]).await;
    let state = |keys: &Value, kid: &Value| {
        let mut keys = keys.as_array().unwrap().iter();
        keys.find(|key| key["kid"] == *kid).unwrap()["state"].clone()
    };
    assert_eq!(state(&rotated, &keys[0]["kid"]), "signing");
    let next = rotated.as_array().unwrap().iter();
    let next = next.clone().find(|key| key["state"] == "next").unwrap();
    let complaint = failure(&house, &["keys", "rotate"]).await;
    assert!(complaint.contains("under way"), "{complaint}");

    let hurried = report(&house, &["keys", "rotate", "--now"]).await;
    let kids: Vec<&Value> = hurried
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids.len(), 1);
    assert!(*kids[0] != keys[0]["kid"] && *kids[0] != next["kid"]);
    assert_eq!(hurried[0]["state"], "signing");
    assert_eq!(report(&house, &["keys", "list"]).await, hurried);
}

/// Only our own commands connect, but other clients must not block them.
#[tokio::test]
async fn invalid_and_silent_socket_clients_do_not_block_others() {
    let house = House::new().await;
    report(&house, &["status"]).await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(UnixStream::connect(socket(&house)).await.unwrap());
    }
    for nonsense in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"{\"command\":\"explode\"}\n".to_vec(),
        vec![b'['; 4096],
    ] {
        let mut stream = UnixStream::connect(socket(&house)).await.unwrap();
        stream.write_all(&nonsense).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        let read = tokio::time::timeout(Duration::from_mins(2), read).await;
        read.unwrap().unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["refused"]["reason"], "failed", "{answer}");
    }
    report(&house, &["status"]).await;
}

#[test]
fn help_teaches_each_command_with_an_example() {
    for arguments in [
        &["status"][..],
        &["users"],
        &["explain"],
        &["links", "remove"],
        &["keys", "rotate"],
        &["reload"],
    ] {
        let output = bare(&[arguments, &["--help"]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        let example = format!("\n  google-to-synology-sso {}", arguments.join(" "));
        assert!(
            help.contains("Examples:\n") && help.contains(&example)
                || help.contains(" && google-to-synology-sso reload\n"),
            "{help}"
        );
    }
}
