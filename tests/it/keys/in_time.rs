//! The daemon rotates the signing keys on schedule.

use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use domain::model::keys::KeyState;
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, Plan};
use fakes::time::MONDAY_MORNING;
use google_to_synology_sso::daemon::jobs::{PlannedJob, RotationError};

use super::{HOUR, states, token};
use crate::support::jwks::{names, published, signer};
use crate::support::process::until;

const DAY: Duration = Duration::from_hours(24);

async fn house(keys: &str) -> House {
    let more = format!("[keys]\n{keys}");
    let house = House::planned(Plan {
        more,
        ..Plan::default()
    });
    house.await
}

/// Runs the jobs of a minute.
async fn minutes_pass(house: &House) {
    for _ in 0..100 {
        house.jobs().minutes.passed();
        tokio::task::yield_now().await;
    }
}

async fn is_rotated(house: &House) {
    until("the next key is published", || {
        house.jobs().minutes.passed();
        states(house).contains(&KeyState::Next)
    })
    .await;
}

fn planned(house: &House) -> Option<UnixTime> {
    let planned = house.jobs().planned();
    let is_ours = |job: &&PlannedJob| job.name == "key-rotation";
    planned.iter().find(is_ours).unwrap().next
}

#[tokio::test]
async fn a_key_signs_for_as_long_as_the_config_says() {
    let house = house("rotate-after = \"30d\"").await;
    let start = house.clock.now();
    let first = signer(&token(&house).await);
    assert_eq!(planned(&house), Some(start.plus(28 * DAY)));

    house
        .clock
        .advance(27 * DAY + 23 * HOUR + Duration::from_mins(59));
    minutes_pass(&house).await;
    assert_eq!(states(&house), [KeyState::Signing]);

    house.clock.advance(Duration::from_mins(1));
    is_rotated(&house).await;
    assert_eq!(signer(&token(&house).await), first);
    let second = names(&published(&house).await)[1].to_owned();

    house.clock.advance(2 * DAY);
    minutes_pass(&house).await;
    assert_eq!(signer(&token(&house).await), second);
    assert_eq!(states(&house), [KeyState::Retired, KeyState::Signing]);
    assert_eq!(planned(&house), Some(start.plus((30 + 28) * DAY)));

    house.clock.advance(2 * DAY);
    minutes_pass(&house).await;
    assert_eq!(names(&published(&house).await), [second]);
}

#[tokio::test]
async fn keys_are_not_rotated_if_the_config_disables_it() {
    let house = house("rotate-after = \"never\"").await;
    house.clock.advance(5000 * DAY);
    minutes_pass(&house).await;
    assert_eq!(states(&house), [KeyState::Signing]);
    assert_eq!(planned(&house), None);
}

#[tokio::test]
async fn a_rotation_that_was_slept_through_is_made_once() {
    let house = house("").await;
    house.clock.advance(400 * DAY);
    is_rotated(&house).await;
    minutes_pass(&house).await;
    assert_eq!(states(&house), [KeyState::Signing, KeyState::Next]);
    assert_eq!(house.rows("signing_keys"), 2);
}

#[tokio::test]
async fn an_unconfirmed_clock_creates_no_key() {
    let house = house("").await;
    // The clock of a NAS with an empty battery is wrong; Google's time is
    // known.
    house.google.set_date_offset(-400 * 24 * 3600);
    house.clock.advance(400 * DAY);

    let refused = house.jobs().key_rotation.rotate().await.unwrap_err();
    assert!(matches!(refused, RotationError::ClockWrong(_)), "{refused}");

    house.google.set_date_offset(0);
    house.google.fail(Endpoint::Discovery, Trouble::Status(503));
    let refused = house.jobs().key_rotation.rotate().await.unwrap_err();
    assert!(
        matches!(refused, RotationError::ClockUnconfirmed(_)),
        "{refused}"
    );
    assert_eq!(states(&house), [KeyState::Signing]);

    // After the clock was set back, the rotation is not due again.
    house.google.mend(Endpoint::Discovery);
    house.clock.set(MONDAY_MORNING);
    minutes_pass(&house).await;
    assert_eq!(states(&house), [KeyState::Signing]);

    house.clock.advance(88 * DAY + HOUR);
    is_rotated(&house).await;
}
