//! The requests and reports about links that go beyond the public ones: for the
//! administration page, and for the tables of the commands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Time, User};
use domain::base::address::CanonicalAddress;

/// What led to a link. `links list` and `users` show it below their tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkOrigin {
    pub(crate) user: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) address: String,
    /// `address`, `alias` or `administrator`.
    pub(crate) by: String,
    pub(crate) since: Time,
}

/// A refused sign-in, with the Google account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefusedAccount {
    pub(crate) at: Time,
    /// The name of the refusal.
    pub(crate) refusal: String,
    /// The verified address, if Google sent one.
    pub(crate) address: Option<String>,
    /// The DSM user, if one was found.
    pub(crate) user: Option<String>,
    /// `None` if Google has not verified the account.
    pub(crate) account: Option<Account>,
    /// Whether [`LinkChosen`] can choose it.
    pub(crate) can_be_linked: bool,
    /// The DSM user to whom the account was linked after this refusal.
    pub(crate) linked: Option<String>,
}

/// A Google account, by its two identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

/// Links a Google account that was refused to a DSM user. The account and the
/// time choose one of the last refusals, which has the verified address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkChosen {
    pub(crate) account: Account,
    /// When the account was refused.
    pub(crate) at: Time,
    /// The DSM user, by the name that DSM lists.
    pub(crate) user: String,
}

/// The report of [`LinkChosen`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(crate) enum Chosen {
    Linked {
        user: String,
        address: String,
        /// The DSM user to whom the account was linked before.
        before: Option<String>,
    },
    NotLinked {
        why: WhyNotLinked,
        /// The DSM user who is the reason, if there is one.
        user: Option<String>,
    },
}

/// Why no link was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhyNotLinked {
    /// The refusal is not among the last ones any more.
    NotRecent,
    /// Google has not verified the account, or its domain may not sign in.
    NotAccepted,
    AnotherIssuer,
    InvalidAddress,
    /// DSM does not list the chosen user.
    NoSuchUser,
    /// An alias in the config names another user.
    Alias,
    /// The account would still be refused, by this name.
    Refused(String),
}

/// Returns the users who share an address, for each address that several have.
pub(crate) fn twins(users: &[User]) -> BTreeMap<String, Vec<&User>> {
    let mut having: BTreeMap<String, Vec<&User>> = BTreeMap::new();
    for user in users {
        let address = user.email.as_deref().and_then(CanonicalAddress::of);
        if let Some(address) = address {
            having
                .entry(address.as_str().to_owned())
                .or_default()
                .push(user);
        }
    }
    having.retain(|_, users| users.len() > 1);
    having
}

impl User {
    /// Returns the e-mail if it is not a valid address.
    pub(crate) fn invalid_email(&self) -> Option<&str> {
        let email = self.email.as_deref()?;
        let is_invalid = !email.trim().is_empty() && CanonicalAddress::of(email).is_none();
        is_invalid.then_some(email)
    }

    /// Returns whether this row is for aliases whose DSM user does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        self.verdict == "address-unknown" && self.email.is_none() && !self.aliases.is_empty()
    }
}
