//! The last failures that are not refusals, for `status`: what has to be
//! corrected in DSM's settings, at Google, or here.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{FlowError, TokenError};
use crate::authorize::UntrustedRequest;
use crate::clock::UnixTime;
use crate::google::{ClientFault, GoogleClient};
use crate::ids::ClientId;
use crate::logging::told;
use crate::token::request::AuthenticationError;

/// How many there are of one kind and source. A flood of one does not push out
/// the others.
const ROOM: usize = 5;

/// Requests contain text of any length.
const LONGEST_MESSAGE: usize = 600;

/// Who caused it. An attacker on the Internet, who can cause as many problems
/// as they like, does not push out those of DSM and of the home network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This machine, a private address, or Google.
    Near,
    /// Any other address.
    Far,
}

/// What went wrong, without a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its public name.
    pub name: &'static str,
    /// What came, what was expected, and what to do.
    pub message: String,
}

/// When it last happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedProblem {
    /// The last time.
    pub at: UnixTime,
    /// What happened.
    pub problem: Problem,
    source: Source,
}

/// The last problems since the start, in memory: one entry for each kind and
/// message. A request from a stranger writes nothing to disk.
#[derive(Debug, Default)]
pub struct Problems(Mutex<VecDeque<NotedProblem>>);

impl Problems {
    /// All of them, the newest first.
    pub fn latest(&self) -> Vec<NotedProblem> {
        let problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problems.iter().cloned().collect()
    }

    /// Notes `problem`, or that it has happened again.
    pub fn note(&self, at: UnixTime, source: Source, mut problem: Problem) {
        if let Some((end, _)) = problem.message.char_indices().nth(LONGEST_MESSAGE) {
            problem.message.truncate(end);
            problem.message.push('…');
        }
        let mut problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let again = |it: &NotedProblem| it.problem == problem && it.source == source;
        let kind = |it: &NotedProblem| it.problem.name == problem.name && it.source == source;
        let replaced = problems.iter().position(again).or_else(|| {
            let full = problems.iter().filter(|it| kind(it)).count() >= ROOM;
            full.then(|| problems.iter().rposition(kind)).flatten()
        });
        replaced.map(|index| problems.remove(index));
        problems.push_front(NotedProblem {
            at,
            problem,
            source,
        });
    }
}

impl Problem {
    /// `name` and `message` as they are.
    pub(super) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            message: message.into(),
        }
    }

    /// Our client at Google is set up wrongly.
    pub(super) fn at_google(fault: ClientFault, client: &GoogleClient) -> Self {
        let name = match fault {
            ClientFault::Credentials => "google-invalid-client",
            ClientFault::RedirectUri => "google-redirect-uri-mismatch",
            ClientFault::Other(_) => "google-client-rejected",
        };
        let code = fault.code();
        let message = match fault {
            ClientFault::Credentials => format!(
                "Google rejects the client ID or the client secret ({code}): compare \
                 google.client-id and the file in google.client-secret-file with the Google \
                 console, then run reload"
            ),
            ClientFault::RedirectUri => format!(
                "Google rejects the redirect URI {} ({code}): add it to the client's Authorized \
                 redirect URIs in the Google console",
                client.redirect_uri
            ),
            ClientFault::Other(_) => format!(
                "Google rejects the client or its request ({code}): in the Google console, the \
                 client must be enabled and of the type Web application"
            ),
        };
        Self::new(name, message)
    }

    /// Why a client did not authenticate at `/token`.
    pub fn of_authentication(error: &AuthenticationError) -> Self {
        let name = match error {
            AuthenticationError::UnknownClient { .. } => CLIENT_UNKNOWN,
            AuthenticationError::Missing | AuthenticationError::WrongSecret { .. } => {
                "client-secret-wrong"
            }
        };
        Self::new(name, error.to_string())
    }

    /// Why an authenticated client got no tokens; `None` for a refusal.
    pub fn of_token_request(client: &ClientId, error: &TokenError) -> Option<Self> {
        match error {
            TokenError::OAuth(error) => Some(Self::new(
                "token-request-rejected",
                format!("token request of the client {client} rejected: {error}"),
            )),
            TokenError::Refused(_) => None,
            TokenError::Store(_)
            | TokenError::Random(_)
            | TokenError::Key(_)
            | TokenError::Claims(_) => Some(Self::new(INTERNAL, told(error))),
        }
    }

    /// Why `/auth` or `/callback` did not lead on; `None` for what a user or a
    /// browser caused, and for what is noted where it arises.
    pub fn of_login(error: &FlowError, client: &GoogleClient) -> Option<Self> {
        match error {
            FlowError::Untrusted(error) => {
                let name = match error {
                    UntrustedRequest::UnknownClient { .. } => CLIENT_UNKNOWN,
                    UntrustedRequest::UnregisteredRedirect { .. } => "redirect-uri-unknown",
                    UntrustedRequest::Parameter(_) | UntrustedRequest::TooLong(_) => {
                        REQUEST_REJECTED
                    }
                };
                Some(Self::new(name, error.to_string()))
            }
            FlowError::Client(error) => Some(Self::new(
                REQUEST_REJECTED,
                format!(
                    "authorization request of the client at {} rejected: {}",
                    error.redirect.as_str(),
                    error.error
                ),
            )),
            FlowError::Denied(error) => {
                let fault = ClientFault::of(error.error.code);
                fault.map(|fault| Self::at_google(fault, client))
            }
            FlowError::Store(_) | FlowError::Random(_) | FlowError::Seal(_) => {
                Some(Self::new(INTERNAL, told(error)))
            }
            FlowError::Silent(_)
            | FlowError::GoogleFailed { .. }
            | FlowError::Refused { .. }
            | FlowError::Callback(_)
            | FlowError::NoSuchLogin
            | FlowError::AlreadyUsed(_) => None,
        }
    }
}

const CLIENT_UNKNOWN: &str = "client-unknown";
const REQUEST_REJECTED: &str = "request-rejected";
const INTERNAL: &str = "internal-error";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn messages(problems: &Problems) -> Vec<(i64, String)> {
        let latest = problems.latest().into_iter();
        let seen = latest.map(|it| (it.at.seconds(), it.problem.message));
        seen.collect()
    }

    #[test]
    fn what_happens_again_is_one_entry_with_the_last_time() {
        let problems = Problems::default();
        for (second, message) in [(1, "a"), (2, "b"), (3, "a")] {
            problems.note(at(second), Source::Near, Problem::new("kind", message));
        }
        let seen = [(3, "a".to_owned()), (2, "b".to_owned())];
        assert_eq!(messages(&problems), seen);
    }

    #[test]
    fn a_flood_from_outside_pushes_out_nothing_but_itself() {
        let problems = Problems::default();
        problems.note(at(1), Source::Near, Problem::new("kind", "at home"));
        problems.note(at(2), Source::Far, Problem::new("other", "elsewhere"));
        for second in 3..10_000 {
            let junk = format!("{second}{}", "x".repeat(9_000));
            problems.note(at(second), Source::Far, Problem::new("kind", junk));
        }
        let seen = messages(&problems);
        assert_eq!(seen.len(), 2 + ROOM);
        assert!(seen.contains(&(1, "at home".to_owned())));
        assert!(seen.contains(&(2, "elsewhere".to_owned())));
        assert_eq!(seen[0].0, 9_999);
        assert!(seen.iter().all(|(_, message)| message.len() < 700));
    }
}
