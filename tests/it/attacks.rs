//! Attacks that were once possible, one in each test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use domain::base::clock::Clock;
use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan, by_name, family};
use rusqlite::Connection;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::support::server::serve_with;
use crate::support::token::{error, invalid_grant};

/// A user is disabled in DSM while the disk is full. The list on disk is then
/// still yesterday's, and a restart must not use it as today's.
#[tokio::test]
async fn a_user_disabled_while_the_disk_was_full_stays_refused() {
    let mut house = House::new().await;
    let mut users = family();
    by_name(&mut users, "jeanne").expired = Some("now".into());
    house.dsm.set_users(users);

    let state = Connection::open(house.home.path().join("state.sqlite3")).unwrap();
    let full = "CREATE TRIGGER full BEFORE DELETE ON users
                BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    state.execute_batch(full).unwrap();
    house.jobs().users.refresh().await.unwrap_err();
    state.execute_batch("DROP TRIGGER full").unwrap();

    // DSM continues to return this list until the restart.
    assert!(!house.jobs().users.refresh().await.unwrap().changed);
    house.stop().await;
    house.plan().warmed_up = false;
    house.dsm.set_users(Vec::new());
    house.start().await;
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.refusal(), Some("account-disabled"), "{shown:?}");
}

/// DSM ignores the case of an account name, so the config may spell it
/// differently from the user list.
#[tokio::test]
async fn a_shared_address_never_signs_in_as_the_reader_account() {
    let house = House::planned(Plan {
        account: "SSO-Reader".to_owned(),
        ..Plan::default()
    })
    .await;
    let mut users = family();
    by_name(&mut users, "sso-reader").email = Some(JEANNE.into());
    house.dsm.set_users(users.clone());
    house.jobs().users.refresh().await.unwrap();
    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], "jeanne");

    by_name(&mut users, "jeanne").expired = Some("now".into());
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.refusal(), Some("account-disabled"), "{shown:?}");
}

/// A client with the smallest receive window sends requests and reads no
/// response. 512 such clients would take all connections.
#[tokio::test]
async fn a_client_that_never_reads_is_disconnected() {
    let house = House::new().await;
    let (address, _serving) = serve_with(&house, Duration::from_millis(100)).await;
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.set_recv_buffer_size(1).unwrap();
    let mut deaf = deaf.connect(address).await.unwrap();
    let requests = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let hung_up = async { while deaf.write_all(requests.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_mins(2), hung_up)
        .await
        .expect("it keeps its place");
}

/// A NAS starts with a clock that is days fast, and is then corrected. Codes
/// and tokens granted before must not be valid for days.
#[tokio::test]
async fn a_clock_set_back_prolongs_neither_code_nor_token() {
    let house = House::new().await;
    let right = house.clock.now().seconds();
    let old_code = house.code(JEANNE, "").await;
    let (_, old_token) = house.sign_in(JEANNE, "").await;
    house.clock.set(right - 600);
    house.jobs().users.refresh().await.unwrap();
    assert_eq!(house.userinfo(&old_token).await.status, 401);
    let refused = house.redeem(&old_code, "").await;
    assert_eq!(error(&refused), invalid_grant());

    // Small corrections by NTP have no effect.
    let code = house.code(JEANNE, "").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    house.clock.set(right - 600 - 240);
    assert_eq!(house.redeem(&code, "").await.status, 200);
    assert_eq!(house.userinfo(&token).await.status, 200);
}

/// Each parameter uses far more memory than its two bytes.
#[tokio::test]
async fn a_request_with_more_than_64_parameters_is_rejected() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let callback = house.choose(&mut browser, JEANNE, "").await;
    let begun = browser.clone();
    for (method, url) in [
        ("GET", house.authorization_request("")),
        ("POST", house.url("/auth")),
        ("GET", callback.clone()),
        ("POST", house.url("/token")),
        ("POST", house.url("/userinfo")),
    ] {
        let many = "a&".repeat(65);
        let (url, form) = match method {
            "GET" => (format!("{url}&{many}"), None),
            _ => (url, Some(many.as_str())),
        };
        let shown = browser.send(method, &url, form).await;
        assert_eq!(shown.status, 400, "{method} {url}");
        assert!(!shown.headers.contains_key("location"), "{method} {url}");
    }
    // The callback ended the login in its browser, like any other.
    assert!(browser.cookies.is_empty());

    let of_google = callback.split('&').count();
    let url = format!("{callback}&{}", "a&".repeat(64 - of_google));
    let arrived = begun.clone().get(&url).await;
    assert!(arrived.answered("code").is_some(), "{arrived:?}");
}

/// The state contains the signing key: anyone who can read it can sign in as
/// anyone. A restore by `cp` leaves a file that everyone can read.
#[tokio::test]
async fn a_state_that_others_can_read_is_closed_to_them() {
    let mut house = House::new().await;
    house.stop().await;
    let state = house.home.path().join("state.sqlite3");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o644)).unwrap();
    house.start().await;
    house.sign_in(JEANNE, "").await;
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("{}{suffix}", state.display());
        let mode = fs::metadata(&name).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{name}: {mode:o}");
    }
}
