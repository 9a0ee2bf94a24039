//! How the last run ended, for the first line of the log.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};
use domain::base::clock::UnixTime;

/// The saved condition of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownMarker {
    /// The daemon runs; or it was interrupted.
    Running,
    /// The daemon has stopped normally.
    Stopped,
}

/// What is known of the last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When the run ended, if it stopped normally; else when it last wrote to
    /// the state, which may be a day earlier.
    pub seen: UnixTime,
    /// [`ShutdownMarker::Running`] if the run was interrupted.
    pub presence: ShutdownMarker,
}

impl Store {
    /// Returns the last run, if it saved anything.
    pub async fn last_run(&self) -> Result<Option<LastRun>, StoreError> {
        let cut_off = self.was_left_open;
        self.call("read how the last run ended", move |connection| {
            // Other writes also show that it was running.
            let read = "SELECT stopped,
                    max(seen,
                        ifnull((SELECT refreshed FROM directory), seen),
                        ifnull((SELECT max(granted) FROM grants), seen))
                 FROM presence";
            let found = connection.query_row(read, [], |row| Ok((row.get(0)?, row.get(1)?)));
            Ok(found.optional()?.map(|(stopped, seen)| LastRun {
                seen: UnixTime::from_seconds(seen),
                presence: if stopped && !cut_off {
                    ShutdownMarker::Stopped
                } else {
                    ShutdownMarker::Running
                },
            }))
        })
        .await
    }

    /// Saves that the daemon runs, or that it stops.
    pub async fn save_shutdown_marker(
        &self,
        now: UnixTime,
        presence: ShutdownMarker,
    ) -> Result<(), StoreError> {
        match presence {
            ShutdownMarker::Running => self.history().seen(now),
            ShutdownMarker::Stopped => self.history().stop(now),
        }
        self.call("save that the daemon runs", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO presence (id, seen, stopped) VALUES (1, ?1, ?2)",
                (now.seconds(), presence == ShutdownMarker::Stopped),
            )?;
            Ok(())
        })
        .await
    }
}
