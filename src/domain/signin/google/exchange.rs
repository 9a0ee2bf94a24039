//! The request to Google's token endpoint, and its response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::GoogleClient;
use super::documents::{GoogleMetadata, TokenAuthentication};
use super::id_token::{IdTokenError, UnverifiedIdToken};
use super::wire::TokenAnswerWire;
use crate::base::parameters::shortened;
use crate::base::secret::Secret;

/// The request that exchanges a code for tokens.
#[derive(Debug)]
pub struct TokenRequest {
    /// The body, a percent-encoded form.
    pub form: Secret<String>,
    /// The `Authorization` header, for `client_secret_basic`.
    pub authorization: Option<Secret<String>>,
}

impl TokenRequest {
    /// Builds the request for `code` (OpenID Connect Core, section 3.1.3.1;
    /// the PKCE `verifier` of its login: RFC 7636, section 4.5).
    pub fn new(
        metadata: &GoogleMetadata,
        client: &GoogleClient,
        verifier: &Secret<String>,
        code: &Secret<String>,
    ) -> Self {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code.expose())
            .append_pair("redirect_uri", &client.redirect_uri)
            .append_pair("code_verifier", verifier.expose());
        let authorization = match metadata.token_authentication {
            TokenAuthentication::Post | TokenAuthentication::PostUnlisted => {
                form.append_pair("client_id", &client.client_id)
                    .append_pair("client_secret", client.client_secret.expose());
                None
            }
            TokenAuthentication::Basic => Some(basic(client)),
        };
        Self {
            form: Secret::new(form.finish()),
            authorization,
        }
    }
}

/// ID and secret are form-encoded before they are joined, so that a colon in
/// the ID is not a separator (RFC 6749, section 2.3.1).
fn basic(client: &GoogleClient) -> Secret<String> {
    let mut pair = String::new();
    pair.extend(byte_serialize(client.client_id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(client.client_secret.expose().as_bytes()));
    let pair = Secret::new(pair);
    Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}

/// The tokens that Google returns for a code.
#[derive(Debug)]
pub struct GoogleTokens {
    /// The ID token, not yet verified.
    pub id_token: UnverifiedIdToken,
    /// The access token, whose hash the ID token may contain.
    pub access_token: Secret<String>,
}

/// Why the response of the token endpoint is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum TokenAnswerError {
    #[error("Google returned the error {0:?}")]
    Refused(String),
    #[error("not a token response")]
    NotAnAnswer,
    #[error("it has no id_token")]
    NoIdToken,
    #[error("it has no access_token")]
    NoAccessToken,
    #[error("the ID token is invalid")]
    IdToken(#[source] IdTokenError),
}

/// An error that shows that our client is not set up correctly, at Google or in
/// the config. A retry does not help.
///
/// `invalid_client`, `unauthorized_client`, `invalid_request`, `invalid_scope`
/// and `unsupported_grant_type` are those of RFC 6749, section 5.2;
/// `redirect_uri_mismatch`, `deleted_client` and `disabled_client` are Google's
/// own, in its "Using OAuth 2.0 for Web Server Applications" or in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFault {
    /// The ID or the secret is wrong.
    Credentials,
    /// Our redirect URI is not registered.
    RedirectUri,
    /// Another setting of the client, by Google's code.
    Other(&'static str),
}

const INVALID_CLIENT: &str = "invalid_client";
const REDIRECT_URI_MISMATCH: &str = "redirect_uri_mismatch";
const OTHER_FAULTS: [&str; 7] = [
    "unauthorized_client",
    "deleted_client",
    "disabled_client",
    "invalid_request",
    "invalid_scope",
    "unsupported_grant_type",
    "unsupported_response_type",
];

impl ClientFault {
    /// Returns the fault for Google's `code`; `None` for a temporary error.
    pub fn of(code: &str) -> Option<Self> {
        match code {
            INVALID_CLIENT => Some(Self::Credentials),
            REDIRECT_URI_MISMATCH => Some(Self::RedirectUri),
            code => {
                let known = OTHER_FAULTS.into_iter().find(|known| *known == code);
                known.map(Self::Other)
            }
        }
    }

    /// Returns the `error` that Google sends.
    pub fn code(self) -> &'static str {
        match self {
            Self::Credentials => INVALID_CLIENT,
            Self::RedirectUri => REDIRECT_URI_MISMATCH,
            Self::Other(code) => code,
        }
    }
}

impl GoogleTokens {
    /// Parses the response, regardless of its status: an error has an `error`
    /// (RFC 6749, section 5.2). Its description is dropped, because it may
    /// repeat what we sent.
    pub fn parse(body: &[u8]) -> Result<Self, TokenAnswerError> {
        let wire: TokenAnswerWire =
            serde_json::from_slice(body).map_err(|_| TokenAnswerError::NotAnAnswer)?;
        if let Some(error) = wire.error {
            return Err(TokenAnswerError::Refused(shortened(&error)));
        }
        let id_token = wire.id_token.map(Secret::new);
        let id_token = id_token.ok_or(TokenAnswerError::NoIdToken)?;
        let access_token = wire.access_token.map(Secret::new);
        Ok(Self {
            id_token: UnverifiedIdToken::parse(id_token.expose())
                .map_err(TokenAnswerError::IdToken)?,
            access_token: access_token.ok_or(TokenAnswerError::NoAccessToken)?,
        })
    }
}
