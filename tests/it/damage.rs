//! The state is damaged overnight. In the morning it is set aside, the copy
//! replaces it, and the family signs in.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fakes::browser::Browser;
use fakes::google::Person;
use fakes::house::{House, JEANNE, Plan};
use rusqlite::Connection;
use rustix::process::Signal;

use crate::support::built::{Built, spawn, state};
use crate::support::disk::copied;
use crate::support::process::{free_port, until};

const RESTORED: &str = ": restored from its copy";

type Damage = (&'static str, fn(&Path));

/// Damage by disks, file systems and people.
const DAMAGES: [Damage; 16] = [
    ("the first page is a letter", |path| {
        overwrite(path, 0, &b"Dear NAS, ".repeat(400));
    }),
    ("a page in the middle is noise", |path| {
        overwrite(path, 4096 * 3, &noise(4096));
    }),
    ("the first page is zeros", |path| {
        overwrite(path, 0, &[0; 4096]);
    }),
    ("all of it is zeros", |path| {
        let length = fs::metadata(path).unwrap().len();
        overwrite(path, 0, &vec![0; usize::try_from(length).unwrap()]);
    }),
    ("it ends in the middle", |path| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(fs::metadata(path).unwrap().len() / 2).unwrap();
    }),
    ("it is empty", |path| fs::write(path, "").unwrap()),
    ("it is gone", |path| fs::remove_file(path).unwrap()),
    ("it has no tables", |path| {
        in_its_place(path, "CREATE TABLE a (a); DROP TABLE a;");
    }),
    ("it has our ID and nothing else", |path| {
        in_its_place(path, "PRAGMA application_id = 1194480467;");
    }),
    ("one table is gone", |path| change(path, "DROP TABLE hold;")),
    ("its keys are gone", |path| {
        change(path, "DELETE FROM signing_keys;");
    }),
    ("its rows are gone", |path| {
        change(path, "DELETE FROM signing_keys; DELETE FROM links;");
    }),
    ("its version is 0", |path| {
        change(path, "PRAGMA user_version = 0;");
    }),
    ("its version is an earlier one", |path| {
        change(path, "PRAGMA user_version = 4;");
    }),
    ("it is another program's", |path| {
        in_its_place(path, "CREATE TABLE invoices (a);");
    }),
    (
        "it is another program's, with a table of this name",
        |path| {
            in_its_place(
                path,
                "PRAGMA journal_mode = WAL; PRAGMA application_id = 7; CREATE TABLE signing_keys (a);",
            );
        },
    ),
];

