//! Google's JSON. A duplicate member is an error; unknown members are ignored.

use serde::Deserialize;
use serde_json::Value;

use crate::base::clock::UnixTime;

/// `/.well-known/openid-configuration` (OpenID Connect Discovery, section 3).
#[derive(Deserialize)]
pub(super) struct MetadataWire {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A JWK set (RFC 7517, section 5). Its keys are parsed one by one, because
/// keys of an unknown type are ignored.
#[derive(Deserialize)]
pub(super) struct KeysWire {
    pub(super) keys: Vec<Value>,
}

/// An RSA key of a JWK set (RFC 7517, section 4; RFC 7518, section 6.3.1).
#[derive(Deserialize)]
pub(super) struct RsaKeyWire {
    pub(super) kty: String,
    pub(super) kid: Option<String>,
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) key_ops: Option<Vec<String>>,
    pub(super) alg: Option<String>,
    pub(super) n: String,
    pub(super) e: String,
}

/// The header of an ID token (RFC 7515, section 4.1).
#[derive(Deserialize)]
pub(super) struct HeaderWire {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    pub(super) crit: Option<Value>,
}

/// The claims of an ID token (OpenID Connect Core, section 2).
#[derive(Deserialize)]
pub(super) struct ClaimsWire {
    pub(super) iss: Option<String>,
    pub(super) aud: Option<AudienceWire>,
    pub(super) azp: Option<String>,
    pub(super) exp: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
    pub(super) nbf: Option<NumericDate>,
    pub(super) auth_time: Option<NumericDate>,
    pub(super) nonce: Option<String>,
    pub(super) at_hash: Option<String>,
    pub(super) sub: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<Value>,
    pub(super) hd: Option<String>,
    pub(super) name: Option<String>,
}

/// `aud`: one string, or several in an array.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AudienceWire {
    One(String),
    Several(Vec<String>),
}

/// Seconds since the epoch, which may have a fraction (RFC 7519, section 2).
#[derive(Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(super) struct NumericDate(f64);

impl NumericDate {
    /// Returns the time, without the fraction.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float out of range becomes the nearest i64: long ago or far ahead, as meant"
    )]
    pub(super) fn time(self) -> UnixTime {
        UnixTime::from_seconds(self.0.floor() as i64)
    }
}

/// The response of the token endpoint: tokens (OpenID Connect Core, section
/// 3.1.3.3) or an error (RFC 6749, section 5.2).
#[derive(Deserialize)]
pub(super) struct TokenAnswerWire {
    pub(super) access_token: Option<String>,
    pub(super) id_token: Option<String>,
    pub(super) error: Option<String>,
}
