//! The rules, evaluated again for a user who was admitted at `/callback`.

use domain::base::ids::DsmUsername;
use domain::model::login::{GoogleAccount, GoogleIdentity};
use domain::signin::directory::{Admission, Refused};

/// A Google account that may no longer sign in as `user`.
#[derive(Debug)]
pub(crate) struct AccessRevoked {
    /// `None`: the account now signs in as another DSM user.
    pub(super) refused: Option<Box<Refused>>,
    pub(super) address: String,
    pub(super) account: GoogleAccount,
    pub(super) user: DsmUsername,
}

/// Returns an error unless `admitted`, the result of the rules for `identity`
/// now, is still `user`.
pub(super) fn recheck(
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
        account: identity.account.clone(),
        user: user.clone(),
    })
}
