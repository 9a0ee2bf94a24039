//! Google's authorization response, which the browser brings.

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

/// Google's authorization response: not yet known to be for this browser, or
/// to come from Google.
#[derive(Debug)]
pub struct CallbackAnswer {
    /// The `state`, to be compared with the one that we sent.
    pub state: String,
    /// A code or an error.
    pub outcome: CallbackOutcome,
    /// The `iss` parameter (RFC 9207, section 2).
    pub issuer: Option<String>,
}

/// A code or an error.
#[derive(Debug)]
pub enum CallbackOutcome {
    /// A code to be exchanged for tokens.
    Code(Secret<String>),
    /// The user or Google refused: a registered error code, which is passed on
    /// to the client.
    Refused(&'static str),
}

/// Why an authorization response is rejected.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum CallbackError {
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    #[error("neither code nor error")]
    NeitherCodeNorError,
    #[error("code and error at once")]
    CodeAndError,
    #[error("the login began at {began}, but the configured provider is {configured} now")]
    ProviderChanged { began: String, configured: String },
    #[error("the answer is from {found:?}, but the browser was sent to {expected}")]
    OtherIssuer { found: String, expected: String },
    #[error("the answer has no iss, which the provider promises to send")]
    NoIssuer,
}

impl CallbackAnswer {
    /// Parses the query of `/callback` (RFC 6749, sections 4.1.2 and 4.1.2.1).
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

    /// Returns whether this is a response to `pending`. The secret half of the
    /// state binds it to this browser (RFC 9700, section 4.7.1).
    pub fn answers(&self, pending: &PendingLogin) -> bool {
        Secret::new(pending.google_state()).matches(self.state.as_bytes())
    }

    /// Rejects a response of another provider than the one to which the browser
    /// was sent (RFC 9207, section 2.4; mix-up: RFC 9700, section 4.4).
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

/// Returns the login ID in a `state`; it names the cookie.
pub fn login_of_state(state: &str) -> Option<LoginId> {
    let (id, _) = state.split_once('.')?;
    LoginId::parse(id)
}

/// A client only gets registered codes: any other becomes `server_error`.
fn registered(error: &str) -> &'static str {
    REGISTERED_ERRORS
        .into_iter()
        .find(|known| *known == error)
        .unwrap_or("server_error")
}
