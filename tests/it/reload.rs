//! The config is reloaded during sign-ins.

mod preview;

use std::fs;
use std::net::TcpListener;

use fakes::browser::{Browser, Shown};
use fakes::dsm::{FakeDsm, FakeUser};
use fakes::google::{Endpoint, FakeGoogle};
use fakes::house::{House, JEANNE, Plan, claims, write_secret};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::built::{Built, spawn};
use crate::support::command_line::text;
use crate::support::control::{command, report};
use crate::support::process::{free_port, until};

/// An address that DSM does not know.
const UNKNOWN: &str = "inconnu@gmail.com";

const ALIAS: &str = "[[users.alias]]\ngoogle = \"inconnu@gmail.com\"\ndsm = \"lea\"\n";

/// Writes the config of the current plan and reloads it.
async fn reload(house: &House) -> Value {
    house.write_config();
    report(house, &["reload"]).await
}

fn change(key: &str, from: &str, to: &str) -> Value {
    json!({"key": key, "from": from, "to": to, "secret": false, "needs_restart": false})
}

fn redeemed_by(shown: &Shown) -> Value {
    let tokens = shown.json();
    let token = tokens["id_token"].as_str();
    claims(token.unwrap_or_else(|| panic!("{shown:?}")))
}

#[tokio::test]
async fn a_new_alias_counts_at_once() {
    let mut house = House::new().await;
    let shown = house.arrive(&mut Browser::new(), UNKNOWN, "").await;
    assert_eq!(shown.refusal(), Some("address-unknown"));

    house.plan().more = ALIAS.to_owned();
    let reloaded = reload(&house).await;

    assert_eq!(
        reloaded,
        json!({
            "changes": [{
                "key": "users.alias",
                "from": null,
                "to": "inconnu@gmail.com is lea",
                "secret": false,
                "needs_restart": false,
            }],
            "directory": {"users": 6, "error": null},
        })
    );
    let (claims, _) = house.sign_in(UNKNOWN, "").await;
    assert_eq!(claims["username"], "lea");
}

/// DSM and Google use the old issuer until an administrator changes it there.
#[tokio::test]
async fn a_new_issuer_is_to_be_changed_in_three_places_more() {
    let mut house = House::new().await;
    house.plan().issuer = Some(format!("{}/sso", house.issuer()));
    house.write_config();

    let output = command(&house, &["reload"]).await;

    let told = text(&output.stdout);
    for words in [
        "The issuer has changed",
        "DSM:",
        "Google console:",
        "certificate",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let output = command(&house, &["reload"]).await;
    assert!(!text(&output.stdout).contains("issuer"), "{output:?}");
}

#[tokio::test]
async fn the_users_are_read_again_too() {
    let house = House::new().await;
    house.dsm.set_users([FakeUser::new("igor", UNKNOWN)]);
    let output = command(&house, &["reload"]).await;
    assert_eq!(
        text(&output.stdout),
        "Nothing has changed in the config.\nDSM has listed its users: 1.\n"
    );
    let (claims, _) = house.sign_in(UNKNOWN, "").await;
    assert_eq!(claims["username"], "igor");
}

#[tokio::test]
async fn a_bad_config_is_refused_with_all_its_problems() {
    let mut house = House::new().await;
    house.plan().top = "username-claim = \"sub\"\ncolour = 1".to_owned();
    house.plan().more = ALIAS.to_owned();
    house.write_config();

    let output = command(&house, &["reload"]).await;

    assert_eq!(output.status.code(), Some(78));
    assert_eq!(text(&output.stdout), "");
    let complaint = text(&output.stderr);
    for part in [
        "\n  username-claim: ",
        "\n  colour: is unknown",
        "Keeping the previous config.",
    ] {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], "jeanne");
    let shown = house.arrive(&mut Browser::new(), UNKNOWN, "").await;
    assert_eq!(shown.refusal(), Some("address-unknown"));
    // The other commands still find the daemon.
    report(&house, &["status"]).await;
    fs::remove_file(house.home.path().join("dsm-password")).unwrap();
    assert_eq!(command(&house, &["reload"]).await.status.code(), Some(78));
}

