//! The part of the config that decides who may sign in.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::base::address::CanonicalAddress;
use crate::base::ids::{DsmUsername, GoogleIssuer};
use crate::model::login::GoogleIdentity;

/// DSM's built-in accounts, which cannot be used to sign in.
const ALWAYS_DENIED: [&str; 3] = ["admin", "guest", "root"];

/// Whether administrators of DSM may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdministratorPolicy {
    /// Like any other user.
    Allow,
    /// Only if an alias names them.
    ByAliasOnly,
    /// They may not sign in.
    Refuse,
}

/// The part of the config that decides who may sign in.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `google.issuer`: links of another issuer's accounts are ignored, since
    /// no account can use them.
    pub issuer: GoogleIssuer,
    /// `dsm.account`: the account that lists the users. An address leads to it
    /// only if it is not shared.
    pub service_account: FoldedName,
    /// `dsm.max-age`: older users are not trusted.
    pub max_age: Duration,
    /// `google.hosted-domains`: the Workspace domains that may sign in, in
    /// lower case; `None`: any account.
    pub hosted_domains: Option<Vec<String>>,
    /// `google.authoritative-addresses-only`: decide by address only for
    /// mailboxes that Google runs.
    pub authoritative_addresses_only: bool,
    /// `users.alias`: a DSM user, in any case, for each Google address.
    pub aliases: HashMap<CanonicalAddress, String>,
    /// `users.deny`: accounts that cannot be used to sign in.
    pub denied: HashSet<FoldedName>,
    /// `users.administrators`: whether they may sign in.
    pub administrators: AdministratorPolicy,
}

impl Policy {
    /// Returns the policy of a config with the required keys only.
    pub fn new(issuer: GoogleIssuer, service_account: &str, max_age: Duration) -> Self {
        Self {
            issuer,
            service_account: FoldedName::of(service_account),
            max_age,
            hosted_domains: None,
            authoritative_addresses_only: false,
            aliases: HashMap::new(),
            denied: HashSet::new(),
            administrators: AdministratorPolicy::Allow,
        }
    }

    /// Rule 1: whether the account's Workspace domain may sign in.
    pub(super) fn admits_domain(&self, identity: &GoogleIdentity) -> bool {
        let Some(domains) = &self.hosted_domains else {
            return true;
        };
        let own = identity.hosted_domain.as_deref().unwrap_or_default();
        domains
            .iter()
            .any(|domain| domain.eq_ignore_ascii_case(own))
    }

    /// Whether Google alone assigns the address: its own mailboxes, and those
    /// of Workspace domains, whose accounts have `hd`.
    pub(super) fn relies_on(&self, address: &CanonicalAddress, identity: &GoogleIdentity) -> bool {
        let hosted = identity.hosted_domain.as_deref().unwrap_or_default();
        !self.authoritative_addresses_only || address.is_gmail() || !hosted.is_empty()
    }

    /// Ignores case, because DSM does: an account that was not recognised here
    /// would let a stranger sign in as an administrator.
    pub(super) fn is_service_account(&self, user: &DsmUsername) -> bool {
        FoldedName::of(user.as_str()) == self.service_account
    }

    pub(super) fn denies(&self, user: &DsmUsername) -> bool {
        let name = FoldedName::of(user.as_str());
        ALWAYS_DENIED.contains(&name.0.as_str()) || self.denied.contains(&name)
    }
}

/// A name in the form that is compared: DSM ignores case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FoldedName(String);

impl FoldedName {
    /// Returns the folded form of `name`.
    pub fn of(name: &str) -> Self {
        Self(name.to_lowercase())
    }
}
