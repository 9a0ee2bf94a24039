//! `/callback`, its second half: a person → the DSM user → a code.

use std::time::Duration;

use super::{AuthorizationResponse, FlowError};
use crate::app::AppState;
use crate::clients::refresh_coordinator::RefreshOutcome;
use crate::logging;
use crate::store::Linked;
use domain::base::secret::Secret;
use domain::model::login::{AuthorizationRequest, GoogleIdentity};
use domain::signin::directory::{Admission, LinkedBy, Refusal, Refused};
use domain::signin::token::{self, CODE_LIFE};

/// A person waits so long for DSM's newer users before a refusal.
const PATIENCE: Duration = Duration::from_secs(15);

/// And so long while there are none that can be trusted: nobody gets in then,
/// and DSM is slow while a NAS wakes up.
const PATIENCE_WITHOUT_USERS: Duration = Duration::from_secs(30);

/// A person → the DSM user → a code, kept. Who may have been added or mended
/// in DSM a minute ago is looked up there once more.
pub(super) async fn admit(
    app: &AppState,
    request: AuthorizationRequest,
    identity: GoogleIdentity,
) -> Result<AuthorizationResponse, FlowError> {
    let mut turned_away = match grant(app, request, identity).await? {
        Ok(arrival) => return Ok(arrival),
        Err(turned_away) => turned_away,
    };
    let asked = ask_dsm(app, turned_away.refused.refusal).await;
    if matches!(
        asked,
        Some(RefreshOutcome::Ended | RefreshOutcome::TakesLonger)
    ) {
        let TurnedAway {
            request, identity, ..
        } = *turned_away;
        turned_away = match grant(app, request, identity).await? {
            Ok(arrival) => return Ok(arrival),
            Err(turned_away) => turned_away,
        };
    }
    let TurnedAway {
        refused,
        request,
        identity,
    } = *turned_away;
    let dsm_is_slow = asked == Some(RefreshOutcome::TakesLonger);
    let error = FlowError::refused(app, request, refused, Some(&identity.address));
    Err(if dsm_is_slow {
        error.after_slow_dsm()
    } else {
        error
    })
}

/// Waits for newer users, where they may change `refusal`.
async fn ask_dsm(app: &AppState, refusal: Refusal) -> Option<RefreshOutcome> {
    if !refusal.may_be_mended_in_dsm() {
        return None;
    }
    let patience = if refusal == Refusal::DirectoryStale {
        PATIENCE_WITHOUT_USERS
    } else {
        PATIENCE
    };
    Some(app.refresh_coordinator.ask(patience).await)
}

/// Somebody who may not sign in, with all that another judgement needs.
struct TurnedAway {
    refused: Refused,
    request: AuthorizationRequest,
    identity: GoogleIdentity,
}

/// Judges where the links are locked, and keeps code and link.
async fn grant(
    app: &AppState,
    request: AuthorizationRequest,
    identity: GoogleIdentity,
) -> Result<Result<AuthorizationResponse, Box<TurnedAway>>, FlowError> {
    let redirect = request.redirect.clone();
    let state = request.state.clone();
    let code = Secret::new(app.random.token::<32>()?);
    let moment = app.moment();
    let judge = app.judge(moment);
    let granted = app
        .store
        .grant(
            &code,
            identity,
            CODE_LIFE,
            move |identity, links| match judge(&identity, links) {
                Ok(Admission { user, link }) => {
                    Ok((token::grant(request, identity, &user, moment.now), link))
                }
                Err(refused) => Err(Box::new(TurnedAway {
                    refused,
                    request,
                    identity,
                })),
            },
        )
        .await?;
    Ok(granted.map(|linked| {
        say_linked(&linked);
        AuthorizationResponse {
            redirect,
            state,
            code,
        }
    }))
}

/// Who signs in as whom from now on is worth an administrator's look.
fn say_linked(linked: &Linked) {
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
            by = match now.by {
                LinkedBy::Alias => "alias",
                LinkedBy::Address => "address",
            },
            before = before.map(|before| before.user.as_str()),
            address_before = before.map(|before| before.address.as_written()),
            "linked a Google account to a DSM user"
        );
    });
}
