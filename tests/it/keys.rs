//! The rotation of the signing keys, which clients do not notice.

/// Scheduled rotations.
mod in_time;

use std::fs;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use domain::model::keys::{KeyState, Rotation, RotationRefused, SigningKey};
use fakes::house::{House, JEANNE};
use google_to_synology_sso::config::Config;
use google_to_synology_sso::daemon::Daemon;
use google_to_synology_sso::machine::random::OsRandom;
use google_to_synology_sso::store::Store;
use google_to_synology_sso::store::key_ring::{KeyRing, KeyRingError};
use jiff::tz::TimeZone;
use jsonwebtoken::jwk::JwkSet;
use rusqlite::{Connection, params};
use tokio::task::JoinSet;

use crate::support::built::state;
use crate::support::jwks::{assert_verifies, names, published, signer};
use crate::support::process::until;

const HOUR: Duration = Duration::from_hours(1);

/// An ID token of now.
async fn token(house: &House) -> String {
    let code = house.code(JEANNE, "").await;
    let tokens = house.redeem(&code, "").await.json();
    tokens["id_token"].as_str().unwrap().to_owned()
}

async fn rotate(house: &House, rotation: Rotation) -> String {
    let keys = &house.bridge().keys;
    let rotated = keys.rotate(house.clock.now(), rotation).await.unwrap();
    rotated.kid.as_str().to_owned()
}

fn states(house: &House) -> Vec<KeyState> {
    let states = house.bridge().keys.list(house.clock.now());
    states.iter().map(|it| it.state).collect()
}

/// The names of all keys on disk.
fn on_disk(state: &Connection) -> Vec<String> {
    let mut statement = state.prepare("SELECT kid FROM signing_keys").unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_client_that_reads_keys_every_two_days_verifies_all_tokens() {
    let mut house = House::new().await;
    let first = signer(&token(&house).await);
    let mut looked = published(&house).await;
    house.clock.advance(HOUR);

    let second = rotate(&house, Rotation::Announced).await;

    for (hours, signing, order) in [
        (0, &first, vec![&first, &second]),
        (47, &first, vec![&first, &second]),
        (1, &second, vec![&second, &first]),
        (47, &second, vec![&second, &first]),
        (1, &second, vec![&second]),
        (500, &second, vec![&second]),
    ] {
        house.clock.advance(HOUR * hours);
        // The keys of the morning are those of the evening.
        house.stop().await;
        house.start().await;
        let now = published(&house).await;
        assert_eq!(names(&now), order, "{hours}");
        let token = token(&house).await;
        assert_eq!(signer(&token), *signing, "{hours}");
        assert_verifies(&token, &now);
        assert_verifies(&token, &looked);
        looked = now;
    }
}

/// The attacker has the state, including the announced key.
#[tokio::test]
async fn at_once_a_new_key_signs_and_stolen_keys_are_gone() {
    let mut house = House::new().await;
    let before = token(&house).await;
    let announced = rotate(&house, Rotation::Announced).await;
    let stolen: Vec<u8> = house.look_up("SELECT pkcs8 FROM signing_keys LIMIT 1");
    let has_stolen_key = |file: &str| {
        let bytes = fs::read(state(&house, file)).unwrap_or_default();
        bytes.windows(64).any(|bytes| stolen.starts_with(bytes))
    };
    assert!(has_stolen_key("") || has_stolen_key("-wal"));

    let new = rotate(&house, Rotation::AtOnce).await;

    for file in ["", "-wal", ".copy"] {
        assert!(!has_stolen_key(file), "{file}");
    }
    assert!(new != announced && new != signer(&before));
    for restarts in 0..2 {
        let after = token(&house).await;
        let keys = published(&house).await;
        assert_eq!(names(&keys), [&new], "{restarts}");
        assert_verifies(&after, &keys);
        assert_eq!(on_disk(&house.state()), std::slice::from_ref(&new));
        let copy = Connection::open(state(&house, ".copy")).unwrap();
        assert_eq!(on_disk(&copy), std::slice::from_ref(&new));
        house.stop().await;
        house.start().await;
    }
}

#[tokio::test]
async fn a_state_that_is_gone_is_not_changed_and_keeps_its_copy() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.bridge().store.save_copy().await;
    fs::rename(state(&house, ""), state(&house, ".elsewhere")).unwrap();

    let keys = &house.bridge().keys;
    let error = keys.rotate(house.clock.now(), Rotation::AtOnce).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("was deleted or replaced"), "{error}");
    let store = &house.bridge().store;
    let error = store.remove_links("jeanne").await.unwrap_err().to_string();
    assert!(error.contains("was deleted or replaced"), "{error}");

    let copy = Connection::open(state(&house, ".copy")).unwrap();
    assert_eq!(on_disk(&copy).len(), 1);
}

