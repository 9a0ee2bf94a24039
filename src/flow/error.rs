//! How a request of a login can end otherwise.

use crate::app::AppState;
use crate::app::RefusedLogin;
use crate::app::{Problem, Source};
use crate::clients::upstream::UpstreamError;
use crate::logging::{self, error_chain};
use crate::store::StoreError;
use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::base::oauth::OAuthError;
use domain::base::random::RandomError;
use domain::model::keys::KeyError;
use domain::model::login::cookie::SealError;
use domain::model::login::{AuthorizationRequest, LoginId, Prompt, VerifiedAddress};
use domain::model::relying_party::TrustedRedirect;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal, Refused};
use domain::signin::google::{CallbackError, ClientFault, IdTokenError, TokenAnswerError};

/// An OAuth error response: it goes to the relying party (RFC 6749,
/// section 4.1.2.1).
#[derive(Debug)]
pub struct ClientError {
    /// Where the relying party wants its answers.
    pub redirect: TrustedRedirect,
    /// Its state, byte for byte.
    pub state: Option<Vec<u8>>,
    /// What to tell it.
    pub error: OAuthError,
}

impl ClientError {
    /// An answer to who asked.
    pub fn new(redirect: TrustedRedirect, state: Option<Vec<u8>>, error: OAuthError) -> Self {
        Self {
            redirect,
            state,
            error,
        }
    }
}

/// Why `/auth` or `/callback` does not lead on.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// There is nobody to answer to but the person.
    #[error(transparent)]
    Untrusted(#[from] UntrustedRequest),
    /// The relying party gets an OAuth error.
    #[error("{}", .0.error)]
    Client(Box<ClientError>),
    /// The client gets an OAuth error that it has not caused: the user or
    /// Google said no.
    #[error("{}", .0.error)]
    Denied(Box<ClientError>),
    /// The relying party gets one that stands for a page; the log has its
    /// line already.
    #[error("{}", .0.error)]
    Silent(Box<ClientError>),
    /// Google did not do its part.
    #[error("Google failed us")]
    GoogleFailed {
        /// What to ask again.
        retry: Box<AuthorizationRequest>,
        /// What went wrong.
        source: GoogleFailure,
    },
    /// Google vouched for somebody who may not sign in, or not now.
    #[error("refusal={refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// For whom Google vouched.
        address: Option<String>,
        /// What the rule examined, where the refusal's name does not tell.
        detail: Option<Detail>,
        /// Whether DSM was asked again and did not answer in time.
        slow: bool,
        /// What to ask again.
        retry: Box<AuthorizationRequest>,
    },
    /// What came from Google is not of the form of an answer.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// This browser has begun no such login, or too long ago.
    #[error("no cookie of this browser belongs to the login that comes back")]
    NoSuchLogin,
    /// The login was answered before.
    #[error("the login {0:?} was answered before")]
    AlreadyUsed(LoginId),
    /// The state failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No seal.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<ClientError> for FlowError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

