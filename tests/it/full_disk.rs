//! The disk is full or read-only. Users get a page that says so; the log says
//! how to fix it; after that, users sign in again.

use std::fs;
use std::process::Command;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, JEANNE, Plan};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::support::built::{Built, run, state};
use crate::support::process::{Process, free_port};
use crate::support::small_disk::Disk;

const FULL: &str = "the disk is full: every sign-in fails until there is space";
const UNWRITABLE: &str = "cannot write the state: every sign-in fails until it can";
const OVER: &str = "the state can be written again";

/// A house on a small disk, and its daemon.
async fn house_on_a_disk() -> (Disk, Built) {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let disk = Disk::over(house.home.path());
    let process = disk.start(&house, &mut run(&house));
    let built = Built { house, process };
    built.is_at_rest().await;
    (disk, built)
}

fn said(built: &Built, words: &str) -> usize {
    built.process.log().matches(words).count()
}

/// The journal may have free space from a checkpoint, in which a small login
/// fits where a large one did not. Writes a page at a time until `is_used`.
fn use_the_last_room(house: &House, mut is_used: impl FnMut(rusqlite::Result<usize>) -> bool) {
    let state = house.state();
    state.pragma_update(None, "synchronous", "OFF").unwrap();
    for _ in 0..1000 {
        if is_used(state.execute("UPDATE presence SET seen = seen + 1", [])) {
            return;
        }
    }
    panic!("there is room for everybody");
}

/// A user returns from Google, and cannot be signed in.
async fn is_turned_away(built: &Built) {
    let shown = built.house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.status, 500, "{shown:?}");
    assert!(
        shown.body.contains("Something went wrong here"),
        "{shown:?}"
    );
    assert!(built.process.log().contains(reference(&shown)));
}

/// The reference on the page.
fn reference(shown: &Shown) -> &str {
    let after = shown.body.split("Reference").nth(1).unwrap();
    let digits = |c: char| c.is_ascii_hexdigit();
    let mut words = after.split(|c| !digits(c));
    words.find(|word| word.len() == 12).unwrap()
}

#[tokio::test]
async fn a_full_disk_is_logged_and_needs_no_restart() {
    let (disk, built) = house_on_a_disk().await;
    let keys = built.keys().await;
    disk.fill();
    use_the_last_room(&built.house, |done| done.is_err());

    for _ in 0..3 {
        is_turned_away(&built).await;
    }

    assert_eq!(said(&built, FULL), 1, "{}", built.process.log());
    assert_eq!(built.keys().await, keys);
    let mut browser = Browser::new();
    let stranger = built.house.arrive(&mut browser, "inconnu@gmail.com", "");
    assert_eq!(stranger.await.status, 403);

    disk.make_room();
    built.house.sign_in(JEANNE, "").await;
    assert_eq!(said(&built, OVER), 1);
    let whole = built.house.look_up::<String>("PRAGMA integrity_check");
    assert_eq!(whole, "ok");
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_morning_serves_what_it_can() {
    let (disk, mut built) = house_on_a_disk().await;
    let keys = built.get("/keys").await.body;
    built.process.signal(Signal::TERM);
    assert_eq!(built.process.ended().await.code(), Some(0));
    let mut command = run(&built.house);
    disk.fill();

    built.process = disk.start(&built.house, &mut command);

    assert_eq!(built.get("/keys").await.body, keys);
    is_turned_away(&built).await;
    assert_eq!(said(&built, FULL), 1, "{}", built.process.log());

    disk.make_room();
    built.house.sign_in(JEANNE, "").await;
    assert_eq!(said(&built, OVER), 1);
    // The state can be opened by others again.
    assert_eq!(built.house.rows("links"), 1);
    built.process.signal(Signal::TERM);
    assert_eq!(built.process.ended().await.code(), Some(0));
    assert!(!built.process.log().contains("cannot copy the state"));
}

#[tokio::test]
async fn a_disk_that_is_read_only_in_the_morning_is_named() {
    let (disk, mut built) = house_on_a_disk().await;
    built.process.signal(Signal::TERM);
    assert_eq!(built.process.ended().await.code(), Some(0));
    let mut command = run(&built.house);
    disk.mount(&["-o", "remount,ro"]);
    let before = fs::read(state(&built.house, "")).unwrap();

    let port = built.house.address.port();
    let mut process = Process::spawn(&mut command, port, disk.logs.path());

    assert_eq!(process.ended().await.code(), Some(1));
    let log = process.log();
    assert!(log.contains(": its volume may be read-only"), "{log}");
    assert_eq!(fs::read(state(&built.house, "")).unwrap(), before);

    disk.mount(&["-o", "remount,rw"]);
    built.process = disk.start(&built.house, &mut command);
    built.house.sign_in(JEANNE, "").await;
}

/// A failing disk becomes read-only while files are open: each write fails.
/// Here a limit on the file size has the same effect.
#[tokio::test]
async fn a_state_that_became_read_only_recovers() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let daemon = run(&house);
    let mut patient = Command::new("sh");
    // A write beyond the limit fails; the default action would kill the
    // process.
    patient.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    patient.arg(daemon.get_program()).args(daemon.get_args());
    let process = Process::start(&mut patient, house.address.port(), house.home.path());
    let built = Built { house, process };
    built.is_at_rest().await;
    let limit = |bytes| {
        let pid = Pid::from_raw(built.process.id()).unwrap();
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    };
    let journal = || fs::metadata(state(&built.house, "-wal")).unwrap().len();

    let most = journal();
    limit(Some(most));
    // The limit applies to the daemon only: its writes are beyond it.
    use_the_last_room(&built.house, |_| journal() > most);
    for _ in 0..3 {
        is_turned_away(&built).await;
    }

    assert_eq!(said(&built, UNWRITABLE), 1, "{}", built.process.log());

    limit(None);
    built.house.sign_in(JEANNE, "").await;
    assert_eq!(said(&built, OVER), 1);
}
