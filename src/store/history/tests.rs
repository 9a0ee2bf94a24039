//! The history in memory, and what of it is on disk.

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Two weeks after the epoch, so that a clock may be wrong in both directions.
const MONDAY: i64 = 14 * DAY;

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn run(begun: i64, seen: i64, stopped: bool) -> Run {
    let (begun, seen) = (at(begun), at(seen));
    Run {
        begun,
        seen,
        stopped,
    }
}

fn job(at: i64, failed: bool) -> JobRun {
    JobRun {
        at: UnixTime::from_seconds(at),
        job: JobName::Users,
        failed,
    }
}

/// A database with the two tables.
fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(include_str!("../migrations/011_history.sql"))
        .unwrap();
    connection
}

/// Sees the daemon each minute from `begun` to `end`.
fn minutes_pass(history: &History, begun: i64, end: i64) {
    for now in (begun..=end).step_by(60) {
        history.seen(at(now));
    }
}

/// Saves the history with another write, and checks that all of it is on disk.
fn save(history: &History, connection: &Connection) {
    connection.execute_batch("BEGIN").unwrap();
    let changes = history.write_along(connection).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    history.saved(changes.expect("nothing has changed"));
    let loaded = History::load(connection);
    assert_eq!(loaded.runs(), history.runs());
    assert_eq!(loaded.job_runs(), history.job_runs());
}

#[test]
fn two_days_with_a_night_are_two_runs() {
    let connection = database();
    let history = History::load(&connection);
    history.begin(at(MONDAY));
    minutes_pass(&history, MONDAY, MONDAY + HOUR);
    history.stop(at(MONDAY + HOUR + 30));
    save(&history, &connection);
    // The next day, the power is cut after the last write.
    let history = History::load(&connection);
    history.begin(at(MONDAY + DAY));
    minutes_pass(&history, MONDAY + DAY, MONDAY + DAY + HOUR);
    save(&history, &connection);
    minutes_pass(&history, MONDAY + DAY + HOUR, MONDAY + DAY + 2 * HOUR);
    let history = History::load(&connection);
    history.begin(at(MONDAY + 2 * DAY));
    assert_eq!(
        history.runs(),
        [
            run(MONDAY, MONDAY + HOUR + 30, true),
            run(MONDAY + DAY, MONDAY + DAY + HOUR, false),
            run(MONDAY + 2 * DAY, MONDAY + 2 * DAY, false),
        ]
    );
}

#[test]
fn a_restart_within_a_minute_continues_the_run() {
    let history = History::load(&database());
    for _ in 0..1_000 {
        history.begin(at(MONDAY));
        history.stop(at(MONDAY + 1));
    }
    history.begin(at(MONDAY + 60));
    assert_eq!(history.runs(), [run(MONDAY, MONDAY + 60, false)]);
    history.stop(at(MONDAY + 60));
    history.begin(at(MONDAY + 122));
    assert_eq!(history.runs().len(), 2);
}

/// The machine was asleep, or its clock was set.
#[test]
fn a_run_is_not_stretched_over_a_step_of_the_clock() {
    let connection = database();
    let history = History::load(&connection);
    // A machine without a battery starts at the epoch.
    history.begin(at(5));
    minutes_pass(&history, 5, 65);
    minutes_pass(&history, MONDAY, MONDAY + HOUR / 2);
    let early = run(5, 65, true);
    let present = run(MONDAY, MONDAY + HOUR / 2, false);
    assert_eq!(history.runs(), [early, present]);
    save(&history, &connection);
    // The clock is a day ahead until NTP sets it; a second back is not a step.
    history.seen(at(MONDAY + DAY));
    history.note_job(job(MONDAY + DAY, false));
    history.seen(at(MONDAY + HOUR));
    history.seen(at(MONDAY + HOUR - 1));
    assert_eq!(history.runs().len(), 4);
    save(&history, &connection);
    // After an hour, the clock is probably right.
    minutes_pass(&history, MONDAY + HOUR, MONDAY + 2 * HOUR);
    let after = run(MONDAY + HOUR, MONDAY + 2 * HOUR, false);
    let present = Run {
        stopped: true,
        ..present
    };
    assert_eq!(history.runs(), [early, present, after]);
    assert_eq!(history.job_runs(), []);
    save(&history, &connection);
}

#[test]
fn the_history_ends_after_fifteen_days() {
    let connection = database();
    let history = History::load(&connection);
    for day in 0..20 {
        let begun = MONDAY + day * DAY;
        history.begin(at(begun));
        history.note_job(job(begun, false));
        minutes_pass(&history, begun, begun + 2 * HOUR);
        history.stop(at(begun + 2 * HOUR));
        save(&history, &connection);
    }
    let rows = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("runs"), rows("job_runs")), (16, 15));
}

#[test]
fn jobs_that_run_all_the_time_are_noted_now_and_then() {
    let connection = database();
    let history = History::load(&connection);
    history.begin(at(MONDAY));
    for minute in 0..60 {
        history.note_job(job(MONDAY + 60 * minute, false));
        history.note_job(job(MONDAY + 60 * minute, minute % 2 == 0));
    }
    let noted = history.job_runs();
    let failed = noted.iter().filter(|job| job.failed).count();
    assert_eq!((noted.len(), failed), (8, 4));
    // Each minute in another direction: the clock is of no help.
    for minute in 0..3_000 {
        history.note_job(job(MONDAY - DAY * minute, false));
        history.begin(at(MONDAY - DAY * minute));
    }
    assert_eq!(history.job_runs().len(), MOST_JOB_RUNS);
    assert_eq!(history.runs().len(), MOST_RUNS);
    save(&history, &connection);
}

#[test]
fn what_a_later_release_wrote_is_left_out() {
    let connection = database();
    let insert = "INSERT INTO job_runs (id, at, job, failed) VALUES (3, 1, 'users', 0),
         (6, 2, 'of-a-later-release', 0)";
    connection.execute_batch(insert).unwrap();
    let history = History::load(&connection);
    assert_eq!(history.job_runs(), [job(1, false)]);
    history.begin(at(MONDAY));
    history.note_job(job(MONDAY, false));
    // While it is the newest row, each write would save the whole history.
    save(&history, &connection);
    let count = "SELECT count(*) FROM job_runs";
    let count = connection.query_row(count, [], |row| row.get::<_, i64>(0));
    assert_eq!(count.unwrap(), 2);
    connection.execute_batch("DROP TABLE runs").unwrap();
    assert_eq!(History::load(&connection).runs(), []);
}

#[test]
fn a_history_that_cannot_be_loaded_is_replaced() {
    let connection = database();
    let insert = "INSERT INTO job_runs (id, at, job, failed) VALUES (1, 1, 'users', 0),
         (2, 2, CAST(x'ff' AS TEXT), 0)";
    connection.execute_batch(insert).unwrap();
    let history = History::load(&connection);
    assert_eq!(history.job_runs(), []);
    history.note_job(job(MONDAY, false));
    save(&history, &connection);
}
