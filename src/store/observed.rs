//! What the clients' requests look like, in memory, and saved with the next
//! write.

use std::net::IpAddr;

use rusqlite::{Connection, Row, params};

use super::along::Unsaved;
use domain::base::clock::UnixTime;
use domain::base::ids::ClientId;
use domain::model::observed::{Endpoint, Fact, Observation, Observations};

/// The observations of all clients.
#[derive(Debug)]
pub struct Observed(Unsaved<Observations>);

impl Observed {
    /// Loads the saved observations. An error costs only them.
    pub(super) fn load(connection: &Connection) -> Self {
        let rows = read(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot load what was observed of the clients");
            Vec::new()
        });
        Self(Unsaved::loaded(Observations::restored(rows)))
    }

    /// Returns what was observed so far.
    pub fn rows(&self) -> Vec<Observation> {
        self.0.with(|seen| seen.rows())
    }

    /// Returns whether a client was seen to fetch the discovery document.
    pub fn has_discovery_of_client(&self) -> bool {
        self.0.with(|seen| seen.has_discovery_of_client())
    }

    /// Returns whether a client has redeemed a code, in this run or before.
    pub fn has_sign_in(&self) -> bool {
        self.0.with(|seen| seen.has_sign_in())
    }

    /// Notes the facts of a request of `client`.
    pub fn note(&self, now: UnixTime, client: &ClientId, endpoint: Endpoint, facts: Vec<Fact>) {
        let client = client.as_str();
        self.0
            .change(|seen| seen.note(now, client, endpoint, facts));
    }

    /// Notes that `address` fetched a document.
    pub fn note_document(
        &self,
        now: UnixTime,
        address: IpAddr,
        endpoint: Endpoint,
        user_agent: Option<&[u8]>,
    ) {
        self.0
            .change(|seen| seen.note_document(now, address, endpoint, user_agent));
    }

    /// Returns how often `address`, which sends a token request now, has
    /// fetched each document since its previous one.
    pub fn documents_of(&self, address: IpAddr) -> Vec<Fact> {
        self.0.with(|seen| seen.documents_of(address))
    }

    /// Writes the observations in the open transaction, if they have changed;
    /// returns the number of changes that it saves.
    pub(super) fn write_along(&self, connection: &Connection) -> rusqlite::Result<Option<u64>> {
        self.0.write_along(connection, Observations::rows, write)
    }

    /// Notes that `changes` of them are on disk.
    pub(super) fn saved(&self, changes: u64) {
        self.0.saved(changes);
    }
}

fn write(connection: &Connection, rows: Vec<Observation>) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM observations")?
        .execute([])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO observations (client, endpoint, fact, value, times, last)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in rows {
        insert.execute(params![
            row.client,
            row.endpoint,
            row.fact,
            row.value,
            i64::try_from(row.times).unwrap_or(i64::MAX),
            row.last.seconds(),
        ])?;
    }
    Ok(())
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<Observation>> {
    let mut statement = connection
        .prepare("SELECT client, endpoint, fact, value, times, last FROM observations")?;
    let rows = statement.query_map([], observation)?;
    rows.collect()
}

fn observation(row: &Row<'_>) -> rusqlite::Result<Observation> {
    Ok(Observation {
        client: row.get("client")?,
        endpoint: row.get("endpoint")?,
        fact: row.get("fact")?,
        value: row.get("value")?,
        times: row.get::<_, i64>("times")?.unsigned_abs(),
        last: UnixTime::from_seconds(row.get("last")?),
    })
}
