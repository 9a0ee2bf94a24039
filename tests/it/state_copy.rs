//! The copy of the state: complete, private, and recent.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use domain::base::clock::Clock;
use domain::model::keys::Rotation;
use fakes::house::{House, JEANNE};

use crate::support::built::state;
use crate::support::disk::copied;

const DAY: Duration = Duration::from_hours(24);

/// A different one for each copy.
fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[tokio::test]
async fn the_daily_write_leaves_a_copy_of_all_but_the_codes() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let unspent = house.code(JEANNE, "").await;
    assert_eq!(house.rows("grants"), 2);

    house.clock.advance(DAY);
    house.jobs().users.refresh().await.unwrap();

    let path = state(&house, ".copy");
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600, "{mode:o}");
    assert!(!state(&house, ".copy-unfinished").exists());
    assert!(!state(&house, ".copy-journal").exists());
    assert_eq!(copied::<String>(&house, "PRAGMA integrity_check"), "ok");
    for table in ["signing_keys", "seal_key", "users", "links", "documents"] {
        let rows = format!("SELECT count(*) FROM {table}");
        assert_eq!(copied::<i64>(&house, &rows), house.rows(table), "{table}");
    }
    assert_eq!(copied::<i64>(&house, "SELECT count(*) FROM grants"), 0);
    let refreshed = "SELECT refreshed FROM directory";
    assert_eq!(
        copied::<i64>(&house, refreshed),
        house.clock.now().seconds()
    );
    // Nor are they in free space between the rows.
    let bytes = fs::read(&path).unwrap();
    let nonce_and_more = "https://nas.example.com/";
    let found = bytes
        .windows(nonce_and_more.len())
        .any(|window| window == nonce_and_more.as_bytes());
    assert!(!found, "a grant's redirect URI is in the copy");
    // Other codes remain valid.
    assert_eq!(house.redeem(&unspent, "").await.status, 400, "a day old");
    house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn where_nothing_is_written_nothing_is_copied() {
    let house = House::new().await;
    let path = state(&house, ".copy");
    let before = inode(&path);
    house.sign_in(JEANNE, "").await;
    for _ in 0..23 {
        house.clock.advance(Duration::from_hours(1));
        house.jobs().users.refresh().await.unwrap();
    }
    assert_eq!(inode(&path), before);

    house.clock.advance(Duration::from_hours(1));
    house.jobs().users.refresh().await.unwrap();
    let renewed = inode(&path);
    assert_ne!(renewed, before);

    // Requested again without changes.
    house.bridge().store.save_copy().await;
    assert_eq!(inode(&path), renewed);
}

/// A NAS that is off every night never runs for a whole day.
#[tokio::test]
async fn a_stop_copies_what_the_day_has_brought() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    assert_eq!(copied::<i64>(&house, "SELECT count(*) FROM links"), 1);
}

#[tokio::test]
async fn a_link_that_was_removed_is_not_kept_by_the_copy() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.start().await;
    let links = "SELECT count(*) FROM links";
    assert_eq!(copied::<i64>(&house, links), 1);

    let removed = house.bridge().store.remove_links("jeanne").await.unwrap();

    assert_eq!(removed.len(), 1);
    assert_eq!(copied::<i64>(&house, links), 0);
}

/// As with a full disk: the name of the unfinished copy is taken.
#[tokio::test]
async fn a_copy_that_cannot_be_renewed_is_none() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.start().await;
    let taken = state(&house, ".copy-unfinished");
    fs::create_dir(&taken).unwrap();

    // The previous day's copy is better than none.
    house.clock.advance(DAY);
    house.jobs().users.refresh().await.unwrap();
    assert!(state(&house, ".copy").exists());

    // A copy with a removed link is worse than none.
    house.bridge().store.remove_links("jeanne").await.unwrap();
    assert!(!state(&house, ".copy").exists());

    fs::remove_dir(&taken).unwrap();
    house.clock.advance(DAY);
    house.jobs().users.refresh().await.unwrap();
    assert_eq!(copied::<i64>(&house, "SELECT count(*) FROM links"), 0);
}

#[tokio::test]
async fn the_copy_has_the_keys_that_are_published() {
    let house = House::new().await;
    let keys = "SELECT group_concat(kid) FROM (SELECT kid FROM signing_keys ORDER BY kid)";
    for (rotation, several) in [(Rotation::Announced, true), (Rotation::AtOnce, false)] {
        let now = house.clock.now();
        house.bridge().keys.rotate(now, rotation).await.unwrap();
        let expected: String = house.look_up(keys);
        assert_eq!(expected.contains(','), several, "{expected}");
        assert_eq!(copied::<String>(&house, keys), expected);
    }
    // After two rotations, the old key is gone from both.
    for _ in 0..2 {
        house.clock.advance(5 * DAY);
        let now = house.clock.now();
        let announced = house.bridge().keys.rotate(now, Rotation::Announced).await;
        announced.unwrap();
    }
    let expected: String = house.look_up(keys);
    assert_eq!(expected.matches(',').count(), 1, "{expected}");
    assert_eq!(copied::<String>(&house, keys), expected);
}
