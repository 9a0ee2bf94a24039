//! Authorization codes and the access tokens that they become.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::along::Along;
use super::last_access::Access;
use super::links::{self, Linked};
use super::sign_ins::{self, SignIn};
use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::{ClientId, DsmUsername};
use domain::base::secret::Secret;
use domain::model::login::{
    AccessGrant, CodeChallenge, GoogleIdentity, GrantedCode, Scope, VerifiedAddress,
};
use domain::model::observed::{Endpoint, of_redeemed_code};
use domain::model::relying_party::RelyingParty;
use domain::signin::directory::Link;

const GRANT_COLUMNS: &str = "client, redirect_uri, challenge, nonce, scope, auth_time, issuer, \
     subject, address, hosted_domain, name, dsm_user, granted, used, access_expires";

/// The result of redeeming a code.
#[derive(Debug, PartialEq, Eq)]
pub enum Redeemed<T, R> {
    /// The code is used now, and the access token is valid.
    Now(Box<GrantedCode>, T),
    /// The decision was to refuse, or the tokens could not be issued; then the
    /// code remains valid.
    Refused(R),
    /// The code was used before. Its access token is revoked now.
    Before,
    /// The code does not exist.
    Unknown,
}

/// What to do with a code in a token request.
#[derive(Debug)]
pub enum Decision<I, R> {
    /// Issue the tokens with this function, if the code was not used before.
    Redeem(I),
    /// Refuse, and mark the code as used.
    Spend(R),
    /// Refuse without a change: the code belongs to another client.
    Leave(R),
}

impl Store {
    /// Lets `decide` evaluate `identity` with its links. If it grants, saves
    /// the data of `code` for `life` and the link, and deletes expired codes;
    /// in one transaction, so that no other login changes a link in between. A
    /// refusal writes nothing.
    pub async fn grant<R, D>(
        &self,
        code: &Secret<String>,
        identity: GoogleIdentity,
        life: Duration,
        decide: D,
    ) -> Result<Result<Linked, R>, StoreError>
    where
        R: Send + 'static,
        D: FnOnce(GoogleIdentity, &[Link]) -> Result<(GrantedCode, Link), R> + Send + 'static,
    {
        let hash = hash(code);
        self.call("save an authorization code", move |connection| {
            let known = links::concerning(connection, &identity.account, &identity.address)?;
            let (granted, link) = match decide(identity, &known) {
                Ok(decided) => decided,
                Err(refusal) => return Ok(Err(refusal)),
            };
            forget(connection, granted.granted)?;
            insert(connection, &hash, &granted, life)?;
            links::save(connection, &known, &link).map(Ok)
        })
        .await
    }

    /// Redeems `code` for an access token that is valid for `life`, which
    /// begins now, if `decide` agrees; in one transaction, so that a code is
    /// used once only. The same transaction saves the sign-in. Also returns
    /// what the function of the decision issues; if that fails, nothing is
    /// saved.
    pub async fn redeem<T, R, I, D>(
        &self,
        code: &Secret<String>,
        access_token: &Secret<String>,
        life: Range<UnixTime>,
        decide: D,
    ) -> Result<Redeemed<T, R>, StoreError>
    where
        T: Send + 'static,
        R: Send + 'static,
        I: FnOnce(&GrantedCode) -> Result<T, R>,
        D: FnOnce(&GrantedCode, &[Link]) -> Decision<I, R> + Send + 'static,
    {
        let code_hash = hash(code);
        let access_hash = hash(access_token);
        let along = Arc::clone(&self.along);
        let last_access = Arc::clone(&self.last_access);
        let Range {
            start: now,
            end: expires,
        } = life;
        self.call("redeem an authorization code", move |connection| {
            let Some((granted, used)) = find(connection, &code_hash)? else {
                return Ok(Redeemed::Unknown);
            };
            let identity = &granted.identity;
            let known = links::concerning(connection, &identity.account, &identity.address)?;
            match decide(&granted, &known) {
                Decision::Leave(refusal) => Ok(Redeemed::Refused(refusal)),
                Decision::Redeem(_) | Decision::Spend(_) if used => {
                    end_access(connection, &code_hash)?;
                    Ok(Redeemed::Before)
                }
                Decision::Spend(refusal) => {
                    spend(connection, &code_hash, None, expires)?;
                    Ok(Redeemed::Refused(refusal))
                }
                Decision::Redeem(issue) => {
                    let issued = match issue(&granted) {
                        Ok(issued) => issued,
                        Err(error) => return Ok(Redeemed::Refused(error)),
                    };
                    spend(connection, &code_hash, Some(&access_hash), expires)?;
                    // Here, so that this transaction saves it.
                    observe(&along, &granted);
                    sign_ins::save(connection, &SignIn::of(&granted, now))?;
                    // Last, since an error undoes all of it.
                    last_access.redeemed(Access {
                        hash: access_hash,
                        grant: access_of(&granted, expires),
                        links: known,
                    });
                    Ok(Redeemed::Now(Box::new(granted), issued))
                }
            }
        })
        .await
    }