impl FlowError {
    /// Google did not do its part for `request`.
    pub(super) fn google_failed(
        app: &AppState,
        request: AuthorizationRequest,
        source: GoogleFailure,
    ) -> Self {
        let error = &source as &(dyn std::error::Error + 'static);
        let problem = if let Some(fault) = source.client_fault() {
            let problem = Problem::at_google(fault, app.google());
            tracing::error!(error, client = %request.client, "{}", problem.message);
            problem
        } else {
            tracing::warn!(error, client = %request.client, "Google failed us");
            Problem::new("google-failed", error_chain(error))
        };
        app.note_problem(source.comes_from(), problem);
        if request.prompt == Prompt::Silent {
            return Self::silent(
                request,
                "temporarily_unavailable",
                "Google cannot be reached",
            );
        }
        Self::GoogleFailed {
            retry: Box::new(request),
            source,
        }
    }

    /// The client gets `error`, which it has not caused.
    pub(super) fn denied(request: AuthorizationRequest, error: OAuthError) -> Self {
        let error = ClientError::new(request.redirect, request.state, error);
        Self::Denied(Box::new(error))
    }

    /// Google vouched for `address`, who may not sign in. Tells the log and
    /// whoever asks for the last refusals.
    pub(super) fn refused(
        app: &AppState,
        request: AuthorizationRequest,
        refused: Refused,
        address: Option<&VerifiedAddress>,
    ) -> Self {
        let Refused {
            refusal,
            detail,
            user,
        } = refused;
        let address = address.map(|address| address.as_written().to_owned());
        logging::unlimited(|| {
            tracing::warn!(
                %refusal,
                address,
                user = user.as_ref().map(DsmUsername::as_str),
                client = %request.client,
                detail = detail.as_ref().map(ToString::to_string),
                "refused"
            );
        });
        app.refusals.note(RefusedLogin {
            at: app.clock.now(),
            refusal,
            address: address.clone(),
            user,
        });
        if request.prompt == Prompt::Silent {
            let code = if refusal.is_temporary() {
                "temporarily_unavailable"
            } else {
                "access_denied"
            };
            return Self::silent(request, code, refusal.name());
        }
        Self::Refused {
            refusal,
            address,
            detail,
            slow: false,
            retry: Box::new(request),
        }
    }

    /// The same, after DSM was asked again and took too long.
    pub(super) fn after_slow_dsm(mut self) -> Self {
        if let Self::Refused { slow, .. } = &mut self {
            *slow = true;
        }
        self
    }

    /// With `prompt=none` nobody looks at a page (OpenID Connect Core,
    /// section 3.1.2.6).
    fn silent(
        request: AuthorizationRequest,
        code: &'static str,
        description: &'static str,
    ) -> Self {
        let error = OAuthError::new(code, description);
        let error = ClientError::new(request.redirect, request.state, error);
        Self::Silent(Box::new(error))
    }
}

/// What Google did not do.
#[derive(Debug, thiserror::Error)]
pub enum GoogleFailure {
    /// It did not answer, or not as it should.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// Its answer came back from somebody else.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// Its ID token does not verify.
    #[error("Google's ID token does not verify")]
    IdToken(#[from] IdTokenError),
}

impl GoogleFailure {
    /// The setting that has to be corrected, if that is what failed.
    pub fn client_fault(&self) -> Option<ClientFault> {
        match self {
            Self::Upstream(UpstreamError::Exchange {
                source: TokenAnswerError::Refused(code),
                ..
            }) => ClientFault::of(code),
            Self::Upstream(_) | Self::Callback(_) | Self::IdToken(_) => None,
        }
    }

    /// What the browser brings back may be an attacker's.
    fn comes_from(&self) -> Source {
        match self {
            Self::Upstream(_) | Self::IdToken(_) => Source::Near,
            Self::Callback(_) => Source::Far,
        }
    }
}

/// Why nobody was identified.
pub(super) enum Stop {
    Failed(GoogleFailure),
    Google(&'static str),
    /// Of which address; `None` if the account has none.
    Unverified(Option<VerifiedAddress>),
    ClockWrong {
        ahead: i64,
    },
}

impl From<UpstreamError> for Stop {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<CallbackError> for Stop {
    fn from(error: CallbackError) -> Self {
        Self::Failed(error.into())
    }
}

/// Tokens are not valid yet or no longer for a clock that is off by more.
const CLOCK_TOLERANCE: i64 = 60;

impl Stop {
    /// A token that does not verify. When it is its time and Google's own
    /// clock shows that ours is wrong, that is what must be mended.
    pub(super) fn unverified(lie: IdTokenError, date: Option<UnixTime>, now: UnixTime) -> Self {
        if lie == IdTokenError::NoAddress {
            return Self::Unverified(None);
        }
        if let IdTokenError::AddressNotVerified { address } = lie {
            return Self::Unverified(Some(VerifiedAddress::vouched_for(address)));
        }
        let ahead = date.map_or(0, |google| now.seconds_after(google));
        let of_time = matches!(
            lie,
            IdTokenError::Expired { .. } | IdTokenError::NotYetValid { .. }
        );
        if of_time && ahead.abs() > CLOCK_TOLERANCE {
            return Self::ClockWrong { ahead };
        }
        Self::Failed(lie.into())
    }

    /// The end of the login that asked `request`.
    pub(super) fn ending(self, app: &AppState, request: AuthorizationRequest) -> FlowError {
        match self {
            Self::Failed(failure) => FlowError::google_failed(app, request, failure),
            Self::Google(code) => {
                FlowError::denied(request, OAuthError::new(code, "Google's answer"))
            }
            Self::Unverified(address) => {
                let refused = Refused::nobody(Refusal::AddressNotVerified);
                FlowError::refused(app, request, refused, address.as_ref())
            }
            Self::ClockWrong { ahead } => {
                let refused = Refused::nobody(Refusal::ClockWrong { ahead });
                FlowError::refused(app, request, refused, None)
            }
        }
    }
}

/// Why `/token` gives no tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// What the relying party did wrong.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// Who was let in a moment ago is out; the log says why.
    #[error(transparent)]
    Refused(OAuthError),
    /// The state failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No signature.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The claims cannot be written.
    #[error("the claims cannot be written")]
    Claims(#[from] serde_json::Error),
}

/// Why `/userinfo` says nothing (RFC 6750, section 3.1).
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// Unknown, expired, ended, or its person may not sign in any more.
    #[error("the access token is not good")]
    InvalidToken,
    /// The state failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
