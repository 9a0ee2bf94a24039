use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::{Estate, OWNER};
use crate::support::command_line::{EXAMPLE, text};

/// A report in a directory that only root can write to, as root's home.
#[test]
fn root_gets_a_report_in_its_own_directory() {
    let estate = Estate::with(EXAMPLE);
    let file = estate.0.path().join("report");
    let wrote = estate.root(&["doctor", "--report", file.to_str().unwrap()]);
    let said = text(&wrote.stderr).to_owned();
    assert!(said.contains("wrote the report"), "{said}");
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    assert!(metadata.len() > 1_000, "{metadata:?}");
}

#[test]
fn check_says_what_run_cannot_open() {
    let config = EXAMPLE
        .replace("127.0.0.1:5556", "192.0.2.1:5556")
        .replace("[log]", "[log]\nfile = \"our.log\"");
    for (name, key) in [
        ("state.sqlite3", "storage.path"),
        ("state.sqlite3.lock", "storage.path"),
        ("our.log", "log.file"),
    ] {
        let estate = Estate::with(&config);
        let path = estate.home().join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        estate.give("--no-dereference", 0, name);

        let checked = estate.user(OWNER, OWNER, &["check"]);

        assert_eq!(checked.status.code(), Some(1), "{checked:?}");
        let found = text(&checked.stdout);
        let words = format!("fail {key}: cannot open {}: it belongs", path.display());
        assert!(found.starts_with(&words), "{found}");
        let ran = estate.user(OWNER, OWNER, &["run"]);
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        let told = text(&ran.stderr);
        assert!(!told.contains("listen on"), "it is not the address: {told}");
    }
    // A regular file in place of the socket, and a log in a directory of root.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::set_permissions(elsewhere.path(), Permissions::from_mode(0o755)).unwrap();
    let log = elsewhere.path().join("our.log");
    let estate = Estate::with(&config.replace("our.log", log.to_str().unwrap()));
    fs::write(estate.home().join("control.sock"), "").unwrap();
    estate.give("--no-dereference", OWNER, "control.sock");
    let checked = estate.user(OWNER, OWNER, &["check"]);
    let found = text(&checked.stdout);
    assert!(
        found.contains("control.sock: it is not a socket"),
        "{found}"
    );
    let words = format!("fail log.file: cannot open {}: ", log.display());
    // Only root may be able to read the temporary directory.
    let is_roots = fs::metadata(elsewhere.path()).unwrap().uid() == 0;
    assert_eq!(found.contains(&words), is_roots, "{found}");
    // Opening does not create the file.
    assert!(!estate.home().join("state.sqlite3").exists());
}

#[test]
fn check_rejects_the_database_of_another_program() {
    let estate = Estate::with(&EXAMPLE.replace("127.0.0.1:5556", "192.0.2.1:5556"));
    let path = estate.home().join("state.sqlite3");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE films (name);").unwrap();
    drop(other);
    estate.give("--no-dereference", OWNER, "state.sqlite3");
    let before = fs::read(&path).unwrap();

    let checked = estate.user(OWNER, OWNER, &["check"]);

    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let words = format!(
        "fail storage.path: cannot open {}: it is another program's database",
        path.display()
    );
    let found = text(&checked.stdout);
    assert!(found.starts_with(&words), "{found}");
    assert_eq!(fs::read(&path).unwrap(), before);
    let ran = estate.user(OWNER, OWNER, &["run"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
}

/// Like `/tmp`, where a config can be replaced between two checks.
#[test]
fn root_uses_no_config_where_others_may_put_another() {
    for (owner, mode) in [(0, "1777"), (0, "770"), (OWNER, "777"), (OWNER, "770")] {
        let estate = Estate::with(EXAMPLE);
        estate.give("--recursive", owner, "");
        estate.chmod(mode);
        for command in ["check", "run", "setup"] {
            let output = estate.root(&[command]);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            let words = format!("can write to {} (mode ", estate.home().display());
            assert!(text(&output.stderr).contains(&words), "{output:?}");
        }
        assert!(!estate.home().join("state.sqlite3").exists());
    }
}

/// A NAS shows 0777 for a directory with an access control list.
#[test]
fn the_owner_is_warned_of_a_directory_that_others_can_write_to() {
    let estate = Estate::with(&EXAMPLE.replace("127.0.0.1:5556", "192.0.2.1:5556"));
    estate.chmod("777");
    let words = "group or others can write to its directory";
    let checked = estate.user(OWNER, OWNER, &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let warned = format!("warn config: {words}");
    assert!(text(&checked.stdout).contains(&warned), "{checked:?}");
    let ran = estate.user(OWNER, OWNER, &["run"]);
    assert!(text(&ran.stderr).contains(words), "{ran:?}");

    estate.chmod("755");
    let checked = estate.user(OWNER, OWNER, &["check"]);
    assert!(!text(&checked.stdout).contains(words), "{checked:?}");
}
