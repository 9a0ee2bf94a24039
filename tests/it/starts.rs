//! The first line of a log has the reason of the start, and how long the daemon
//! was away.

use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use fakes::house::{House, JEANNE};
use google_to_synology_sso::daemon::lifecycle::start::{Circumstances, Start};
use google_to_synology_sso::store::{LastRun, ShutdownMarker, Store};
use rustix::process::Signal;

use crate::support::built::{Built, state};

const NIGHT: Duration = Duration::from_hours(9);
const DAY: Duration = Duration::from_hours(24);

/// Starts the daemon of `house` and returns the reason that it logs.
async fn start(house: &House) -> (Start, Option<LastRun>) {
    let store = Store::open(&state(house, ""), house.clock.now()).unwrap();
    let last_run = store.last_run().await.unwrap();
    let loss = store.loss();
    store.close();
    let circumstances = Circumstances {
        now: house.clock.now(),
        last_run,
        loss,
        machine_on_for: house.clock.machine_on_for(),
        scheduled_power_on: None,
    };
    (Start::under(&circumstances), last_run)
}

#[tokio::test]
async fn the_log_tells_a_first_start_a_restart_and_a_crash() {
    let mut built = Built::new().await;
    built.process.says("starting start=\"first start\"").await;
    built.house.sign_in(JEANNE, "").await;
    built.process.signal(Signal::TERM);
    built.process.ended().await;

    built.start();
    built.process.says("starting start=restart away=").await;

    // Nothing was written, but the reason is known.
    built.power_cut();
    let crash = "nothing that was confirmed before is lost start=\"after a crash\"";
    built.process.says(crash).await;
    assert_eq!(built.process.log().matches("starting").count(), 3);
}

#[tokio::test]
async fn the_log_tells_of_a_clock_that_went_back() {
    let mut built = Built::new().await;
    built.process.signal(Signal::TERM);
    built.process.ended().await;
    let ahead = "UPDATE presence SET seen = seen + 7320";
    built.house.state().execute_batch(ahead).unwrap();

    built.start();

    built.process.says("Control Panel > Regional Options").await;
    let log = built.process.log();
    assert!(log.contains("start=\"clock wrong\" behind=\"2h "), "{log}");
}

#[tokio::test]
async fn a_stop_is_a_stop_however_long_the_night() {
    let mut house = House::new().await;
    house.clock.advance(Duration::from_hours(16));
    let evening = house.clock.now();
    house.stop().await;
    house.clock.advance(NIGHT);

    let (restart, last_run) = start(&house).await;

    assert_eq!(restart, Start::Restart);
    let stopped = LastRun {
        seen: evening,
        presence: ShutdownMarker::Stopped,
    };
    assert_eq!(last_run, Some(stopped));
    house.clock.switch_on();
    assert_eq!(start(&house).await.0, Start::PowerOn);
}

/// The journal may have been removed by a program that opened the state.
#[tokio::test]
async fn a_run_that_wrote_that_it_goes_on_did_not_stop() {
    let house = House::new().await;
    house.clock.advance(DAY);
    house.jobs().users.refresh().await.unwrap();
    let seen = house.clock.now();
    house.clock.advance(NIGHT);
    let running = house.look_up("SELECT seen FROM presence WHERE stopped = 0");
    assert_eq!(UnixTime::from_seconds(running), seen);

    house.clock.advance(NIGHT);
    house.sign_in(JEANNE, "").await;
    let signed_in = house.clock.now();
    let last_run = house.bridge().store.last_run().await.unwrap().unwrap();
    assert_eq!(last_run.seen, signed_in, "a login shows that it ran");
    assert_eq!(last_run.presence, ShutdownMarker::Running);
}
