//! What the clients' requests look like, in memory, and saved with the next
//! write after something new was seen. How often it was seen is saved once an
//! hour: written with each login, it would be a third of what a login costs.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::along::Unsaved;
use domain::base::clock::UnixTime;
use domain::base::ids::ClientId;
use domain::model::observed::{Endpoint, Fact, Observation, Observations};

/// How often the counts are saved.
const COUNTS_SAVED_EVERY: Duration = Duration::from_hours(1);

/// The observations of all clients.
#[derive(Debug)]
pub struct Observed(Unsaved<Seen>);

#[derive(Debug)]
struct Seen {
    observations: Observations,
    /// When the observations were last due to be saved.
    due: UnixTime,
}

impl Seen {
    /// Returns whether the observations are to be saved after `is_new`, a
    /// change at `now`. A clock that was set back makes them due, too.
    fn is_due(&mut self, is_new: bool, now: UnixTime) -> bool {
        let is_due = is_new || now < self.due || now.since(self.due) >= COUNTS_SAVED_EVERY;
        if is_due {
            self.due = now;
        }
        is_due
    }
}

impl Observed {
    /// Loads the saved observations. An error costs only them.
    pub(super) fn load(connection: &Connection) -> Self {
        let rows = read(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot load what was observed of the clients");
            Vec::new()
        });
        Self(Unsaved::loaded(Seen {
            observations: Observations::restored(rows),
            due: UnixTime::from_seconds(0),
        }))
    }

    /// Returns what was observed so far.
    pub fn rows(&self) -> Vec<Observation> {
        self.0.with(|seen| seen.observations.rows())
    }

    /// Returns whether a client was seen to fetch the discovery document.
    pub fn has_discovery_of_client(&self) -> bool {
        self.0
            .with(|seen| seen.observations.has_discovery_of_client())
    }

    /// Returns whether a client has redeemed a code, in this run or before.
    pub fn has_sign_in(&self) -> bool {
        self.0.with(|seen| seen.observations.has_sign_in())
    }

    /// Notes the facts of a request of `client`.
    pub fn note(&self, now: UnixTime, client: &ClientId, endpoint: Endpoint, facts: Vec<Fact>) {
        let client = client.as_str();
        self.0.change_if(|seen| {
            let is_new = seen.observations.note(now, client, endpoint, facts);
            seen.is_due(is_new, now)
        });
    }

    /// Notes that `address` fetched a document.
    pub fn note_document(
        &self,
        now: UnixTime,
        address: IpAddr,
        endpoint: Endpoint,
        user_agent: Option<&[u8]>,
    ) {
        self.0.change_if(|seen| {
            let noted = &mut seen.observations;
            let is_new = noted.note_document(now, address, endpoint, user_agent);
            seen.is_due(is_new, now)
        });
    }

    /// Returns how often `address`, which sends a token request now, has
    /// fetched each document since its previous one.
    pub fn documents_of(&self, address: IpAddr) -> Vec<Fact> {
        self.0.with(|seen| seen.observations.documents_of(address))
    }

    /// Writes the observations in the open transaction, if they have changed;
    /// returns the number of changes that it saves.
    pub(super) fn write_along(&self, connection: &Connection) -> rusqlite::Result<Option<u64>> {
        let rows = |seen: &Seen| seen.observations.rows();
        self.0.write_along(connection, rows, write)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_due_once_an_hour_and_news_at_once() {
        let at = |minutes: i64| UnixTime::from_seconds(1_795_417_200 + minutes * 60);
        let mut seen = Seen {
            observations: Observations::default(),
            due: UnixTime::from_seconds(0),
        };
        assert!(seen.is_due(false, at(0)), "the first one of a run");
        assert!(!seen.is_due(false, at(59)));
        assert!(seen.is_due(false, at(60)));
        assert!(seen.is_due(true, at(61)));
        assert!(!seen.is_due(false, at(120)));
        assert!(seen.is_due(false, at(0)), "the clock was set back");
    }
}
