//! How a request of a login can fail.

use super::recheck::AccessRevoked;
use crate::app::Source;
use crate::clients::upstream::UpstreamError;
use crate::store::StoreError;
use domain::base::clock::UnixTime;
use domain::base::oauth::OAuthError;
use domain::base::random::RandomError;
use domain::model::keys::KeyError;
use domain::model::login::cookie::SealError;
use domain::model::login::{AuthorizationRequest, GoogleAccount, LoginId};
use domain::model::relying_party::TrustedRedirect;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Refusal, Refused};
use domain::signin::google::{CallbackError, ClientFault, IdTokenError, TokenAnswerError};
use domain::signin::token::Unredeemable;

/// A sign-in fails with this much difference to Google's clock: tokens have a
/// tolerance of as many seconds.
const CLOCK_TOLERANCE: i64 = 60;

/// Why `/auth` or `/callback` does not redirect the user onward.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    /// There is no trusted redirect URI: only the user can get a response.
    #[error(transparent)]
    Untrusted(#[from] UntrustedRequest),
    #[error("{}", .0.error)]
    Rejected(Box<RejectedRequest>),
    /// The user or Google declined; the client has not caused it.
    #[error("{error}")]
    Denied {
        request: Box<AuthorizationRequest>,
        error: OAuthError,
    },
    #[error("Google request failed")]
    GoogleFailed {
        request: Box<AuthorizationRequest>,
        source: GoogleFailure,
    },
    #[error("refusal={}", .0.refused.refusal)]
    Refused(Box<RefusedRequest>),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// Begun in another browser, or too long ago.
    #[error("the browser sent no cookie of this sign-in")]
    NoSuchLogin,
    #[error("the sign-in {0} was already used")]
    AlreadyUsed(LoginId),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// An authorization request that the client has to correct (RFC 6749,
/// section 4.1.2.1).
#[derive(Debug)]
pub(crate) struct RejectedRequest {
    pub(crate) redirect: TrustedRedirect,
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) error: OAuthError,
}

/// A Google account that may not sign in, or not now.
#[derive(Debug)]
pub(crate) struct RefusedRequest {
    pub(crate) request: AuthorizationRequest,
    pub(crate) refused: Refused,
    /// `None` if Google sent none.
    pub(crate) address: Option<String>,
    /// `None` if the address is not verified.
    pub(crate) account: Option<GoogleAccount>,
    /// Whether DSM did not return its users in time.
    pub(crate) slow: bool,
}

impl FlowError {
    pub(super) fn rejected(
        redirect: TrustedRedirect,
        state: Option<Vec<u8>>,
        error: OAuthError,
    ) -> Self {
        Self::Rejected(Box::new(RejectedRequest {
            redirect,
            state,
            error,
        }))
    }

    pub(super) fn denied(request: &AuthorizationRequest, error: OAuthError) -> Self {
        let request = Box::new(request.clone());
        Self::Denied { request, error }
    }
}

/// Which part of a sign-in failed at Google.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GoogleFailure {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error("Google's ID token does not verify")]
    IdToken(#[from] IdTokenError),
}

impl GoogleFailure {
    /// The setting at Google that has to be corrected, if there is one.
    pub(crate) fn client_fault(&self) -> Option<ClientFault> {
        match self {
            Self::Upstream(UpstreamError::Exchange {
                source: TokenAnswerError::Refused(code),
                ..
            }) => ClientFault::of(code),
            Self::Upstream(_) | Self::Callback(_) | Self::IdToken(_) => None,
        }
    }

    /// An attacker can forge a callback, but no response of Google.
    pub(super) fn source(&self) -> Source {
        match self {
            Self::Upstream(_) | Self::IdToken(_) => Source::Near,
            Self::Callback(_) => Source::Far,
        }
    }
}

/// Why no Google account was identified.
pub(super) enum NotIdentified {
    Failed(GoogleFailure),
    /// The error code that Google returned.
    Denied(&'static str),
    Refused {
        refusal: Refusal,
        address: Option<String>,
    },
}

impl<E: Into<GoogleFailure>> From<E> for NotIdentified {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl NotIdentified {
    /// An ID token that does not verify. If its times do not fit, and `date`,
    /// Google's own clock, differs from ours, our clock is the cause.
    pub(super) fn unverified(error: IdTokenError, date: Option<UnixTime>, now: UnixTime) -> Self {
        let refused = |refusal, address| Self::Refused { refusal, address };
        if error == IdTokenError::NoAddress {
            return refused(Refusal::AddressNotVerified, None);
        }
        if let IdTokenError::AddressNotVerified { address } = error {
            return refused(Refusal::AddressNotVerified, Some(address));
        }
        let ahead = date.map_or(0, |google| now.seconds_after(google));
        let of_time = matches!(
            error,
            IdTokenError::Expired { .. } | IdTokenError::NotYetValid { .. }
        );
        if of_time && ahead.abs() > CLOCK_TOLERANCE {
            return refused(Refusal::ClockWrong { ahead }, None);
        }
        error.into()
    }

    /// The error with which `request` ends.
    pub(super) fn end(self, request: &AuthorizationRequest) -> FlowError {
        match self {
            Self::Failed(source) => FlowError::GoogleFailed {
                request: Box::new(request.clone()),
                source,
            },
            Self::Denied(code) => {
                FlowError::denied(request, OAuthError::new(code, "Google's answer"))
            }
            Self::Refused { refusal, address } => FlowError::Refused(Box::new(RefusedRequest {
                request: request.clone(),
                refused: Refused::new(refusal),
                address,
                account: None,
                slow: false,
            })),
        }
    }
}

/// Why `/token` returns no tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    #[error("the user may no longer sign in")]
    Revoked(AccessRevoked),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("cannot serialize the claims")]
    Claims(#[from] serde_json::Error),
}

impl From<Unredeemable> for TokenError {
    fn from(error: Unredeemable) -> Self {
        Self::OAuth(error.into())
    }
}

/// Why `/userinfo` returns no claims (RFC 6750, section 3.1).
#[derive(Debug, thiserror::Error)]
pub(crate) enum BearerError {
    #[error("the access token is unknown or has expired")]
    InvalidToken,
    #[error("the user may no longer sign in")]
    Revoked(AccessRevoked),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccessRevoked> for BearerError {
    fn from(revoked: AccessRevoked) -> Self {
        Self::Revoked(revoked)
    }
}