#[tokio::test]
async fn a_key_is_announced_once() {
    let house = House::new().await;
    let second = rotate(&house, Rotation::Announced).await;
    house.clock.advance(HOUR);
    let keys = &house.bridge().keys;

    let now = house.clock.now();
    let refused = keys.rotate(now, Rotation::Announced).await.unwrap_err();
    let KeyRingError::Refused(RotationRefused::UnderWay { kid, signs_from }) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(kid.as_str(), second);
    assert_eq!(*signs_from, now.plus(HOUR * 47));
    let told = refused.to_string();
    assert!(told.contains("from 2026-03-04T06:30:00Z on"), "{told}");

    assert_eq!(states(&house), [KeyState::Signing, KeyState::Next]);
}

#[tokio::test]
async fn two_rotations_at_once_come_one_after_the_other() {
    let house = House::new().await;
    let (keys, now) = (&house.bridge().keys, house.clock.now());

    let (one, other) = tokio::join!(
        keys.rotate(now, Rotation::Announced),
        keys.rotate(now, Rotation::Announced)
    );
    let (done, refused) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    let second = done.unwrap().kid;
    let refused = refused.unwrap_err();
    let named = RotationRefused::UnderWay {
        kid: second,
        signs_from: now.plus(HOUR * 48),
    };
    assert_eq!(refused.to_string(), named.to_string());
    assert_eq!(house.rows("signing_keys"), 2);

    // Each creates a key, and the last one remains.
    let hurry = || keys.rotate(now, Rotation::AtOnce);
    let (a, b, c) = tokio::join!(hurry(), hurry(), hurry());
    let signed = [a, b, c].map(|rotated| rotated.unwrap());
    assert!(signed.iter().all(|it| it.state == KeyState::Signing));
    assert_eq!(house.rows("signing_keys"), 1);
    let last = keys.signing(now).kid().clone();
    assert!(signed.iter().any(|it| it.kid == last));
    assert_eq!(names(&published(&house).await), [last.as_str()]);
}

#[tokio::test]
async fn users_who_sign_in_during_a_rotation_get_in() {
    let house = Arc::new(House::new().await);
    let first = signer(&token(&house).await);
    let mut family = JoinSet::new();
    for _ in 0..20 {
        let house = Arc::clone(&house);
        family.spawn(async move { token(&house).await });
    }
    let before = published(&house).await;
    let second = rotate(&house, Rotation::AtOnce).await;
    let after = published(&house).await;
    for token in family.join_all().await {
        let signer = signer(&token);
        assert!([&first, &second].contains(&&signer));
        let keys = if signer == first { &before } else { &after };
        assert_verifies(&token, keys);
    }
}

/// The state that a power cut would leave at this moment.
fn after_a_power_cut(house: &House) -> (tempfile::TempDir, Connection) {
    let elsewhere = tempfile::tempdir().unwrap();
    for file in ["state.sqlite3", "state.sqlite3-wal"] {
        fs::copy(house.home.path().join(file), elsewhere.path().join(file)).unwrap();
    }
    let state = Connection::open(elsewhere.path().join("state.sqlite3")).unwrap();
    (elsewhere, state)
}

#[tokio::test]
async fn a_published_key_outlives_a_power_cut() {
    let house = House::new().await;
    for rotation in [Rotation::Announced, Rotation::AtOnce, Rotation::AtOnce] {
        let (keys, now) = (house.bridge().keys.clone(), house.clock.now());
        let before = keys.jwks(now);
        let mut rotating = JoinSet::new();
        let ring = keys.clone();
        rotating.spawn(async move { ring.rotate(now, rotation).await });
        until("something else is published", || keys.jwks(now) != before).await;
        let (_elsewhere, kept) = after_a_power_cut(&house);
        let kept = on_disk(&kept);
        for published in keys.list(now) {
            assert!(kept.iter().any(|kept| kept == published.kid.as_str()));
        }
    }
    assert_eq!(house.rows("signing_keys"), 1);
}

#[tokio::test]
async fn a_key_that_cannot_be_saved_is_not_published_and_not_used() {
    let house = House::new().await;
    let before = published(&house).await;
    let full = "CREATE TRIGGER full BEFORE INSERT ON signing_keys
                BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    house.state().execute_batch(full).unwrap();
    let (keys, now) = (&house.bridge().keys, house.clock.now());
    for rotation in [Rotation::Announced, Rotation::AtOnce] {
        let failed = keys.rotate(now, rotation).await.unwrap_err();
        assert!(matches!(failed, KeyRingError::Store(_)), "{failed:?}");
        assert_eq!(published(&house).await, before);
        assert_verifies(&token(&house).await, &before);
    }
    assert_eq!(house.rows("signing_keys"), 1);

    house.state().execute_batch("DROP TRIGGER full").unwrap();
    rotate(&house, Rotation::Announced).await;
    assert_eq!(names(&published(&house).await).len(), 2);
}

