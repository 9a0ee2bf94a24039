//! Step 4: grants a code to a DSM user, and redeems it for tokens.

pub mod claims;
pub mod request;
pub mod silent;

use std::time::Duration;

use aws_lc_rs::digest;
use subtle::ConstantTimeEq;

use crate::base::clock::UnixTime;
use crate::base::ids::ClientId;
use crate::base::oauth::OAuthError;
use crate::model::login::{
    AccessGrant, AuthorizationRequest, DsmUser, GoogleIdentity, GrantedCode, Prompt,
};
use request::TokenRequest;

/// How long a client may take to redeem a code.
pub const CODE_LIFE: Duration = Duration::from_mins(1);

/// How long an ID token and its access token are valid.
pub const TOKEN_LIFE: Duration = Duration::from_hours(1);

/// A grant from further in the future was made while our clock was wrong. Its
/// age is unknown, so it is rejected.
const CLOCK_STEP: Duration = Duration::from_mins(5);

/// Returns the data of the code for this login. `now` is the time of the
/// callback. It is the `auth_time` if the client sent `max_age`, Google asked
/// the user, and did not send when.
pub fn grant(
    request: AuthorizationRequest,
    identity: GoogleIdentity,
    user: &DsmUser,
    now: UnixTime,
) -> GrantedCode {
    let was_asked = request.max_age.is_some() && request.prompt != Prompt::Silent;
    let auth_time = identity.auth_time.or_else(|| was_asked.then_some(now));
    GrantedCode {
        client: request.client,
        redirect_uri: request.redirect.as_str().to_owned(),
        challenge: request.challenge,
        nonce: request.nonce,
        scope: request.scope,
        auth_time,
        identity,
        user: user.name().clone(),
        granted: now,
    }
}

/// Why a code is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum Unredeemable {
    #[error("the code is unknown or has expired")]
    Unknown,
    #[error("the code was granted to another client")]
    AnotherClient,
    #[error("the code has expired")]
    Expired,
    #[error("the code was used before")]
    UsedBefore,
    #[error("redirect_uri is not that of the authorization request")]
    AnotherRedirect,
    #[error("code_verifier is missing or does not fit the code_challenge")]
    WrongVerifier,
    #[error("a code_verifier, but the authorization request had no code_challenge")]
    UnexpectedVerifier,
    #[error("the user may not sign in any more")]
    Refused,
}

impl From<Unredeemable> for OAuthError {
    fn from(error: Unredeemable) -> Self {
        Self::new("invalid_grant", error.to_string())
    }
}

/// Checks all that binds a code, except whether it was used (RFC 6749, section
/// 4.1.3; RFC 7636, section 4.6; PKCE downgrade: RFC 9700, section 4.8.2).
pub fn check(
    granted: &GrantedCode,
    client: &ClientId,
    request: &TokenRequest,
    now: UnixTime,
) -> Result<(), Unredeemable> {
    if granted.client != *client {
        return Err(Unredeemable::AnotherClient);
    }
    let ahead = granted.granted.since(now);
    if now.since(granted.granted) > CODE_LIFE || ahead > CLOCK_STEP {
        return Err(Unredeemable::Expired);
    }
    if granted.redirect_uri != request.redirect_uri {
        return Err(Unredeemable::AnotherRedirect);
    }
    match (granted.challenge, &request.verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Unredeemable::UnexpectedVerifier),
        (Some(_), None) => Err(Unredeemable::WrongVerifier),
        (Some(challenge), Some(verifier)) => {
            let hash = digest::digest(&digest::SHA256, verifier.expose().as_bytes());
            let fits: bool = hash.as_ref().ct_eq(&challenge.0).into();
            fits.then_some(()).ok_or(Unredeemable::WrongVerifier)
        }
    }
}

/// Returns whether an access token is neither expired nor from a time when our
/// clock was ahead.
pub fn is_current(access: &AccessGrant, now: UnixTime) -> bool {
    let left = access.expires.since(now);
    !left.is_zero() && left <= TOKEN_LIFE + CLOCK_STEP
}
