//! Verifies Google's ID token: the only place that makes a [`GoogleIdentity`]
//! of data from the network.
//!
//! The numbers are the steps of OpenID Connect Core, section 3.1.3.7:
//! <https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation>

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::GoogleClient;
use super::documents::GoogleKeys;
use super::wire::{AudienceWire, ClaimsWire, HeaderWire, NumericDate};
use crate::base::clock::UnixTime;
use crate::base::ids::{GoogleIssuer, GoogleSubject};
use crate::base::oauth::at_hash;
use crate::base::parameters::shortened;
use crate::base::secret::Secret;
use crate::model::login::{GoogleAccount, GoogleIdentity, PendingLogin, VerifiedAddress};

/// Accepted difference between our clock and Google's: after a night without
/// power, a NAS starts with an error of some seconds.
const LEEWAY: Duration = Duration::from_mins(1);

/// Google's issuer and the other `iss` of its ID tokens: its "OpenID Connect"
/// guide lists both.
const GOOGLE: (&str, &str) = ("https://accounts.google.com", "accounts.google.com");

/// A well-formed ID token. Its claims cannot be read before [`Self::verify`].
#[derive(Debug)]
pub struct UnverifiedIdToken {
    message: Secret<String>,
    signature: Secret<String>,
    kid: Option<String>,
}

/// What the ID token for one login has to contain.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The issuer identifier of the configured provider.
    pub issuer: &'a GoogleIssuer,
    /// Our `client_id` at the provider.
    pub client_id: &'a str,
    /// The nonce in our authorization request.
    pub nonce: Secret<String>,
    /// The access token that came with the ID token.
    pub access_token: &'a Secret<String>,
}

impl<'a> Expected<'a> {
    /// Returns what the ID token for `pending` has to contain.
    pub fn of(
        client: &'a GoogleClient,
        pending: &PendingLogin,
        access_token: &'a Secret<String>,
    ) -> Self {
        Self {
            issuer: &client.issuer,
            client_id: &client.client_id,
            nonce: Secret::new(pending.google_nonce()),
            access_token,
        }
    }
}

/// Why an ID token is rejected. The last two are valid ID tokens of accounts
/// that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum IdTokenError {
    #[error("the ID token is malformed: {0}")]
    Malformed(&'static str),
    #[error("the ID token is signed by {0:?}, not by RS256")]
    Algorithm(String),
    #[error("the ID token has critical header members")]
    CriticalHeader,
    #[error("the ID token names no key")]
    NoKeyId,
    #[error("the ID token names the unknown key {0:?}")]
    UnknownKey(String),
    #[error("the ID token's signature is wrong")]
    BadSignature,
    #[error("the ID token is from the issuer {0:?}")]
    WrongIssuer(String),
    #[error("the ID token is for another audience")]
    WrongAudience,
    #[error("the ID token's authorized party is {0:?}")]
    WrongAuthorizedParty(String),
    #[error("the ID token has no {0}")]
    NoTime(&'static str),
    #[error("the ID token expired at {} and it is {} here", .expired.seconds(), .now.seconds())]
    Expired { expired: UnixTime, now: UnixTime },
    #[error("the ID token begins at {} and it is {} here", .begins.seconds(), .now.seconds())]
    NotYetValid { begins: UnixTime, now: UnixTime },
    #[error("the ID token has no nonce")]
    NoNonce,
    #[error("the ID token has another login's nonce")]
    OtherNonce,
    #[error("the ID token is not for the access token that came with it")]
    OtherAccessToken,
    #[error("the ID token's subject is missing, empty, over 255 characters or not ASCII")]
    BadSubject,
    #[error("the ID token has no e-mail address")]
    NoAddress,
    #[error("Google has not verified the address")]
    AddressNotVerified { address: String },
}

impl UnverifiedIdToken {
    /// Parses an ID token. One that cannot be signed by a key of Google's is
    /// rejected before Google's keys are fetched.
    pub fn parse(compact: &str) -> Result<Self, IdTokenError> {
        let mut parts = compact.split('.');
        let (Some(header), Some(_), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(IdTokenError::Malformed("not three parts"));
        };
        let header = decode(header, "header is not base64url")?;
        let header: HeaderWire = serde_json::from_slice(&header)
            .map_err(|_| IdTokenError::Malformed("header is not the JSON of a header"))?;

        // 6 to 8: RS256 by a key of the JWK set. `none` would need no key, and
        // HS256 would use our client secret, or Google's public key, as the
        // key. Keys inside the header are ignored.
        if header.alg != "RS256" {
            return Err(IdTokenError::Algorithm(shortened(&header.alg)));
        }
        // RFC 7515, section 4.1.11.
        if header.crit.is_some() {
            return Err(IdTokenError::CriticalHeader);
        }
        let message = compact
            .strip_suffix(signature)
            .and_then(|rest| rest.strip_suffix('.'))
            .unwrap_or_default();
        Ok(Self {
            message: Secret::new(message.to_owned()),
            signature: Secret::new(signature.to_owned()),
            kid: header.kid,
        })
    }

    /// Returns the `kid` of the header. Google always sends it; a provider with
    /// a single key need not (Core, section 10.1).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns the identity, after all checks: Google issued the token, now,
    /// for us and for this login.
    pub fn verify(
        self,
        keys: &GoogleKeys,
        expected: &Expected<'_>,
        now: UnixTime,
    ) -> Result<GoogleIdentity, IdTokenError> {
        let claims = self.signed_claims(keys)?;
        check_issuer(claims.iss, expected.issuer)?;
        check_audience(claims.aud, claims.azp, expected.client_id)?;
        check_times([claims.exp, claims.iat, claims.nbf], now)?;
        check_nonce(claims.nonce.as_deref(), &expected.nonce)?;
        check_access_token(claims.at_hash.as_deref(), expected.access_token)?;
        let subject = checked_subject(claims.sub)?;
        let address = checked_address(claims.email, claims.email_verified.as_ref())?;
        Ok(GoogleIdentity {
            account: GoogleAccount {
                issuer: expected.issuer.clone(),
                subject,
            },
            address,
            hosted_domain: claims.hd.filter(|domain| !domain.is_empty()),
            name: claims.name.filter(|name| !name.is_empty()),
            auth_time: claims.auth_time.map(NumericDate::time),
        })
    }

    /// 6: the signature, before any claim is read.
    fn signed_claims(&self, keys: &GoogleKeys) -> Result<ClaimsWire, IdTokenError> {
        let candidates: Vec<_> = match self.kid() {
            Some(kid) => keys.named(kid).collect(),
            None => vec![keys.only().ok_or(IdTokenError::NoKeyId)?],
        };
        if let (Some(kid), true) = (self.kid(), candidates.is_empty()) {
            return Err(IdTokenError::UnknownKey(shortened(kid)));
        }
        let (message, signature) = (self.message.expose(), self.signature.expose());
        let signed = candidates.into_iter().any(|key| {
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, Algorithm::RS256)
                .unwrap_or(false)
        });
        if !signed {
            return Err(IdTokenError::BadSignature);
        }
        let (_, claims) = message.split_once('.').unwrap_or_default();
        let claims = decode(claims, "claims are not base64url")?;
        serde_json::from_slice(&claims)
            .map_err(|_| IdTokenError::Malformed("claims are not the JSON of an ID token"))
    }
}

