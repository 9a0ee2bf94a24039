//! What goes over the socket, one line of JSON each way: a [`Request`], and an
//! [`Answer`] with the report that `--json` prints as it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use domain::base::clock::UnixTime;

/// What the daemon is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// How it is.
    Status,
    /// Who can sign in.
    Users,
    /// Which Google accounts are linked.
    LinksList,
    /// Which DSM users were linked to another Google account or address.
    LinksMoved,
    /// To forget the links of a DSM user.
    LinksRemove {
        /// The user's name, in any case.
        user: String,
    },
    /// The signing keys.
    KeysList,
    /// To make the next signing key.
    KeysRotate {
        /// When it signs.
        signs: Signs,
    },
    /// To read its config again.
    Reload,
}

/// When a new key begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signs {
    /// Once everybody had the time to fetch it.
    Announced,
    /// With its publication.
    Now,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// What was asked for.
    Report(T),
    /// Why not.
    Refused(Refused),
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Decides the exit code.
    pub reason: Reason,
    /// For a person; it may have several lines.
    pub message: String,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It did not work.
    Failed,
    /// The config is bad or missing.
    BadConfig,
}

/// A time: in RFC 3339, in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Time(pub UnixTime);

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

/// `status`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Of the program that runs.
    pub version: String,
    /// When it was started.
    pub started: Time,
    /// The users.
    pub directory: Directory,
    /// When the NAS is on.
    pub power: Power,
    /// Google's documents.
    pub google: Google,
    /// What runs by itself.
    pub jobs: Vec<Job>,
    /// The last people who were not let in, the latest first.
    pub refusals: Vec<Refusal>,
    /// The last failures that are not refusals, the latest first.
    pub problems: Vec<Problem>,
}

/// The users as DSM listed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// How many; `None` before DSM's first answer.
    pub users: Option<usize>,
    /// When DSM last listed them.
    pub refreshed: Option<Time>,
    /// When it is asked again.
    pub next_refresh: Option<Time>,
    /// Why the last try failed, unless it went well.
    pub error: Option<String>,
}

/// The schedule by which the NAS switches itself off and on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power {
    /// Where it was read: `file`, `api`, or in the `state` of before this
    /// start; `off` when the config says so, and `None`: nowhere yet.
    pub source: Option<String>,
    /// When it goes off.
    pub next_off: Option<Time>,
    /// When it comes on again.
    pub next_on: Option<Time>,
}

/// Google's documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Google {
    /// When the keys were last fetched.
    pub keys_refreshed: Option<Time>,
    /// Why the last try failed, unless it went well.
    pub error: Option<String>,
}

/// Something that runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What it is called.
    pub name: String,
    /// When it runs next.
    pub next: Option<Time>,
}

/// Somebody was not let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When.
    pub at: Time,
    /// Its public name.
    pub refusal: String,
    /// The Google address, when Google told it.
    pub address: Option<String>,
    /// The DSM user, when it was found.
    pub user: Option<String>,
}

/// A failure that is not a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The last time.
    pub at: Time,
    /// Its public name.
    pub problem: String,
    /// What came, what was expected, and what to do.
    pub message: String,
}

/// One of `users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// As DSM lists it.
    pub name: String,
    /// As DSM lists it.
    pub email: Option<String>,
    /// `ok`, or why nobody signs in as this user.
    pub verdict: String,
    /// The Google account that signs in as this user.
    pub link: Option<LinkOfUser>,
    /// The addresses of the aliases that lead to this user. A name of the
    /// config that DSM does not list has nothing else.
    pub aliases: Vec<String>,
}

/// A Google account, where the user is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOfUser {
    /// Google's name of the account.
    pub subject: String,
    /// The address by which it was linked.
    pub address: String,
    /// Since when.
    pub since: Time,
    /// When the user was last linked to another account or address.
    pub moved: Option<Time>,
}

/// A DSM user who was linked to another Google account or address, for the
/// table of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedLink {
    /// When.
    pub at: Time,
    /// The DSM user.
    pub user: String,
    /// The address by which the account was linked.
    pub address: String,
    /// Google's name of the account.
    pub subject: String,
}

/// `links remove`: what was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemovedLinks(pub Vec<Link>);

/// One of `links list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The DSM user.
    pub user: String,
    /// Who vouches for the account.
    pub issuer: String,
    /// Google's name of the account.
    pub subject: String,
    /// The address by which it was linked.
    pub address: String,
    /// Since when.
    pub since: Time,
}

/// One of `keys list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name in the JWKS.
    pub kid: String,
    /// `next`, `signing` or `retired`.
    pub state: String,
    /// When it was made.
    pub created: Time,
    /// From when it signs.
    pub signs_from: Time,
    /// Until when it is published.
    pub gone_after: Option<Time>,
}

/// `reload`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// What differs from the config of before, and of the start.
    pub changes: Vec<Change>,
    /// The users, which are read again.
    pub directory: Refreshed,
}

/// A key that has another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its path.
    pub key: String,
    /// Before; `None` for a secret, and where there was nothing.
    pub from: Option<String>,
    /// Now.
    pub to: Option<String>,
    /// Whether it is a secret.
    pub secret: bool,
    /// Whether it counts from the next start on only.
    pub needs_restart: bool,
}

/// What reading the users again brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refreshed {
    /// How many there are.
    pub users: Option<usize>,
    /// Why those of before stay.
    pub error: Option<String>,
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
