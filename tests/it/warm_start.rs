//! The NAS is off at night. In the morning the daemon starts before the
//! network, Google and DSM, and uses yesterday's data.

use std::fs;
use std::time::Duration;

use domain::base::clock::Clock;
use fakes::browser::{Browser, Shown};
use fakes::dsm::{Api, FakeDsm, Instead};
use fakes::google::{Endpoint, FakeGoogle, Trouble};
use fakes::house::{House, JEANNE, Plan};
use rustix::process::Signal;

use crate::support::built::{Built, state};
use crate::support::process::until;
use crate::support::timers::out_of_patience;

const NIGHT: Duration = Duration::from_hours(9);
const DAY: Duration = Duration::from_hours(24);

/// How long the fake Google's discovery document is fresh.
const DISCOVERY_LIFE: Duration = Duration::from_hours(1);

#[tokio::test]
async fn yesterdays_state_serves_before_the_network_is_up() {
    let mut built = Built::new().await;
    let keys = built.keys().await;
    let authorization = format!("{}/o/oauth2/v2/auth?", built.house.google.issuer());
    built.process.signal(Signal::TERM);
    built.process.ended().await;
    // Dropped servers refuse connections.
    built.house.google = FakeGoogle::start(built.house.clock.clone()).await;
    built.house.dsm = FakeDsm::start().await;

    built.start_as_configured();

    let discovery = built.get("/.well-known/openid-configuration").await;
    assert_eq!(discovery.json()["issuer"], built.house.issuer());
    assert_eq!(built.keys().await, keys);
    let request = built.house.authorization_request("");
    let sent = Browser::new().get(&request).await;
    assert!(sent.location().starts_with(&authorization), "{sent:?}");
}

#[tokio::test]
async fn a_login_is_finished_while_dsm_and_googles_documents_hang() {
    let mut house = House::new().await;
    let yesterday = house.sign_in(JEANNE, "").await.0;
    switched_off(&mut house, NIGHT).await;
    google_is_gone(&house, &Trouble::Hang);
    house.google.mend(Endpoint::Token);
    house.dsm.always(Api::SignIn, Instead::Hang);

    house.start().await;

    let today = house.sign_in(JEANNE, "").await.0;
    assert_eq!(today["sub"], yesterday["sub"]);
    assert_eq!(today["username"], "jeanne");
    assert_eq!(house.dsm.counts().user_lists, 2, "both of yesterday");
    house.stop().await;
}

#[tokio::test]
async fn a_login_begun_in_the_evening_is_too_old_in_the_morning() {
    let mut house = House::new().await;
    let mut browser = Browser::new();
    let back = house.choose(&mut browser, JEANNE, "").await;
    switched_off(&mut house, NIGHT).await;
    house.start().await;
    assert_eq!(browser.get(&back).await.status, 400);
}

