//! What the browser brings back from Google.

use url::form_urlencoded;

use super::documents::GoogleMetadata;
use crate::login::{LoginId, PendingLogin};
use crate::secret::Secret;

/// The errors that a provider may send a client: RFC 6749, section 4.1.2.1,
/// and OpenID Connect Core, section 3.1.2.6.
const REGISTERED_ERRORS: [&str; 16] = [
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
];

/// Google's answer, as the browser brings it: not yet known to be meant for
/// this browser, or to come from Google.
#[derive(Debug)]
pub struct CallbackAnswer {
    /// The `state` that we sent, if nobody changed it.
    pub state: String,
    /// What Google decided.
    pub outcome: CallbackOutcome,
    /// Who says so (RFC 9207, section 2).
    pub issuer: Option<String>,
}

/// What Google decided.
#[derive(Debug)]
pub enum CallbackOutcome {
    /// The person agreed: a code to be exchanged.
    Code(Secret<String>),
    /// The person or Google refused: an error code that is registered for
    /// such answers, to be passed on to the relying party.
    Refused(&'static str),
}

/// Why an answer is not one of Google's to a login of ours.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// Without a state it answers no login.
    #[error("no state")]
    NoState,
    /// A parameter is there twice (RFC 6749, section 3.1).
    #[error("{parameter} is there twice")]
    Doubled {
        /// Which.
        parameter: &'static str,
        /// The login that ends with this, if `state` is not the doubled one.
        state: Option<String>,
    },
    /// Neither a code nor an error.
    #[error("neither code nor error")]
    NeitherCodeNorError {
        /// The login that ends with this.
        state: String,
    },
    /// A code and an error at once.
    #[error("code and error at once")]
    CodeAndError {
        /// The login that ends with this.
        state: String,
    },
    /// The configured provider changed while the person was away.
    #[error("the login began at {began}, but the configured provider is {configured} now")]
    ProviderChanged {
        /// Where the browser was sent.
        began: String,
        /// What the config says.
        configured: String,
    },
    /// Somebody else answers: a mix-up (RFC 9700, section 4.4).
    #[error("the answer is from {found:?}, but the browser was sent to {expected}")]
    OtherIssuer {
        /// Who says to have answered.
        found: String,
        /// Where the browser was sent.
        expected: String,
    },
    /// The provider's metadata promises an issuer, and there is none.
    #[error("the answer has no iss, which the provider promises to send")]
    NoIssuer,
}

impl CallbackError {
    /// The state of the login that ends with this error, where it is known.
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Doubled { state, .. } => state.as_deref(),
            Self::NeitherCodeNorError { state } | Self::CodeAndError { state } => Some(state),
            Self::NoState
            | Self::ProviderChanged { .. }
            | Self::OtherIssuer { .. }
            | Self::NoIssuer => None,
        }
    }
}

impl CallbackAnswer {
    /// Reads the query of `/callback` (RFC 6749, sections 4.1.2 and 4.1.2.1).
    /// An empty parameter counts as absent (section 3.1 there).
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        let state = only("state", query).map_err(|parameter| CallbackError::Doubled {
            parameter,
            state: None,
        })?;
        let one = |name| {
            only(name, query).map_err(|parameter| CallbackError::Doubled {
                parameter,
                state: state.clone(),
            })
        };
        let (code, error, issuer) = (one("code")?, one("error")?, one("iss")?);
        let state = state.ok_or(CallbackError::NoState)?;
        let outcome = match (code, error) {
            (Some(code), None) => CallbackOutcome::Code(Secret::new(code)),
            (None, Some(error)) => CallbackOutcome::Refused(registered(&error)),
            (None, None) => return Err(CallbackError::NeitherCodeNorError { state }),
            (Some(_), Some(_)) => return Err(CallbackError::CodeAndError { state }),
        };
        Ok(Self {
            state,
            outcome,
            issuer,
        })
    }

    /// Whether this answers `pending`. The state's secret half is what ties
    /// the answer to this browser (RFC 9700, section 4.7.1).
    pub fn answers(&self, pending: &PendingLogin) -> bool {
        Secret::new(pending.google_state()).matches(self.state.as_bytes())
    }

    /// Refuses the answer of another provider than the one to which the
    /// browser was sent (RFC 9207, section 2.4).
    pub fn check_issuer(
        &self,
        metadata: &GoogleMetadata,
        pending: &PendingLogin,
    ) -> Result<(), CallbackError> {
        let expected = &pending.google_issuer;
        if *expected != metadata.issuer {
            return Err(CallbackError::ProviderChanged {
                began: expected.as_str().to_owned(),
                configured: metadata.issuer.as_str().to_owned(),
            });
        }
        match self.issuer.as_deref() {
            Some(found) if found != expected.as_str() => Err(CallbackError::OtherIssuer {
                found: found.to_owned(),
                expected: expected.as_str().to_owned(),
            }),
            None if metadata.issuer_in_response => Err(CallbackError::NoIssuer),
            Some(_) | None => Ok(()),
        }
    }
}

/// The login that a `state` of ours names; its cookie knows the rest.
pub fn login_of_state(state: &str) -> Option<LoginId> {
    let (id, _) = state.split_once('.')?;
    LoginId::parse(id)
}

/// The value of `name`, if it is there once; its name, if more often.
fn only(name: &'static str, query: &str) -> Result<Option<String>, &'static str> {
    let mut values = form_urlencoded::parse(query.as_bytes())
        .filter_map(|(key, value)| (key == name).then_some(value));
    let first = values.next();
    if values.next().is_some() {
        return Err(name);
    }
    Ok(first
        .filter(|value| !value.is_empty())
        .map(std::borrow::Cow::into_owned))
}

/// A relying party gets codes that it may know; whatever else Google says is
/// a failure of its server.
fn registered(error: &str) -> &'static str {
    REGISTERED_ERRORS
        .into_iter()
        .find(|known| *known == error)
        .unwrap_or("server_error")
}