    /// Returns the data of `access_token`, if it is known and not expired, with
    /// the links of its identity.
    pub async fn access(
        &self,
        access_token: &Secret<String>,
        now: UnixTime,
    ) -> Result<Option<(AccessGrant, Vec<Link>)>, StoreError> {
        let hash = hash(access_token);
        if let Some(access) = self.last_access.find(&hash) {
            let is_valid = access.0.expires > now;
            return Ok(Some(access).filter(|_| is_valid));
        }
        self.call("read an access token", move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {GRANT_COLUMNS} FROM grants
                 WHERE access_hash = ?1 AND access_expires > ?2"
            ))?;
            let access = statement
                .query_row(params![hash, now.seconds()], |row| {
                    Ok(AccessGrant {
                        client: ClientId::new(row.get::<_, String>("client")?),
                        identity: identity(row)?,
                        user: DsmUsername::new(row.get::<_, String>("dsm_user")?),
                        expires: UnixTime::from_seconds(row.get("access_expires")?),
                    })
                })
                .optional()?;
            let Some(access) = access else {
                return Ok(None);
            };
            let identity = &access.identity;
            let known = links::concerning(connection, &identity.account, &identity.address)?;
            Ok(Some((access, known)))
        })
        .await
    }

    /// Returns the links for the evaluation of `identity`.
    pub async fn links_of(&self, identity: &GoogleIdentity) -> Result<Vec<Link>, StoreError> {
        let identity = identity.clone();
        self.call("read the links of an account", move |connection| {
            links::concerning(connection, &identity.account, &identity.address)
        })
        .await
    }

    /// Deletes the codes and access tokens that have expired by `now`.
    pub async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        self.call("delete expired codes", move |connection| {
            forget(connection, now)
        })
        .await
    }
}

fn access_of(granted: &GrantedCode, expires: UnixTime) -> AccessGrant {
    AccessGrant {
        client: granted.client.clone(),
        identity: granted.identity.clone(),
        user: granted.user.clone(),
        expires,
    }
}

/// Notes that a client of the config has redeemed a code.
fn observe(along: &Along, granted: &GrantedCode) {
    let client = &granted.client;
    if client.as_str() == RelyingParty::ID_OF_ADMINISTRATION {
        return;
    }
    let redeemed = vec![of_redeemed_code()];
    let at = granted.granted;
    along.observed.note(at, client, Endpoint::Token, redeemed);
}

/// Only hashes are stored, so that a reader of the database cannot use them.
fn hash(secret: &Secret<String>) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, secret.expose().as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

fn forget(connection: &Connection, now: UnixTime) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM grants WHERE forget_at < ?1")?
        .execute([now.seconds()])?;
    Ok(())
}

fn insert(
    connection: &Connection,
    code_hash: &[u8; 32],
    granted: &GrantedCode,
    life: Duration,
) -> rusqlite::Result<()> {
    let identity = &granted.identity;
    connection
        .prepare_cached(
            "INSERT INTO grants (code_hash, client, redirect_uri, challenge, nonce, scope,
                 auth_time, issuer, subject, address, hosted_domain, name, dsm_user, granted,
                 forget_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            code_hash,
            granted.client.as_str(),
            granted.redirect_uri,
            granted.challenge.map(|challenge| challenge.0),
            granted.nonce,
            granted.scope.to_string(),
            granted.auth_time.map(UnixTime::seconds),
            identity.account.issuer.as_str(),
            identity.account.subject.as_str(),
            identity.address.as_written(),
            identity.hosted_domain,
            identity.name,
            granted.user.as_str(),
            granted.granted.seconds(),
            granted.granted.plus(life).seconds(),
        ])?;
    Ok(())
}

fn find(
    connection: &Connection,
    code_hash: &[u8; 32],
) -> rusqlite::Result<Option<(GrantedCode, bool)>> {
    connection
        .prepare_cached(&format!(
            "SELECT {GRANT_COLUMNS} FROM grants WHERE code_hash = ?1"
        ))?
        .query_row([code_hash], |row| {
            Ok((granted(row)?, row.get::<_, i64>("used")? != 0))
        })
        .optional()
}

/// Marks a code as used. It stays until its access token expires, so that a
/// second use still revokes that token.
fn spend(
    connection: &Connection,
    code_hash: &[u8; 32],
    access_hash: Option<&[u8; 32]>,
    expires: UnixTime,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE grants
             SET used = 1, access_hash = ?2, access_expires = ?3, forget_at = ?3
             WHERE code_hash = ?1 AND used = 0",
        )?
        .execute(params![code_hash, access_hash, expires.seconds()])?;
    Ok(())
}

fn end_access(connection: &Connection, code_hash: &[u8; 32]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE grants SET access_hash = NULL
             WHERE code_hash = ?1 AND access_hash IS NOT NULL",
        )?
        .execute([code_hash])?;
    Ok(())
}

fn granted(row: &Row<'_>) -> rusqlite::Result<GrantedCode> {
    Ok(GrantedCode {
        client: ClientId::new(row.get::<_, String>("client")?),
        redirect_uri: row.get("redirect_uri")?,
        challenge: row.get::<_, Option<_>>("challenge")?.map(CodeChallenge),
        nonce: row.get("nonce")?,
        scope: Scope::parse(&row.get::<_, String>("scope")?),
        auth_time: row
            .get::<_, Option<i64>>("auth_time")?
            .map(UnixTime::from_seconds),
        identity: identity(row)?,
        user: DsmUsername::new(row.get::<_, String>("dsm_user")?),
        granted: UnixTime::from_seconds(row.get("granted")?),
    })
}

fn identity(row: &Row<'_>) -> rusqlite::Result<GoogleIdentity> {
    Ok(GoogleIdentity {
        account: links::account(row)?,
        address: VerifiedAddress::vouched_for(row.get("address")?),
        hosted_domain: row.get("hosted_domain")?,
        name: row.get("name")?,
        auth_time: row
            .get::<_, Option<i64>>("auth_time")?
            .map(UnixTime::from_seconds),
    })
}
