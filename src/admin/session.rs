//! The session of an administrator: a sealed cookie, and in memory only what
//! was ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::HeaderMap;
use serde::{Deserialize, Serialize};

use super::cookies::Cookie;
use super::spent::{Id, Spent};
use domain::base::clock::UnixTime;
use domain::base::ids::{DsmUsername, GoogleIssuer, GoogleSubject};
use domain::base::issuer::Issuer;
use domain::base::random::Random;
use domain::base::seal::{SealError, SealingKey};
use domain::model::login::{GoogleAccount, GoogleIdentity, GrantedCode, VerifiedAddress};

/// A session ends after this time without a request.
const IDLE: Duration = Duration::from_mins(30);

/// A session ends after this time.
const LIFE: Duration = Duration::from_hours(8);

/// How long a sign-in is fresh enough for what needs one.
const FRESH: Duration = Duration::from_mins(10);

/// A session stays valid when the clock is set back a little.
const CLOCK_LEEWAY: Duration = Duration::from_mins(5);

/// Separates this cookie from all else that the key seals.
const PURPOSE: &[u8] = b"administration session";

/// The most sentences that wait for their page. An administrator causes one by
/// each change.
const MOST_NOTICES: usize = 100;

/// The session of an administrator.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: Id,
    pub(super) identity: GoogleIdentity,
    pub(super) user: DsmUsername,
    began: UnixTime,
    /// When the user last signed in: at Google, if Google sends that.
    signed_in: UnixTime,
}

/// What a form did, or why it did nothing.
#[derive(Debug)]
pub(super) enum Notice {
    Changed(String),
    Read(String),
    Failed(String),
    /// A message of the daemon, in English.
    Refused(String),
}

impl Notice {
    /// Returns the class of the style sheet.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Changed(_) => "good",
            Self::Read(_) => "",
            Self::Failed(_) | Self::Refused(_) => "bad",
        }
    }

    /// Whether the text is in English, whatever the language of the page.
    pub(super) fn is_english(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Returns the sentence, in the language of the request that sent the form.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Changed(text) | Self::Read(text) | Self::Failed(text) | Self::Refused(text) => {
                text
            }
        }
    }
}

/// What is in memory of all sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    ended: Spent,
    /// What a change did, for the next page of the session.
    notices: Mutex<HashMap<Id, Notice>>,
}

/// The content of the cookie.
#[derive(Serialize, Deserialize)]
struct SessionWire<'a> {
    id: Id,
    began: i64,
    signed_in: i64,
    /// When the last request came.
    used: i64,
    issuer: &'a str,
    subject: &'a str,
    address: &'a str,
    hosted_domain: Option<&'a str>,
    user: &'a str,
}

impl Session {
    /// Begins the session of the user for whom `granted` was redeemed.
    pub(super) fn begin(
        granted: GrantedCode,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<Self, SealError> {
        let signed_in = granted.auth_time.unwrap_or(now).min(now);
        Ok(Self {
            id: random.bytes()?,
            identity: granted.identity,
            user: granted.user,
            began: now,
            signed_in,
        })
    }

    /// Returns whether the user has signed in a moment ago.
    pub(super) fn is_fresh(&self, now: UnixTime) -> bool {
        now.since(self.signed_in) <= FRESH
    }

    /// Returns the `Set-Cookie` line of the session, which was used `now`.
    pub(super) fn cookie(
        &self,
        key: &SealingKey,
        issuer: &Issuer,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<String, SealError> {
        let wire = SessionWire {
            id: self.id,
            began: self.began.seconds(),
            signed_in: self.signed_in.seconds(),
            used: now.seconds(),
            issuer: self.identity.account.issuer.as_str(),
            subject: self.identity.account.subject.as_str(),
            address: self.identity.address.as_written(),
            hosted_domain: self.identity.hosted_domain.as_deref(),
            user: self.user.as_str(),
        };
        let plain = postcard::to_allocvec(&wire).map_err(|_| SealError::Failed)?;
        let sealed = key.seal(PURPOSE, plain, random)?;
        Ok(Cookie::Session.set(issuer, &sealed, IDLE))
    }

    fn open(key: &SealingKey, value: &str, now: UnixTime) -> Option<Self> {
        let plain = key.open(PURPOSE, value)?;
        let wire: SessionWire<'_> = postcard::from_bytes(&plain).ok()?;
        let began = UnixTime::from_seconds(wire.began);
        let used = UnixTime::from_seconds(wire.used);
        let is_over = now.since(used) > IDLE || now.since(began) > LIFE;
        if is_over || used.since(now) > CLOCK_LEEWAY {
            return None;
        }
        Some(Self {
            id: wire.id,
            identity: GoogleIdentity {
                account: GoogleAccount {
                    issuer: GoogleIssuer::new(wire.issuer),
                    subject: GoogleSubject::new(wire.subject),
                },
                // Sealed by us after Google had verified it.
                address: VerifiedAddress::vouched_for(wire.address.to_owned()),
                hosted_domain: wire.hosted_domain.map(str::to_owned),
                name: None,
                auth_time: None,
            },
            user: DsmUsername::new(wire.user),
            began,
            signed_in: UnixTime::from_seconds(wire.signed_in),
        })
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            ended: Spent::new(LIFE),
            notices: Mutex::default(),
        }
    }
}

impl Sessions {
    /// Returns the session of a request; `None` without one that is valid.
    pub(super) fn find(
        &self,
        key: &SealingKey,
        headers: &HeaderMap,
        issuer: &Issuer,
        now: UnixTime,
    ) -> Option<Session> {
        let values = Cookie::Session.values(headers, issuer);
        let mut sessions = values.filter_map(|value| Session::open(key, value, now));
        sessions.find(|session| !self.ended.contains(&session.id, session.began))
    }

    /// Ends `session`, whatever cookies of it there are.
    pub(super) fn end(&self, session: &Session, now: UnixTime) {
        self.ended.spend(session.id, session.began, now);
        self.take_notice(session);
    }

    /// Keeps `notice` for the next page of `session`.
    pub(super) fn leave_notice(&self, session: &Session, notice: Notice) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() >= MOST_NOTICES {
            notices.clear();
        }
        notices.insert(session.id, notice);
    }

    /// Returns the notice of `session`, once.
    pub(super) fn take_notice(&self, session: &Session) -> Option<Notice> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.remove(&session.id)
    }
}
