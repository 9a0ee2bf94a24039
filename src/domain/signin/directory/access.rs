//! Tells the administrator whose sign-in ends differently under another policy.

use std::collections::{BTreeSet, HashMap};

use super::{Link, Moment, Policy, Refusal, Snapshot, assumed, judge, snapshot};
use crate::base::address::CanonicalAddress;
use crate::base::ids::DsmUsername;
use crate::model::login::{GoogleAccount, GoogleIdentity, VerifiedAddress};

/// A Google account that signs in as another user under another policy, or
/// under only one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    /// The address of the account.
    pub address: VerifiedAddress,
    /// The DSM user under the first policy, or the refusal.
    pub before: Result<DsmUsername, Refusal>,
    /// The DSM user under the second policy, or the refusal.
    pub after: Result<DsmUsername, Refusal>,
}

/// Returns the accounts whose access differs between `before` and `after`, by
/// address: those of all links, and those with the address of an alias or of a
/// DSM user. A refusal for another reason is not a difference.
///
/// `links` are all links. The Workspace domain of an account is assumed, see
/// `Comparison::identity`.
pub fn access_changes(
    snapshot: &Snapshot,
    links: &[Link],
    before: &Policy,
    after: &Policy,
    moment: Moment,
) -> Vec<AccessChange> {
    let mut by_address: HashMap<&CanonicalAddress, Vec<Link>> = HashMap::new();
    for link in links {
        if let Some(address) = link.address.canonical() {
            by_address.entry(address).or_default().push(link.clone());
        }
    }
    let comparison = Comparison {
        snapshot,
        before,
        after,
        moment,
    };
    let mut changes: Vec<AccessChange> = Vec::new();
    for link in links {
        let known = link.address.canonical().and_then(|it| by_address.get(it));
        let own = std::slice::from_ref(link);
        let links = known.map_or(own, Vec::as_slice);
        changes.extend(comparison.change(Some(&link.account), &link.address, links));
    }
    let of_users = snapshot.list().users.iter().filter_map(snapshot::address);
    let of_aliases = before.aliases.keys().chain(after.aliases.keys());
    let addresses: BTreeSet<CanonicalAddress> = of_users.chain(of_aliases.cloned()).collect();
    for address in addresses {
        if by_address.contains_key(&address) {
            continue;
        }
        let address = VerifiedAddress::vouched_for(address.as_str().to_owned());
        changes.extend(comparison.change(None, &address, &[]));
    }
    changes.sort_by_cached_key(|it| {
        let address = it.address.as_written().to_owned();
        (address, it.before.clone(), it.after.clone())
    });
    // Two accounts may have one address.
    changes.dedup();
    changes
}

struct Comparison<'a> {
    snapshot: &'a Snapshot,
    before: &'a Policy,
    after: &'a Policy,
    moment: Moment,
}

impl Comparison<'_> {
    /// Compares the results for `account`; `None`: one that has never signed
    /// in. `links` are those with this address.
    fn change(
        &self,
        account: Option<&GoogleAccount>,
        address: &VerifiedAddress,
        links: &[Link],
    ) -> Option<AccessChange> {
        let access = |policy: &Policy| {
            // An account of another provider cannot sign in.
            let account = account.filter(|account| account.issuer == policy.issuer);
            let account = account
                .cloned()
                .unwrap_or_else(|| assumed::newcomer(policy));
            let identity = self.identity(account, address.clone());
            let judged = judge(&identity, links, Some(self.snapshot), policy, self.moment);
            judged
                .map(|admission| admission.user.name().clone())
                .map_err(|refused| refused.refusal)
        };
        let (before, after) = (access(self.before), access(self.after));
        let differs = before.as_ref().ok() != after.as_ref().ok();
        differs.then(|| AccessChange {
            address: address.clone(),
            before,
            after,
        })
    }

    /// Assumes the domain of `address` as Workspace domain, if it is not
    /// gmail.com and one of the policies admits it; else one that the first
    /// policy admits. If only one of the policies asks whether an address is
    /// authoritative, a Workspace account is not assumed: what could be lost is
    /// shown.
    fn identity(&self, account: GoogleAccount, address: VerifiedAddress) -> GoogleIdentity {
        let (before, after) = (self.before, self.after);
        let mut natural = assumed::identity(account.clone(), address.clone());
        let is_gmail = address.canonical().is_some_and(CanonicalAddress::is_gmail);
        let is_admitted = before.admits_domain(&natural) || after.admits_domain(&natural);
        if !is_gmail && !is_admitted {
            return assumed::admitted_identity(account, address, before);
        }
        let is_restricted = before.hosted_domains.is_some() || after.hosted_domains.is_some();
        if before.authoritative_addresses_only != after.authoritative_addresses_only
            && !is_restricted
        {
            natural.hosted_domain = None;
        }
        natural
    }
}