#[tokio::test]
async fn settings_read_at_start_need_a_restart() {
    let mut house = House::new().await;
    let was = house.address;
    house.plan().issuer = Some(house.issuer());
    house.plan().more = "[storage]\npath = \"other.sqlite3\"".to_owned();
    let state = |name| house.home.path().join(name).display().to_string();
    let (before, after) = (state("state.sqlite3"), state("other.sqlite3"));
    house.address.set_port(free_port());
    let port = house.address;
    house.write_config();
    house.address = was;

    for _ in 0..2 {
        let reloaded = report(&house, &["reload"]).await;
        assert_eq!(
            reloaded["changes"],
            json!([
                {
                    "key": "listen.address",
                    "from": was.to_string(),
                    "to": port.to_string(),
                    "secret": false,
                    "needs_restart": true,
                },
                {
                    "key": "storage.path",
                    "from": before,
                    "to": after,
                    "secret": false,
                    "needs_restart": true,
                },
            ]),
            "as long as it has to wait"
        );
        house.sign_in(JEANNE, "").await;
    }
    let output = command(&house, &["reload"]).await;
    let words = format!("listen.address: {was} -> {port} (needs a restart)\n");
    assert!(text(&output.stdout).contains(&words), "{output:?}");
}

/// Reloads between all steps of a sign-in, and during a request.
#[tokio::test]
async fn a_sign_in_outlives_reloads() {
    let mut house = House::new().await;
    let mut browser = Browser::new();
    let back = house.choose(&mut browser, JEANNE, "").await;

    house.plan().top = "username-claim = \"account\"".to_owned();
    assert_eq!(
        reload(&house).await["changes"],
        json!([change("username-claim", "username", "account")])
    );
    let google_is_slow = house.google.hold(Endpoint::Token);
    let mut arriving = JoinSet::new();
    arriving.spawn(async move { browser.get(&back).await });
    house.google.requested(Endpoint::Token, 1).await;
    house.plan().google = "prompt = \"consent\"".to_owned();
    reload(&house).await;
    drop(google_is_slow);

    let arrived = arriving.join_next().await.unwrap().unwrap();
    let code = arrived.answered("code");
    let code = code.unwrap_or_else(|| panic!("{arrived:?}"));
    house.plan().google = "prompt = \"select_account\"".to_owned();
    reload(&house).await;
    let redeemed = house.redeem(&code, "").await;
    assert_eq!(redeemed_by(&redeemed)["account"], "jeanne");
    house.plan().top.clear();
    reload(&house).await;
    let access_token = redeemed.json()["access_token"].as_str().unwrap().to_owned();
    let userinfo = house.userinfo(&access_token).await.json();
    assert_eq!(userinfo["username"], "jeanne");
    assert_eq!(house.redeem(&code, "").await.status, 400, "still spent");
}

#[tokio::test]
async fn discovery_follows_the_config() {
    let mut house = House::new().await;
    house.plan().top = "username-claim = \"account\"".to_owned();
    reload(&house).await;
    let url = house.url("/.well-known/openid-configuration");
    let discovery = Browser::new().get(&url).await.json();
    let claims = discovery["claims_supported"].as_array().unwrap();
    assert!(claims.contains(&json!("account")), "{claims:?}");
}

#[tokio::test]
async fn a_secret_that_has_changed_counts_and_is_not_told() {
    let house = House::new().await;
    let file = house.home.path().join("synology-client-secret");
    write_secret(&file, "nobody-may-see-this-one");

    let output = command(&house, &["reload"]).await;

    let told = text(&output.stdout);
    assert!(
        told.starts_with("clients[0].secret-file: changed\n"),
        "{told}"
    );
    assert!(!told.contains("nobody-may"), "{told}");
    let code = house.code(JEANNE, "").await;
    assert_eq!(house.redeem(&code, "").await.status, 401);
}

#[tokio::test]
async fn a_device_token_in_the_place_of_its_file_is_not_told() {
    let mut house = House::new().await;
    let pasted = "kR3-pasted-token";
    house.plan().dsm = format!("device-token-file = \"{pasted}\"");

    let reloaded = reload(&house).await;

    assert_eq!(reloaded["changes"][0]["key"], "dsm.device-token-file");
    let error = reloaded["directory"]["error"].as_str().unwrap();
    assert!(error.contains("device-token-file"), "{error}");
    for told in [reloaded, report(&house, &["status"]).await] {
        assert!(!told.to_string().contains(pasted), "{told}");
    }
}

