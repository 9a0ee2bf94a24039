//! `/callback`, its second half: a Google account → the DSM user → a code.

use std::time::Duration;

use super::{AuthorizationResponse, FlowError, RefusedRequest};
use crate::app::AppState;
use crate::clients::refresh_coordinator::RefreshOutcome;
use crate::logging;
use crate::store::Linked;
use domain::base::secret::Secret;
use domain::model::login::{AuthorizationRequest, GoogleIdentity};
use domain::signin::directory::{Admission, Refusal, Refused};
use domain::signin::token::{self, CODE_LIFE};

/// How long a sign-in waits for a newer user list before it is refused.
const PATIENCE: Duration = Duration::from_secs(15);

/// The same while there is no user list that can be trusted: no user can sign
/// in then, and DSM is slow while a NAS starts.
const PATIENCE_WITHOUT_USERS: Duration = Duration::from_secs(30);

/// Stores a code for `identity`. A user who was added or corrected in DSM a
/// minute ago is not in the snapshot yet: before a refusal that DSM may change,
/// the user list is read again.
pub(super) async fn issue_code(
    app: &AppState,
    request: &AuthorizationRequest,
    identity: &GoogleIdentity,
) -> Result<AuthorizationResponse, FlowError> {
    let mut refused = match grant(app, request, identity).await? {
        Ok(response) => return Ok(response),
        Err(refused) => refused,
    };
    let patience = if refused.refusal == Refusal::DirectoryStale {
        PATIENCE_WITHOUT_USERS
    } else {
        PATIENCE
    };
    let refresh = if refused.refusal.may_be_corrected_in_dsm() {
        Some(app.refresh_coordinator.ask(patience).await)
    } else {
        None
    };
    let slow = refresh == Some(RefreshOutcome::TakesLonger);
    if slow || refresh == Some(RefreshOutcome::Ended) {
        refused = match grant(app, request, identity).await? {
            Ok(response) => return Ok(response),
            Err(refused) => refused,
        };
    }
    Err(FlowError::Refused(Box::new(RefusedRequest {
        request: request.clone(),
        refused,
        address: Some(identity.address.as_written().to_owned()),
        account: Some(identity.account.clone()),
        slow,
    })))
}

/// Evaluates the rules and stores code and link in one transaction.
async fn grant(
    app: &AppState,
    request: &AuthorizationRequest,
    identity: &GoogleIdentity,
) -> Result<Result<AuthorizationResponse, Refused>, FlowError> {
    let code = Secret::new(app.random.token::<32>()?);
    let moment = app.moment();
    let judge = app.judge(moment);
    let asked = request.clone();
    let decide = move |identity: GoogleIdentity, links: &[_]| {
        let Admission { user, link } = judge(&identity, links)?;
        Ok((token::grant(asked, identity, &user, moment.now), link))
    };
    let granted = app
        .store
        .grant(&code, identity.clone(), CODE_LIFE, decide)
        .await?;
    Ok(granted.map(|linked| {
        log_link(&linked);
        AuthorizationResponse {
            redirect: request.redirect.clone(),
            state: request.state.clone(),
            code,
        }
    }))
}

/// Logs a new link. A warning: from now on, the Google account opens that
/// user's files.
pub(crate) fn log_link(linked: &Linked) {
    let (before, now) = match linked {
        Linked::AsBefore => return,
        Linked::Anew(now) => (None, now),
        Linked::InPlaceOf { before, now } => (Some(before), now),
    };
    logging::unlimited(|| {
        tracing::warn!(
            user = now.user.as_str(),
            subject = %now.account.subject,
            address = now.address.as_written(),
            by = now.by.name(),
            before = before.map(|before| before.user.as_str()),
            address_before = before.map(|before| before.address.as_written()),
            "linked a Google account to a DSM user"
        );
    });
}
