//! A code becomes an ID token: what goes to Google's token endpoint, and what
//! comes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::GoogleClient;
use super::documents::{GoogleMetadata, TokenAuthentication};
use super::id_token::{IdTokenError, UnverifiedIdToken};
use super::wire::TokenAnswerWire;
use crate::base::secret::Secret;
use crate::model::login::PendingLogin;

/// What exchanges a code for an ID token.
#[derive(Debug)]
pub struct TokenRequest {
    /// The body: a form, percent-encoded.
    pub form: Secret<String>,
    /// The `Authorization` header, where Google takes our secret there.
    pub authorization: Option<Secret<String>>,
}

impl TokenRequest {
    /// The request for the code that answers `pending` (OpenID Connect Core,
    /// section 3.1.3.1; the PKCE verifier: RFC 7636, section 4.5).
    pub fn new(
        metadata: &GoogleMetadata,
        client: &GoogleClient,
        pending: &PendingLogin,
        code: &Secret<String>,
    ) -> Self {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code.expose())
            .append_pair("redirect_uri", &client.redirect_uri)
            .append_pair("code_verifier", pending.google_verifier().expose());
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

/// Id and secret are form-encoded before they are joined, so that a colon in
/// the id is no separator (RFC 6749, section 2.3.1).
fn basic(client: &GoogleClient) -> Secret<String> {
    let mut pair = String::new();
    pair.extend(byte_serialize(client.client_id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(client.client_secret.expose().as_bytes()));
    let pair = Secret::new(pair);
    Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}

/// What Google gives for a code.
#[derive(Debug)]
pub struct GoogleTokens {
    /// Says who the person is, once it is verified.
    pub id_token: UnverifiedIdToken,
    /// Not used, but the ID token may name its hash.
    pub access_token: Secret<String>,
}

/// Why Google's answer gives no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenAnswerError {
    /// Google refuses the code or us: `invalid_grant`, `invalid_client`.
    #[error("it refuses: {0:?}")]
    Refused(String),
    /// It is not the JSON of a token answer.
    #[error("it is no token answer")]
    NotAnAnswer,
    /// There is no ID token in it: the endpoint is no OpenID provider's.
    #[error("it has no id_token")]
    NoIdToken,
    /// There is no access token in it (RFC 6749, section 5.1).
    #[error("it has no access_token")]
    NoAccessToken,
    /// The ID token is not one that could be verified.
    #[error("its ID token is not acceptable")]
    IdToken(#[source] IdTokenError),
}

/// An error of Google's that says that our client is set up wrongly there, or
/// here: no retry helps.
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
    /// The fault that `code` stands for; `None` for an error that may pass.
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

    /// Google's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Credentials => INVALID_CLIENT,
            Self::RedirectUri => REDIRECT_URI_MISMATCH,
            Self::Other(code) => code,
        }
    }
}

impl GoogleTokens {
    /// Reads the token endpoint's answer, whatever its status: an error is
    /// known by its `error` (RFC 6749, section 5.2). What it says beside the
    /// code is dropped, since it may repeat what we sent.
    pub fn parse(body: &[u8]) -> Result<Self, TokenAnswerError> {
        let wire: TokenAnswerWire =
            serde_json::from_slice(body).map_err(|_| TokenAnswerError::NotAnAnswer)?;
        if let Some(error) = wire.error {
            let error = error.chars().take(200).collect();
            return Err(TokenAnswerError::Refused(error));
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
