//! What the config says of who may sign in.

use std::collections::HashMap;
use std::time::Duration;

use crate::address::CanonicalAddress;
use crate::ids::DsmUsername;
use crate::login::GoogleIdentity;

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
    /// `dsm.account`: the account that lists the users. It signs in only by an
    /// address that is nobody else's, or by alias.
    pub service_account: String,
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
    /// `users.deny`: as whom nobody signs in, in any case.
    pub denied: Vec<String>,
    /// `users.administrators`.
    pub administrators: AdministratorPolicy,
}

impl Policy {
    /// What holds when the config says no more than it must.
    pub fn new(service_account: impl Into<String>, max_age: Duration) -> Self {
        Self {
            service_account: service_account.into(),
            max_age,
            hosted_domains: None,
            authoritative_addresses_only: false,
            aliases: HashMap::new(),
            denied: Vec::new(),
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
        is_spelling_of(user.as_str(), &self.service_account)
    }

    pub(super) fn denies(&self, user: &DsmUsername) -> bool {
        let denied = self.denied.iter().map(String::as_str);
        denied
            .chain(ALWAYS_DENIED)
            .any(|denied| is_spelling_of(user.as_str(), denied))
    }
}

/// Whether two texts are one name of DSM, which tells no case apart.
pub(super) fn is_spelling_of(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}
