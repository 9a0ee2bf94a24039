use std::fs;

use fakes::dsm::{Api, Instead};
use fakes::house::SCHEDULE_FILE;

use super::{
    EARLIER, NIGHTLY, ONE_READING, asked, dsm_switches_off_at, heard, house, refresh, settled,
    status, tonight, write_file,
};

const USES_API: &str = "asking DSM's web API for the power schedule";

#[tokio::test]
async fn a_file_that_is_no_schedule_is_said_once_and_dsm_is_asked() {
    let house = house().await;
    let heard = heard();
    let too_long = NIGHTLY.to_owned() + &" ".repeat(40_000);
    let cases: [(&[u8], &str); 4] = [
        (b"", "neither of the sections"),
        (b"nonsense", "neither of the sections"),
        (b"\xff\xfe\0[Power", "neither of the sections"),
        (too_long.as_bytes(), "larger than 40000 bytes"),
    ];
    for (text, why) in cases {
        write_file(&house, EARLIER);
        refresh(&house).await;
        let before = heard.count(USES_API);
        write_file(&house, text);
        assert_eq!(asked(&house).await, ONE_READING, "{why}");
        assert_eq!(asked(&house).await, ONE_READING, "{why}");
        assert_eq!(status(&house).await, tonight("api", "23:00"));
        assert_eq!(heard.count(USES_API), before + 1, "{}", heard.text());
        let said = heard.text();
        let said = said.lines().rfind(|line| line.contains(USES_API));
        assert!(said.unwrap().contains(why), "{said:?}");
    }
}

#[tokio::test]
async fn a_schedule_that_is_not_a_regular_file_is_not_read() {
    let house = house().await;
    let path = house.home.path().join(SCHEDULE_FILE);
    let heard = heard();
    fs::create_dir(&path).unwrap();
    assert_eq!(asked(&house).await, ONE_READING);
    assert_eq!(heard.count("does not name a regular file"), 1);
    fs::remove_dir(&path).unwrap();

    // A pipe without a writer.
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    assert_eq!(asked(&house).await, ONE_READING);

    assert_eq!(status(&house).await, tonight("api", "23:00"));
    assert_eq!(heard.count("does not name a regular file"), 1);
}

/// The package is not expected to be able to read the file.
#[tokio::test]
async fn no_file_is_no_news() {
    let heard = heard();
    let house = house().await;
    refresh(&house).await;
    let log = heard.text();
    assert_eq!(heard.count("power schedule changed: "), 1, "{log}");
    assert!(
        !log.contains(" WARN ") && !log.contains("power.file"),
        "{log}"
    );
}

#[tokio::test]
async fn odd_tasks_are_left_out_and_said_once_until_they_change() {
    let house = house().await;
    let heard = heard();
    let odd = || heard.count("unexpected tasks in the power schedule");
    // Today at 24:61.
    write_file(&house, format!("{EARLIER}25106493\n"));
    refresh(&house).await;
    refresh(&house).await;
    assert_eq!(status(&house).await, tonight("file", "21:30"));
    assert_eq!(odd(), 1, "{}", heard.text());
    assert!(heard.text().contains("line 5"));

    write_file(&house, format!("{EARLIER}\n25106493\n"));
    refresh(&house).await;
    assert_eq!(odd(), 2);
    write_file(&house, EARLIER);
    refresh(&house).await;
    write_file(&house, format!("{EARLIER}\n25106493\n"));
    refresh(&house).await;
    assert_eq!(odd(), 3);
    assert_eq!(heard.count("schedule changed"), 1);
}

#[tokio::test]
async fn an_unknown_schedule_fails_no_refresh_and_is_logged_once() {
    let house = house().await;
    let heard = heard();
    let said = || heard.count("cannot read the power schedule: using the last known one");
    // An error about the session does not cause a second session.
    for (count, instead) in (1..).zip([
        Instead::Code(102),
        Instead::Code(105),
        Instead::Code(119),
        Instead::Html,
    ]) {
        house.dsm.always(Api::PowerSchedule, instead);
        assert_eq!(asked(&house).await, ONE_READING);
        assert_eq!(asked(&house).await, ONE_READING);
        assert_eq!(said(), count, "{}", heard.text());
        assert_eq!(status(&house).await, tonight("api", "23:00"));
    }
    // Both reasons are logged.
    assert!(
        heard
            .text()
            .contains("no_file=\"cannot read the file that power.file names")
    );
    house.dsm.as_usual(Api::PowerSchedule);
    refresh(&house).await;
    let again = "power schedule read again: switches off tonight at 23:00";
    assert_eq!(heard.count(again), 1, "{}", heard.text());
}

#[tokio::test]
async fn without_any_schedule_the_nas_counts_as_always_on() {
    let heard = heard();
    let house = settled(|_| {}).await;
    assert_eq!(heard.count("power schedule: nothing planned: always on"), 1);
    drop(house);
    let house = super::unasked(Instead::Code(102)).await;
    refresh(&house).await;
    let none = serde_json::json!({"source": null, "next_off": null, "next_on": null});
    assert_eq!(status(&house).await, none);
    let said = "cannot read the power schedule: planning as if the NAS were always on";
    assert_eq!(heard.count(said), 1, "{}", heard.text());
}

#[tokio::test]
async fn a_schedule_that_cannot_be_saved_is_used_and_saved_later() {
    let house = house().await;
    let heard = heard();
    let state = house.state();
    let full = "CREATE TRIGGER full BEFORE INSERT ON power_schedule
                BEGIN SELECT RAISE(FAIL, 'no room'); END";
    state.execute_batch(full).unwrap();
    let kept = || house.look_up::<String>("SELECT tasks FROM power_schedule");
    let before = kept();
    dsm_switches_off_at(&house, 22);

    refresh(&house).await;
    refresh(&house).await;

    assert_eq!(status(&house).await, tonight("api", "22:00"));
    assert_eq!(kept(), before);
    assert_eq!(heard.count("cannot save the power schedule"), 1);
    state.execute_batch("DROP TRIGGER full").unwrap();
    refresh(&house).await;
    assert_ne!(kept(), before);
}
