//! DSM's power schedule: where it is read, how often DSM is asked, and what is
//! used while it is unknown.

/// A schedule file that is invalid, unusual, or missing.
mod bad_days;
/// A start that knows the schedule before DSM is up.
mod starts;

use std::fs;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::house::{House, Plan, SCHEDULE_FILE, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use google_to_synology_sso::daemon::jobs::Refreshed;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::captured_log::CapturedLog;
use crate::support::control::{command, report};
use crate::support::disk::disk;
use crate::support::process::until;

const ONE_READING: [Api; 5] = [
    Api::SignIn,
    Api::Users,
    Api::Members,
    Api::PowerSchedule,
    Api::SignOut,
];

/// Every day: on at 6:00, off at 23:00.
const NIGHTLY: &str = "[Power On schedule]\n25101824\n\n[Power Off schedule]\n25106176\n";

/// The same with a power-off at 21:30.
const EARLIER: &str = "[Power On schedule]\n25101824\n[Power Off schedule]\n25105694\n";

const UNCHANGED: Refreshed = Refreshed {
    users: 6,
    changed: false,
};

/// Sets the power-off to `hour` in DSM's web API.
fn dsm_switches_off_at(house: &House, hour: u8) {
    let daily =
        |hour: u8| json!([{"enabled": true, "hour": hour, "min": 0, "weekdays": "0,1,2,3,4,5,6"}]);
    let schedule = json!({"poweron_tasks": daily(6), "poweroff_tasks": daily(hour)});
    house.dsm.change(|dsm| dsm.power_schedule = schedule);
}

/// Writes `text` to the NAS's schedule file.
fn write_file(house: &House, text: impl AsRef<[u8]>) {
    fs::write(house.home.path().join(SCHEDULE_FILE), text).unwrap();
}

/// A house with a power-off at 23:00 in DSM's web API, and no file. The
/// schedule has been read twice.
async fn house() -> House {
    settled(|house| dsm_switches_off_at(house, 23)).await
}

/// A house after `change`, with no work in progress.
async fn settled(change: impl FnOnce(&House)) -> House {
    let house = House::new().await;
    // At start, and when the jobs began.
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    change(&house);
    refresh(&house).await;
    house
}

/// A house whose DSM returns `instead` of a schedule.
async fn unasked(instead: Instead) -> House {
    let mut house = House::planned(Plan {
        warmed_up: false,
        power: "schedule = \"off\"".to_owned(),
        ..Plan::default()
    })
    .await;
    house.dsm.wait_until(|counts| counts.sign_outs == 1).await;
    house.stop().await;
    house.dsm.always(Api::PowerSchedule, instead);
    house.plan().power = format!("file = {SCHEDULE_FILE:?}");
    house.start().await;
    house
}

async fn refresh(house: &House) {
    assert_eq!(house.jobs().users.refresh().await.unwrap(), UNCHANGED);
}

/// The calls of DSM's API during one refresh.
async fn asked(house: &House) -> Vec<Api> {
    let before = house.dsm.calls().len();
    refresh(house).await;
    house.dsm.calls().split_off(before)
}

/// The schedule in `status`.
async fn status(house: &House) -> Value {
    report(house, &["status"]).await["power"].take()
}

/// The same for a power-off tonight and a power-on in the morning.
fn tonight(source: &str, off: &str) -> Value {
    json!({
        "source": source,
        "next_off": format!("2026-03-02T{off}:00Z"),
        "next_on": "2026-03-03T06:00:00Z",
    })
}

/// Captures the log from now on.
fn heard() -> CapturedLog {
    CapturedLog::up(LogLevel::INFO, LogFormat::Text)
}

#[tokio::test]
async fn dsm_is_asked_in_the_session_of_the_users() {
    let house = house().await;
    assert_eq!(status(&house).await, tonight("api", "23:00"));
    assert_eq!(asked(&house).await, ONE_READING);
    let counts = house.dsm.counts();
    assert_eq!((counts.most_open_sessions, counts.open_sessions), (1, 0));

    let table = command(&house, &["status"]).await;
    let table = String::from_utf8(table.stdout).unwrap();
    let words: Vec<&str> = table.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.contains("(from DSM's web API)"), "{table}");
}

#[tokio::test]
async fn dsms_own_file_counts_first_and_spares_dsm_the_question() {
    let house = house().await;
    write_file(&house, EARLIER);

    let asked = asked(&house).await;

    assert_eq!(status(&house).await, tonight("file", "21:30"));
    assert!(!asked.contains(&Api::PowerSchedule), "{asked:?}");
    assert_eq!(asked.len(), ONE_READING.len() - 1);

    // Removed again, by an update of DSM.
    fs::remove_file(house.home.path().join(SCHEDULE_FILE)).unwrap();
    refresh(&house).await;
    assert_eq!(status(&house).await, tonight("api", "23:00"));
}

