//! The state on disk: private, complete, and rarely written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use domain::base::clock::UnixTime;
use fakes::browser::Browser;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE};
use fakes::time::MONDAY_MORNING;
use google_to_synology_sso::config::Config;
use google_to_synology_sso::daemon::Daemon;
use google_to_synology_sso::machine::random::OsRandom;
use google_to_synology_sso::store::{Store, StoreError};
use jiff::tz::TimeZone;
use rusqlite::Connection;

/// A Google account that DSM does not know.
const STRANGER: &str = "inconnu@gmail.com";

const NOW: UnixTime = UnixTime::from_seconds(MONDAY_MORNING);

/// The path of the state, or of a file next to it.
fn state(house: &House, suffix: &str) -> PathBuf {
    house.home.path().join(format!("state.sqlite3{suffix}"))
}

/// The number of transactions in the journal since it was begun. A frame that
/// ends one contains the size of the database after it
/// (<https://sqlite.org/fileformat2.html#the_write_ahead_log>). Reads write no
/// frame.
fn commits(house: &House) -> usize {
    let journal = fs::read(state(house, "-wal")).unwrap_or_default();
    if journal.is_empty() {
        return 0;
    }
    let page = u32::from_be_bytes(journal[8..12].try_into().unwrap());
    let salts = &journal[16..24];
    journal[32..]
        .chunks_exact(24 + usize::try_from(page).unwrap())
        .take_while(|frame| &frame[8..16] == salts)
        .filter(|frame| frame[4..8] != [0; 4])
        .count()
}

/// A house that was restarted: its jobs find nothing new, so later writes are
/// caused by requests.
async fn settled_house() -> House {
    let mut house = House::new().await;
    house.stop().await;
    house.start().await;
    assert_eq!(commits(&house), 0);
    house
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn the_files_are_their_owners_alone() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let metadata = fs::metadata(state(&house, suffix)).unwrap();
        let mode = metadata.permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "state.sqlite3{suffix}: {mode:o}");
    }
}

#[tokio::test]
async fn the_state_contains_no_code_and_no_token() {
    let mut house = House::new().await;
    let fresh = house.code(JEANNE, "").await;
    let spent = house.code(JEANNE, "").await;
    let tokens = house.redeem(&spent, "").await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let signature = id_token.rsplit('.').next().unwrap();

    let mut bytes = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        bytes.extend(fs::read(state(&house, suffix)).unwrap());
    }
    house.stop().await;
    bytes.extend(fs::read(state(&house, "")).unwrap());

    for secret in [
        &fresh,
        &spent,
        access_token,
        signature,
        CLIENT_SECRET_OF_DSM,
    ] {
        assert!(!holds(&bytes, secret.as_bytes()), "{secret}");
        let raw = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret);
        assert!(!raw.is_ok_and(|raw| holds(&bytes, &raw)), "{secret}");
    }
    // The right place was searched: the hashes are there.
    for secret in [&fresh, &spent, access_token] {
        assert!(holds(&bytes, digest(&SHA256, secret.as_bytes()).as_ref()));
    }
    assert!(holds(&bytes, JEANNE.as_bytes()));
}

#[tokio::test]
async fn a_login_is_two_commits() {
    let house = settled_house().await;
    let shown = house.arrive(&mut Browser::new(), STRANGER, "").await;
    assert_eq!(shown.status, 403);
    assert_eq!(commits(&house), 0);
    let code = house.code(JEANNE, "").await;
    assert_eq!(commits(&house), 1);
    // The refusal before it and the sign-in are saved in the same two.
    assert_eq!((house.rows("refusals"), house.rows("sign_ins")), (1, 0));
    let tokens = house.redeem(&code, "").await.json();
    assert_eq!(commits(&house), 2);
    assert_eq!(house.rows("sign_ins"), 1);
    let access_token = tokens["access_token"].as_str().unwrap();
    house.userinfo(access_token).await;
    house.userinfo(access_token).await;
    assert_eq!(commits(&house), 2);

    // Expired rows are deleted in the same transactions.
    house.clock.advance(Duration::from_hours(2));
    house.sign_in(JEANNE, "").await;
    assert_eq!(commits(&house), 4);
    assert_eq!(house.rows("grants"), 1);
}

#[tokio::test]
async fn a_strangers_request_writes_nothing() {
    let house = settled_house().await;
    let mut stranger = Browser::new();
    let callback = house.choose(&mut stranger, STRANGER, "").await;
    assert_eq!(stranger.get(&callback).await.status, 403);
    for path in [
        "/",
        "/nothing",
        "/auth",
        "/callback?code=x&state=y",
        "/keys",
        "/healthz",
        "/userinfo",
    ] {
        stranger.get(&house.url(path)).await;
    }
    stranger.get(&house.authorization_request("")).await;
    stranger.post(&house.url("/token"), "code=x").await;
    house.redeem("nobody-granted-this", "").await;
    house.userinfo("nobody-gave-this").await;
    assert_eq!(commits(&house), 0);
    assert_eq!(house.rows("grants"), 0);
}

