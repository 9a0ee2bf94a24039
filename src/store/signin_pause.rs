//! That DSM is left alone, since it refused to let us in.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError};
use domain::base::clock::UnixTime;

/// A hold, which outlives a restart. Its row stays when its time is over: the
/// next one is longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPause {
    /// Until when.
    pub until: UnixTime,
    /// How long it is as a whole.
    pub length: Duration,
    /// The keyed hash of what DSM refused.
    pub fingerprint: Vec<u8>,
    /// Why, for a person.
    pub reason: String,
}

impl Store {
    /// The last hold, over or not; `None` when DSM has let us in since.
    pub async fn hold(&self) -> Result<Option<SavedPause>, StoreError> {
        self.call("read until when DSM is left alone", |connection| {
            let hold = "SELECT until, seconds, fingerprint, reason FROM hold";
            connection.query_row(hold, [], from_row).optional()
        })
        .await
    }

    /// Keeps a hold in place of the one before.
    pub async fn save_signin_pause(&self, hold: SavedPause) -> Result<(), StoreError> {
        self.call("keep until when DSM is left alone", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO hold (id, until, seconds, fingerprint, reason)
                 VALUES (1, ?1, ?2, ?3, ?4)",
                params![
                    hold.until.seconds(),
                    i64::try_from(hold.length.as_secs()).unwrap_or(i64::MAX),
                    hold.fingerprint,
                    hold.reason,
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// There is none any more.
    pub async fn forget_hold(&self) -> Result<(), StoreError> {
        self.call("forget that DSM was left alone", |connection| {
            connection.execute("DELETE FROM hold", [])?;
            Ok(())
        })
        .await
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SavedPause> {
    let seconds: i64 = row.get("seconds")?;
    Ok(SavedPause {
        until: UnixTime::from_seconds(row.get("until")?),
        length: Duration::from_secs(seconds.try_into().unwrap_or(0)),
        fingerprint: row.get("fingerprint")?,
        reason: row.get("reason")?,
    })
}