#[tokio::test]
async fn pages_say_when_the_nas_soon_switches_itself_off() {
    let house = house().await;
    let french = || Browser::new().with_header("accept-language", "fr");
    let refused = async |mut browser: Browser| {
        let page = house.arrive(&mut browser, "inconnu@gmail.com", "").await;
        assert_eq!(page.status, 403);
        page.body
    };
    // From 6:30 to 22:44.
    house.clock.advance(Duration::from_mins(16 * 60 + 14));
    assert!(!refused(Browser::new()).await.contains("itself off"));

    house.clock.advance(Duration::from_mins(1));
    let words = "The NAS switches itself off at 23:00.";
    assert!(refused(Browser::new()).await.contains(words));
    assert!(refused(french()).await.contains("Le NAS s’éteint à 23:00."));
    let landing = Browser::new().get(&house.url("/")).await;
    assert!(landing.body.contains(words));

    house.clock.advance(Duration::from_mins(16));
    assert!(!refused(Browser::new()).await.contains("itself off"));
}

#[tokio::test]
async fn a_changed_schedule_takes_effect_with_the_next_refresh() {
    let house = house().await;
    let heard = heard();
    dsm_switches_off_at(&house, 22);

    refresh(&house).await;

    assert_eq!(status(&house).await, tonight("api", "22:00"));
    let words = "power schedule changed: switches off tonight at 22:00, in 15 h 30 min; on again \
                 tomorrow at 06:00 source=api";
    assert_eq!(heard.count(words), 1, "{}", heard.text());
    refresh(&house).await;
    write_file(&house, NIGHTLY);
    refresh(&house).await;
    write_file(&house, EARLIER);
    refresh(&house).await;
    assert_eq!(heard.count("power schedule"), 3, "{}", heard.text());
}

#[tokio::test]
async fn an_unchanged_schedule_writes_nothing_wherever_it_is_read() {
    let house = house().await;
    let kept: String = house.look_up("SELECT tasks FROM power_schedule");
    write_file(&house, NIGHTLY.replace("\n\n", "\n"));
    let heard = heard();
    let before = disk(&house);

    refresh(&house).await;
    assert_eq!(status(&house).await["source"], "file");
    refresh(&house).await;

    assert!(disk(&house) == before, "something was written");
    assert_eq!(heard.text(), "");
    // Shows that the file is read.
    write_file(&house, EARLIER);
    refresh(&house).await;
    assert!(disk(&house) != before);
    let now: String = house.look_up("SELECT tasks FROM power_schedule");
    assert_eq!((kept.lines().count(), now.as_str()), (4, EARLIER));
}

#[tokio::test]
async fn off_reads_no_schedule_until_a_reload_changes_it() {
    let off = format!("file = {SCHEDULE_FILE:?}\nschedule = \"off\"");
    let mut house = House::planned(Plan {
        power: off,
        ..Plan::default()
    })
    .await;
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    dsm_switches_off_at(&house, 23);
    write_file(&house, EARLIER);
    let is_off = json!({"source": "off", "next_off": null, "next_on": null});

    assert!(!asked(&house).await.contains(&Api::PowerSchedule));

    assert_eq!(status(&house).await, is_off);
    assert_eq!(house.rows("power_schedule"), 0);

    house.plan().power = format!("file = {SCHEDULE_FILE:?}");
    reload(&house).await;
    assert_eq!(status(&house).await, tonight("file", "21:30"));

    // Another file, which is missing.
    house.plan().power = "file = \"elsewhere\"".to_owned();
    reload(&house).await;
    let by_api = || house.bridge().power_schedule().unwrap().source.name() == "api";
    until("DSM is asked", by_api).await;
    assert_eq!(status(&house).await, tonight("api", "23:00"));

    house.plan().power = "schedule = \"off\"".to_owned();
    reload(&house).await;
    assert_eq!(status(&house).await, is_off);
}

async fn reload(house: &House) {
    house.write_config();
    report(house, &["reload"]).await;
}

#[tokio::test]
async fn while_dsm_is_left_alone_nothing_signs_in_for_the_schedule() {
    let house = house().await;
    house.dsm.always(Api::SignIn, Instead::Code(400));
    house.jobs().users.refresh().await.unwrap_err();
    let asked = house.dsm.calls().len();
    write_file(&house, EARLIER);

    house.jobs().users.refresh().await.unwrap_err();

    assert_eq!(status(&house).await, tonight("file", "21:30"));
    fs::remove_file(house.home.path().join(SCHEDULE_FILE)).unwrap();
    house.jobs().users.refresh().await.unwrap_err();
    assert_eq!(house.dsm.calls().len(), asked);
    assert_eq!(status(&house).await, tonight("file", "21:30"));
}

/// A new user's login waits for the users, not for the schedule.
#[tokio::test]
async fn an_unreadable_schedule_does_not_delay_logins() {
    let mut house = house().await;
    house.dsm.always(Api::PowerSchedule, Instead::Hang);
    let igor = FakeUser::new("igor", "inconnu@gmail.com");
    house.dsm.set_users([family(), vec![igor]].concat());

    // A login waits for at most 15 s.
    let soon = Duration::from_secs(10);
    let signed_in = timeout(soon, house.sign_in("inconnu@gmail.com", "")).await;

    assert_eq!(signed_in.unwrap().0["username"], "igor");
    house.dsm.wait_until(|counts| counts.hanging == 1).await;
    assert_eq!(status(&house).await, tonight("api", "23:00"));
    house.stop().await;
    assert_eq!(house.dsm.counts().open_sessions, 0);
}
