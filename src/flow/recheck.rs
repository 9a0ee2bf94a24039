//! The judgement made once more, when a code is redeemed and at userinfo:
//! whoever was let in a moment ago must still be the same DSM user.

use crate::app::AppState;
use crate::app::RefusedLogin;
use crate::logging;
use domain::base::ids::DsmUsername;
use domain::model::login::GoogleIdentity;
use domain::signin::directory::{Admission, Refused};

/// Somebody who was let in, and is out by now.
#[derive(Debug)]
pub(super) struct AccessRevoked {
    /// `None`: who comes out is another DSM user.
    refused: Option<Box<Refused>>,
    address: String,
    user: DsmUsername,
}

/// Whether `identity`, as it is judged now, is still `user`.
pub(super) fn still(
    admitted: Result<Admission, Refused>,
    identity: &GoogleIdentity,
    user: &DsmUsername,
) -> Result<(), AccessRevoked> {
    let refused = match admitted {
        Ok(admission) if admission.user.name() == user => return Ok(()),
        Ok(_) => None,
        Err(refused) => Some(Box::new(refused)),
    };
    Err(AccessRevoked {
        refused,
        address: identity.address.as_written().to_owned(),
        user: user.clone(),
    })
}

impl AccessRevoked {
    /// Tells the log, and whoever asks for the last refusals.
    pub(super) fn say(self, app: &AppState, what: &'static str) {
        let refusal = self.refused.as_ref().map(|refused| refused.refusal);
        let detail = self.refused.and_then(|refused| refused.detail);
        logging::unlimited(|| {
            tracing::warn!(
                refusal = refusal.map_or("another-user", |refusal| refusal.name()),
                address = self.address,
                user = self.user.as_str(),
                detail = detail.as_ref().map(ToString::to_string),
                "{what}"
            );
        });
        let Some(refusal) = refusal else { return };
        app.refusals.note(RefusedLogin {
            at: app.clock.now(),
            refusal,
            address: Some(self.address),
            user: Some(self.user),
        });
    }
}
