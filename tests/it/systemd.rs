//! The daemon under systemd: its notifications, and when it sends none.

mod manager;
mod unit;

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::{Api, Instead};
use fakes::house::{House, JEANNE, Plan, write_secret};
use rustix::process::Signal;
use serde_json::json;
use tokio::net::TcpStream;

use self::manager::Manager;
use crate::support::built::{run, state};
use crate::support::process::{Process, free_port, until};

/// Short, because the test waits for it to expire.
const WATCHDOG: Duration = Duration::from_millis(400);

async fn house() -> House {
    House::for_built_daemon(Plan::default(), free_port()).await
}

#[tokio::test]
async fn it_is_ready_before_dsm_is_and_says_what_it_knows() {
    let house = house().await;
    house.dsm.always(Api::Users, Instead::Hang);
    let systemd = Manager::of(&house);
    let built = systemd.start(house, None);

    systemd.hears("READY=1", 1).await;

    assert_eq!(built.get("/healthz").await.status, 200);
    assert_eq!(built.house.rows("users"), 0);
    let nobody = "READY=1\nSTATUS=no users yet, so sign-in is not possible";
    assert_eq!(systemd.told(), [nobody]);

    // DSM comes up.
    let nightly = json!([{"enabled": true, "hour": 23, "min": 0, "weekdays": "0,1,2,3,4,5,6"}]);
    let nightly = json!({"poweroff_tasks": nightly});
    built.house.dsm.change(|dsm| dsm.power_schedule = nightly);
    built.house.dsm.as_usual(Api::Users);
    built.house.dsm.release();
    systemd.hears("STATUS=6 users, read ", 1).await;
    until("the night is in the status", || {
        let told = systemd.told();
        told.iter()
            .any(|it| it.contains("; the NAS switches off ") && it.contains("23:00"))
    })
    .await;
    let mut stranger = Browser::new();
    built
        .house
        .arrive(&mut stranger, "inconnu@gmail.com", "")
        .await;
    until("the refusal is in the status", || {
        let told = systemd.told();
        told.iter().any(|it| it.ends_with(": address-unknown"))
    })
    .await;
    // Without `WATCHDOG_USEC` it sends no watchdog message.
    assert_eq!(systemd.count("WATCHDOG"), 0);
    let told = systemd.told().join("\n");
    assert!(!told.contains('@'), "{told}");
}

#[tokio::test]
async fn it_is_not_ready_while_its_port_is_taken() {
    let house = house().await;
    let other = TcpListener::bind(house.address).unwrap();
    let systemd = Manager::of(&house);
    let mut command = run(&house);
    command.env("NOTIFY_SOCKET", house.home.path().join("notify.sock"));
    let home = house.home.path();
    let _process = Process::spawn(&mut command, house.address.port(), home);
    systemd.hears("STATUS=waiting for 127.0.0.1:", 1).await;
    assert_eq!(systemd.count("READY"), 0);

    drop(other);

    systemd.hears("READY=1", 1).await;
}

#[tokio::test]
async fn while_it_waits_for_a_config_systemd_sees_it_ready() {
    let house = house().await;
    let systemd = Manager::of(&house);
    let mut command = run(&house);
    let config = house.home.path().join("config.toml");
    fs::remove_file(&config).unwrap();
    command.arg(format!("--wait-for-config={}", house.address));
    let built = systemd.start_with(command, house, Some(WATCHDOG));

    systemd.hears("WATCHDOG=1", 3).await;

    let nobody = "READY=1\nSTATUS=waiting for a config, so sign-in is not possible";
    assert_eq!(systemd.told()[0], nobody);
    write_secret(&config, "issuer = 5");
    systemd.hears("STATUS=waiting for a valid config", 1).await;

    built.house.write_config();

    systemd.hears("STATUS=6 users, read ", 1).await;
    let well = systemd.count("WATCHDOG=1");
    systemd.hears("WATCHDOG=1", well + 2).await;
}

