//! Which failures `status` shows as problems, and in which words.

use super::{FlowError, TokenError};
use crate::app::Problem;
use crate::logging::error_chain;
use domain::base::ids::ClientId;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::google::{ClientFault, GoogleClient};
use domain::signin::token::request::AuthenticationError;

impl Problem {
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
            | TokenError::Claims(_) => Some(Self::new(INTERNAL, error_chain(error))),
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
                Some(Self::new(INTERNAL, error_chain(error)))
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