/// Replaces the file by a database that `sql` creates.
fn in_its_place(path: &Path, sql: &str) {
    fs::remove_file(path).unwrap();
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn change(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// The same noise each time.
fn noise(length: usize) -> Vec<u8> {
    let mut number = 1u32;
    let mut next = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// The damaged states that were set aside, the oldest first.
fn aside(house: &House) -> Vec<PathBuf> {
    let entries = fs::read_dir(house.home.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_aside = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.contains("sqlite3.damaged-") || path.contains("sqlite3.foreign-")
    };
    let mut aside: Vec<_> = paths.filter(is_aside).collect();
    aside.sort();
    aside
}

async fn stop(built: &mut Built) {
    built.process.signal(Signal::TERM);
    assert_eq!(built.process.ended().await.code(), Some(0));
}

/// How often the log contains `words`, over all restarts.
fn said(built: &Built, words: &str) -> usize {
    built.process.log().matches(words).count()
}

#[tokio::test]
async fn the_copy_takes_the_place_of_a_damaged_state() {
    let mut built = Built::new().await;
    built.house.sign_in(JEANNE, "").await;
    let keys = built.keys().await;
    for (number, (damage, inflict)) in DAMAGES.into_iter().enumerate() {
        let spent = built.house.code(JEANNE, "").await;
        assert_eq!(built.house.redeem(&spent, "").await.status, 200);
        let unspent = built.house.code(JEANNE, "").await;
        let mut browser = Browser::new();
        let back = built.house.choose(&mut browser, JEANNE, "").await;
        stop(&mut built).await;
        inflict(&state(&built.house, ""));
        let before = fs::read(state(&built.house, "")).ok();

        built.start();

        assert_eq!(said(&built, RESTORED), number + 1, "{damage}");
        // The damaged file is kept, if there was one.
        if let Some(before) = before {
            let aside = aside(&built.house);
            let is_there = |path: &PathBuf| fs::read(path).unwrap() == before;
            assert!(aside.iter().any(is_there), "{damage}: {aside:?}");
        }
        assert_eq!(built.keys().await, keys, "{damage}");
        assert_eq!(built.house.rows("links"), 1, "{damage}");
        assert!(built.house.rows("users") > 0, "{damage}");
        // No code is valid afterwards, redeemed or not: the copy does not
        // contain codes.
        for code in [&spent, &unspent] {
            let again = built.house.redeem(code, "").await;
            assert_eq!(again.json()["error"], "invalid_grant", "{damage}");
        }
        // A user who was at Google returns, and the next one signs in.
        let mut reconnected = Browser::new();
        reconnected.cookies.clone_from(&browser.cookies);
        let arrived = reconnected.get(&back).await;
        assert!(arrived.answered("code").is_some(), "{damage}: {arrived:?}");
        built.house.sign_in(JEANNE, "").await;
        assert!(state(&built.house, ".copy").exists(), "{damage}: no copy");
    }
    // Three damaged states are kept, and all databases of other programs.
    let kept = aside(&built.house);
    assert_eq!(kept.len(), 5, "{kept:?}");
    let log = built.process.log();
    for line in [
        "the state is damaged (file is not a database): restored from its copy",
        "the state is missing: restored",
        "the state is empty: restored",
        "the state is another program's database: restored",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    // The daemon had stopped each time, but the log must not say that nothing
    // is lost.
    let starts = said(&built, "starting; the last changes are lost");
    assert_eq!(starts, DAMAGES.len(), "{log}");
    assert_eq!(said(&built, "after a crash"), 0, "{log}");
    assert_eq!(said(&built, "nothing that was answered before"), 0, "{log}");
}

/// A second Google account with the address must not replace the first one
/// because another program has overwritten the state.
#[tokio::test]
async fn another_programs_database_unlinks_no_user() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    in_its_place(&state(&house, ""), "CREATE TABLE invoices (a);");
    house.start().await;
    let another = Person::new("119000000000000000009", JEANNE, "Somebody Else");
    house.google.set_people(vec![another]);
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_eq!(shown.refusal(), Some("linked-to-another"), "{shown:?}");
}

/// The files in the directory of the state, without the lock.
fn files(house: &House) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let entries = fs::read_dir(house.home.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let of_the_state = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.contains("state.sqlite3") && !path.ends_with(".lock")
    };
    let describe = |path: PathBuf| {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        let bytes = fs::read(&path).unwrap();
        (path, (mode, bytes))
    };
    paths.filter(of_the_state).map(describe).collect()
}

#[tokio::test]
async fn another_programs_database_without_a_copy_is_not_touched() {
    for sql in [
        "CREATE TABLE invoices (a);",
        "PRAGMA journal_mode = WAL; CREATE TABLE invoices (a);",
        "CREATE TABLE users (name TEXT); PRAGMA user_version = 3;",
        "CREATE TABLE a (a); PRAGMA user_version = 99;",
        "PRAGMA application_id = 7;",
    ] {
        is_rejected_and_not_touched(sql, None).await;
        is_rejected_and_not_touched(sql, Some(sql)).await;
    }
    is_rejected_and_not_touched("PRAGMA application_id = 7;", Some("")).await;
}

#[tokio::test]
async fn a_text_file_at_storage_path_is_not_touched() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    fs::write(state(&house, ""), "# Another program's config\n").unwrap();
    let before = files(&house);

    let mut process = spawn(&house);

    assert_eq!(process.ended().await.code(), Some(1));
    assert_eq!(files(&house), before);
}

async fn is_rejected_and_not_touched(sql: &str, copy: Option<&str>) {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let path = state(&house, "");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    if let Some(copy) = copy {
        let made = Connection::open(state(&house, ".copy")).unwrap();
        made.execute_batch(copy).unwrap();
    }
    let before = files(&house);

    let mut process = spawn(&house);

    assert_eq!(process.ended().await.code(), Some(1), "{sql}");
    let log = process.log();
    assert!(log.contains("it is another program's database"), "{log}");
    assert!(log.contains("set storage.path"), "{log}");
    assert_eq!(files(&house), before, "{sql}");
}

/// The other program runs: its tables are in its journal only.
#[tokio::test]
async fn another_programs_journal_is_not_touched() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let path = state(&house, "");
    let open = Connection::open(&path).unwrap();
    open.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE invoices (a);")
        .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let journal = fs::read(state(&house, "-wal")).unwrap();
    let before = fs::read(&path).unwrap();

    let mut process = spawn(&house);

    assert_eq!(process.ended().await.code(), Some(1));
    let log = process.log();
    assert!(log.contains("it is another program's database"), "{log}");
    assert_eq!(fs::read(state(&house, "-wal")).unwrap(), journal);
    assert_eq!(fs::read(&path).unwrap(), before);
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o644, "{mode:o}");
    open.execute_batch("INSERT INTO invoices VALUES (1)")
        .unwrap();
}

