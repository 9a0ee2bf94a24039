//! What the browser brings back from Google.

use super::documents::GoogleMetadata;
use crate::base::parameters::{ParameterError, Parameters};
use crate::base::secret::Secret;
use crate::model::login::{LoginId, PendingLogin};

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
    /// A parameter is missing, there twice or not text (RFC 6749,
    /// section 3.1). Without a state it answers no login.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// Neither a code nor an error.
    #[error("neither code nor error")]
    NeitherCodeNorError,
    /// A code and an error at once.
    #[error("code and error at once")]
    CodeAndError,
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

impl CallbackAnswer {
    /// Reads the query of `/callback` (RFC 6749, sections 4.1.2 and 4.1.2.1).
    pub fn parse(query: &Parameters) -> Result<Self, CallbackError> {
        let outcome = match (query.text("code")?, query.text("error")?) {
            (Some(code), None) => CallbackOutcome::Code(Secret::new(code.to_owned())),
            (None, Some(error)) => CallbackOutcome::Refused(registered(error)),
            (None, None) => return Err(CallbackError::NeitherCodeNorError),
            (Some(_), Some(_)) => return Err(CallbackError::CodeAndError),
        };
        Ok(Self {
            state: query.required("state")?.to_owned(),
            outcome,
            issuer: query.text("iss")?.map(str::to_owned),
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

/// A relying party gets codes that it may know; whatever else Google says is
/// a failure of its server.
fn registered(error: &str) -> &'static str {
    REGISTERED_ERRORS
        .into_iter()
        .find(|known| *known == error)
        .unwrap_or("server_error")
}
