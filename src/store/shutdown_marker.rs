//! How the run before ended, for the first line of the next one's log.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};
use domain::base::clock::UnixTime;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownMarker {
    /// It goes on.
    Running,
    /// It ends, in good order.
    Stopped,
}

/// What is known of the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it was last known to run. If it ended in good order, it ended
    /// then; else it may have gone on for a day.
    pub seen: UnixTime,
    /// How it ended: a run that is said to go on was cut off.
    pub presence: ShutdownMarker,
}

impl Store {
    /// The run before; `None` when there was none that wrote anything down.
    pub async fn last_run(&self) -> Result<Option<LastRun>, StoreError> {
        let cut_off = self.was_left_open;
        self.call("read how the run before ended", move |connection| {
            // What it wrote for other reasons shows that it ran, too.
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

    /// Notes that the daemon runs, or that it ends.
    pub async fn save_shutdown_marker(
        &self,
        now: UnixTime,
        presence: ShutdownMarker,
    ) -> Result<(), StoreError> {
        self.call("note that the daemon runs", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO presence (id, seen, stopped) VALUES (1, ?1, ?2)",
                (now.seconds(), presence == ShutdownMarker::Stopped),
            )?;
            Ok(())
        })
        .await
    }
}
