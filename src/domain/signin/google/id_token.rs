//! Verifies Google's ID token: the one place where a [`GoogleIdentity`] is
//! made of something that came over the wire.
//!
//! The numbers are the steps of OpenID Connect Core, section 3.1.3.7:
//! <https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation>

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::GoogleClient;
use super::documents::GoogleKeys;
use super::wire::{AudienceWire, ClaimsWire, HeaderWire, NumericDate};
use crate::base::clock::UnixTime;
use crate::base::ids::{GoogleIssuer, GoogleSubject};
use crate::base::secret::Secret;
use crate::model::login::{GoogleAccount, GoogleIdentity, PendingLogin, VerifiedAddress};

/// How far our clock and Google's may differ: a NAS that was off all night
/// starts some seconds wrong.
const LEEWAY: Duration = Duration::from_mins(1);

/// Google, and the other name under which its ID tokens may say so: its
/// "OpenID Connect" guide lists both.
const GOOGLE: (&str, &str) = ("https://accounts.google.com", "accounts.google.com");

/// An ID token of good form, about which nothing else is known: its claims
/// cannot be seen.
pub struct UnverifiedIdToken {
    message: String,
    signature: String,
    kid: Option<String>,
}

/// What an ID token must say to be an answer to one login.
pub struct Expected<'a> {
    /// The provider, as configured.
    pub issuer: &'a GoogleIssuer,
    /// Our client id there.
    pub client_id: &'a str,
    /// The nonce that we sent.
    pub nonce: Secret<String>,
    /// The access token that came with the ID token.
    pub access_token: &'a Secret<String>,
}

impl<'a> Expected<'a> {
    /// What the answer to `pending` must say.
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

impl fmt::Debug for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why an ID token vouches for nobody. All but the last two are lies or faults
/// of the provider; those are honest answers that are not enough.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It is no JWT in compact form, or a claim is of another type or there
    /// twice.
    #[error("the ID token is malformed: {0}")]
    Malformed(&'static str),
    /// It is not signed by RS256.
    #[error("the ID token is signed by {0:?}, not by RS256")]
    Algorithm(String),
    /// It has header members that must be understood, and we know of none.
    #[error("the ID token has critical header members")]
    CriticalHeader,
    /// It does not say which of several keys signed it.
    #[error("the ID token names no key")]
    NoKeyId,
    /// No key of Google's has this name.
    #[error("the ID token names the unknown key {0:?}")]
    UnknownKey(String),
    /// The key did not sign it.
    #[error("the ID token's signature is wrong")]
    BadSignature,
    /// Somebody else issued it.
    #[error("the ID token is from the issuer {0:?}")]
    WrongIssuer(String),
    /// It is not for us, or not for us alone.
    #[error("the ID token is for another audience")]
    WrongAudience,
    /// It was issued to another client.
    #[error("the ID token's authorized party is {0:?}")]
    WrongAuthorizedParty(String),
    /// A claim is missing without which its life is not known.
    #[error("the ID token has no {0}")]
    NoTime(&'static str),
    /// Its life is over, or our clock is fast.
    #[error("the ID token expired at {} and it is {} here", .expired.seconds(), .now.seconds())]
    Expired {
        /// Its end.
        expired: UnixTime,
        /// Our clock.
        now: UnixTime,
    },
    /// Its life has not begun, or our clock is slow.
    #[error("the ID token begins at {} and it is {} here", .begins.seconds(), .now.seconds())]
    NotYetValid {
        /// Its begin.
        begins: UnixTime,
        /// Our clock.
        now: UnixTime,
    },
    /// It answers no login in particular.
    #[error("the ID token has no nonce")]
    NoNonce,
    /// It answers another login.
    #[error("the ID token has another login's nonce")]
    OtherNonce,
    /// It came with another access token.
    #[error("the ID token is not for the access token that came with it")]
    OtherAccessToken,
    /// It names nobody, or by no name that OpenID Connect allows.
    #[error("the ID token's subject is missing, empty, over 255 characters or not ASCII")]
    BadSubject,
    /// It has no address.
    #[error("the ID token has no e-mail address")]
    NoAddress,
    /// Google did not see the person read mail at this address.
    #[error("Google has not verified the address")]
    AddressNotVerified {
        /// The address that anybody may have typed.
        address: String,
    },
}

impl UnverifiedIdToken {
    /// Takes an ID token apart. A token that no key of Google's can have
    /// signed is refused here, before anybody asks Google for a key.
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

        // 6 to 8: RS256 by a key of the JWK set. `none` would need no key,
        // and HS256 would take our client secret, or Google's public key, for
        // one. Keys inside the header are not looked at.
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
            message: message.to_owned(),
            signature: signature.to_owned(),
            kid: header.kid,
        })
    }

    /// The name of the key that is said to have signed it. Google always says;
    /// a provider with one key need not (Core, section 10.1).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Who the person is, if Google says so, now, to us, about this login.
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
            auth_time: claims.auth_time.map(time),
        })
    }

    /// 6: the signature, before anything that it covers is believed.
    fn signed_claims(&self, keys: &GoogleKeys) -> Result<ClaimsWire, IdTokenError> {
        let candidates: Vec<_> = match self.kid() {
            Some(kid) => keys.named(kid).collect(),
            None => vec![keys.only().ok_or(IdTokenError::NoKeyId)?],
        };
        if let (Some(kid), true) = (self.kid(), candidates.is_empty()) {
            return Err(IdTokenError::UnknownKey(shortened(kid)));
        }
        let message = self.message.as_bytes();
        let signed = candidates.into_iter().any(|key| {
            jsonwebtoken::crypto::verify(&self.signature, message, &key, Algorithm::RS256)
                .unwrap_or(false)
        });
        if !signed {
            return Err(IdTokenError::BadSignature);
        }
        let (_, claims) = self.message.split_once('.').unwrap_or_default();
        let claims = decode(claims, "claims are not base64url")?;
        serde_json::from_slice(&claims)
            .map_err(|_| IdTokenError::Malformed("claims are not the JSON of an ID token"))
    }
}

