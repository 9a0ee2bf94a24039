use std::fs;
use std::time::Duration;

use domain::model::power::Source;
use fakes::dsm::{Api, Instead};
use fakes::house::{House, Plan, SCHEDULE_FILE};
use serde_json::{Value, json};

use super::{EARLIER, NIGHTLY, dsm_switches_off_at, heard, house, status, tonight, write_file};
use crate::support::built::Built;
use crate::support::control::{command, report};
use crate::support::process::until;

/// From Monday morning to the evening, and from there to Tuesday at 6:04.
const DAY: Duration = Duration::from_hours(16);
const NIGHT: Duration = Duration::from_mins(7 * 60 + 34);

/// Restarts the daemon while DSM does not respond.
async fn restart_without_dsm(house: &mut House) {
    house.dsm.always(Api::SignIn, Instead::Hang);
    house.plan().warmed_up = false;
    house.stop().await;
    house.start().await;
}

#[tokio::test]
async fn after_a_restart_the_last_one_known_counts() {
    let mut house = house().await;
    restart_without_dsm(&mut house).await;
    assert_eq!(status(&house).await, tonight("state", "23:00"));
    house.stop().await;

    // A value that no release has written.
    let spoilt = "UPDATE power_schedule SET tasks = 'whenever'";
    house.state().execute_batch(spoilt).unwrap();
    house.start().await;
    let none = json!({"source": null, "next_off": null, "next_on": null});
    assert_eq!(status(&house).await, none);
}

#[tokio::test]
async fn after_a_power_cut_the_last_one_known_counts() {
    let mut built = Built::planned(Plan::default()).await;
    dsm_switches_off_at(&built.house, 23);
    built.power_cut();
    until("the schedule is kept", || {
        built.house.rows("power_schedule") == 1 && built.process.log().contains("at 23:00")
    })
    .await;
    let before: Value = report(&built.house, &["status"]).await["power"].take();
    assert_eq!(before["source"], "api");
    built.house.dsm.always(Api::SignIn, Instead::Hang);

    built.power_cut();

    let after: Value = report(&built.house, &["status"]).await["power"].take();
    assert_eq!(after["source"], "state");
    assert_eq!(after["next_on"], before["next_on"]);
    let table = command(&built.house, &["status"]).await;
    let table = String::from_utf8(table.stdout).unwrap();
    let words: Vec<&str> = table.split_whitespace().collect();
    let words = words.join(" ");
    for part in [
        " at 23:00",
        " at 06:00",
        " (from the state, read before this start) ",
    ] {
        assert!(words.contains(part), "{table}");
    }
}

#[tokio::test]
async fn the_schedule_file_is_used_before_dsm_is_up() {
    let mut house = house().await;
    write_file(&house, EARLIER);
    let heard = heard();

    restart_without_dsm(&mut house).await;

    // Without an await in between: no job has run yet.
    assert_eq!(
        house.bridge().power_schedule().unwrap().source,
        Source::File
    );
    assert_eq!(status(&house).await, tonight("file", "21:30"));
    let log = heard.text();
    let place = |words| log.find(words).unwrap_or_else(|| panic!("{words}: {log}"));
    assert!(place("starting start=") < place("power schedule changed: switches off tonight"));
    // It is on disk too.
    fs::remove_file(house.home.path().join(SCHEDULE_FILE)).unwrap();
    restart_without_dsm(&mut house).await;
    assert_eq!(status(&house).await, tonight("state", "21:30"));
}

#[tokio::test]
async fn a_nas_that_its_schedule_has_switched_on_says_so() {
    // From the file; from the state; and disabled by the config.
    assert_eq!(morning(Some(NIGHTLY), "").await, "scheduled power-on");
    assert_eq!(morning(None, "").await, "scheduled power-on");
    assert_eq!(
        morning(Some(NIGHTLY), "schedule = \"off\"").await,
        "power-on"
    );
    // This one has a power-on at 7:00.
    let later = NIGHTLY.replace("25101824", "25102080");
    assert_eq!(morning(Some(&later), "").await, "power-on");
}

/// The reason of a start on Tuesday morning, with `file` written overnight and
/// `power` in the config.
async fn morning(file: Option<&str>, power: &str) -> String {
    let mut house = house().await;
    house.clock.advance(DAY);
    house.stop().await;
    house.clock.advance(NIGHT);
    house.clock.switch_on();
    if let Some(file) = file {
        write_file(&house, file);
    }
    house.plan().power = format!("file = {SCHEDULE_FILE:?}\n{power}");
    let heard = heard();
    house.start().await;
    let log = heard.text();
    let (_, start) = log.split_once("starting start=").unwrap();
    let (start, _) = start.split_once(" away=").unwrap();
    start.trim_matches('"').to_owned()
}
