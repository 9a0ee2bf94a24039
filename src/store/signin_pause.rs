//! The pause of sign-ins to DSM.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::model::signin_pause::SigninPause;

impl Store {
    /// Returns the last pause, over or not; `None` if DSM has accepted a
    /// sign-in since.
    pub async fn signin_pause(&self) -> Result<Option<SigninPause>, StoreError> {
        self.call("load the sign-in pause", |connection| {
            last(connection).optional()
        })
        .await
    }

    /// Saves `pause` in place of the previous one.
    pub async fn save_signin_pause(&self, pause: SigninPause) -> Result<(), StoreError> {
        self.call("save the sign-in pause", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO hold (id, until, seconds, fingerprint, reason)
                 VALUES (1, ?1, ?2, ?3, ?4)",
                params![
                    pause.until.seconds(),
                    i64::try_from(pause.length.as_secs()).unwrap_or(i64::MAX),
                    pause.fingerprint,
                    pause.reason,
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Removes the last pause: DSM has accepted a sign-in.
    pub async fn remove_signin_pause(&self) -> Result<(), StoreError> {
        self.call("remove the sign-in pause", |connection| {
            connection.execute("DELETE FROM hold", [])?;
            Ok(())
        })
        .await
    }
}

/// Reads the last pause.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<SigninPause> {
    let select = "SELECT until, seconds, fingerprint, reason FROM hold";
    connection.query_row(select, [], from_row)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SigninPause> {
    let seconds: i64 = row.get("seconds")?;
    Ok(SigninPause {
        until: UnixTime::from_seconds(row.get("until")?),
        length: Duration::from_secs(seconds.try_into().unwrap_or(0)),
        fingerprint: row.get("fingerprint")?,
        reason: row.get("reason")?,
    })
}
