//! DSM's users of yesterday.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::ids::DsmUsername;
use crate::user_list::{ListedUser, UserList};

/// A user list and when DSM last confirmed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDirectory {
    /// The list.
    pub list: Arc<UserList>,
    /// When it was last fetched, the same or not.
    pub refreshed: UnixTime,
}

impl Store {
    /// The list that was kept, or `None` when DSM never answered.
    pub async fn directory(&self) -> Result<Option<KeptDirectory>, StoreError> {
        self.call("read the kept users", |connection| {
            let refreshed = connection
                .query_row("SELECT refreshed FROM directory", [], |row| row.get(0))
                .optional()?;
            let Some(refreshed) = refreshed else {
                return Ok(None);
            };
            Ok(Some(KeptDirectory {
                list: Arc::new(read(connection)?),
                refreshed: UnixTime::from_seconds(refreshed),
            }))
        })
        .await
    }

    /// Keeps a changed list in place of the one before.
    pub async fn keep_directory(&self, kept: KeptDirectory) -> Result<(), StoreError> {
        self.call("keep the users", move |connection| {
            write(connection, &kept.list)?;
            note_refreshed(connection, kept.refreshed)
        })
        .await
    }

    /// Notes that DSM confirmed the kept list.
    pub async fn keep_directory_freshness(&self, refreshed: UnixTime) -> Result<(), StoreError> {
        self.call("note when the users were fresh", move |connection| {
            note_refreshed(connection, refreshed)
        })
        .await
    }
}

fn read(connection: &Connection) -> rusqlite::Result<UserList> {
    let mut statement = connection
        .prepare("SELECT name, email, expired, administrator FROM users ORDER BY position")?;
    let mut rows = statement.query([])?;
    let mut list = UserList::default();
    let mut administrators = Vec::new();
    while let Some(row) = rows.next()? {
        let name = DsmUsername::new(row.get::<_, String>(0)?);
        if row.get(3)? {
            administrators.push(name.clone());
        }
        list.users.push(ListedUser {
            name,
            email: row.get(1)?,
            expired: row.get(2)?,
        });
    }
    // In the order in which a fresh list comes: an old one in another would
    // look changed, and be written anew at each start.
    administrators.sort();
    list.administrators = Some(administrators);
    Ok(list)
}

fn write(connection: &Connection, list: &UserList) -> rusqlite::Result<()> {
    let administrators: HashSet<&DsmUsername> = list.administrators.iter().flatten().collect();
    connection.execute("DELETE FROM users", [])?;
    let mut insert = connection.prepare(
        "INSERT INTO users (position, name, email, expired, administrator)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (position, user) in list.users.iter().enumerate() {
        insert.execute(params![
            i64::try_from(position).unwrap_or(i64::MAX),
            user.name.as_str(),
            user.email,
            user.expired,
            administrators.contains(&user.name),
        ])?;
    }
    Ok(())
}

fn note_refreshed(connection: &Connection, refreshed: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO directory (id, refreshed) VALUES (1, ?1)",
        [refreshed.seconds()],
    )?;
    Ok(())
}