#[tokio::test]
async fn the_first_start_of_all_waits_for_dsm() {
    let mut house = House::planned(cold()).await;
    house.dsm.always(Api::Users, Instead::Status(503));
    house.stop().await;
    forget(&house);
    house.start().await;

    let refused = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_is_stale(&refused);
    assert_eq!(house.rows("grants"), 0);

    house.dsm.as_usual(Api::Users);
    house.jobs().users.refresh().await.unwrap();
    house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn the_first_start_of_all_needs_google_once() {
    let mut house = House::planned(cold()).await;
    google_is_gone(&house, &Trouble::Status(503));
    house.stop().await;
    forget(&house);
    house.start().await;

    let request = house.authorization_request("");
    let failed = Browser::new().get(&request).await;
    assert_eq!(failed.status, 502);

    google_is_back(&house);
    house.bridge().upstream.refresh().await.unwrap();
    assert_eq!(Browser::new().get(&request).await.status, 303);
}

#[tokio::test]
async fn dsm_and_google_are_found_again_without_a_login() {
    let mut house = House::planned(cold()).await;
    house.stop().await;
    forget(&house);
    house
        .google
        .fail_once(Endpoint::Discovery, Trouble::Status(503));
    house.dsm.next(Api::SignIn, Instead::Html);

    house.start().await;

    until("both are asked again", || {
        house.rows("users") > 0 && house.rows("documents") == 2
    })
    .await;
}

#[tokio::test]
async fn googles_documents_serve_for_a_week_past_their_end() {
    let mut house = House::new().await;
    house.stop().await;
    google_is_gone(&house, &Trouble::Status(503));
    house.clock.advance(DISCOVERY_LIFE + 7 * DAY);
    house.plan().warmed_up = false;
    house.start().await;
    let request = house.authorization_request("");
    assert_eq!(Browser::new().get(&request).await.status, 303);

    house.stop().await;
    house.clock.advance(Duration::from_secs(1));
    house.start().await;
    assert_eq!(Browser::new().get(&request).await.status, 502);

    google_is_back(&house);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(Browser::new().get(&request).await.status, 303);
}

#[tokio::test]
async fn after_a_long_absence_old_users_wait_for_a_refresh() {
    for (absence, trusted) in [(7 * DAY, true), (7 * DAY + Duration::from_secs(1), false)] {
        let mut house = House::new().await;
        switched_off(&mut house, absence).await;
        house.dsm.always(Api::Users, Instead::Hang);
        house.start().await;

        if trusted {
            house.sign_in(JEANNE, "").await;
            continue;
        }
        assert_is_stale(&out_of_patience(&house, JEANNE).await);
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        house.dsm.as_usual(Api::Users);
        house.dsm.release();
        house.jobs().users.refresh().await.unwrap();
        house.sign_in(JEANNE, "").await;
    }
}

#[tokio::test]
async fn how_fresh_everything_was_is_on_disk_after_a_stop() {
    let mut house = House::new().await;
    house.clock.advance(Duration::from_hours(5));
    house.jobs().users.refresh().await.unwrap();
    house.bridge().upstream.refresh().await.unwrap();
    let now = house.clock.now().seconds();
    assert!(users_fresh(&house) < now, "nothing has changed");

    house.stop().await;

    assert_eq!(users_fresh(&house), now);
    assert_eq!(documents_fresh(&house), now);
}

#[tokio::test]
async fn googles_documents_lose_a_day_at_most_in_a_power_cut() {
    let house = House::new().await;
    house.clock.advance(DAY);
    house.bridge().upstream.refresh().await.unwrap();
    house.jobs().users.refresh().await.unwrap();
    assert_eq!(documents_fresh(&house), house.clock.now().seconds());
}

fn cold() -> Plan {
    Plan {
        warmed_up: false,
        ..Plan::default()
    }
}

/// Reserves the port and removes the state.
fn forget(house: &House) {
    for suffix in ["", "-wal", "-shm", ".lock", ".copy"] {
        drop(fs::remove_file(state(house, suffix)));
    }
}

fn assert_is_stale(shown: &Shown) {
    assert_eq!(shown.status, 503);
    assert_eq!(shown.refusal(), Some("directory-stale"));
    assert!(!shown.header("retry-after").is_empty());
}

const ENDPOINTS: [Endpoint; 3] = [Endpoint::Discovery, Endpoint::Keys, Endpoint::Token];

/// Switches the NAS off; at the next start no documents are fetched before the
/// daemon serves.
async fn switched_off(house: &mut House, absence: Duration) {
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    house.stop().await;
    house.clock.advance(absence);
    house.plan().warmed_up = false;
}

fn google_is_gone(house: &House, how: &Trouble) {
    for endpoint in ENDPOINTS {
        house.google.fail(endpoint, how.clone());
    }
}

fn google_is_back(house: &House) {
    for endpoint in ENDPOINTS {
        house.google.mend(endpoint);
    }
}

/// The time of the users on disk.
fn users_fresh(house: &House) -> i64 {
    house.look_up("SELECT refreshed FROM directory")
}

/// The time of Google's documents on disk, that of the older one.
fn documents_fresh(house: &House) -> i64 {
    house.look_up("SELECT min(fetched) FROM documents")
}
