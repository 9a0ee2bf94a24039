//! Google's two public documents: what it offers and where, and the keys with
//! which it signs.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use url::Url;

use super::wire::{KeysWire, MetadataWire, RsaKeyWire};
use crate::base::ids::GoogleIssuer;
use crate::base::web_url::is_loopback;

/// RSA moduli that a signature is verified with, in bytes: RFC 7518, section
/// 3.3, wants 2048 bits at least, and the crypto library ends at 8192.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// What Google offers, and where (OpenID Connect Discovery, section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleMetadata {
    /// The configured issuer: a document that names another is refused.
    pub issuer: GoogleIssuer,
    /// Where the browser goes.
    pub authorization_endpoint: Url,
    /// Where a code is exchanged.
    pub token_endpoint: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Whether every answer to the browser names its issuer
    /// (`authorization_response_iss_parameter_supported`, RFC 9207, section
    /// 3).
    pub issuer_in_response: bool,
    /// How our secret travels.
    pub token_authentication: TokenAuthentication,
}

/// How our secret travels to the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAuthentication {
    /// In the form.
    Post,
    /// In the form, although the provider lists only `none`: some servers
    /// accept a secret and list only what clients without one use.
    PostUnlisted,
    /// In the `Authorization` header.
    Basic,
}

/// Why a discovery document is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// It is not JSON, or a member is missing or of another type.
    #[error("it is no discovery document")]
    NotADocument(#[source] serde_json::Error),
    /// It speaks for somebody else.
    #[error("it names the issuer {found:?}, but the configured one is {configured:?}")]
    OtherIssuer {
        /// What it says.
        found: String,
        /// What the config says.
        configured: String,
    },
    /// An endpoint is no URL, or one to which no secret may go.
    #[error("its {member} is {url:?}, which is not an https URL without a fragment")]
    BadEndpoint {
        /// Which endpoint.
        member: &'static str,
        /// What it says.
        url: String,
    },
    /// The token endpoint takes our secret in no way that we know.
    #[error("its token endpoint takes neither client_secret_post nor client_secret_basic")]
    NoSecretAuthentication,
}

impl GoogleMetadata {
    /// Reads a discovery document that was asked of `issuer` (OpenID Connect
    /// Discovery, section 4.3).
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

/// A provider for tests runs on this machine without a certificate; anywhere
/// else an endpoint is https.
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

/// A provider that lists nothing takes the header (OpenID Connect Discovery,
/// section 3: `client_secret_basic` is the default).
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

/// Google's public keys that verify RS256 signatures. Two sets are equal
/// whatever the order in which Google lists them.
#[derive(Clone, PartialEq, Eq)]
pub struct GoogleKeys(Vec<RsaKey>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RsaKey {
    kid: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why a JWK set is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It is not JSON, or has no `keys`.
    #[error("it is no JWK set")]
    NotAKeySet(#[source] serde_json::Error),
    /// Nothing in it verifies an RS256 signature. To keep it in place of keys
    /// that did would lock everybody out.
    #[error("it has no RSA key of 2048 bits or more for RS256 that has a kid or is the only one")]
    NoUsableKey,
}

impl GoogleKeys {
    /// Reads a JWK set; keys that cannot verify RS256 are left out (RFC 7517,
    /// section 5).
    pub fn parse(body: &[u8]) -> Result<Self, KeysError> {
        let wire: KeysWire = serde_json::from_slice(body).map_err(KeysError::NotAKeySet)?;
        let mut keys: Vec<RsaKey> = wire
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .filter_map(usable)
            .collect();
        // Core, section 10.1: only of a single key, the name may be missing.
        if keys.len() > 1 {
            keys.retain(|key| key.kid.is_some());
        }
        keys.sort_unstable();
        if keys.is_empty() {
            return Err(KeysError::NoUsableKey);
        }
        Ok(Self(keys))
    }

    /// Whether one of the keys is named `kid`.
    pub fn contains(&self, kid: &str) -> bool {
        self.named(kid).next().is_some()
    }

    /// The key, if there is only one.
    pub(super) fn only(&self) -> Option<DecodingKey> {
        match self.0.as_slice() {
            [key] => Some(key.decoding()),
            _ => None,
        }
    }

    /// The keys named `kid`: one, unless the provider breaks RFC 7517,
    /// section 4.5, and then any of them may have signed.
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
