//! When the daemon was running, and when its jobs ran, for the picture of the
//! week: in memory, and saved with the next write.

use std::collections::VecDeque;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::along::Unsaved;
use domain::base::clock::UnixTime;

/// How long the history is kept: the picture shows half of it.
const KEPT: Duration = Duration::from_hours(15 * 24);

/// The numbers that are kept, whatever the clock shows: `KEPT` has fewer.
const MOST_RUNS: usize = 200;
const MOST_JOB_RUNS: usize = 1_500;

/// Of the same job with the same result, one is noted in this time.
const SLOT: Duration = Duration::from_mins(15);

/// The daemon is seen every minute. After a longer time, the machine was asleep
/// or its clock was set.
const LONGEST_GAP: Duration = Duration::from_mins(10);

/// A shorter stop is not visible in the picture.
const SHORTEST_STOP: Duration = Duration::from_mins(1);

/// After a run of this length without a change of the clock, the clock is
/// probably right.
const CLOCK_TRUSTED: Duration = Duration::from_hours(1);

/// A run of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct Run {
    pub begun: UnixTime,
    /// When the daemon was last known to run.
    pub seen: UnixTime,
    /// Whether the run ended at `seen`. Otherwise it is the present one, or was
    /// interrupted at an unknown time.
    pub stopped: bool,
}

/// A job that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct JobRun {
    pub at: UnixTime,
    pub job: JobName,
    pub failed: bool,
}

/// The public names of the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the variants")]
pub enum JobName {
    Users,
    BeforePowerOff,
    KeyRotation,
}

impl JobName {
    /// Returns the name, as `status` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::BeforePowerOff => "before-power-off",
            Self::KeyRotation => "key-rotation",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Users, Self::BeforePowerOff, Self::KeyRotation];
        all.into_iter().find(|job| job.as_str() == name)
    }
}

/// The runs of the daemon and its jobs in the last days.
#[derive(Debug)]
pub struct History(Unsaved<Past>);

/// Oldest first, each with its ID in the table. A later entry has a higher ID,
/// also after the clock was set back.
#[derive(Clone, Debug, Default)]
struct Past {
    runs: VecDeque<(i64, Run)>,
    jobs: VecDeque<(i64, JobRun)>,
    /// The highest ID of both. None is used twice, so that the newest row of a
    /// table shows whether the table is a part of this.
    last: i64,
}

impl History {
    /// Loads the saved history. An error costs only it.
    pub(super) fn load(connection: &Connection) -> Self {
        let past = read(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot load when the daemon was running");
            Past::default()
        });
        Self(Unsaved::loaded(past))
    }

    /// Notes that this run of the daemon begins.
    pub fn begin(&self, now: UnixTime) {
        self.0.change(|past| past.begin(now));
    }

    /// Notes that the daemon is running.
    pub fn seen(&self, now: UnixTime) {
        self.0.change(|past| past.seen(now));
    }

    /// Notes that the daemon stops.
    pub(super) fn stop(&self, now: UnixTime) {
        self.0.change(|past| {
            past.seen(now);
            if let Some((_, run)) = past.runs.back_mut() {
                run.stopped = true;
            }
        });
    }

    /// Notes that a job has run.
    pub fn note_job(&self, run: JobRun) {
        self.0.change(|past| {
            past.seen(run.at);
            past.note_job(run);
        });
    }

    /// Returns the runs of the daemon, in the order in which they began. The
    /// last one is the present one.
    pub fn runs(&self) -> Vec<Run> {
        self.0
            .with(|past| past.runs.iter().map(|(_, run)| *run).collect())
    }

    /// Returns the runs of the jobs, in their order.
    pub fn job_runs(&self) -> Vec<JobRun> {
        self.0
            .with(|past| past.jobs.iter().map(|(_, run)| *run).collect())
    }

    /// Writes the history in the open transaction, if it has changed; returns
    /// the number of changes that it saves.
    pub(super) fn write_along(&self, connection: &Connection) -> rusqlite::Result<Option<u64>> {
        self.0
            .write_along(connection, Past::clone, |connection, past| {
                write(connection, &past)
            })
    }

    /// Notes that `changes` of them are on disk.
    pub(super) fn saved(&self, changes: u64) {
        self.0.saved(changes);
    }
}

impl Past {
    fn begin(&mut self, now: UnixTime) {
        if let Some((_, last)) = self.runs.back_mut()
            && distance(last.seen, now) <= SHORTEST_STOP
        {
            last.seen = last.seen.max(now);
            last.stopped = false;
            return;
        }
        let begun = Run {
            begun: now,
            seen: now,
            stopped: false,
        };
        self.last += 1;
        self.runs.push_back((self.last, begun));
        if self.runs.len() > MOST_RUNS {
            self.runs.pop_front();
        }
    }

    fn seen(&mut self, now: UnixTime) {
        let Some((_, run)) = self.runs.back_mut().filter(|(_, run)| !run.stopped) else {
            return;
        };
        if distance(run.seen, now) > LONGEST_GAP {
            run.stopped = true;
            return self.begin(now);
        }
        run.seen = run.seen.max(now);
        if now.since(run.begun) >= CLOCK_TRUSTED {
            self.tidy(now);
        }
    }