#[tokio::test]
async fn without_a_copy_the_state_begins_anew() {
    let mut built = Built::new().await;
    built.house.sign_in(JEANNE, "").await;
    let keys = built.keys().await;
    stop(&mut built).await;
    fs::remove_file(state(&built.house, ".copy")).unwrap();
    overwrite(&state(&built.house, ""), 0, &noise(4096));

    built.start();

    let words = "there is no copy: starting with a new state";
    assert_eq!(said(&built, words), 1, "{}", built.process.log());
    let words = "starting with a new state start=\"state lost\"";
    assert_eq!(said(&built, words), 1, "{}", built.process.log());
    assert_ne!(built.keys().await, keys);
    built.has_saved_users_and_documents().await;
    built.house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn a_damaged_copy_does_not_replace_the_state() {
    let mut built = Built::new().await;
    for bytes in [noise(8192), Vec::new()] {
        stop(&mut built).await;
        fs::write(state(&built.house, ".copy"), &bytes).unwrap();
        overwrite(&state(&built.house, ""), 4096, &noise(4096));
        let before = said(&built, "and its copy is");

        built.start();

        assert_eq!(said(&built, "and its copy is"), before + 1);
        let aside = aside(&built.house);
        let is_there = |path: &PathBuf| fs::read(path).unwrap() == bytes;
        assert!(aside.iter().any(is_there), "{aside:?}");
        built.has_saved_users_and_documents().await;
        built.house.sign_in(JEANNE, "").await;
    }
}

#[tokio::test]
async fn a_copy_of_a_later_release_is_kept_for_that_release() {
    let mut built = Built::new().await;
    stop(&mut built).await;
    let path = state(&built.house, "");
    let copy = Connection::open(state(&built.house, ".copy")).unwrap();
    copy.execute_batch("PRAGMA user_version = 99;").unwrap();
    drop(copy);
    overwrite(&path, 0, &noise(4096));
    let before = fs::read(&path).unwrap();

    let mut process = spawn(&built.house);

    assert_eq!(process.ended().await.code(), Some(1));
    assert!(process.log().contains("is of version 99, newer than this"));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(aside(&built.house), Vec::<PathBuf>::new());
}

/// SQLite reads such a journal as empty: it would restore the state of the last
/// checkpoint.
#[tokio::test]
async fn a_journal_of_noise_makes_no_code_good_again() {
    let mut built = Built::new().await;
    built.house.sign_in(JEANNE, "").await;
    let code = built.house.code(JEANNE, "").await;
    let keys = built.keys().await;
    // The code is in the state, and its use only in the journal.
    let writes_back = "PRAGMA wal_checkpoint(TRUNCATE)";
    // Not while it is copied.
    until("the journal is written back", || {
        built.house.look_up::<i64>(writes_back) == 0
    })
    .await;
    assert_eq!(built.house.redeem(&code, "").await.status, 200);
    built.process.cut_off();
    let journal = state(&built.house, "-wal");
    let length = fs::metadata(&journal).unwrap().len();
    fs::write(&journal, noise(usize::try_from(length).unwrap())).unwrap();

    built.start();

    let again = built.house.redeem(&code, "").await;
    assert_eq!(again.json()["error"], "invalid_grant");
    assert_eq!(said(&built, "the state's journal is damaged"), 1);
    assert_eq!(aside(&built.house).len(), 1);
    assert_eq!(built.keys().await, keys);
    built.house.sign_in(JEANNE, "").await;
}

/// A power cut while the copy replaces the state.
#[tokio::test]
async fn a_mending_that_was_broken_off_is_finished() {
    let mut built = Built::new().await;
    built.house.sign_in(JEANNE, "").await;
    let keys = built.keys().await;
    until("the users are copied", || {
        copied::<i64>(&built.house, "SELECT count(*) FROM users") > 0
    })
    .await;
    built.process.cut_off();
    // The state is already set aside; its journal still exists, and must not be
    // used with the copy.
    let path = state(&built.house, "");
    let elsewhere = state(&built.house, ".damaged-20260101T000000Z");
    fs::rename(&path, elsewhere).unwrap();
    assert!(state(&built.house, "-wal").exists());

    built.start();

    assert_eq!(said(&built, RESTORED), 1);
    assert_eq!(built.keys().await, keys);
    let whole = built.house.look_up::<String>("PRAGMA integrity_check");
    assert_eq!(whole, "ok");
    built.has_saved_users_and_documents().await;
    built.house.sign_in(JEANNE, "").await;
}
