//! The power schedule decides when the jobs run.

use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use fakes::dsm::{Api, Instead};
use fakes::google::Endpoint;
use fakes::house::{House, JEANNE, Plan};
use fakes::time::MONDAY_MORNING;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::time::timeout;

use crate::support::disk::copied;
use crate::support::process::until;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A NAS that is off from 23:00 to 07:00, and reads its users every `refresh`.
async fn house(refresh: &str) -> House {
    let mut house = House::planned(Plan {
        dsm: format!("refresh = {refresh:?}\nmax-age = \"90d\""),
        ..Plan::default()
    })
    .await;
    house.stop().await;
    house.time_zone = paris();
    house.start().await;
    switches_off(&house, 23, 0).await;
    house
}

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

/// Changes the schedule in DSM and reads the users.
async fn switches_off(house: &House, hour: u8, minute: u8) {
    let every_day = "0,1,2,3,4,5,6";
    let task = |hour, minute| json!([{"enabled": true, "hour": hour, "min": minute, "weekdays": every_day}]);
    let schedule = json!({
        "poweroff_tasks": task(hour, minute),
        "poweron_tasks": task(7, 0),
    });
    house
        .dsm
        .change(|behaviour| behaviour.power_schedule = schedule);
    house.jobs().users.refresh().await.unwrap();
}

/// The local time of the house.
fn at(local: &str) -> UnixTime {
    let local: DateTime = local.parse().unwrap();
    let time = local.to_zoned(paris()).unwrap().timestamp();
    UnixTime::from_seconds(time.as_second())
}

fn set(house: &House, local: &str) {
    let ahead = at(local).since(house.clock.now());
    house.clock.advance(ahead);
    assert_eq!(house.clock.now(), at(local));
}

fn next(house: &House, name: &str) -> Option<UnixTime> {
    let planned = house.jobs().planned();
    planned.iter().find(|job| job.name == name).unwrap().next
}

fn next_refresh(house: &House) -> Option<UnixTime> {
    let reported = house.jobs().users.report().next_refresh;
    assert_eq!(next(house, "users"), reported);
    reported
}

/// How often DSM and Google were asked, and when their data was last saved.
fn asked(house: &House) -> (usize, usize, i64) {
    let google = house.google.requests(Endpoint::Discovery);
    let noted = house.look_up("SELECT refreshed FROM directory");
    (house.dsm.counts().user_lists, google, noted)
}

/// Runs the scheduler for a few minutes; then the test refreshes once.
async fn minutes_pass(house: &House) {
    for _ in 0..100 {
        house.jobs().minutes.passed();
        tokio::task::yield_now().await;
    }
    // Waits for every refresh that began before: they hold or wait for the lock
    // that this one needs.
    house.jobs().users.refresh().await.unwrap();
}

async fn is_made_ready(house: &House) {
    let now = house.clock.now().seconds();
    until("the house is made ready for the night", || {
        house.jobs().minutes.passed();
        let copied: i64 = copied(house, "SELECT max(refreshed) FROM directory");
        copied == now
    })
    .await;
}

#[tokio::test]
async fn before_the_power_off_all_is_read_once_more_and_written_down() {
    let house = house("24h").await;
    house.sign_in(JEANNE, "").await;
    assert_eq!(house.rows("grants"), 1);
    for day in ["02", "03"] {
        let due = format!("2026-03-{day}T22:50:00");
        assert_eq!(next(&house, "before-power-off"), Some(at(&due)));
        set(&house, &format!("2026-03-{day}T22:49:59"));
        let before = asked(&house);
        minutes_pass(&house).await;
        assert_eq!(
            asked(&house),
            (before.0 + 1, before.1, before.2),
            "too early"
        );

        set(&house, &due);
        is_made_ready(&house).await;

        let ready = asked(&house);
        let now = house.clock.now().seconds();
        assert_eq!(ready, (before.0 + 2, before.1 + 1, now));
        assert_eq!(house.rows("grants"), 0);
        // Not repeated.
        house.clock.advance(5 * MINUTE);
        minutes_pass(&house).await;
        assert_eq!(asked(&house), (ready.0 + 1, ready.1, ready.2));
    }
}

