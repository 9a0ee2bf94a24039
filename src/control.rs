//! The JSON on the control socket, one line each way: a [`Request`], and an
//! [`Answer`] with the report that `--json` prints unchanged
//! (docs/reference/json.md).

mod at;
mod config;
mod examination;
mod people;
mod values;
pub(crate) mod week;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::doctor::dsm::Compared;
use domain::base::clock::UnixTime;

pub(crate) use at::At;
pub(crate) use config::{AccessChange, ConfigValue, ReloadPlan};
pub(crate) use examination::{Examination, Examined, Freshness, ReadAgain, ReadOutcome};
pub(crate) use people::{
    Account, Chosen, LinkChosen, LinkOrigin, RefusedAccount, WhyNotLinked, twins,
};
pub(crate) use values::{ClientForm, DsmForm, GoogleForm, ValuesToEnter};

/// The longest line of a request. It may have the name of a DSM user or an
/// e-mail address.
pub(crate) const MAX_REQUEST_BYTES: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub(crate) enum Request {
    Status,
    Users,
    Explain {
        /// A Google address, as typed.
        address: String,
        /// `None`: now.
        at: Option<At>,
    },
    LinksList,
    /// The DSM users who were linked to another Google account or address.
    LinksMoved,
    /// What led to each link.
    LinkOrigins,
    LinksRemove {
        /// The DSM user's name, in any case.
        user: String,
    },
    /// The last refusals, with the Google accounts.
    Refusals,
    LinkChosen(LinkChosen),
    KeysList,
    KeysRotate {
        signs: Signs,
    },
    /// The config in effect, without secrets.
    Config,
    /// What a reload would change.
    PlanReload,
    Reload {
        /// [`ReloadPlan::seen`] of the plan that the administrator accepted;
        /// `None`: whatever the file has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<String>,
    },
    /// What the picture of the week shows.
    Week,
    /// What the clients were seen to do.
    Observed,
    /// Read DSM, in one session, for `doctor`.
    Doctor,
    /// What the last run of the checks of `doctor` in the daemon found.
    Findings,
    /// Run the checks of `doctor` in the daemon, unless it has just done so.
    Examine,
    /// Read the users from DSM, unless sign-ins to DSM are paused.
    Refresh,
    /// The values that `dsm-settings` prints.
    Values,
    /// The secret of the client with this ID.
    ClientSecret {
        client: String,
    },
    /// What `dsm-settings --apply` would write to DSM.
    PlanApply,
    Apply {
        /// [`SettingsPlan::seen`] of the plan that the administrator accepted.
        seen: String,
        /// Whether settings that point elsewhere are replaced, too.
        force: bool,
    },
    /// What `dsm-settings --undo` would restore in DSM.
    PlanUndo,
    Undo {
        /// [`SettingsPlan::seen`] of the plan that the administrator accepted.
        seen: String,
        /// Whether settings that were changed since are restored, too.
        force: bool,
    },
    /// Creates a nonce for a request of `doctor` to `/healthz`.
    DoctorNonce,
    /// The request that had this nonce.
    DoctorSeen {
        nonce: String,
    },
}

/// When a new signing key begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Signs {
    /// After two days, when all clients have fetched it.
    Announced,
    /// At once.
    Now,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer<T> {
    Report(T),
    Refused(Refused),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// Determines the exit code of the command.
    pub(crate) reason: Reason,
    /// May have several lines.
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    Failed,
    /// The config is invalid or missing.
    BadConfig,
    /// What was to be changed is not what the administrator has seen.
    Changed,
}

/// What the running daemon does for its two clients: the commands, through the
/// control socket, and the administration page.
pub(crate) trait Operations: Send + Sync + fmt::Debug {
    /// Returns the [`Answer`] as the line that the socket sends.
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Vec<u8>> + Send + '_>>;
}

