use tempfile::TempDir;

use super::*;

const SMALL: Limits = Limits { bytes: 20, old: 2 };

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log");
    (home, path)
}

fn read(path: &Path, suffix: &str) -> String {
    fs::read_to_string(format!("{}{suffix}", path.display())).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn names(home: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(home.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_full_file_moves_aside_and_the_oldest_goes() {
    let (home, path) = home();
    let mut log = LogFile::limited(&path, SMALL).unwrap();
    for number in 1..=7 {
        log.write(&format!("line {number}...\n")).unwrap();
    }
    assert_eq!(read(&path, ""), "line 7...\n");
    assert_eq!(read(&path, ".1"), "line 5...\nline 6...\n");
    assert_eq!(read(&path, ".2"), "line 3...\nline 4...\n");
    assert_eq!(names(&home), ["log", "log.1", "log.2"]);
    for suffix in ["", ".1", ".2"] {
        let path = format!("{}{suffix}", path.display());
        assert_eq!(mode(Path::new(&path)), 0o600, "{path}");
    }
}

#[test]
fn a_restart_goes_on_where_the_file_ends() {
    let (_home, path) = home();
    for number in 1..=3 {
        let mut log = LogFile::limited(&path, SMALL).unwrap();
        log.write(&format!("line {number}...\n")).unwrap();
    }
    assert_eq!(read(&path, ".1"), "line 1...\nline 2...\n");
    assert_eq!(read(&path, ""), "line 3...\n");
}

#[test]
fn a_line_longer_than_a_file_has_one_for_itself() {
    let (home, path) = home();
    let mut log = LogFile::limited(&path, SMALL).unwrap();
    let endless = format!("{}\n", "x".repeat(50));
    log.write(&endless).unwrap();
    log.write("short\n").unwrap();
    assert_eq!(names(&home), ["log", "log.1"]);
    assert_eq!(
        (read(&path, ".1"), read(&path, "")),
        (endless, "short\n".into())
    );
}

#[test]
fn a_file_that_others_could_read_becomes_its_owners() {
    let (_home, path) = home();
    fs::write(&path, "old\n").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    LogFile::limited(&path, SMALL).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_line_that_the_power_cut_short_does_not_swallow_the_next() {
    let (_home, path) = home();
    fs::write(&path, "half a li").unwrap();
    let mut log = LogFile::limited(&path, SMALL).unwrap();
    log.write("whole\n").unwrap();
    assert_eq!(read(&path, ""), "half a li\nwhole\n");
}

#[test]
fn a_deleted_file_comes_back_with_the_next_line() {
    let (_home, path) = home();
    let mut log = LogFile::limited(&path, SMALL).unwrap();
    log.write("before\n").unwrap();
    fs::remove_file(&path).unwrap();
    log.write("after\n").unwrap();
    assert_eq!(read(&path, ""), "after\n");
}

#[test]
fn where_no_file_can_be_lines_are_refused_until_it_can() {
    let (home, path) = home();
    let mut log = LogFile::limited(&path, SMALL).unwrap();
    fs::rename(home.path(), home.path().with_extension("away")).unwrap();
    assert!(log.write("lost\n").is_err());
    fs::rename(home.path().with_extension("away"), home.path()).unwrap();
    log.write("kept\n").unwrap();
    assert_eq!(read(&path, ""), "kept\n");
}

#[test]
fn a_rotation_that_fails_changes_nothing_and_is_tried_again() {
    let (_home, path) = home();
    let mut log = LogFile::limited(&path, SMALL).unwrap();
    log.write("line 1...\nline 2...\n").unwrap();
    // No new file can be made: something else has its name.
    fs::create_dir(path.with_extension("new")).unwrap();
    assert!(log.write("lost\n").is_err());
    assert_eq!(read(&path, ""), "line 1...\nline 2...\n");
    fs::remove_dir(path.with_extension("new")).unwrap();
    log.write("kept\n").unwrap();
    assert_eq!(read(&path, ""), "kept\n");
}

#[test]
fn a_path_that_is_not_a_regular_file_is_rejected() {
    let (home, _) = home();
    for path in [Path::new("/dev/null"), home.path()] {
        let error = LogFile::open(path).unwrap_err();
        let LogError::Open { source, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(source.to_string(), "not a regular file");
    }
}
