//! What the config says of who may sign in.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::base::address::CanonicalAddress;
use crate::base::ids::{DsmUsername, GoogleIssuer};
use crate::model::login::GoogleIdentity;

/// DSM's built-in accounts: nobody signs in as one of them.
const ALWAYS_DENIED: [&str; 3] = ["admin", "guest", "root"];

/// Whether administrators of DSM may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdministratorPolicy {
    /// Like anybody.
    Allow,
    /// Only whom an alias names.
    ByAliasOnly,
    /// Never.
    Refuse,
}

/// What the config says of who may sign in.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `google.issuer`: links of another issuer's accounts are ignored, since
    /// no account can use them.
    pub issuer: GoogleIssuer,
    /// `dsm.account`: the account that lists the users. It signs in only by an
    /// address that is nobody else's, or by alias.
    pub service_account: FoldedName,
    /// `dsm.max-age`: older users are not trusted.
    pub max_age: Duration,
    /// `google.hosted-domains`: the Workspace domains that may sign in, in
    /// lower case; `None`: any account.
    pub hosted_domains: Option<Vec<String>>,
    /// `google.authoritative-addresses-only`: decide by address only for
    /// mailboxes that Google runs.
    pub authoritative_addresses_only: bool,
    /// `users.alias`: the DSM user, in any case, whom a Google address names.
    pub aliases: HashMap<CanonicalAddress, String>,
    /// `users.deny`: as whom nobody signs in, with DSM's built-in accounts.
    pub denied: HashSet<FoldedName>,
    /// `users.administrators`.
    pub administrators: AdministratorPolicy,
}

impl Policy {
    /// What holds when the config says no more than it must.
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

    /// Whether only Google decides who has the address: its own mailboxes, and
    /// those of Workspace domains, whose accounts say `hd`.
    pub(super) fn relies_on(&self, address: &CanonicalAddress, identity: &GoogleIdentity) -> bool {
        let hosted = identity.hosted_domain.as_deref().unwrap_or_default();
        !self.authoritative_addresses_only || address.is_gmail() || !hosted.is_empty()
    }

    /// In any case: DSM signs the account in however the config spells it, and
    /// one that is not recognised here would let a stranger in as an
    /// administrator.
    pub(super) fn is_service_account(&self, user: &DsmUsername) -> bool {
        FoldedName::of(user.as_str()) == self.service_account
    }

    pub(super) fn denies(&self, user: &DsmUsername) -> bool {
        let name = FoldedName::of(user.as_str());
        ALWAYS_DENIED.contains(&name.0.as_str()) || self.denied.contains(&name)
    }
}

/// A name as it is compared: DSM tells no case apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FoldedName(String);

impl FoldedName {
    /// Of a name in any spelling.
    pub fn of(name: &str) -> Self {
        Self(name.to_lowercase())
    }
}