#[tokio::test]
async fn another_provider_is_asked_and_its_documents_are_kept() {
    let mut house = House::new().await;
    let kept = |house: &House| -> Vec<u8> {
        house.look_up("SELECT body FROM documents WHERE name = 'discovery'")
    };
    let other = FakeGoogle::start(house.clock.clone()).await;
    let issuer = other.issuer().to_owned();
    let first = std::mem::replace(&mut house.google, other);

    reload(&house).await;

    house.google.requested(Endpoint::Keys, 1).await;
    house.sign_in(JEANNE, "").await;
    assert_eq!(first.requests(Endpoint::Token), 0);
    assert_eq!(house.google.requests(Endpoint::Token), 1);
    until("the documents of the other one are kept", || {
        String::from_utf8_lossy(&kept(&house)).contains(&issuer)
    })
    .await;
}

#[tokio::test]
async fn the_same_provider_is_not_asked_for_its_documents_again() {
    let mut house = House::new().await;
    let before = house.google.requests(Endpoint::Discovery);
    house
        .google
        .fail(Endpoint::Discovery, fakes::google::Trouble::Hang);
    house.plan().google = "prompt = \"consent\"".to_owned();
    reload(&house).await;
    let mut browser = Browser::new();
    let shown = browser.get(&house.authorization_request("")).await;
    assert!(shown.location().contains("prompt=consent"), "{shown:?}");
    assert!(before > 0);
}

#[tokio::test]
async fn another_dsm_is_asked() {
    let mut house = House::new().await;
    let other = FakeDsm::start().await;
    other.set_users([FakeUser::new("igor", UNKNOWN)]);
    house.dsm = other;
    let reloaded = reload(&house).await;
    assert_eq!(reloaded["directory"], json!({"users": 1, "error": null}));
    let (claims, _) = house.sign_in(UNKNOWN, "").await;
    assert_eq!(claims["username"], "igor");
}

#[tokio::test]
async fn a_hangup_does_the_same_and_tells_it_in_the_log() {
    let mut built = Built::new().await;
    built.house.plan().more = ALIAS.to_owned();
    built.house.write_config();
    built.process.signal(Signal::HUP);
    built.process.says("the config was read again").await;
    built.process.says("users.alias").await;
    let (claims, _) = built.house.sign_in(UNKNOWN, "").await;
    assert_eq!(claims["username"], "lea");

    built.house.plan().top = "colour = 1\nissue = 2".to_owned();
    built.house.write_config();
    built.process.signal(Signal::HUP);
    built.process.says("colour: is unknown").await;
    let log = built.process.log();
    assert!(log.contains("issue: is unknown"), "{log}");
    assert!(log.contains("keeping the previous config"), "{log}");
    built.house.sign_in(UNKNOWN, "").await;
}

#[tokio::test]
async fn the_log_follows_the_config_without_a_restart() {
    let mut built = Built::new().await;
    built.house.sign_in(JEANNE, "").await;
    assert!(!built.process.log().contains(" answered "));

    built.house.plan().more = "[log]\nlevel = \"debug\"\nfile = \"our.log\"".to_owned();
    built.house.write_config();
    let reloaded = report(&built.house, &["reload"]).await;
    assert_eq!(reloaded["changes"][0]["needs_restart"], false, "{reloaded}");
    built.house.sign_in(JEANNE, "").await;
    let log = fs::read_to_string(built.house.home.path().join("our.log")).unwrap();
    assert!(log.contains(" answered "), "{log}");
    assert!(!built.process.log().contains(" answered "));
}

#[tokio::test]
async fn a_hangup_while_it_starts_does_not_end_the_daemon() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let other = TcpListener::bind(house.address).unwrap();
    let process = spawn(&house);
    process.says("in use by another program").await;
    process.signal(Signal::HUP);
    drop(other);
    process.says("the config was read again").await;
    until("the users are kept", || house.rows("users") > 0).await;
    house.sign_in(JEANNE, "").await;
}