/// 2: the issuer, which is one of two for Google. The identity always has the
/// configured one, so that links do not depend on it.
fn check_issuer(found: Option<String>, expected: &GoogleIssuer) -> Result<(), IdTokenError> {
    let found = found.unwrap_or_default();
    let googles_other_name = (expected.as_str(), found.as_str()) == GOOGLE;
    if found != expected.as_str() && !googles_other_name {
        return Err(IdTokenError::WrongIssuer(shortened(&found)));
    }
    Ok(())
}

/// 3: for us only, because we do not trust another audience; 4 and 5: issued to
/// us.
fn check_audience(
    audience: Option<AudienceWire>,
    authorized_party: Option<String>,
    client_id: &str,
) -> Result<(), IdTokenError> {
    let for_us_alone = match audience {
        None => false,
        Some(AudienceWire::One(one)) => one == client_id,
        Some(AudienceWire::Several(several)) => several == [client_id],
    };
    if !for_us_alone {
        return Err(IdTokenError::WrongAudience);
    }
    match authorized_party {
        Some(party) if party != client_id => {
            Err(IdTokenError::WrongAuthorizedParty(shortened(&party)))
        }
        Some(_) | None => Ok(()),
    }
}

/// 9 and 10: the validity period. `nbf` is defined by RFC 7519, section 4.1.5.
fn check_times(
    [exp, iat, nbf]: [Option<NumericDate>; 3],
    now: UnixTime,
) -> Result<(), IdTokenError> {
    let expired = exp.ok_or(IdTokenError::NoTime("exp"))?.time();
    if now >= expired.plus(LEEWAY) {
        return Err(IdTokenError::Expired { expired, now });
    }
    let issued = iat.ok_or(IdTokenError::NoTime("iat"))?.time();
    let begins = nbf.map_or(issued, |nbf| issued.max(nbf.time()));
    if begins > now.plus(LEEWAY) {
        return Err(IdTokenError::NotYetValid { begins, now });
    }
    Ok(())
}

/// 11: the nonce, without which a token of another login would be valid.
fn check_nonce(found: Option<&str>, expected: &Secret<String>) -> Result<(), IdTokenError> {
    let found = found.ok_or(IdTokenError::NoNonce)?;
    if !expected.matches(found.as_bytes()) {
        return Err(IdTokenError::OtherNonce);
    }
    Ok(())
}

/// Section 3.1.3.8: the hash of the access token, if there is one.
fn check_access_token(
    found: Option<&str>,
    access_token: &Secret<String>,
) -> Result<(), IdTokenError> {
    match found {
        Some(found) if found != at_hash(access_token) => Err(IdTokenError::OtherAccessToken),
        Some(_) | None => Ok(()),
    }
}

/// Section 2: 255 ASCII characters at most.
fn checked_subject(subject: Option<String>) -> Result<GoogleSubject, IdTokenError> {
    subject
        .filter(|subject| (1..=255).contains(&subject.len()) && subject.is_ascii())
        .map(GoogleSubject::new)
        .ok_or(IdTokenError::BadSubject)
}

/// Google's sample token has the string "true" where section 5.1 requires the
/// boolean; any other value is rejected.
fn checked_address(
    address: Option<String>,
    verified: Option<&Value>,
) -> Result<VerifiedAddress, IdTokenError> {
    let address = address
        .filter(|address| !address.is_empty())
        .ok_or(IdTokenError::NoAddress)?;
    let yes = match verified {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true",
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => false,
    };
    if !yes {
        return Err(IdTokenError::AddressNotVerified { address });
    }
    Ok(VerifiedAddress::vouched_for(address))
}

fn decode(part: &str, problem: &'static str) -> Result<Vec<u8>, IdTokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| IdTokenError::Malformed(problem))
}
