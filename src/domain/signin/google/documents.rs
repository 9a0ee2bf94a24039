//! Google's two public documents: the discovery document and the JWK set.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use url::Url;

use super::wire::{KeysWire, MetadataWire, RsaKeyWire};
use crate::base::ids::GoogleIssuer;
use crate::base::web_url::is_loopback;

/// Accepted sizes of an RSA modulus: RFC 7518, section 3.3, requires 2048 bits,
/// and the crypto library supports 8192.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A valid discovery document (OpenID Connect Discovery, section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleMetadata {
    /// The issuer, which is the configured one.
    pub issuer: GoogleIssuer,
    /// The endpoint to which the browser is redirected.
    pub authorization_endpoint: Url,
    /// The endpoint that exchanges a code for tokens.
    pub token_endpoint: String,
    /// The URL of the JWK set.
    pub jwks_uri: String,
    /// Whether every authorization response has an `iss` (RFC 9207, section 3).
    pub issuer_in_response: bool,
    /// How the token endpoint gets our secret.
    pub token_authentication: TokenAuthentication,
}

/// How the token endpoint gets our secret (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAuthentication {
    /// `client_secret_post`: in the form.
    Post,
    /// In the form, although the provider lists only `none`: some servers
    /// accept a secret without listing it.
    PostUnlisted,
    /// `client_secret_basic`: in the `Authorization` header.
    Basic,
}

/// Why a discovery document is rejected.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum MetadataError {
    #[error("not a discovery document")]
    NotADocument(#[source] serde_json::Error),
    #[error("it names the issuer {found:?}, but the configured one is {configured:?}")]
    OtherIssuer { found: String, configured: String },
    #[error("its {member} is {url:?}, which is not an https URL without a fragment")]
    BadEndpoint { member: &'static str, url: String },
    #[error("its token endpoint takes neither client_secret_post nor client_secret_basic")]
    NoSecretAuthentication,
}

impl GoogleMetadata {
    /// Parses the discovery document of `issuer` (OpenID Connect Discovery,
    /// section 4.3).
    pub fn parse(body: &[u8], issuer: &GoogleIssuer) -> Result<Self, MetadataError> {
        let wire: MetadataWire =
            serde_json::from_slice(body).map_err(MetadataError::NotADocument)?;
        if wire.issuer != issuer.as_str() {
            return Err(MetadataError::OtherIssuer {
                found: wire.issuer,
                configured: issuer.as_str().to_owned(),
            });
        }
        let authorization = (
            "authorization_endpoint",
            wire.authorization_endpoint.as_str(),
        );
        let authorization_endpoint = endpoint(authorization, issuer)?;
        endpoint(("token_endpoint", &wire.token_endpoint), issuer)?;
        endpoint(("jwks_uri", &wire.jwks_uri), issuer)?;
        let methods = wire.token_endpoint_auth_methods_supported;
        Ok(Self {
            issuer: issuer.clone(),
            authorization_endpoint,
            token_endpoint: wire.token_endpoint,
            jwks_uri: wire.jwks_uri,
            issuer_in_response: wire.authorization_response_iss_parameter_supported,
            token_authentication: token_authentication(methods.as_deref())?,
        })
    }
}

/// An endpoint uses https, except that of a test provider on this machine.
fn endpoint(
    (member, text): (&'static str, &str),
    issuer: &GoogleIssuer,
) -> Result<Url, MetadataError> {
    let local_issuer = Url::parse(issuer.as_str()).is_ok_and(|url| is_http_on_loopback(&url));
    Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https" || (local_issuer && is_http_on_loopback(url)))
        .filter(|url| url.has_host() && url.fragment().is_none())
        .ok_or_else(|| MetadataError::BadEndpoint {
            member,
            url: text.to_owned(),
        })
}

fn is_http_on_loopback(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback(url)
}

/// The default is `client_secret_basic` (OpenID Connect Discovery, section 3).
fn token_authentication(methods: Option<&[String]>) -> Result<TokenAuthentication, MetadataError> {
    let Some(methods) = methods else {
        return Ok(TokenAuthentication::Basic);
    };
    let listed = |name| methods.iter().any(|method| method == name);
    match (listed("client_secret_post"), listed("client_secret_basic")) {
        (true, _) => Ok(TokenAuthentication::Post),
        (false, true) => Ok(TokenAuthentication::Basic),
        (false, false) if methods == ["none"] => Ok(TokenAuthentication::PostUnlisted),
        (false, false) => Err(MetadataError::NoSecretAuthentication),
    }
}

/// Google's public keys that verify RS256 signatures, in an order of our own: a
/// set with the same keys is equal.
#[derive(Clone, PartialEq, Eq)]
pub struct GoogleKeys(Vec<RsaKey>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RsaKey {
    kid: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why a JWK set is rejected.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum KeysError {
    #[error("not a JWK set")]
    NotAKeySet(#[source] serde_json::Error),
    // If such a set replaced usable keys, every sign-in would fail.
    #[error("it has no RSA key of 2048 bits or more for RS256 that has a kid or is the only one")]
    NoUsableKey,
}

impl GoogleKeys {
    /// Parses a JWK set; keys that cannot verify RS256 are ignored (RFC 7517,
    /// section 5).
    pub fn parse(body: &[u8]) -> Result<Self, KeysError> {
        let wire: KeysWire = serde_json::from_slice(body).map_err(KeysError::NotAKeySet)?;
        let mut keys: Vec<RsaKey> = wire
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .filter_map(usable)
            .collect();
        // Core, section 10.1: only a single key may be without a name.
        if keys.len() > 1 {
            keys.retain(|key| key.kid.is_some());
        }
        keys.sort_unstable();
        if keys.is_empty() {
            return Err(KeysError::NoUsableKey);
        }
        Ok(Self(keys))
    }

    /// Returns whether there is a key named `kid`.
    pub fn contains(&self, kid: &str) -> bool {
        self.named(kid).next().is_some()
    }

    pub(super) fn only(&self) -> Option<DecodingKey> {
        match self.0.as_slice() {
            [key] => Some(key.decoding()),
            _ => None,
        }
    }

    /// One key, unless the provider violates RFC 7517, section 4.5; then any of
    /// them may have signed.
    pub(super) fn named(&self, kid: &str) -> impl Iterator<Item = DecodingKey> {
        self.0
            .iter()
            .filter(move |key| key.kid.as_deref() == Some(kid))
            .map(RsaKey::decoding)
    }
}

impl RsaKey {
    fn decoding(&self) -> DecodingKey {
        DecodingKey::from_rsa_raw_components(&self.modulus, &self.exponent)
    }
}

impl fmt::Debug for GoogleKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|key| &key.kid);
        f.debug_list().entries(names).finish()
    }
}

fn usable(wire: RsaKeyWire) -> Option<RsaKey> {
    let for_signatures = wire.usage.is_none_or(|usage| usage == "sig");
    let may_verify = wire
        .key_ops
        .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    let for_rs256 = wire.alg.is_none_or(|alg| alg == "RS256");
    if wire.kty != "RSA" || !for_signatures || !may_verify || !for_rs256 {
        return None;
    }
    let modulus = URL_SAFE_NO_PAD.decode(wire.n).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(wire.e).ok()?;
    if !MODULUS_BYTES.contains(&modulus.len()) {
        return None;
    }
    Some(RsaKey {
        kid: wire.kid,
        modulus,
        exponent,
    })
}
