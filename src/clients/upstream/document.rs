//! Google's documents, as bytes and parsed.

use std::sync::Arc;

use super::error::UpstreamError;
use domain::base::clock::UnixTime;
use domain::base::ids::GoogleIssuer;
use domain::signin::google::{GoogleKeys, GoogleMetadata};

/// One of Google's two public documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentName {
    /// The discovery document, `/.well-known/openid-configuration`.
    Discovery,
    /// The JWK set at `jwks_uri`.
    Keys,
}

impl DocumentName {
    /// Returns the name that messages show.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery document",
            Self::Keys => "keys",
        }
    }
}

/// A document as the state stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct Document {
    pub name: DocumentName,
    pub body: Vec<u8>,
    pub fetched: UnixTime,
    /// When it expires, by Google's headers.
    pub expires: UnixTime,
}

/// A document and its parsed value.
#[derive(Debug)]
pub(super) struct Cached<T> {
    pub(super) value: Arc<T>,
    pub(super) document: Document,
    /// The URL of the document.
    pub(super) source: String,
    /// The provider's time when it sent the document; `None` if it was loaded.
    pub(super) date: Option<UnixTime>,
}

impl<T> Cached<T> {
    fn new(value: T, document: Document, source: String, date: Option<UnixTime>) -> Self {
        Self {
            value: Arc::new(value),
            document,
            source,
            date,
        }
    }
}

/// Returns the URL of the discovery document (OpenID Connect Discovery, section
/// 4.1).
pub(crate) fn discovery_url(issuer: &GoogleIssuer) -> String {
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
        Ok(metadata) => Ok(Cached::new(metadata, document, url, date)),
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
    let url = url.to_owned();
    match GoogleKeys::parse(&document.body) {
        Ok(keys) => Ok(Cached::new(keys, document, url, date)),
        Err(source) => Err(UpstreamError::Keys {
            url,
            source: Arc::new(source),
        }),
    }
}
