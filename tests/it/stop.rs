//! The stop of the daemon, and starts that fail: the files on disk, the exit
//! code, and the messages.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::{Api, Instead};
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE, Plan};
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::built::{Built, run, spawn, state};
use crate::support::process::{Process, free_port, tool, until};

/// The daemon ends within 5 s by its own clock; both units wait so long
/// (`TimeoutStopSec`).
const GRACE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn either_signal_ends_the_daemon_and_leaves_one_whole_file() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut built = Built::new().await;
        built.house.sign_in(JEANNE, "").await;
        assert!(state(&built.house, "-wal").exists());

        built.process.signal(signal);

        assert_good_end(&mut built.process).await;
        assert!(!state(&built.house, "-wal").exists());
        assert_eq!(built.house.rows("grants"), 1);
    }
}

#[tokio::test]
async fn a_dsm_that_hangs_and_an_idle_browser_hold_no_stop_up() {
    let mut built = Built::new().await;
    built.process.signal(Signal::TERM);
    assert_good_end(&mut built.process).await;
    built.house.dsm.always(Api::Users, Instead::Hang);
    built.start();
    built
        .house
        .dsm
        .wait_until(|counts| counts.hanging == 1)
        .await;
    let mut browser = Browser::new();
    browser.get(&built.house.url("/")).await;
    let _silent = TcpStream::connect(built.house.address).await.unwrap();

    built.process.signal(Signal::TERM);

    assert_good_end(&mut built.process).await;
    assert!(!state(&built.house, "-wal").exists());
}

/// DSM keeps unclosed sessions for long, and too many make it fail.
#[tokio::test]
async fn a_reading_that_is_broken_off_leaves_no_session_in_dsm() {
    let mut built = Built::new().await;
    built.process.signal(Signal::TERM);
    assert_good_end(&mut built.process).await;
    built.house.dsm.always(Api::Users, Instead::Hang);
    built.start();
    let dsm = built.house.dsm.clone();
    dsm.wait_until(|counts| counts.hanging == 1).await;
    assert_eq!(dsm.counts().open_sessions, 1);

    built.process.signal(Signal::TERM);

    assert_good_end(&mut built.process).await;
    assert_eq!(dsm.counts().open_sessions, 0);
}

#[tokio::test]
async fn a_dsm_that_does_not_end_the_session_either_holds_no_stop_up() {
    let mut built = Built::new().await;
    built.process.signal(Signal::TERM);
    assert_good_end(&mut built.process).await;
    built.house.dsm.always(Api::Users, Instead::Hang);
    built.house.dsm.always(Api::SignOut, Instead::Hang);
    built.start();
    let dsm = built.house.dsm.clone();
    dsm.wait_until(|counts| counts.hanging == 1).await;

    built.process.signal(Signal::TERM);

    assert_good_end(&mut built.process).await;
    built.process.says("cannot end the session in DSM").await;
    assert!(!state(&built.house, "-wal").exists());
}

#[tokio::test]
async fn a_name_that_is_looked_up_for_ever_holds_no_stop_up() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let resolver = hanging_resolver(house.home.path());
    let mut run = run(&house);
    run.env("LD_PRELOAD", resolver);
    // An IP address would not be resolved.
    let config = house.home.path().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let named = house.dsm.url().replace("127.0.0.1", "localhost");
    fs::write(&config, text.replace(&house.dsm.url(), &named)).unwrap();
    let port = house.address.port();
    let mut process = Process::start(&mut run, port, house.home.path());
    process.says("a name is looked up").await;

    process.signal(Signal::TERM);

    assert_good_end(&mut process).await;
    assert!(!state(&house, "-wal").exists());
}

fn hanging_resolver(directory: &Path) -> PathBuf {
    let library = directory.join("hanging_dns.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stop/hanging_dns.c");
    let mut compiler = Command::new(tool("cc"));
    compiler.args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"]);
    let ended = compiler.arg(&library).arg(source).status().unwrap();
    assert!(ended.success());
    library
}

#[tokio::test]
async fn a_callback_in_progress_completes_before_the_stop() {
    let mut built = Built::new().await;
    let mut browser = Browser::new();
    let back = built.house.choose(&mut browser, JEANNE, "").await;
    let google_is_slow = built.house.google.hold(Endpoint::Token);
    let mut arriving = JoinSet::new();
    arriving.spawn(async move { browser.get(&back).await });
    built.house.google.requested(Endpoint::Token, 1).await;

    built.process.signal(Signal::TERM);
    built.refuses_connections().await;
    drop(google_is_slow);

    let arrived = arriving.join_next().await.unwrap().unwrap();
    assert!(arrived.answered("code").is_some(), "{arrived:?}");
    assert_good_end(&mut built.process).await;
    assert_eq!(built.house.rows("grants"), 1);
}

#[tokio::test]
async fn a_request_that_takes_too_long_ends_with_the_daemon() {
    let mut built = Built::new().await;
    let _waiting = built.wait_for_google().await;

    built.process.signal(Signal::TERM);

    assert_eq!(built.process.ended().await.code(), Some(0));
    assert!(built.process.log().contains("they took longer than 5 s"));
    assert!(!state(&built.house, "-wal").exists());
}

