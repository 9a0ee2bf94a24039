//! OAuth errors, as they are sent to a client.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::parameters::ParameterError;
use crate::base::secret::Secret;

/// An error of OAuth 2.0 (RFC 6749, sections 4.1.2.1 and 5.2) or OpenID
/// Connect (Core, section 3.1.2.6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthError {
    /// The registered code, such as `invalid_request`.
    pub code: &'static str,
    /// A sentence for the administrator of the client.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// Returns an error with any registered code.
    pub fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    /// Returns `invalid_request`: a parameter is missing, duplicate or invalid.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }
}

impl From<ParameterError> for OAuthError {
    fn from(error: ParameterError) -> Self {
        Self::invalid_request(error.to_string())
    }
}

/// Returns the `at_hash` for `access_token`: the left half of its SHA-256
/// (OpenID Connect Core, section 3.1.3.6).
pub fn at_hash(access_token: &Secret<String>) -> String {
    let hash = digest(&SHA256, access_token.expose().as_bytes());
    let (left, _) = hash.as_ref().split_at(16);
    URL_SAFE_NO_PAD.encode(left)
}
