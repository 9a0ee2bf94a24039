//! Which Google account signed in as which DSM user.

use crate::base::clock::UnixTime;
use crate::base::ids::DsmUsername;
use crate::model::login::{GoogleAccount, VerifiedAddress};

/// That a Google account signed in as a DSM user. An address can change hands,
/// an account cannot: so the address decides once, then the link does.
///
/// A link is judged whenever it is used, and never deleted by a refresh: a
/// short or failed list must not unlink anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who signed in.
    pub account: GoogleAccount,
    /// The address by which it was made.
    pub address: VerifiedAddress,
    /// As whom, as DSM then listed the name.
    pub user: DsmUsername,
    /// By what.
    pub by: LinkedBy,
    /// Since when it is as it is.
    pub since: UnixTime,
    /// When the DSM user was last linked to another Google account, or the
    /// link got another address; `None`: never.
    pub moved: Option<UnixTime>,
}

/// What led from the address to the DSM user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedBy {
    /// An alias in the config.
    Alias,
    /// The user's e-mail in DSM.
    Address,
}

impl Link {
    /// Whether `other` says the same, whenever it was made.
    pub fn is_same(&self, other: &Self) -> bool {
        self.account == other.account
            && self.user == other.user
            && self.by == other.by
            && self.address.canonical() == other.address.canonical()
    }
}
