//! An hour without requests: the disk of a NAS should be able to sleep.

use std::time::Duration;

use fakes::browser::Browser;
use fakes::house::{House, JEANNE, Plan};

use crate::support::disk::disk;
use crate::support::process::until;

const MINUTE: Duration = Duration::from_mins(1);

/// Waits for list number `lists`; the scheduler's minute may pass before the
/// job waits.
async fn users_are_read(house: &House, lists: usize) {
    until("the users are read", || {
        house.jobs().minutes.passed();
        house.dsm.counts().user_lists >= lists
    })
    .await;
}

#[tokio::test]
async fn an_idle_hour_with_unchanged_refreshes_writes_nothing() {
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
        house.jobs().minutes.passed();
        if minute % 5 == 0 {
            lists += 1;
            users_are_read(&house, lists).await;
        }
        // Health checks and requests for a page write nothing either.
        Browser::new().get(&house.url("/healthz")).await;
        Browser::new().get(&house.url("/keys")).await;
    }

    assert!(house.dsm.counts().user_lists >= 12);
    for (name, after) in disk(&house) {
        let same = before.get(&name).is_some_and(|before| *before == after);
        assert!(same, "{name} was written");
    }
}
