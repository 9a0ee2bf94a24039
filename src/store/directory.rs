//! The user list.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::model::user_list::{ListedUser, UserList};

/// A user list and when DSM last returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedDirectory {
    /// The users and administrators.
    pub list: Arc<UserList>,
    /// When the list was last fetched, changed or not.
    pub refreshed: UnixTime,
}

impl Store {
    /// Returns the saved list, if there is one.
    pub async fn directory(&self) -> Result<Option<SavedDirectory>, StoreError> {
        self.call("read the saved users", |connection| {
            let refreshed = connection
                .query_row("SELECT refreshed FROM directory", [], |row| row.get(0))
                .optional()?;
            let Some(refreshed) = refreshed else {
                return Ok(None);
            };
            Ok(Some(SavedDirectory {
                list: Arc::new(read(connection)?),
                refreshed: UnixTime::from_seconds(refreshed),
            }))
        })
        .await
    }

    /// Replaces the saved list.
    pub async fn save_directory(&self, kept: SavedDirectory) -> Result<(), StoreError> {
        self.call("save the users", move |connection| {
            note_refreshed(connection, kept.refreshed)?;
            write(connection, &kept.list)
        })
        .await
    }

    /// Saves when DSM last returned the saved list.
    pub async fn save_directory_freshness(&self, refreshed: UnixTime) -> Result<(), StoreError> {
        self.call("save the time of the users", move |connection| {
            note_refreshed(connection, refreshed)
        })
        .await
    }
}

fn read(connection: &Connection) -> rusqlite::Result<UserList> {
    let mut statement =
        connection.prepare("SELECT name, email, expired FROM users ORDER BY position")?;
    let users = statement.query_map([], |row| {
        Ok(ListedUser {
            name: DsmUsername::new(row.get::<_, String>(0)?),
            email: row.get(1)?,
            expired: row.get(2)?,
        })
    })?;
    Ok(UserList {
        users: users.collect::<Result<_, _>>()?,
        administrators: read_administrators(connection)?,
    })
}

/// Sorted, because a list in another order would be saved again at each start.
fn read_administrators(connection: &Connection) -> rusqlite::Result<Option<Vec<DsmUsername>>> {
    let known = "SELECT administrators_known FROM directory";
    if !connection.query_row(known, [], |row| row.get(0))? {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT name FROM administrators ORDER BY name")?;
    let names = statement.query_map([], |row| Ok(DsmUsername::new(row.get::<_, String>(0)?)))?;
    names.collect::<Result<_, _>>().map(Some)
}

fn write(connection: &Connection, list: &UserList) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM users", [])?;
    let mut insert = connection
        .prepare("INSERT INTO users (position, name, email, expired) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, user) in list.users.iter().enumerate() {
        insert.execute(params![
            i64::try_from(position).unwrap_or(i64::MAX),
            user.name.as_str(),
            user.email,
            user.expired,
        ])?;
    }
    write_administrators(connection, list.administrators.as_deref())
}

fn write_administrators(
    connection: &Connection,
    names: Option<&[DsmUsername]>,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE directory SET administrators_known = ?1",
        [names.is_some()],
    )?;
    connection.execute("DELETE FROM administrators", [])?;
    let mut insert = connection.prepare("INSERT INTO administrators (name) VALUES (?1)")?;
    for name in names.unwrap_or_default() {
        insert.execute([name.as_str()])?;
    }
    Ok(())
}

fn note_refreshed(connection: &Connection, refreshed: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO directory (id, refreshed) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET refreshed = excluded.refreshed",
        [refreshed.seconds()],
    )?;
    Ok(())
}
