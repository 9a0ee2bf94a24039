//! The week as a picture, as `status --svg` draws it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use fakes::browser::Browser;
use fakes::dsm::{Api, Instead};
use fakes::house::{House, JEANNE, Plan};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::support::command_line::text;
use crate::support::control::{command, command_at_once};
use crate::support::disk::disk;

const STRANGER: &str = "inconnu@gmail.com";

/// The daemon is on from 07:00 to 23:00, in Paris.
async fn house() -> House {
    let mut house = House::planned(Plan {
        dsm: "refresh = \"1h\"".to_owned(),
        ..Plan::default()
    })
    .await;
    house.stop().await;
    house.time_zone = paris();
    let task =
        |hour| json!([{"enabled": true, "hour": hour, "min": 0, "weekdays": "0,1,2,3,4,5,6"}]);
    let schedule = json!({"poweron_tasks": task(7), "poweroff_tasks": task(23)});
    house
        .dsm
        .change(|behaviour| behaviour.power_schedule = schedule);
    house.start().await;
    house
}

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

/// A local time of the house.
fn at(local: &str) -> UnixTime {
    let local: DateTime = local.parse().unwrap();
    let instant = paris().to_timestamp(local).unwrap();
    UnixTime::from_seconds(instant.as_second())
}

/// Lets the time pass while the daemon runs, and its jobs with it.
async fn live_until(house: &House, local: &str) {
    let end = at(local);
    while house.clock.now() < end {
        let step = end.since(house.clock.now()).min(Duration::from_mins(9));
        house.clock.advance(step);
        is_seen(house).await;
    }
}

/// Waits until the daemon has noted that it is running.
async fn is_seen(house: &House) {
    for _ in 0..10_000 {
        house.jobs().minutes.passed();
        tokio::task::yield_now().await;
        let runs = house.bridge().store.history().runs();
        if runs.last().unwrap().seen == house.clock.now() {
            return;
        }
    }
    panic!("the daemon is not seen");
}

/// Switches the NAS off, and on again at `local`.
async fn switch_off_until(house: &mut House, local: &str) {
    house.stop().await;
    house.clock.advance(at(local).since(house.clock.now()));
    house.start().await;
}

/// What the picture says about each day, from its description.
async fn days(house: &House) -> Vec<String> {
    let drawn = command(house, &["status", "--svg", "-"]).await;
    assert_eq!(text(&drawn.stderr), "");
    let svg = text(&drawn.stdout).to_owned();
    let (_, rest) = svg.split_once("<desc id=\"week-text\">").unwrap();
    let (told, _) = rest.split_once("</desc>").unwrap();
    told.lines().map(str::to_owned).collect()
}

fn day<'a>(days: &'a [String], name: &str) -> &'a str {
    let mut days = days.iter();
    let day = days.find(|day| day.starts_with(name));
    day.unwrap_or_else(|| panic!("{name}"))
}

fn assert_tells(day: &str, facts: &[&str]) {
    for fact in facts {
        assert!(day.contains(fact), "{fact} is not in {day}");
    }
}

#[tokio::test]
async fn two_days_and_a_night_are_in_the_picture() {
    let mut house = house().await;
    live_until(&house, "2026-03-02T09:00:00").await;
    house.arrive(&mut Browser::new(), STRANGER, "").await;
    live_until(&house, "2026-03-02T10:00:00").await;
    house.sign_in(JEANNE, "").await;
    house.dsm.always(Api::Users, Instead::Status(502));
    house.jobs().users.refresh().await.unwrap_err();
    house.dsm.as_usual(Api::Users);
    house.jobs().users.refresh().await.unwrap();
    live_until(&house, "2026-03-02T23:01:00").await;
    switch_off_until(&mut house, "2026-03-03T07:04:00").await;
    live_until(&house, "2026-03-03T12:00:00").await;

    let days = days(&house).await;

    assert_eq!(days.len(), 15);
    let monday = day(&days, "Mon 2 March: ");
    assert_tells(
        monday,
        &[
            "meant to be on 07:00–23:00; was on 07:30–23:01;",
            "1 sign-in (10:00); 1 refused sign-in (09:00); 1 failed job (10:00)",
            " jobs.",
        ],
    );
    let tuesday = day(&days, "Tue 3 March (today, now 12:00): ");
    assert_tells(tuesday, &["was on 07:04–12:00;", "22:50)"]);
    assert!(!tuesday.contains("sign-in"), "{tuesday}");
    let expected = "Wed 4 March: meant to be on 07:00–23:00; 1 planned job (22:50).";
    assert_eq!(day(&days, "Wed 4"), expected);
    let sunday = "Sun 1 March: meant to be on 07:00–23:00; not on, as far as is known.";
    assert_eq!(day(&days, "Sun 1"), sunday);
}

