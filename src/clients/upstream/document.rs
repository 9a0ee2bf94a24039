//! Google's documents as bytes, and how they become what they say.

use std::sync::Arc;

use super::cache::Cached;
use super::error::UpstreamError;
use domain::base::clock::UnixTime;
use domain::base::ids::GoogleIssuer;
use domain::signin::google::{GoogleKeys, GoogleMetadata};

/// The name of one of Google's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentName {
    /// `/.well-known/openid-configuration`
    Discovery,
    /// The JWK set at `jwks_uri`.
    Keys,
}

impl DocumentName {
    /// For a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery document",
            Self::Keys => "keys",
        }
    }
}

/// One of Google's documents as it is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which one.
    pub name: DocumentName,
    /// As Google sent it.
    pub body: Vec<u8>,
    /// When.
    pub fetched: UnixTime,
    /// Until when Google says it is good.
    pub expires: UnixTime,
}

/// Where a provider's discovery document is (OpenID Connect Discovery, section
/// 4.1).
pub(super) fn discovery_url(issuer: &GoogleIssuer) -> String {
    let issuer = issuer.as_str();
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{base}/.well-known/openid-configuration")
}

pub(super) fn read_discovery(
    document: Document,
    issuer: &GoogleIssuer,
    date: Option<UnixTime>,
) -> Result<Cached<GoogleMetadata>, UpstreamError> {
    let url = discovery_url(issuer);
    match GoogleMetadata::parse(&document.body, issuer) {
        Ok(metadata) => Ok(Cached {
            value: Arc::new(metadata),
            document,
            source: url,
            date,
        }),
        Err(source) => Err(UpstreamError::Discovery {
            url,
            source: Arc::new(source),
        }),
    }
}

pub(super) fn read_keys(
    document: Document,
    url: &str,
    date: Option<UnixTime>,
) -> Result<Cached<GoogleKeys>, UpstreamError> {
    let keys = GoogleKeys::parse(&document.body).map_err(|source| UpstreamError::Keys {
        url: url.to_owned(),
        source: Arc::new(source),
    })?;
    Ok(Cached {
        value: Arc::new(keys),
        document,
        source: url.to_owned(),
        date,
    })
}
