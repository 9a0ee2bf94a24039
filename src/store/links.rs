//! The links between Google accounts and DSM users.

use rusqlite::{Connection, Row, params};

use super::{Store, StoreError};
use domain::base::address::CanonicalAddress;
use domain::base::clock::UnixTime;
use domain::base::ids::{DsmUsername, GoogleIssuer, GoogleSubject};
use domain::model::login::{GoogleAccount, VerifiedAddress};
use domain::signin::directory::{Link, LinkedBy, newest_first};

const COLUMNS: &str =
    "issuer, subject, address, dsm_user, by_alias, by_administrator, since, moved";

/// The result of saving a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The link exists already; nothing was written.
    AsBefore,
    /// The account did not have a link.
    Anew(Link),
    /// The account had another link.
    InPlaceOf {
        /// The link that was replaced.
        before: Link,
        /// The link that is saved now.
        now: Link,
    },
}

impl Store {
    /// Returns all links, the newest first.
    pub async fn links(&self) -> Result<Vec<Link>, StoreError> {
        self.call("read the links", all).await
    }

    /// Lets `decide` make an administrator's link for `account`, which has
    /// `address`, and saves it, also in the copy, so that the previous link
    /// cannot return. `decide` gets the links for an evaluation of the account;
    /// in one transaction, so that no sign-in changes a link in between.
    pub async fn link<R, D>(
        &self,
        account: GoogleAccount,
        address: VerifiedAddress,
        decide: D,
    ) -> Result<Result<Linked, R>, StoreError>
    where
        R: Send + 'static,
        D: FnOnce(&[Link]) -> Result<Link, R> + Send + 'static,
    {
        self.copy.state_is_in_place()?;
        let linking = self.call("save a link", move |connection| {
            let known = concerning(connection, &account, &address)?;
            match decide(&known) {
                Ok(link) => save(connection, &known, &link).map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            }
        });
        let linked = linking.await?;
        if matches!(linked, Ok(Linked::Anew(_) | Linked::InPlaceOf { .. })) {
            self.replace_copy().await;
        }
        Ok(linked)
    }

    /// Removes the links to the DSM user `name`, ignoring case, also from the
    /// copy, so that they cannot return. Returns the removed links.
    pub async fn remove_links(&self, name: &str) -> Result<Vec<Link>, StoreError> {
        self.copy.state_is_in_place()?;
        let folded = name.to_lowercase();
        let links = self.links().await?;
        let theirs: Vec<Link> = links
            .into_iter()
            .filter(|link| link.user.as_str().to_lowercase() == folded)
            .collect();
        let removing = self.call("remove links", move |connection| {
            let mut removed = Vec::new();
            for link in theirs {
                let rows = connection.execute(
                    "DELETE FROM links WHERE issuer = ?1 AND subject = ?2 AND dsm_user = ?3",
                    params![
                        link.account.issuer.as_str(),
                        link.account.subject.as_str(),
                        link.user.as_str(),
                    ],
                )?;
                removed.extend((rows > 0).then_some(link));
            }
            Ok(removed)
        });
        let removed = removing.await?;
        if !removed.is_empty() {
            self.replace_copy().await;
        }
        Ok(removed)
    }
}

/// Returns all links, the newest first.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Link>> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM links"))?;
    let links = statement.query_map([], link)?;
    let mut links = links.collect::<rusqlite::Result<Vec<_>>>()?;
    newest_first(&mut links);
    Ok(links)
}

/// Returns the links for the evaluation of an account: its own, and those of
/// its addresses.
pub(super) fn concerning(
    connection: &Connection,
    account: &GoogleAccount,
    address: &VerifiedAddress,
) -> rusqlite::Result<Vec<Link>> {
    let GoogleAccount { issuer, subject } = account;
    let mut links = find(
        connection,
        "issuer = ?1 AND subject = ?2",
        (issuer.as_str(), subject.as_str()),
    )?;
    let present = address.canonical();
    let linked = links.first().and_then(|link| link.address.canonical());
    let linked = linked.filter(|linked| Some(*linked) != present).cloned();
    for address in present.cloned().into_iter().chain(linked) {
        let same_address = find(connection, "canonical = ?1", [address.as_str()])?;
        let others = same_address
            .into_iter()
            .filter(|link| link.account != *account);
        links.extend(others);
    }
    Ok(links)
}

/// Replaces the link of an account by `link`.
pub(super) fn save(
    connection: &Connection,
    known: &[Link],
    link: &Link,
) -> rusqlite::Result<Linked> {
    let before = known.iter().find(|known| known.account == link.account);
    if before.is_some_and(|before| before.is_same(link)) {
        return Ok(Linked::AsBefore);
    }
    let now = Link {
        moved: moved(connection, before, link)?,
        ..link.clone()
    };
    let canonical = link.address.canonical().map(CanonicalAddress::as_str);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO links
                 (issuer, subject, address, canonical, dsm_user, by_alias, by_administrator,
                  since, moved)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            link.account.issuer.as_str(),
            link.account.subject.as_str(),
            link.address.as_written(),
            canonical,
            link.user.as_str(),
            link.by == LinkedBy::Alias,
            link.by == LinkedBy::Administrator,
            link.since.seconds(),
            now.moved.map(UnixTime::seconds),
        ])?;
    Ok(match before.cloned() {
        Some(before) => Linked::InPlaceOf { before, now },
        None => Linked::Anew(now),
    })
}

/// When the DSM user of `link` was last linked to another Google account or
/// address, after `link` has replaced `before`.
fn moved(
    connection: &Connection,
    before: Option<&Link>,
    link: &Link,
) -> rusqlite::Result<Option<UnixTime>> {
    if let Some(before) = before.filter(|before| before.user == link.user) {
        let same = before.address.canonical() == link.address.canonical();
        return Ok(if same { before.moved } else { Some(link.since) });
    }
    let theirs = find(connection, "dsm_user = ?1", [link.user.as_str()])?;
    Ok((!theirs.is_empty()).then_some(link.since))
}

fn find(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Link>> {
    let query = format!("SELECT {COLUMNS} FROM links WHERE {condition}");
    let mut statement = connection.prepare_cached(&query)?;
    statement.query_map(values, link)?.collect()
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    let by = match (row.get("by_alias")?, row.get("by_administrator")?) {
        (true, _) => LinkedBy::Alias,
        (false, true) => LinkedBy::Administrator,
        (false, false) => LinkedBy::Address,
    };
    Ok(Link {
        account: account(row)?,
        address: VerifiedAddress::vouched_for(row.get("address")?),
        user: DsmUsername::new(row.get::<_, String>("dsm_user")?),
        by,
        since: UnixTime::from_seconds(row.get("since")?),
        moved: row
            .get::<_, Option<_>>("moved")?
            .map(UnixTime::from_seconds),
    })
}

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<GoogleAccount> {
    Ok(GoogleAccount {
        issuer: GoogleIssuer::new(row.get::<_, String>("issuer")?),
        subject: GoogleSubject::new(row.get::<_, String>("subject")?),
    })
}
