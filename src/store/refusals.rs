//! The last refused sign-ins, for the administrator: in memory, and saved with
//! the next write, because a request without an admitted user must not write to
//! disk.

use std::collections::VecDeque;

use rusqlite::{Connection, Row, params};

use super::along::Unsaved;
use super::links;
use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::model::login::GoogleAccount;
use domain::signin::directory::Refusal;

/// The number of refusals that are kept.
const MOST: usize = 100;

/// The number that are kept of one Google account, or of one address without an
/// account: a stranger who tries again and again does not displace the others.
const MOST_OF_ONE: usize = 10;

/// The length of the longest e-mail address (RFC 5321, section 4.5.3.1.3). The
/// rest of a longer one is not kept.
const LONGEST_ADDRESS: usize = 254;

/// A sign-in that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct RefusedLogin {
    pub at: UnixTime,
    pub refusal: Refusal,
    /// The address that Google verified, if it did.
    pub address: Option<String>,
    /// The DSM user in question, if there is one.
    pub user: Option<DsmUsername>,
    /// The Google account, if it was identified.
    pub account: Option<GoogleAccount>,
}

impl RefusedLogin {
    fn is_of_the_same(&self, other: &Self) -> bool {
        match (&self.account, &other.account) {
            (None, None) => self.address == other.address,
            (own, others) => own == others,
        }
    }
}

/// The last refusals.
#[derive(Debug)]
pub struct Refusals(Unsaved<VecDeque<RefusedLogin>>);

impl Refusals {
    /// Loads the saved refusals. An error costs only them.
    pub(super) fn load(connection: &Connection) -> Self {
        let refusals = read(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot load the last refusals");
            VecDeque::new()
        });
        Self(Unsaved::loaded(refusals))
    }

    /// Returns the last refusals, the newest first.
    pub fn latest(&self) -> Vec<RefusedLogin> {
        self.0.with(|refusals| refusals.iter().cloned().collect())
    }

    pub(crate) fn note(&self, mut refused: RefusedLogin) {
        if let Some(address) = &mut refused.address
            && let Some((end, _)) = address.char_indices().nth(LONGEST_ADDRESS)
        {
            address.truncate(end);
        }
        self.0.change(|refusals| {
            let places = refusals.iter().enumerate();
            let mut theirs = places.filter(|(_, it)| it.is_of_the_same(&refused));
            if let Some((last, _)) = theirs.nth(MOST_OF_ONE - 1) {
                refusals.remove(last);
            }
            refusals.truncate(MOST - 1);
            refusals.push_front(refused);
        });
    }

    /// Writes the refusals in the open transaction, if there are new ones;
    /// returns the number of changes that it saves.
    pub(super) fn write_along(&self, connection: &Connection) -> rusqlite::Result<Option<u64>> {
        self.0
            .write_along(connection, VecDeque::clone, |connection, refusals| {
                write(connection, &refusals)
            })
    }

    /// Notes that `changes` of them are on disk.
    pub(super) fn saved(&self, changes: u64) {
        self.0.saved(changes);
    }
}

fn write(connection: &Connection, refusals: &VecDeque<RefusedLogin>) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM refusals")?
        .execute([])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO refusals (position, at, refusal, ahead, address, dsm_user, issuer, subject)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, refused) in refusals.iter().enumerate() {
        let account = refused.account.as_ref();
        insert.execute(params![
            i64::try_from(position).unwrap_or(i64::MAX),
            refused.at.seconds(),
            refused.refusal.name(),
            refused.refusal.ahead(),
            refused.address,
            refused.user.as_ref().map(DsmUsername::as_str),
            account.map(|account| account.issuer.as_str()),
            account.map(|account| account.subject.as_str()),
        ])?;
    }
    Ok(())
}

fn read(connection: &Connection) -> rusqlite::Result<VecDeque<RefusedLogin>> {
    let mut statement = connection.prepare(
        "SELECT at, refusal, ahead, address, dsm_user, issuer, subject FROM refusals
         ORDER BY position",
    )?;
    let refusals = statement.query_map([], refused)?;
    refusals.filter_map(Result::transpose).collect()
}

/// Returns `None` for a refusal with an unknown name.
fn refused(row: &Row<'_>) -> rusqlite::Result<Option<RefusedLogin>> {
    let name: String = row.get("refusal")?;
    let ahead: Option<i64> = row.get("ahead")?;
    let Some(refusal) = Refusal::named(&name, ahead.unwrap_or_default()) else {
        return Ok(None);
    };
    let has_account = row.get::<_, Option<String>>("subject")?.is_some();
    Ok(Some(RefusedLogin {
        at: UnixTime::from_seconds(row.get("at")?),
        refusal,
        address: row.get("address")?,
        user: row
            .get::<_, Option<String>>("dsm_user")?
            .map(DsmUsername::new),
        account: has_account.then(|| links::account(row)).transpose()?,
    }))
}
