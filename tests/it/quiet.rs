//! An idle hour: the disk of a NAS is meant to sleep.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan};

use crate::process::until;

const MINUTE: Duration = Duration::from_mins(1);

/// Each file of the house with its bytes, and the nanosecond in which it was
/// last written to. A database that is only read touches none.
pub(crate) fn disk(house: &House) -> BTreeMap<String, (Vec<u8>, i64, i64)> {
    let entries = fs::read_dir(house.home.path()).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    let is_index = |name: &str| name.ends_with("-shm");
    entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let metadata = entry.metadata().unwrap();
            let bytes = fs::read(entry.path()).unwrap();
            (name, (bytes, metadata.mtime(), metadata.mtime_nsec()))
        })
        // Memory that is shared, and never synced.
        .filter(|(name, _)| !is_index(name))
        .collect()
}

/// Waits for list number `lists`; a minute may be told before a job waits.
async fn users_are_read(house: &House, lists: usize) {
    until("the users are read", || {
        house.jobs().minute_passed();
        house.dsm.counts().user_lists >= lists
    })
    .await;
}

#[tokio::test]
async fn an_idle_hour_with_refreshes_that_find_nothing_new_writes_nothing() {
    let plan = Plan {
        dsm: "refresh = \"5m\"".to_owned(),
        ..Plan::default()
    };
    let mut house = House::planned(plan).await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.start().await;
    let mut lists = house.dsm.counts().user_lists;
    let before = disk(&house);
    assert!(before.contains_key("state.sqlite3"));
    assert!(before.contains_key("state.sqlite3.copy"));

    for minute in 1..=60 {
        house.clock.advance(MINUTE);
        house.jobs().minute_passed();
        if minute % 5 == 0 {
            lists += 1;
            users_are_read(&house, lists).await;
        }
        // What a health check and a browser's look ask is nothing new either.
        Browser::new().get(&house.url("/healthz")).await;
        Browser::new().get(&house.url("/keys")).await;
    }

    assert!(house.dsm.counts().user_lists >= 12);
    for (name, after) in disk(&house) {
        let same = before.get(&name).is_some_and(|before| *before == after);
        assert!(same, "{name} was written");
    }
}