impl fmt::Debug for UnverifiedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedIdToken")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// 2: the issuer. The identity carries the configured one, whichever of
/// Google's two the token has, so that links do not depend on it.
fn check_issuer(found: Option<String>, expected: &GoogleIssuer) -> Result<(), IdTokenError> {
    let found = found.unwrap_or_default();
    let googles_other_name = (expected.as_str(), found.as_str()) == GOOGLE;
    if found != expected.as_str() && !googles_other_name {
        return Err(IdTokenError::WrongIssuer(shortened(&found)));
    }
    Ok(())
}

/// 3: for us alone, since we trust no other audience; 4 and 5: and issued to
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

/// 9 and 10: its life, give or take what two clocks may differ by. `nbf` is
/// not OpenID Connect's, but RFC 7519's (section 4.1.5).
fn check_times(
    [exp, iat, nbf]: [Option<NumericDate>; 3],
    now: UnixTime,
) -> Result<(), IdTokenError> {
    let expired = time(exp.ok_or(IdTokenError::NoTime("exp"))?);
    if now >= expired.plus(LEEWAY) {
        return Err(IdTokenError::Expired { expired, now });
    }
    let issued = time(iat.ok_or(IdTokenError::NoTime("iat"))?);
    let begins = nbf.map_or(issued, |nbf| issued.max(time(nbf)));
    if begins > now.plus(LEEWAY) {
        return Err(IdTokenError::NotYetValid { begins, now });
    }
    Ok(())
}

/// 11: the nonce, without which a token stolen from another login would do.
fn check_nonce(found: Option<&str>, expected: &Secret<String>) -> Result<(), IdTokenError> {
    let found = found.ok_or(IdTokenError::NoNonce)?;
    if !expected.matches(found.as_bytes()) {
        return Err(IdTokenError::OtherNonce);
    }
    Ok(())
}

/// Section 3.1.3.8: the left half of the access token's SHA-256.
fn check_access_token(
    at_hash: Option<&str>,
    access_token: &Secret<String>,
) -> Result<(), IdTokenError> {
    let Some(at_hash) = at_hash else {
        return Ok(());
    };
    let hash = digest(&SHA256, access_token.expose().as_bytes());
    let half = hash.as_ref().get(..16).unwrap_or_default();
    if at_hash != URL_SAFE_NO_PAD.encode(half) {
        return Err(IdTokenError::OtherAccessToken);
    }
    Ok(())
}

/// Section 2: 255 ASCII characters at most.
fn checked_subject(subject: Option<String>) -> Result<GoogleSubject, IdTokenError> {
    subject
        .filter(|subject| (1..=255).contains(&subject.len()) && subject.is_ascii())
        .map(GoogleSubject::new)
        .ok_or(IdTokenError::BadSubject)
}

/// Google's own sample token has the string "true" where section 5.1 wants
/// the boolean; nothing else is a yes.
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

fn time(date: NumericDate) -> UnixTime {
    UnixTime::from_seconds(date.0)
}

fn decode(part: &str, problem: &'static str) -> Result<Vec<u8>, IdTokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| IdTokenError::Malformed(problem))
}

/// What goes into a log line need not be longer.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}
