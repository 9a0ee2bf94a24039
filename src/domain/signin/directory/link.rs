//! The link between a Google account and its DSM user.

use crate::base::clock::UnixTime;
use crate::base::ids::DsmUsername;
use crate::model::login::{GoogleAccount, VerifiedAddress};

/// A Google account that signs in as a DSM user. An address can get another
/// owner, an account cannot: so the address decides once, and then the link.
///
/// A link is evaluated at each use, and never deleted by a refresh: an
/// incomplete list must not unlink any user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The Google account that is linked.
    pub account: GoogleAccount,
    /// The address of the account when the link was made.
    pub address: VerifiedAddress,
    /// The DSM user, by the name that DSM listed then.
    pub user: DsmUsername,
    /// What led to the DSM user.
    pub by: LinkedBy,
    /// When the link was made or last changed.
    pub since: UnixTime,
    /// When the DSM user was last linked to another Google account, or the
    /// link got another address; `None`: never.
    pub moved: Option<UnixTime>,
}

/// What led from the Google account to the DSM user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedBy {
    /// An alias in the config.
    Alias,
    /// The user's e-mail in DSM.
    Address,
    /// An administrator, who chose the user for a refused account.
    Administrator,
}

impl LinkedBy {
    /// Returns the name that the log and the reports show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alias => "alias",
            Self::Address => "address",
            Self::Administrator => "administrator",
        }
    }
}

impl Link {
    /// Returns whether `other` is equal, except for its age.
    pub fn is_same(&self, other: &Self) -> bool {
        self.account == other.account
            && self.user == other.user
            && self.by == other.by
            && self.address.canonical() == other.address.canonical()
    }
}
