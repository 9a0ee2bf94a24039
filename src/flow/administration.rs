//! The sign-in to the administration page, and who may use it.

use super::error::TokenError;
use super::note_sign_in;
use super::recheck::{AccessRevoked, recheck};
use super::redeem_code::redeem_code;
use crate::app::AppState;
use crate::store::StoreError;
use domain::base::ids::DsmUsername;
use domain::base::secret::Secret;
use domain::model::login::{GoogleIdentity, GrantedCode};
use domain::model::relying_party::RelyingParty;
use domain::signin::directory;
use domain::signin::token::request::TokenRequest;

/// Redeems a code of the administration page, as `/token` does for a client.
pub(crate) async fn redeem_here(
    app: &AppState,
    code: Secret<String>,
    verifier: Secret<String>,
) -> Result<GrantedCode, TokenError> {
    let party = RelyingParty::administration(&app.config.issuer);
    let request = TokenRequest {
        code,
        redirect_uri: app.config.issuer.endpoint("/admin/callback"),
        verifier: Some(verifier),
    };
    // It is not given to anyone.
    let access_token = Secret::new(app.random.token::<32>()?);
    let nothing = |_: &_, _| Ok(());
    let (granted, ()) = redeem_code(app, &party, request, &access_token, nothing).await?;
    note_sign_in(app, &granted);
    Ok(granted)
}

/// Why a user may not use the administration page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdministrator {
    /// The account may not sign in any more, or as another DSM user.
    #[error("the account may no longer sign in as this DSM user")]
    Revoked(AccessRevoked),
    /// Also if DSM's group of administrators was never read.
    #[error("the DSM user is not known to be an administrator")]
    Ordinary,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NotAdministrator {
    /// Returns whether the cause is the state of this machine, not the user.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Revoked(revoked) => {
                let refused = revoked.refused.as_deref();
                refused.is_some_and(|refused| refused.refusal.is_temporary())
            }
            Self::Ordinary => false,
            Self::Store(_) => true,
        }
    }
}

/// Evaluates the rules for `identity` again: it must still sign in as `user`,
/// which DSM lists as an administrator. `users.administrators` is one of the
/// rules.
pub(crate) async fn administrator(
    app: &AppState,
    identity: &GoogleIdentity,
    user: &DsmUsername,
) -> Result<(), NotAdministrator> {
    let links = app.store.links_of(identity).await?;
    let snapshot = app.snapshot.load_full();
    let snapshot = snapshot.as_deref();
    let admitted = directory::judge(identity, &links, snapshot, &app.policy, app.moment());
    recheck(admitted, identity, user).map_err(NotAdministrator::Revoked)?;
    let is_listed = snapshot.is_some_and(|snapshot| snapshot.lists_as_administrator(user));
    is_listed.then_some(()).ok_or(NotAdministrator::Ordinary)
}
