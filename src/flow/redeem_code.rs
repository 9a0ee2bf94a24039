//! `/token`, its first half: a code → what it was issued for.

use super::TokenError;
use super::recheck::recheck;
use crate::app::AppState;
use crate::store::{Decision, Redeemed};
use domain::base::clock::UnixTime;
use domain::base::secret::Secret;
use domain::model::login::GrantedCode;
use domain::model::relying_party::RelyingParty;
use domain::signin::token::request::TokenRequest;
use domain::signin::token::{self, TOKEN_LIFE, Unredeemable};

/// Redeems the code for `access_token`, if it is valid and its user may still
/// sign in. Also returns the result of `issue`; if that fails, the code remains
/// valid. `issue` runs on the store's thread, so that other requests do not
/// wait for a signature.
pub(super) async fn redeem_code<T: Send + 'static>(
    app: &AppState,
    party: &RelyingParty,
    request: TokenRequest,
    access_token: &Secret<String>,
    issue: impl FnOnce(&GrantedCode, UnixTime) -> Result<T, TokenError> + Send + 'static,
) -> Result<(GrantedCode, T), TokenError> {
    let moment = app.moment();
    let now = moment.now;
    let judge = app.judge(moment);
    let client = party.id.clone();
    let code = request.code.clone();
    let life = now..now.plus(TOKEN_LIFE);
    let redeemed = app
        .store
        .redeem(&code, access_token, life, move |granted, links| {
            match token::check(granted, &client, &request, now) {
                Ok(()) => {}
                // Otherwise any client could use up the codes of another.
                Err(error @ Unredeemable::AnotherClient) => return Decision::Leave(error.into()),
                Err(error) => return Decision::Spend(error.into()),
            }
            let admitted = judge(&granted.identity, links);
            match recheck(admitted, &granted.identity, &granted.user) {
                Ok(()) => Decision::Redeem(move |granted: &_| issue(granted, now)),
                Err(revoked) => Decision::Spend(TokenError::Revoked(revoked)),
            }
        })
        .await?;
    match redeemed {
        Redeemed::Now(granted, issued) => Ok((*granted, issued)),
        Redeemed::Refused(error) => Err(error),
        Redeemed::Before => Err(Unredeemable::UsedBefore.into()),
        Redeemed::Unknown => Err(Unredeemable::Unknown.into()),
    }
}
