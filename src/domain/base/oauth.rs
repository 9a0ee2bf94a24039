//! OAuth errors: what a relying party reads.

use std::borrow::Cow;

use crate::base::parameters::ParameterError;

/// An error of OAuth 2.0 (RFC 6749, sections 4.1.2.1 and 5.2) or OpenID
/// Connect (Core, section 3.1.2.6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthError {
    /// The registered code, such as `invalid_request`.
    pub code: &'static str,
    /// A sentence for whoever set the relying party up.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// An error with the code and the sentence.
    pub fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    /// `invalid_request`: a parameter is missing, doubled or of bad form.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    /// `invalid_grant`: the code is not, or no longer, good.
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl From<ParameterError> for OAuthError {
    fn from(error: ParameterError) -> Self {
        Self::invalid_request(error.to_string())
    }
}