/// The history is in the state as of the last write.
#[tokio::test]
async fn after_a_power_cut_the_day_ends_with_the_last_write() {
    let mut house = house().await;
    live_until(&house, "2026-03-02T09:30:00").await;
    house.sign_in(JEANNE, "").await;
    let state = house.home.path().join("state.sqlite3");
    let cut = house.home.path().join("cut");
    // What is on the disk now, with the journal.
    for end in ["", "-wal"] {
        let (from, to) = (beside(&state, end), beside(&cut, end));
        fs::copy(from, to).unwrap();
    }
    live_until(&house, "2026-03-02T15:00:00").await;
    house.stop().await;
    for end in ["", "-wal"] {
        fs::rename(beside(&cut, end), beside(&state, end)).unwrap();
    }
    house.clock.advance(Duration::from_hours(1));
    house.start().await;
    let days = days(&house).await;
    let monday = day(&days, "Mon 2 March");
    let cut = "interrupted at an unknown time 09:30–16:00;";
    assert_tells(monday, &["was on 07:30–09:30;", cut]);
}

fn beside(path: &std::path::Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[tokio::test]
async fn the_history_writes_nothing_by_itself() {
    let house = house().await;
    house.sign_in(JEANNE, "").await;
    let before = disk(&house);
    house.dsm.always(Api::Users, Instead::Status(502));
    house.jobs().users.refresh().await.unwrap_err();
    live_until(&house, "2026-03-02T12:00:00").await;
    days(&house).await;
    assert!(disk(&house) == before, "written");
    let jobs = house.bridge().store.history().job_runs();
    assert!(jobs.iter().any(|job| job.failed), "{jobs:?}");
}

#[tokio::test]
async fn the_picture_is_a_new_file() {
    let house = house().await;
    let file = house.home.path().join("week.svg");
    let path = file.to_str().unwrap();
    let drawn = command(&house, &["status", "--svg", path]).await;
    assert_eq!(text(&drawn.stdout), "");
    let said = format!("google-to-synology-sso: wrote the picture {path}\n");
    assert_eq!(text(&drawn.stderr), said);
    assert_eq!(drawn.status.code(), Some(0));
    let svg = fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("<title id=\"week-title\">The week of the NAS, "));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let again = command(&house, &["status", "--svg", path]).await;
    let said = text(&again.stderr);
    assert!(said.contains("cannot create the picture"), "{said}");
    assert!(said.contains("name a new file"), "{said}");
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), svg);

    let both = command(&house, &["status", "--json", "--svg", path]).await;
    assert_eq!(both.status.code(), Some(2));
}

#[tokio::test]
async fn without_a_daemon_there_is_no_file() {
    let mut house = house().await;
    house.stop().await;
    let file = house.home.path().join("week.svg");
    let arguments = ["status", "--svg", file.to_str().unwrap()];
    let drawn = command_at_once(&house, &arguments).await;
    let said = text(&drawn.stderr);
    assert!(said.contains("the daemon is not running"), "{said}");
    assert_eq!(drawn.status.code(), Some(75));
    assert!(!file.exists());
}

#[tokio::test]
async fn a_schedule_that_is_off_means_always_on() {
    let mut house = house().await;
    house.plan().power = "schedule = \"off\"".to_owned();
    house.stop().await;
    house.start().await;
    let days = days(&house).await;
    assert_eq!(
        days[0],
        "No power schedule is in use: the NAS is always on."
    );
    assert_eq!(day(&days, "Tue 3"), "Tue 3 March: meant to be on all day.");
}

/// Names and addresses of others are not in the picture, so that it can be
/// shown.
#[tokio::test]
async fn no_name_is_in_the_picture() {
    let house = house().await;
    house.sign_in(JEANNE, "").await;
    house.arrive(&mut Browser::new(), STRANGER, "").await;
    let drawn = command(&house, &["status", "--svg", "-"]).await;
    let svg = text(&drawn.stdout).to_lowercase();
    assert!(svg.contains("1 sign-in") && svg.contains("1 refused sign-in"));
    for name in ["jeanne", "inconnu", "gmail", "synology", "paul"] {
        assert!(!svg.contains(name), "{name} is in the picture");
    }
}
