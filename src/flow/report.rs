//! Logs each failed request, and records it for `status`: called once, where
//! the error becomes a response.

use std::error::Error;

use super::recheck::AccessRevoked;
use super::{BearerError, FlowError, RefusedRequest, TokenError};
use crate::app::{ANOTHER_USER, AppState, LoginOutcome, Problem, Source};
use crate::logging::{self, error_chain};
use crate::store::RefusedLogin;
use domain::base::ids::{ClientId, DsmUsername};
use domain::signin::authorize::UntrustedRequest;
use domain::signin::google::{ClientFault, GoogleClient};
use domain::signin::token::request::AuthenticationError;

const CLIENT_UNKNOWN: &str = "client-unknown";
const REQUEST_REJECTED: &str = "request-rejected";
const INTERNAL: &str = "internal-error";

/// Reports a failure of `/auth` or `/callback`. `source` is where the request
/// came from. What a user or a browser caused is logged, but is not a problem.
pub(crate) fn report_login(app: &AppState, source: Source, error: &FlowError) {
    let chain = error as &(dyn Error + 'static);
    let note = |problem| app.note_problem(source, problem);
    app.count(|metrics| metrics.login(outcome(error)));
    match error {
        FlowError::Untrusted(untrusted) => {
            tracing::warn!(error = chain, "sign-in aborted");
            let name = match untrusted {
                UntrustedRequest::UnknownClient { .. } => CLIENT_UNKNOWN,
                UntrustedRequest::UnregisteredRedirect { .. } => "redirect-uri-unknown",
                UntrustedRequest::Parameter(_) | UntrustedRequest::TooLong(_) => REQUEST_REJECTED,
            };
            note(Problem::new(name, error.to_string()));
        }
        FlowError::Rejected(rejected) => {
            let (redirect, error) = (rejected.redirect.as_str(), &rejected.error);
            tracing::info!(%error, "returned an error to the client");
            let message =
                format!("authorization request of the client at {redirect} rejected: {error}");
            note(Problem::new(REQUEST_REJECTED, message));
        }
        FlowError::Denied { error, .. } => {
            tracing::info!(%error, "returned an error to the client");
            if let Some(fault) = ClientFault::of(error.code) {
                note(client_fault(fault, app.google()));
            }
        }
        FlowError::GoogleFailed {
            request,
            source: failure,
        } => {
            let (error, client) = (failure as &(dyn Error + 'static), &request.client);
            let problem = if let Some(fault) = failure.client_fault() {
                let problem = client_fault(fault, app.google());
                tracing::error!(error, %client, "{}", problem.message);
                problem
            } else {
                tracing::warn!(error, %client, "Google request failed");
                Problem::new("google-failed", error_chain(error))
            };
            app.note_problem(failure.source(), problem);
        }
        FlowError::Refused(refused) => report_refused(app, refused),
        FlowError::NoSuchLogin | FlowError::AlreadyUsed(_) | FlowError::Callback(_) => {
            tracing::info!(error = chain, "sign-in aborted");
        }
        FlowError::Store(_) | FlowError::Random(_) | FlowError::Seal(_) => {
            tracing::error!(error = chain, "sign-in failed: internal error");
            note(Problem::new(INTERNAL, error_chain(error)));
        }
    }
}

const fn outcome(error: &FlowError) -> LoginOutcome {
    match error {
        FlowError::Rejected(_) | FlowError::Denied { .. } => LoginOutcome::ErrorReturned,
        FlowError::GoogleFailed { .. } => LoginOutcome::GoogleFailed,
        FlowError::Refused(_) => LoginOutcome::Refused,
        FlowError::Untrusted(_)
        | FlowError::NoSuchLogin
        | FlowError::AlreadyUsed(_)
        | FlowError::Callback(_) => LoginOutcome::Aborted,
        FlowError::Store(_) | FlowError::Random(_) | FlowError::Seal(_) => {
            LoginOutcome::InternalError
        }
    }
}

fn report_refused(app: &AppState, refused: &RefusedRequest) {
    let RefusedRequest {
        request,
        refused,
        address,
        account,
        slow: _,
    } = refused;
    app.count(|metrics| metrics.refusal(refused.refusal.name()));
    logging::unlimited(|| {
        tracing::warn!(
            refusal = %refused.refusal,
            address,
            user = refused.user.as_ref().map(DsmUsername::as_str),
            client = %request.client,
            detail = refused.detail.as_ref().map(ToString::to_string),
            "refused"
        );
    });
    app.store.refusals().note(RefusedLogin {
        at: app.clock.now(),
        refusal: refused.refusal,
        address: address.clone(),
        user: refused.user.clone(),
        account: account.clone(),
    });
}

/// Reports a failure of `/token` for the authenticated `client`.
pub(crate) fn report_token(app: &AppState, source: Source, client: &ClientId, error: &TokenError) {
    let chain = error as &(dyn Error + 'static);
    match error {
        TokenError::OAuth(error) => {
            tracing::warn!(%error, "token request rejected");
            let message = format!("token request of the client {client} rejected: {error}");
            app.note_problem(source, Problem::new("token-request-rejected", message));
        }
        TokenError::Revoked(revoked) => {
            app.count(|metrics| metrics.login(LoginOutcome::Refused));
            report_revoked(app, revoked, "refused when the code was redeemed");
        }
        TokenError::Store(_)
        | TokenError::Random(_)
        | TokenError::Key(_)
        | TokenError::Claims(_) => {
            app.count(|metrics| metrics.login(LoginOutcome::InternalError));
            tracing::error!(error = chain, "token request failed: internal error");
            app.note_problem(source, Problem::new(INTERNAL, error_chain(error)));
        }
    }
}

/// Reports a failure of `/userinfo`. An invalid token is not logged: clients
/// send expired ones.
pub(crate) fn report_userinfo(app: &AppState, error: &BearerError) {
    match error {
        BearerError::InvalidToken => {}
        BearerError::Revoked(revoked) => report_revoked(app, revoked, "refused at userinfo"),
        BearerError::Store(error) => {
            let error = error as &(dyn Error + 'static);
            tracing::error!(error, "userinfo request failed: internal error");
        }
    }
}

fn report_revoked(app: &AppState, revoked: &AccessRevoked, message: &'static str) {
    let refused = revoked.refused.as_deref();
    let detail = refused.and_then(|refused| refused.detail.as_ref());
    let name = refused.map_or(ANOTHER_USER, |refused| refused.refusal.name());
    app.count(|metrics| metrics.refusal(name));
    logging::unlimited(|| {
        tracing::warn!(
            refusal = name,
            address = revoked.address,
            user = revoked.user.as_str(),
            detail = detail.map(ToString::to_string),
            "{message}"
        );
    });
    let Some(refused) = refused else { return };
    app.store.refusals().note(RefusedLogin {
        at: app.clock.now(),
        refusal: refused.refusal,
        address: Some(revoked.address.clone()),
        user: Some(revoked.user.clone()),
        account: Some(revoked.account.clone()),
    });
}

/// The problem of a client that failed to authenticate at `/token`.
pub(crate) fn unauthenticated(error: &AuthenticationError) -> Problem {
    let name = match error {
        AuthenticationError::UnknownClient { .. } => CLIENT_UNKNOWN,
        AuthenticationError::Missing | AuthenticationError::WrongSecret { .. } => {
            "client-secret-wrong"
        }
    };
    Problem::new(name, error.to_string())
}

/// A setting of our client at Google that has to be corrected.
fn client_fault(fault: ClientFault, client: &GoogleClient) -> Problem {
    let code = fault.code();
    let (name, message) = match fault {
        ClientFault::Credentials => (
            "google-invalid-client",
            format!(
                "Google rejects the client ID or the client secret ({code}): compare \
                 google.client-id and the file in google.client-secret-file with the Google \
                 console, then run reload"
            ),
        ),
        ClientFault::RedirectUri => (
            "google-redirect-uri-mismatch",
            format!(
                "Google rejects the redirect URI {} ({code}): add it to the client's Authorized \
                 redirect URIs in the Google console",
                client.redirect_uri
            ),
        ),
        ClientFault::Other(_) => (
            "google-client-rejected",
            format!(
                "Google rejects the client or its request ({code}): in the Google console, the \
                 client must be enabled and of the type Web application"
            ),
        ),
    };
    Problem::new(name, message)
}