/// Returns the report of `request`.
pub(crate) async fn ask<T: DeserializeOwned>(
    operations: &dyn Operations,
    request: Request,
) -> Result<T, Refused> {
    let line = operations.answer(request).await;
    match serde_json::from_slice(&line) {
        Ok(Answer::Report(report)) => Ok(report),
        Ok(Answer::Refused(refused)) => Err(refused),
        Err(error) => Err(Refused {
            reason: Reason::Failed,
            message: format!("cannot read the report: {error}"),
        }),
    }
}

/// A time in RFC 3339, in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Time(pub(crate) UnixTime);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_second(self.0.seconds());
        time.unwrap_or_default().fmt(f)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let time: jiff::Timestamp = text.parse()?;
        Ok(Self(UnixTime::from_seconds(time.as_second())))
    }
}

/// The report of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) started: Time,
    pub(crate) directory: Directory,
    pub(crate) power: Power,
    pub(crate) google: Google,
    pub(crate) jobs: Vec<Job>,
    /// The latest first.
    pub(crate) sign_ins: Vec<SignIn>,
    /// The latest first.
    pub(crate) refusals: Vec<Refusal>,
    /// The latest first.
    pub(crate) problems: Vec<Problem>,
    /// The result of `wizard_apply_dsm`; `None` before it has one.
    pub(crate) apply: Option<Applied>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Directory {
    /// The number of users; `None` before DSM's first response.
    pub(crate) users: Option<usize>,
    pub(crate) refreshed: Option<Time>,
    pub(crate) next_refresh: Option<Time>,
    /// Why the last try failed, if it did.
    pub(crate) error: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Power {
    /// Where the schedule was read: `file`, `api`, or `state` (before this
    /// start); `off` if the config turns it off; `None` if none is known.
    pub(crate) source: Option<String>,
    pub(crate) next_off: Option<Time>,
    pub(crate) next_on: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Google {
    pub(crate) keys_refreshed: Option<Time>,
    /// Why the last try failed, if it did.
    pub(crate) error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) next: Option<Time>,
}

/// A sign-in: a client redeemed a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub(crate) at: Time,
    /// The DSM user.
    pub(crate) user: String,
    /// The address of the Google account.
    pub(crate) address: String,
    pub(crate) client: String,
}

/// A refused sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) at: Time,
    #[serde(rename = "refusal")]
    pub(crate) name: String,
    /// The verified address, if Google sent one.
    pub(crate) address: Option<String>,
    /// The DSM user, if one was found.
    pub(crate) user: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// When it last happened.
    pub(crate) at: Time,
    #[serde(rename = "problem")]
    pub(crate) name: String,
    pub(crate) message: String,
}

/// How the daemon wrote DSM's settings after the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Applied {
    pub(crate) at: Time,
    /// `done`, `points-elsewhere` or `rejected`.
    pub(crate) result: String,
    /// What was written, or why it was not.
    pub(crate) message: String,
}

/// A row of `users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    /// `ok`, or the reason why a sign-in as this user is refused.
    pub(crate) verdict: String,
    pub(crate) link: Option<LinkOfUser>,
    /// The addresses of the aliases that lead to this user. A user who is in
    /// the config but not in DSM has nothing else.
    pub(crate) aliases: Vec<String>,
    /// When a user with this name last signed in.
    pub(crate) last_sign_in: Option<Time>,
}

/// The Google account of a DSM user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkOfUser {
    pub(crate) subject: String,
    pub(crate) address: String,
    pub(crate) since: Time,
    /// When the user was last linked to another account or address.
    pub(crate) moved: Option<Time>,
}

/// The report of `explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Explanation {
    /// The address in the question.
    pub(crate) address: String,
    pub(crate) at: Time,
    /// `ok`, or the name of a refusal.
    pub(crate) verdict: String,
    /// The DSM user; `None` for a refusal.
    pub(crate) user: Option<String>,
    /// The seven rules, in their order.
    pub(crate) rules: Vec<Rule>,
    /// What DSM would get; `None` for a refusal.
    pub(crate) claims: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What one rule of `explain` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    #[serde(rename = "rule")]
    pub(crate) number: u8,
    /// `pass`, `skip` or `fail`.
    pub(crate) result: String,
    pub(crate) message: String,
}