#[tokio::test]
async fn a_second_signal_ends_the_daemon_at_once() {
    let mut built = Built::new().await;
    let _waiting = built.wait_for_google().await;
    built.process.signal(Signal::TERM);
    built.refuses_connections().await;

    built.process.signal(Signal::TERM);

    assert_eq!(built.process.ended().await.code(), Some(1));
    let log = built.process.log();
    assert!(log.contains("stopped at once by a second signal"), "{log}");
    assert!(!log.contains("they took longer than 5 s"), "{log}");
    built.start();
    built.house.google.mend(Endpoint::Token);
    built.house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn a_second_daemon_on_the_same_state_says_so_and_ends() {
    let built = Built::new().await;
    let mut second = spawn(&built.house);

    assert_eq!(second.ended().await.code(), Some(1));
    let sentence = "is in use by another daemon: stop that one first";
    assert!(second.log().contains(sentence), "{}", second.log());
    built.house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn the_state_of_a_later_release_is_left_as_it_is() {
    for journal in ["DELETE", "WAL"] {
        let house = House::for_built_daemon(Plan::default(), free_port()).await;
        let later = house.state();
        let made = format!(
            "PRAGMA journal_mode = {journal}; CREATE TABLE wonders (name TEXT);
             PRAGMA application_id = 1194480467; PRAGMA user_version = 99;"
        );
        later.execute_batch(&made).unwrap();
        drop(later);
        let before = fs::read(state(&house, "")).unwrap();

        let mut process = spawn(&house);

        assert_eq!(process.ended().await.code(), Some(1));
        let log = process.log();
        assert!(log.contains("is of version 99, newer than this"), "{log}");
        assert!(log.contains("install the newer release again"), "{log}");
        assert_eq!(fs::read(state(&house, "")).unwrap(), before, "{journal}");
        assert!(!state(&house, "-wal").exists());
    }
}

#[tokio::test]
async fn a_taken_port_is_waited_for_and_dsm_is_left_alone_meanwhile() {
    let port = free_port();
    let other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let house = House::for_built_daemon(Plan::default(), port).await;
    let process = spawn(&house);
    process.says("in use by another program").await;
    assert_eq!(house.dsm.requests().len(), 0);

    drop(other);

    let built = Built { house, process };
    until("it serves", || built.process.log().contains("serving")).await;
    built.has_saved_users_and_documents().await;
    built.house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn a_stop_while_the_port_is_taken_is_one_in_good_order() {
    let port = free_port();
    let _other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let house = House::for_built_daemon(Plan::default(), port).await;
    let mut process = spawn(&house);
    process.says("in use by another program").await;

    process.signal(Signal::TERM);

    assert_good_end(&mut process).await;
    assert!(!state(&house, "-wal").exists());
    assert_eq!(house.rows("signing_keys"), 1);
    assert_eq!(house.dsm.requests().len(), 0);
}

#[tokio::test]
async fn an_address_that_is_not_of_this_machine_is_no_reason_to_wait() {
    let plan = Plan {
        issuer: Some("http://127.0.0.1:5556".to_owned()),
        ..Plan::default()
    };
    let mut house = House::for_built_daemon(plan, free_port()).await;
    // A documentation address (RFC 5737).
    house.address.set_ip([192, 0, 2, 1].into());
    let mut process = spawn(&house);

    assert_eq!(process.ended().await.code(), Some(1));
    let log = process.log();
    assert!(log.contains("listen on 192.0.2.1"), "{log}");
}

#[tokio::test]
async fn a_config_without_a_secret_exits_78() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let mut run = run(&house);
    fs::remove_file(house.home.path().join("dsm-password")).unwrap();

    let output = run.output().unwrap();

    assert_eq!(output.status.code(), Some(78));
    assert!(!state(&house, "").exists(), "nothing is begun");
}

async fn assert_good_end(process: &mut Process) {
    let ended = timeout(GRACE, process.ended()).await.unwrap();
    assert_eq!(ended.code(), Some(0));
}

impl Built {
    /// Waits until the port is closed.
    async fn refuses_connections(&self) {
        let address = self.house.address;
        until("the port is closed", || {
            std::net::TcpStream::connect(address).is_err()
        })
        .await;
    }

    /// A callback is waiting for Google, which does not respond.
    async fn wait_for_google(&self) -> JoinSet<()> {
        let mut browser = Browser::new();
        let back = self.house.choose(&mut browser, JEANNE, "").await;
        self.house.google.fail(Endpoint::Token, Trouble::Hang);
        let mut waiting = JoinSet::new();
        waiting.spawn(async move { drop(browser.try_send("GET", &back, None).await) });
        self.house.google.requested(Endpoint::Token, 1).await;
        waiting
    }
}

/// The state cannot be written any more: the exit code must say so, in whatever
/// order the server and its tasks end.
#[tokio::test]
async fn a_daemon_that_lost_its_state_ends_and_says_so() {
    let mut house = House::new().await;
    for _ in 0..16 {
        house.bridge().store.close();
        let error = house.failed().await;
        assert_eq!(error.to_string(), "a task of the daemon ended by itself");
        house.start().await;
    }
}
