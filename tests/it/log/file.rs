//! `log.file`, as the built daemon writes it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use fakes::house::{House, JEANNE, Plan};

use crate::support::built::{self, Built};
use crate::support::process::{Process, until};

fn plan() -> Plan {
    Plan {
        more: "[log]\nfile = \"our.log\"".to_owned(),
        ..Plan::default()
    }
}

fn read(house: &House) -> String {
    fs::read_to_string(house.home.path().join("our.log")).unwrap_or_default()
}

/// Waits for the last line of the start, about the power schedule.
async fn quiet() -> Built {
    let built = Built::planned(plan()).await;
    built.has_saved_users_and_documents().await;
    until("the schedule is told", || {
        read(&built.house).contains("power schedule")
    })
    .await;
    built
}

#[tokio::test]
async fn the_daemon_logs_to_a_file_that_is_its_owners_alone() {
    let built = Built::planned(plan()).await;
    let path = built.house.home.path().join("our.log");
    assert!(read(&built.house).contains(" INFO  serving address=127.0.0.1:"));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    built.has_saved_users_and_documents().await;
    built.house.sign_in(JEANNE, "").await;
    assert!(read(&built.house).contains(" INFO  signed in user=jeanne "));
    assert_eq!(built.process.log(), "");
}

#[tokio::test]
async fn nothing_is_written_when_nothing_happens() {
    let built = quiet().await;
    let before = read(&built.house);
    for path in [
        "/healthz",
        "/",
        "/keys",
        "/.well-known/openid-configuration",
    ] {
        built.get(path).await;
    }
    assert_eq!(read(&built.house), before);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named_at_start() {
    let house = House::for_built_daemon(plan(), crate::support::process::free_port()).await;
    symlink("/dev/null", house.home.path().join("our.log")).unwrap();
    let mut process = built::spawn(&house);
    assert_eq!(process.ended().await.code(), Some(1));
    let path = house.home.path().join("our.log");
    let why = format!(
        "cannot open the log {}: not a regular file\n",
        path.display()
    );
    assert!(process.log().ends_with(&why), "{}", process.log());
}

/// Package Center shows the file; standard error is discarded there.
#[tokio::test]
async fn why_the_daemon_ended_is_in_its_file() {
    let mut built = Built::planned(plan()).await;
    let mut second = built::spawn(&built.house);
    assert_eq!(second.ended().await.code(), Some(1));
    until("the reason is in the file", || {
        read(&built.house).contains(" ERROR the daemon ends error=\"")
    })
    .await;
    built.process.cut_off();
}

#[tokio::test]
async fn a_daemon_whose_disk_takes_no_line_serves_on() {
    let built = quiet().await;
    // Like a full disk: neither this file nor a new one can be written.
    let path = built.house.home.path().join("our.log");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    built.house.sign_in(JEANNE, "").await;
    built.process.says(" INFO  signed in user=jeanne ").await;
    fs::remove_dir(&path).unwrap();
    built.house.sign_in(JEANNE, "").await;
    let log = read(&built.house);
    assert!(log.contains(" INFO  signed in user=jeanne "), "{log}");
    assert!(log.contains("could not be written here lines=2 "), "{log}");
}

#[tokio::test]
async fn the_times_are_those_of_the_zone_that_the_environment_names() {
    let house = House::for_built_daemon(plan(), crate::support::process::free_port()).await;
    let port = house.address.port();
    let run = built::run(&house);
    let start = async |tz: &str, last_line: &str| {
        // The daemon is started with no other environment.
        let mut command = Command::new("/usr/bin/env");
        command.arg(tz).arg(run.get_program()).args(run.get_args());
        let _running = Process::start(&mut command, port, house.home.path());
        until(last_line, || read(&house).contains(last_line)).await;
        read(&house)
    };
    let log = start("TZ=Asia/Katmandu", "+05:45 INFO  serving ").await;
    assert!(!log.contains("time zone"), "{log}");
    let log = start("TZ=Asia/Nowhere", "+00:00 INFO  serving ").await;
    let said = " WARN  cannot find the system's time zone: ";
    assert!(log.contains(said), "{log}");
}