#[tokio::test]
async fn no_refresh_is_planned_for_the_night() {
    let house = house("1h").await;
    for (refreshed, planned) in [
        ("2026-03-02T21:59:00", "2026-03-02T22:59:00"),
        ("2026-03-02T22:00:00", "2026-03-03T07:00:00"),
        ("2026-03-02T22:30:00", "2026-03-03T07:00:00"),
    ] {
        set(&house, refreshed);
        house.jobs().users.refresh().await.unwrap();
        assert_eq!(next_refresh(&house), Some(at(planned)), "{refreshed}");
    }

    // A refresh that was due at 22:59 and did not run is postponed to the
    // morning too.
    let house = self::house("1h").await;
    set(&house, "2026-03-02T21:59:00");
    house.jobs().users.refresh().await.unwrap();
    set(&house, "2026-03-02T23:10:00");
    assert_eq!(next_refresh(&house), Some(at("2026-03-03T07:00:00")));

    // A user has switched the NAS on again in the night.
    set(&house, "2026-03-02T23:30:00");
    let lists = house.dsm.counts().user_lists;
    until("the users are read at night", || {
        house.jobs().minutes.passed();
        house.dsm.counts().user_lists > lists
    })
    .await;
    assert_eq!(next_refresh(&house), Some(at("2026-03-03T07:00:00")));
}

#[tokio::test]
async fn a_changed_schedule_moves_the_jobs() {
    let house = house("1h").await;
    set(&house, "2026-03-02T20:30:00");
    switches_off(&house, 21, 0).await;
    let off = next(&house, "before-power-off");
    assert_eq!(off, Some(at("2026-03-02T20:50:00")));
    assert_eq!(next_refresh(&house), Some(at("2026-03-03T07:00:00")));

    switches_off(&house, 23, 30).await;
    let off = next(&house, "before-power-off");
    assert_eq!(off, Some(at("2026-03-02T23:20:00")));
    assert_eq!(next_refresh(&house), Some(at("2026-03-02T21:30:00")));
}

#[tokio::test]
async fn without_the_schedule_jobs_are_planned_into_the_night() {
    let mut house = house("1h").await;
    house.plan().power = "schedule = \"off\"".to_owned();
    house.stop().await;
    house.start().await;
    set(&house, "2026-03-02T22:30:00");
    house.jobs().users.refresh().await.unwrap();
    assert_eq!(next_refresh(&house), Some(at("2026-03-02T23:30:00")));
    assert_eq!(next(&house, "before-power-off"), None);
}

#[tokio::test]
async fn after_days_asleep_and_after_a_clock_step_each_job_runs_once() {
    let house = house("1h").await;
    // The jobs were not stopped: the machine itself was suspended.
    house.clock.advance(5 * DAY);
    set(&house, "2026-03-07T22:55:00");
    let before = asked(&house);
    is_made_ready(&house).await;
    minutes_pass(&house).await;
    assert_eq!(asked(&house).1, before.1 + 1);

    house.clock.set(MONDAY_MORNING);
    let lists = house.dsm.counts().user_lists;
    until("the users are read by the earlier clock", || {
        house.jobs().minutes.passed();
        house.dsm.counts().user_lists > lists
    })
    .await;
    minutes_pass(&house).await;
    let ours = 1;
    assert_eq!(house.dsm.counts().user_lists, lists + 1 + ours);
    set(&house, "2026-03-02T22:50:00");
    is_made_ready(&house).await;
}

#[tokio::test]
async fn a_failed_evening_refresh_does_not_stop_other_jobs() {
    let house = house("24h").await;
    house.sign_in(JEANNE, "").await;
    set(&house, "2026-03-02T22:57:00");
    house.dsm.always(Api::Users, Instead::Status(502));
    let before = asked(&house);

    // Not at the power-off itself, when the disk may be gone already.
    let off = at("2026-03-02T23:00:00");
    let ready = house.jobs().power_off.prepare(off);
    timeout(Duration::from_mins(2), ready).await.unwrap();

    let now = asked(&house);
    assert_eq!((now.0, now.1), (before.0 + 1, before.1 + 1));
    assert_eq!(house.rows("grants"), 0);
    assert_eq!(
        copied::<i64>(&house, "SELECT seen FROM presence"),
        house.clock.now().seconds()
    );
}