#[tokio::test]
async fn expired_rows_are_deleted_with_the_next_login_only() {
    let mut house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    assert_eq!(house.rows("grants"), 2);

    house.clock.advance(Duration::from_secs(61));
    house.redeem(&code, "&code_verifier=spends-nothing").await;
    let users = house.jobs().users.refresh().await.unwrap();
    assert!(!users.changed);
    assert_eq!(house.rows("grants"), 2);

    // The next login deletes expired unused codes, and keeps used ones.
    house.plan().warmed_up = false;
    let (_, second) = house.sign_in("paul@example.com", "").await;
    assert_eq!(house.userinfo(&token).await.status, 200);

    // Much later, after a restart, all of it is still there.
    house.clock.advance(Duration::from_hours(2));
    house.stop().await;
    house.start().await;
    house.jobs().minutes.passed();
    assert_eq!(house.userinfo(&token).await.status, 401);
    assert_eq!(house.userinfo(&second).await.status, 401);
    assert!(house.rows("grants") > 1);

    house.code(JEANNE, "").await;
    assert_eq!(house.rows("grants"), 1);
}

#[tokio::test]
async fn a_restart_keeps_what_was_granted_and_what_was_used() {
    let mut house = House::new().await;
    let fresh = house.code(JEANNE, "").await;
    let used = house.code(JEANNE, "").await;
    let token = house.redeem(&used, "").await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    house.stop().await;
    house.start().await;
    assert_eq!(house.redeem(&fresh, "").await.status, 200);
    assert_eq!(house.redeem(&used, "").await.status, 400);
    assert_eq!(house.userinfo(&token).await.status, 401);
}

#[tokio::test]
async fn a_second_daemon_on_the_same_state_is_refused() {
    let mut house = House::new().await;
    let config = || Config::load(&house.write_config()).unwrap();
    let random = || Arc::new(OsRandom::default());
    let second = Daemon::prepare(config(), house.clock.clone(), random(), TimeZone::UTC).await;
    let error = format!("{:#}", second.unwrap_err());
    assert!(error.contains("in use by another daemon"), "{error}");
    // The first daemon is not affected.
    house.sign_in(JEANNE, "").await;

    house.stop().await;
    let path = state(&house, "");
    let open = Store::open(&path, NOW).unwrap();
    let error = Store::open(&path, NOW).unwrap_err();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    // A closed store stays closed for all its handles.
    open.close();
    Store::open(&path, NOW).unwrap();
}

fn version(path: &Path) -> i64 {
    let state = Connection::open(path).unwrap();
    let read = |row: &rusqlite::Row<'_>| row.get(0);
    state.query_row("PRAGMA user_version", [], read).unwrap()
}

#[tokio::test]
async fn the_state_begins_from_nothing() {
    let home = tempfile::tempdir().unwrap();
    let nothing = home.path().join("nothing");
    let empty = home.path().join("empty");
    fs::write(&empty, "").unwrap();
    for path in [nothing, empty] {
        for _ in 0..2 {
            let store = Store::open(&path, NOW).unwrap();
            assert!(store.signing_keys().await.unwrap().is_empty());
            assert!(store.directory().await.unwrap().is_none());
            assert!(store.documents().await.unwrap().is_empty());
            store.close();
            assert!(store.answers().await.is_err());
            assert!(version(&path) > 0);
            // The journal was checkpointed and removed.
            assert!(!path.with_extension("-wal").exists());
        }
    }
}

#[tokio::test]
async fn the_state_of_a_newer_release_is_refused_and_left_alone() {
    for journal in ["WAL", "DELETE"] {
        let mut house = House::new().await;
        house.sign_in(JEANNE, "").await;
        house.stop().await;
        let path = state(&house, "");
        let newer = Connection::open(&path).unwrap();
        newer
            .execute_batch(&format!(
                "PRAGMA journal_mode = {journal};
                 PRAGMA user_version = 1000;
                 CREATE TABLE later (x);"
            ))
            .unwrap();
        newer.close().unwrap();
        let before = fs::read(&path).unwrap();

        let error = Store::open(&path, NOW).unwrap_err();
        assert!(matches!(
            error,
            StoreError::Newer {
                found: 1000,
                known: 1..1000,
                ..
            }
        ));
        let sentence = error.to_string();
        assert!(sentence.contains("version 1000"), "{sentence}");
        assert!(sentence.contains("install the newer release"), "{sentence}");
        assert!(fs::read(&path).unwrap() == before, "{journal}: rewritten");
    }
}

#[tokio::test]
async fn an_invalid_state_file_is_rejected() {
    let home = tempfile::tempdir().unwrap();
    let error = Store::open(home.path(), NOW).unwrap_err();
    assert!(matches!(error, StoreError::Directory(_)), "{error}");
    assert!(error.to_string().contains("storage.path names a file"));

    let error = Store::open(&home.path().join("gone/state"), NOW).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error}");
}
