use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tracing::field::Empty;
use tracing::subscriber::{NoSubscriber, with_default};

use super::*;
use crate::config::LogFormat;

fn log(file: PathBuf, level: LogLevel, format: LogFormat) -> Log {
    Log {
        level,
        format,
        file: Some(file),
    }
}

fn quiet(file: PathBuf) -> Log {
    log(file, LogLevel::INFO, LogFormat::Text)
}

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log");
    (home, path)
}

/// A second subscriber. While there is only one, a line that the thread of
/// another test reaches first is disabled for all threads.
fn second() -> Dispatch {
    Dispatch::new(NoSubscriber::default())
}

/// Returns the lines of the log without their times.
fn messages(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let messages = text.lines().map(|line| line.split_once(' ').unwrap().1);
    messages.map(str::to_owned).collect()
}

#[test]
fn level_format_and_file_change_while_the_process_runs() {
    let (home, first) = home();
    let _second = second();
    let (subscriber, handle) = subscriber(&quiet(first.clone()), &TimeZone::UTC).unwrap();
    with_default(subscriber, || {
        let speak = || {
            tracing::debug!("small");
            tracing::warn!(after = Duration::from_millis(1500).as_millis(), "big");
        };
        speak();
        let talkative = log(first.clone(), LogLevel::DEBUG, LogFormat::Text);
        handle.reload(&talkative).unwrap();
        speak();
        let other = home.path().join("other");
        let terse = log(other.clone(), LogLevel::WARN, LogFormat::Json);
        handle.reload(&terse).unwrap();
        speak();
        assert_eq!(
            messages(&first),
            [
                "WARN  big after=1500",
                "DEBUG small",
                "WARN  big after=1500"
            ]
        );
        let other = fs::read_to_string(other).unwrap();
        let line: serde_json::Value = serde_json::from_str(&other).unwrap();
        assert_eq!(line["after"], 1500);
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"WARN".into(), &"big".into())
        );
    });
}

#[test]
fn a_log_file_that_cannot_be_opened_keeps_the_previous_log() {
    let (home, path) = home();
    let _second = second();
    let (subscriber, handle) = subscriber(&quiet(path.clone()), &TimeZone::UTC).unwrap();
    with_default(subscriber, || {
        let nowhere = home.path().join("nowhere").join("log");
        let bad = log(nowhere.clone(), LogLevel::ERROR, LogFormat::Json);
        let error = handle.reload(&bad).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot open the log {}", nowhere.display())
        );
        tracing::info!("still here");
        assert_eq!(messages(&path), ["INFO  still here"]);
    });
}

#[test]
fn no_line_is_lost_while_the_file_changes() {
    const LINES: usize = 500;
    let (home, path) = home();
    let _second = second();
    let (subscriber, handle) = subscriber(&quiet(path.clone()), &TimeZone::UTC).unwrap();
    let dispatch = Dispatch::new(subscriber);
    let start = Barrier::new(3);
    let files: Vec<PathBuf> = (0..20).map(|n| home.path().join(n.to_string())).collect();
    let speak = || {
        start.wait();
        (0..LINES).for_each(|number| tracing::info!(number, "line"));
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| tracing::dispatcher::with_default(&dispatch, speak));
        }
        start.wait();
        for file in &files {
            handle.reload(&quiet(file.clone())).unwrap();
        }
    });
    let written = files.iter().chain([&path]).map(|file| messages(file).len());
    assert_eq!(written.sum::<usize>(), 2 * LINES);
}

#[test]
fn lines_that_the_disk_refused_are_counted_in_the_log() {
    let (home, path) = home();
    let _second = second();
    let (subscriber, _handle) = subscriber(&quiet(path.clone()), &TimeZone::UTC).unwrap();
    let away = home.path().with_extension("away");
    with_default(subscriber, || {
        tracing::info!("before");
        fs::rename(home.path(), &away).unwrap();
        tracing::info!("lost");
        tracing::info!("lost, too");
        fs::rename(&away, home.path()).unwrap();
        tracing::info!("after");
        tracing::info!("as ever");
        fs::rename(home.path(), &away).unwrap();
        tracing::info!("lost again");
        fs::rename(&away, home.path()).unwrap();
        tracing::info!("after that");
    });
    let messages = messages(&path);
    assert_eq!(
        (&*messages[0], &*messages[1]),
        ("INFO  before", "INFO  after")
    );
    assert!(
        messages[2].starts_with("WARN  lines before this one could not be written here lines=2 "),
        "{messages:?}"
    );
    assert_eq!(messages[3..5], ["INFO  as ever", "INFO  after that"]);
    assert!(messages[5].contains(" lines=1 "), "{messages:?}");
}

#[test]
fn a_line_bears_the_fields_of_what_it_is_part_of() {
    let (_home, path) = home();
    let _second = second();
    let errors_only = log(path.clone(), LogLevel::ERROR, LogFormat::Text);
    let (subscriber, _handle) = subscriber(&errors_only, &TimeZone::UTC).unwrap();
    with_default(subscriber, || {
        let request = tracing::error_span!("request", request = Empty);
        request.record("request", "4f2a");
        request.in_scope(|| {
            let part = tracing::error_span!("part", what = "users");
            part.in_scope(|| tracing::error!(code = 105, "failed"));
        });
        tracing::error!("apart");
    });
    let expected = [
        "ERROR failed code=105 what=users request=4f2a",
        "ERROR apart",
    ];
    assert_eq!(messages(&path), expected);
}

#[test]
fn lines_of_libraries_below_a_warning_are_not_written() {
    let (_home, path) = home();
    let _second = second();
    let all = log(path.clone(), LogLevel::TRACE, LogFormat::Text);
    let (subscriber, _handle) = subscriber(&all, &TimeZone::UTC).unwrap();
    with_default(subscriber, || {
        tracing::info!(target: "hyper", "a secret header");
        tracing::warn!(target: "hyper", "trouble");
        tracing::trace!("ours");
    });
    let expected = ["WARN  trouble target=hyper", "TRACE ours"];
    assert_eq!(messages(&path), expected);
}
