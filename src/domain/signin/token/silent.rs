//! What `prompt=none` requires of a user who was not asked (OpenID Connect
//! Core, section 3.1.2.1).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::claims::subject;
use crate::base::clock::UnixTime;
use crate::base::ids::KeyId;
use crate::base::oauth::OAuthError;
use crate::model::keys::SigningKey;
use crate::model::login::{AuthorizationRequest, GoogleIdentity, HintedUser, Prompt};

/// How far Google's clock may be ahead of ours.
const CLOCK_LEEWAY: Duration = Duration::from_mins(1);

/// Returns `login_required` unless `identity` is the user, and the sign-in as
/// recent, as a request with `prompt=none` demands.
pub fn check(
    request: &AuthorizationRequest,
    identity: &GoogleIdentity,
    now: UnixTime,
) -> Result<(), OAuthError> {
    if request.prompt != Prompt::Silent {
        return Ok(());
    }
    let user = HintedUser::of(&subject(&identity.account.subject));
    if request.hinted.is_some_and(|hinted| hinted != user) {
        return Err(login_required("the id_token_hint names another user"));
    }
    let Some(max_age) = request.max_age else {
        return Ok(());
    };
    let max_age = Duration::from_secs(max_age.into());
    match identity.auth_time {
        Some(signed_in) if signed_in > now.plus(CLOCK_LEEWAY) => {
            Err(login_required("the sign-in is in the future"))
        }
        Some(signed_in) if now.since(signed_in) <= max_age => Ok(()),
        Some(_) => Err(login_required("the sign-in is older than max_age")),
        None => Err(login_required("Google does not send auth_time")),
    }
}

fn login_required(description: &'static str) -> OAuthError {
    OAuthError::new("login_required", description)
}

#[derive(Deserialize)]
struct HeaderWire {
    kid: String,
}

#[derive(Deserialize)]
struct ClaimsWire {
    iss: String,
    sub: String,
}

/// Returns the user of an `id_token_hint`; `None` unless `issuer`
/// issued it and one of its keys, by `kid`, signed it. It may have expired: it
/// is a hint about an earlier sign-in.
pub fn hinted(
    hint: &str,
    issuer: &str,
    key: impl FnOnce(&KeyId) -> Option<Arc<SigningKey>>,
) -> Option<HintedUser> {
    let (message, signature) = hint.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let header: HeaderWire = read(header)?;
    let key = key(&KeyId::new(header.kid))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !key.has_signed(message.as_bytes(), &signature) {
        return None;
    }
    let claims: ClaimsWire = read(claims)?;
    (claims.iss == issuer).then(|| HintedUser::of(&claims.sub))
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}
