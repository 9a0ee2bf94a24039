//! The sealed cookie of a login in progress.
//!
//! AES-256-GCM with a key that is stored in the state, so that a login can be
//! finished after a restart. The login's ID is authenticated too, so that a
//! cookie is not valid under the name of another.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AuthorizationRequest, CodeChallenge, HintedUser, LOGIN_LIFE, LoginId, PendingLogin, Prompt,
    Scope,
};
use crate::base::clock::UnixTime;
use crate::base::ids::{ClientId, GoogleIssuer};
use crate::base::random::Random;
use crate::base::seal::SealingKey;
use crate::base::secret::Secret;
use crate::model::relying_party::RelyingParty;

pub use crate::base::seal::SealError;

/// A login stays valid when the clock is set back a little.
const CLOCK_LEEWAY: Duration = Duration::from_mins(5);

/// Encrypts and decrypts pending logins.
#[derive(Debug)]
pub struct Sealer {
    key: SealingKey,
}

/// Why the cookie of a login is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum UnsealError {
    #[error("the cookie was not sealed by us for this login")]
    Forged,
    #[error("the login was begun too long ago")]
    Expired,
    #[error("the login's client or redirect URI is not registered any more")]
    Unregistered,
}

impl Sealer {
    /// Makes a sealer with the key in the state.
    pub fn new(key: &Secret<[u8; 32]>) -> Result<Self, SealError> {
        let key = SealingKey::new(key)?;
        Ok(Self { key })
    }

    /// Seals `login` into a cookie's value.
    pub fn seal(&self, login: &PendingLogin, random: &dyn Random) -> Result<String, SealError> {
        let wire = LoginWire::from(login);
        let plain = postcard::to_allocvec(&wire).map_err(|_| SealError::Failed)?;
        self.key.seal(login.id.as_bytes(), plain, random)
    }

    /// Decrypts the value of the cookie named after `id`. The redirect URI has
    /// to be registered still.
    pub fn open(
        &self,
        id: LoginId,
        value: &str,
        parties: &[RelyingParty],
        now: UnixTime,
    ) -> Result<PendingLogin, UnsealError> {
        let plain = self.key.open(id.as_bytes(), value);
        let plain = plain.ok_or(UnsealError::Forged)?;
        let wire: LoginWire<'_> = postcard::from_bytes(&plain).map_err(|_| UnsealError::Forged)?;
        let started = UnixTime::from_seconds(wire.started);
        if now.since(started) > LOGIN_LIFE || started.since(now) > CLOCK_LEEWAY {
            return Err(UnsealError::Expired);
        }
        wire.into_login(id, parties)
            .ok_or(UnsealError::Unregistered)
    }
}

/// The content of the cookie, in few bytes: the browser sends it with every
/// request until the login ends.
#[derive(Serialize, Deserialize)]
struct LoginWire<'a> {
    state_secret: [u8; 16],
    google_nonce: [u8; 32],
    google_verifier: [u8; 32],
    google_issuer: &'a str,
    started: i64,
    client: &'a str,
    redirect: &'a str,
    state: Option<&'a [u8]>,
    nonce: Option<&'a str>,
    challenge: Option<[u8; 32]>,
    max_age: Option<u32>,
    hinted: Option<[u8; 16]>,
    flags: u8,
}

const OPENID: u8 = 1;
const EMAIL: u8 = 1 << 1;
const PROFILE: u8 = 1 << 2;
const LOGIN: u8 = 1 << 3;
const SILENT: u8 = 1 << 4;
const SELECT_ACCOUNT: u8 = 1 << 5;
const CONSENT: u8 = 1 << 6;

impl<'a> From<&'a PendingLogin> for LoginWire<'a> {
    fn from(login: &'a PendingLogin) -> Self {
        let request = &login.request;
        Self {
            state_secret: *login.state_secret.expose(),
            google_nonce: *login.google_nonce.expose(),
            google_verifier: *login.google_verifier.expose(),
            google_issuer: login.google_issuer.as_str(),
            started: login.started.seconds(),
            client: request.client.as_str(),
            redirect: request.redirect.as_str(),
            state: request.state.as_deref(),
            nonce: request.nonce.as_deref(),
            challenge: request.challenge.map(|challenge| challenge.0),
            max_age: request.max_age,
            hinted: request.hinted.map(|hinted| hinted.0),
            flags: flags(request),
        }
    }
}

impl LoginWire<'_> {
    fn into_login(self, id: LoginId, parties: &[RelyingParty]) -> Option<PendingLogin> {
        let party = parties
            .iter()
            .find(|party| party.id.as_str() == self.client)?;
        let has = |flag| self.flags & flag != 0;
        let request = AuthorizationRequest {
            client: ClientId::new(self.client),
            redirect: party.trust(self.redirect)?,
            state: self.state.map(<[u8]>::to_vec),
            nonce: self.nonce.map(str::to_owned),
            scope: Scope {
                openid: has(OPENID),
                email: has(EMAIL),
                profile: has(PROFILE),
            },
            challenge: self.challenge.map(CodeChallenge),
            max_age: self.max_age,
            prompt: prompt(self.flags),
            login_hint: None,
            hinted: self.hinted.map(HintedUser),
        };
        Some(PendingLogin {
            id,
            state_secret: Secret::new(self.state_secret),
            google_nonce: Secret::new(self.google_nonce),
            google_verifier: Secret::new(self.google_verifier),
            google_issuer: GoogleIssuer::new(self.google_issuer),
            started: UnixTime::from_seconds(self.started),
            request,
        })
    }
}

fn flags(request: &AuthorizationRequest) -> u8 {
    let prompt = match request.prompt {
        Prompt::Unspecified => 0,
        Prompt::Silent => SILENT,
        Prompt::Ask {
            login,
            select_account,
            consent,
        } => {
            (u8::from(login) * LOGIN)
                | (u8::from(select_account) * SELECT_ACCOUNT)
                | (u8::from(consent) * CONSENT)
        }
    };
    prompt
        | (u8::from(request.scope.openid) * OPENID)
        | (u8::from(request.scope.email) * EMAIL)
        | (u8::from(request.scope.profile) * PROFILE)
}

fn prompt(flags: u8) -> Prompt {
    if flags & SILENT != 0 {
        return Prompt::Silent;
    }
    if flags & (LOGIN | SELECT_ACCOUNT | CONSENT) == 0 {
        return Prompt::Unspecified;
    }
    Prompt::Ask {
        login: flags & LOGIN != 0,
        select_account: flags & SELECT_ACCOUNT != 0,
        consent: flags & CONSENT != 0,
    }
}
