//! The last sign-ins, for the administrator.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::{ClientId, DsmUsername};
use domain::model::login::GrantedCode;

/// The number of sign-ins that are kept: some weeks of a family.
const MOST: i64 = 200;

/// A sign-in: a client redeemed a code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct SignIn {
    pub at: UnixTime,
    pub user: DsmUsername,
    /// The address of the Google account, as Google writes it.
    pub address: String,
    pub client: ClientId,
}

/// When each DSM user last signed in, by the name that DSM listed then.
pub type LastSignIns = HashMap<DsmUsername, UnixTime>;

impl SignIn {
    pub(super) fn of(granted: &GrantedCode, at: UnixTime) -> Self {
        Self {
            at,
            user: granted.user.clone(),
            address: granted.identity.address.as_written().to_owned(),
            client: granted.client.clone(),
        }
    }
}

impl Store {
    /// Returns the last sign-ins, the newest first.
    pub async fn sign_ins(&self) -> Result<Vec<SignIn>, StoreError> {
        self.call("read the last sign-ins", |connection| {
            let mut statement = connection
                .prepare("SELECT at, dsm_user, address, client FROM sign_ins ORDER BY id DESC")?;
            let sign_ins = statement.query_map([], sign_in)?;
            sign_ins.collect()
        })
        .await
    }

    /// Returns when each user last signed in, also if that sign-in is not among
    /// the last ones any more.
    pub async fn last_sign_ins(&self) -> Result<LastSignIns, StoreError> {
        self.call("read the users' last sign-ins", |connection| {
            let mut statement = connection.prepare("SELECT dsm_user, at FROM last_sign_ins")?;
            let last = statement.query_map([], |row| {
                let user = DsmUsername::new(row.get::<_, String>(0)?);
                Ok((user, UnixTime::from_seconds(row.get(1)?)))
            })?;
            last.collect()
        })
        .await
    }
}

/// Saves `sign_in` in the open transaction, in place of the oldest one.
pub(super) fn save(connection: &Connection, sign_in: &SignIn) -> rusqlite::Result<()> {
    let SignIn {
        at,
        user,
        address,
        client,
    } = sign_in;
    connection
        .prepare_cached(
            "INSERT INTO sign_ins (at, dsm_user, address, client) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            at.seconds(),
            user.as_str(),
            address,
            client.as_str()
        ])?;
    connection
        .prepare_cached("DELETE FROM sign_ins WHERE id <= ?1")?
        .execute([connection.last_insert_rowid() - MOST])?;
    connection
        .prepare_cached(
            "INSERT INTO last_sign_ins (dsm_user, at) VALUES (?1, ?2)
             ON CONFLICT (dsm_user) DO UPDATE SET at = excluded.at",
        )?
        .execute(params![user.as_str(), at.seconds()])?;
    Ok(())
}

fn sign_in(row: &Row<'_>) -> rusqlite::Result<SignIn> {
    Ok(SignIn {
        at: UnixTime::from_seconds(row.get("at")?),
        user: DsmUsername::new(row.get::<_, String>("dsm_user")?),
        address: row.get("address")?,
        client: ClientId::new(row.get::<_, String>("client")?),
    })
}