    fn note_job(&mut self, run: JobRun) {
        let is_alike = |it: &JobRun| {
            let is_recent = it.at <= run.at && run.at.since(it.at) < SLOT;
            is_recent && (it.job, it.failed) == (run.job, run.failed)
        };
        if !self.jobs.iter().any(|(_, it)| is_alike(it)) {
            self.last += 1;
            self.jobs.push_back((self.last, run));
        }
        if self.jobs.len() > MOST_JOB_RUNS {
            self.jobs.pop_front();
        }
    }

    /// Removes what is too old, and what a wrong clock has put into the future.
    fn tidy(&mut self, now: UnixTime) {
        let first = now.minus(KEPT);
        keep(&mut self.runs, &mut self.last, |run| {
            run.seen >= first && run.begun <= now
        });
        keep(&mut self.jobs, &mut self.last, |run| {
            run.at >= first && run.at <= now
        });
    }
}

/// Removes the rows that are not `wanted`. On disk, only the oldest rows can be
/// removed one by one. If a later one is removed, all others get new IDs, so
/// that they are written again.
fn keep<T>(rows: &mut VecDeque<(i64, T)>, last: &mut i64, wanted: impl Fn(&T) -> bool) {
    while rows.front().is_some_and(|(_, row)| !wanted(row)) {
        rows.pop_front();
    }
    let count = rows.len();
    rows.retain(|(_, row)| wanted(row));
    if rows.len() == count {
        return;
    }
    for (id, _) in rows {
        *last += 1;
        *id = *last;
    }
}

fn distance(one: UnixTime, other: UnixTime) -> Duration {
    one.since(other).max(other.since(one))
}

/// Removes the rows of `table` that `rows` does not have, and returns the first
/// ID to write: that of the newest row, which may have changed. If `rows` does
/// not have that one, the table is not a part of it: all rows are replaced.
fn remove_others<T>(
    connection: &Connection,
    table: &str,
    rows: &VecDeque<(i64, T)>,
) -> rusqlite::Result<i64> {
    let newest: i64 = connection
        .prepare_cached(&format!("SELECT ifnull(max(id), 0) FROM {table}"))?
        .query_row([], |row| row.get(0))?;
    let oldest = rows.front().map_or(i64::MAX, |(id, _)| *id);
    let is_part = rows.binary_search_by_key(&newest, |(id, _)| *id).is_ok();
    let (first, kept) = if is_part {
        (newest, oldest)
    } else {
        (oldest, i64::MAX)
    };
    connection
        .prepare_cached(&format!("DELETE FROM {table} WHERE id < ?1"))?
        .execute([kept])?;
    Ok(first)
}

fn write(connection: &Connection, past: &Past) -> rusqlite::Result<()> {
    let first = remove_others(connection, "runs", &past.runs)?;
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO runs (id, begun, seen, stopped) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (id, run) in past.runs.iter().filter(|(id, _)| *id >= first) {
        let (begun, seen) = (run.begun.seconds(), run.seen.seconds());
        insert.execute(params![id, begun, seen, run.stopped])?;
    }
    let first = remove_others(connection, "job_runs", &past.jobs)?;
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO job_runs (id, at, job, failed) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (id, run) in past.jobs.iter().filter(|(id, _)| *id >= first) {
        let (at, job) = (run.at.seconds(), run.job.as_str());
        insert.execute(params![id, at, job, run.failed])?;
    }
    Ok(())
}

fn read(connection: &Connection) -> rusqlite::Result<Past> {
    let mut runs = connection.prepare("SELECT id, begun, seen, stopped FROM runs ORDER BY id")?;
    let runs = runs.query_map([], |row| {
        let run = Run {
            begun: UnixTime::from_seconds(row.get("begun")?),
            seen: UnixTime::from_seconds(row.get("seen")?),
            stopped: row.get("stopped")?,
        };
        Ok((row.get("id")?, run))
    })?;
    let mut jobs = connection.prepare("SELECT id, at, job, failed FROM job_runs ORDER BY id")?;
    let jobs = jobs.query_map([], |row| {
        // A job of a later release is not shown.
        let Some(job) = JobName::named(&row.get::<_, String>("job")?) else {
            return Ok(None);
        };
        let run = JobRun {
            at: UnixTime::from_seconds(row.get("at")?),
            job,
            failed: row.get("failed")?,
        };
        Ok(Some((row.get("id")?, run)))
    })?;
    // Also of the jobs that are not shown: their IDs are not used again.
    let last =
        "SELECT ifnull(max(id), 0) FROM (SELECT id FROM runs UNION ALL SELECT id FROM job_runs)";
    Ok(Past {
        runs: runs.collect::<Result<_, _>>()?,
        jobs: jobs
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?,
        last: connection.query_row(last, [], |row| row.get(0))?,
    })
}

#[cfg(test)]
mod tests;