/// A DSM user who was linked to another Google account or address, for the
/// table of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedLink {
    pub(crate) at: Time,
    pub(crate) user: String,
    pub(crate) address: String,
    pub(crate) subject: String,
}

/// The report of `links remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RemovedLinks(pub(crate) Vec<Link>);

/// A row of `links list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) user: String,
    /// The OpenID provider of the account.
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) address: String,
    pub(crate) since: Time,
}

/// A row of `keys list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) kid: String,
    /// `next`, `signing` or `retired`.
    pub(crate) state: String,
    pub(crate) created: Time,
    pub(crate) signs_from: Time,
    /// When it is removed from the JWKS.
    pub(crate) gone_after: Option<Time>,
}

/// The report of `reload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reloaded {
    /// The differences from the previous config.
    pub(crate) changes: Vec<Change>,
    pub(crate) directory: Refreshed,
}

/// A changed key of the config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) key: String,
    /// The previous value; `None` for a secret, and if there was none.
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) secret: bool,
    pub(crate) needs_restart: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refreshed {
    pub(crate) users: Option<usize>,
    /// Why the previous users stay in use.
    pub(crate) error: Option<String>,
}

/// What would be written to DSM: its present values beside the new ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SettingsPlan {
    pub(crate) rows: Vec<Compared>,
    /// What is not written without `force`.
    pub(crate) left: Vec<LeftPlace>,
    /// Identifies the settings of DSM and the new values: a write is rejected
    /// if either has changed since.
    pub(crate) seen: String,
}

/// A place in DSM that is not written without `force`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftPlace {
    /// `sso-client` or `reverse-proxy`.
    pub(crate) place: String,
    /// Those of the place that are left.
    pub(crate) fields: Vec<String>,
    pub(crate) why: String,
}

/// The settings of DSM after the writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SettingsWritten {
    pub(crate) rows: Vec<Compared>,
    /// What was not written, for lack of `force`.
    pub(crate) left: Vec<LeftPlace>,
    /// What DSM rejected or stored differently, with what to do by hand.
    pub(crate) problems: Vec<String>,
}

/// How often a client was seen to do something, and when last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Observation {
    /// The client's ID; empty for the documents, which anyone may fetch.
    pub(crate) client: String,
    pub(crate) endpoint: String,
    pub(crate) fact: String,
    pub(crate) value: String,
    pub(crate) times: u64,
    pub(crate) last: Time,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, Reason, Refused, Request, Time};
    use domain::base::clock::UnixTime;

    #[test]
    fn requests_and_answers_are_these_lines() {
        let line = |request: &Request| serde_json::to_value(request).unwrap();
        assert_eq!(line(&Request::Status), json!({"command": "status"}));
        let reload = Request::Reload { seen: None };
        assert_eq!(line(&reload), json!({"command": "reload"}));
        let read = serde_json::from_value::<Request>(json!({"command": "reload"}));
        assert_eq!(read.unwrap(), reload);
        let report: Answer<u8> = Answer::Report(7);
        assert_eq!(serde_json::to_value(&report).unwrap(), json!({"report": 7}));
        let refused: Answer<u8> = Answer::Refused(Refused {
            reason: Reason::BadConfig,
            message: "no".to_owned(),
        });
        assert_eq!(
            serde_json::to_value(&refused).unwrap(),
            json!({"refused": {"reason": "bad-config", "message": "no"}})
        );
    }

    #[test]
    fn a_time_is_rfc_3339_in_utc() {
        let time = Time(UnixTime::from_seconds(1_795_371_487));
        let written = serde_json::to_value(time).unwrap();
        assert_eq!(written, json!("2026-11-22T18:18:07Z"));
        assert_eq!(serde_json::from_value::<Time>(written).unwrap(), time);
        let elsewhere = json!("2026-11-22T19:18:07+01:00");
        assert_eq!(serde_json::from_value::<Time>(elsewhere).unwrap(), time);
    }
}