#[tokio::test]
async fn a_rotation_completes_after_its_caller_has_gone() {
    let house = House::new().await;
    let (keys, now) = (&house.bridge().keys, house.clock.now());
    tokio::select! {
        biased;
        _ = keys.rotate(now, Rotation::Announced) => panic!("a key was there at once"),
        () = ready(()) => {}
    }
    until("the key is published", || keys.list(now).len() == 2).await;
    assert_eq!(house.rows("signing_keys"), 2);
}

#[tokio::test]
async fn a_withdrawn_key_is_deleted_with_the_next_rotation_only() {
    let mut house = House::new().await;
    let first = rotate(&house, Rotation::Announced).await;
    house.clock.advance(HOUR * 500);
    house.stop().await;
    house.start().await;
    token(&house).await;
    assert_eq!(names(&published(&house).await), [&first]);
    assert_eq!(house.rows("signing_keys"), 2);

    let second = rotate(&house, Rotation::Announced).await;

    let mut left = on_disk(&house.state());
    left.sort();
    let mut expected = vec![first, second];
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_clock_that_was_set_back_finds_a_key_that_signs() {
    let house = House::new().await;
    rotate(&house, Rotation::Announced).await;
    house.clock.set(0);
    let keys = &house.bridge().keys;
    let now = house.clock.now();
    assert_eq!(states(&house), [KeyState::Signing, KeyState::Next]);
    let jwks: JwkSet = serde_json::from_slice(&keys.jwks(now)).unwrap();
    assert_eq!(names(&jwks)[0], keys.signing(now).kid().as_str());
}

/// Returns the error of a failed start.
async fn refusal_to_start(house: &House) -> String {
    let config = Config::load(&house.write_config()).unwrap();
    let random = Arc::new(OsRandom::default());
    let started = Daemon::prepare(config, house.clock.clone(), random, TimeZone::UTC).await;
    format!("{:#}", started.unwrap_err())
}

#[tokio::test]
async fn a_kept_key_that_cannot_be_used_is_named() {
    for damage in [
        "UPDATE signing_keys SET pkcs8 = x'30' WHERE kid = ?1",
        "UPDATE signing_keys SET pkcs8 = substr(pkcs8, 1, 600) WHERE kid = ?1",
        // A valid key, but another one.
        "UPDATE signing_keys SET pkcs8 =
             (SELECT pkcs8 FROM signing_keys WHERE kid <> ?1) WHERE kid = ?1",
    ] {
        let mut house = House::new().await;
        let next = rotate(&house, Rotation::Announced).await;
        house.stop().await;
        house.state().execute(damage, [&next]).unwrap();
        let told = refusal_to_start(&house).await;
        let expected = format!("cannot use the saved signing key {next}: the key is damaged");
        assert_eq!(told, expected, "{damage}");
        // No key was created in its place.
        assert_eq!(house.rows("signing_keys"), 2);
    }
}

#[tokio::test]
async fn the_key_of_a_state_without_rotation_goes_on_signing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("state.sqlite3");
    let pkcs8 = SigningKey::generate().unwrap();
    let kid = SigningKey::from_pkcs8(&pkcs8).unwrap().kid().clone();
    let created = UnixTime::from_seconds(1_700_000_000);
    let before = Connection::open(&path).unwrap();
    let first = include_str!("../../src/store/migrations/001_first_login.sql");
    before.execute_batch(first).unwrap();
    let keep = "INSERT INTO signing_keys (kid, pkcs8, created) VALUES (?1, ?2, ?3)";
    let values = params![kid.as_str(), pkcs8.expose(), created.seconds()];
    before.execute(keep, values).unwrap();
    before.pragma_update(None, "user_version", 1).unwrap();
    before.close().unwrap();

    let store = Arc::new(Store::open(&path, created).unwrap());
    let now = created.plus(HOUR * 1000);
    let keys = KeyRing::open(Arc::clone(&store), now).await.unwrap();

    let [key] = &keys.list(now)[..] else { panic!() };
    assert_eq!(key.kid, kid);
    assert_eq!(key.state, KeyState::Signing);
    assert_eq!((key.created, key.signs_from), (created, created));
    assert_eq!(key.gone_after, None);
    store.close();
}