#[tokio::test]
async fn systemd_hears_of_each_reload_whether_it_succeeds_or_not() {
    let house = house().await;
    let systemd = Manager::of(&house);
    let built = systemd.start(house, None);
    systemd.hears("READY=1", 1).await;

    built.process.signal(Signal::HUP);

    systemd.hears("READY=1", 2).await;
    assert_told_of_reload(&systemd);

    let config = built.house.home.path().join("config.toml");
    write_secret(&config, "issuer = 5");
    built.process.signal(Signal::HUP);
    built.process.says("keeping the previous config").await;
    systemd.hears("READY=1", 3).await;
}

fn assert_told_of_reload(systemd: &Manager) {
    let told = systemd.told();
    let reloading = told.iter().position(|it| it.starts_with("RELOADING=1"));
    let reloading = reloading.unwrap();
    let since = told[reloading].lines().find_map(|line| {
        let since = line.strip_prefix("MONOTONIC_USEC=")?;
        since.parse::<u64>().ok()
    });
    // The monotonic clock, with which systemd compares it.
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    let since = Duration::from_micros(since.unwrap()).as_secs_f64();
    assert!(since > 0.0 && since <= uptime + 1.0, "{since} of {uptime}");
    let after = &told[reloading + 1..];
    assert!(after.iter().any(|it| it == "READY=1"), "{told:?}");
}

#[tokio::test]
async fn it_says_that_it_stops_before_it_has() {
    let house = house().await;
    let systemd = Manager::of(&house);
    let mut built = systemd.start(house, None);
    systemd.hears("READY=1", 1).await;

    built.process.signal(Signal::TERM);

    assert_eq!(built.process.ended().await.code(), Some(0));
    systemd.hears("STOPPING=1", 1).await;
    let last = systemd.told().pop().unwrap();
    assert!(last.starts_with("STOPPING=1\nSTATUS=stopping"), "{last}");
}

#[tokio::test]
async fn it_is_well_as_long_as_a_sign_in_could_be_kept() {
    let house = house().await;
    let systemd = Manager::of(&house);
    let built = systemd.start(house, Some(WATCHDOG));
    built.has_saved_users_and_documents().await;
    until("the night is kept", || {
        built.house.rows("power_schedule") == 1
    })
    .await;
    let journal = || fs::metadata(state(&built.house, "-wal")).unwrap();
    let before = (journal().len(), journal().modified().unwrap());
    let well = systemd.count("WATCHDOG=1");
    systemd.hears("WATCHDOG=1", well + 3).await;
    assert_eq!((journal().len(), journal().modified().unwrap()), before);

    // Another program has locked the state.
    let locked = built.house.state();
    locked.execute_batch("BEGIN EXCLUSIVE").unwrap();

    until("systemd would end it", || {
        systemd.since_last("WATCHDOG=1") > 4 * WATCHDOG
    })
    .await;
    assert_eq!(built.get("/healthz").await.status, 200);
    locked.execute_batch("ROLLBACK").unwrap();
    let before = systemd.count("WATCHDOG=1");
    systemd.hears("WATCHDOG=1", before + 2).await;
    built.house.sign_in(JEANNE, "").await;
}

/// An attacker who takes all connections must not get the daemon killed.
#[tokio::test]
async fn it_is_well_when_there_is_no_room_for_another_connection() {
    let house = house().await;
    let systemd = Manager::of(&house);
    let built = systemd.start(house, Some(WATCHDOG));
    systemd.hears("WATCHDOG=1", 1).await;
    let mut crowd = Vec::new();
    for _ in 0..600 {
        crowd.push(TcpStream::connect(built.house.address).await.unwrap());
    }

    // Each has 10 s for its request before its place is free again.
    let before = systemd.count("WATCHDOG=1");
    until("it has said so for two seconds", || {
        let silence = systemd.since_last("WATCHDOG=1");
        assert!(silence < Duration::from_secs(5), "{silence:?}");
        systemd.count("WATCHDOG=1") >= before + 10
    })
    .await;
}
