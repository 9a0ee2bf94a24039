//! Tells the administrator which users can sign in, and why others cannot.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::{
    Link, LinkedBy, Moment, Policy, Refusal, Rules, Snapshot, assumed, judge, newest_first,
    snapshot,
};
use crate::base::address::CanonicalAddress;
use crate::base::clock::UnixTime;
use crate::base::ids::DsmUsername;
use crate::model::login::{GoogleAccount, VerifiedAddress};
use crate::model::user_list::ListedUser;

/// The expected result of a sign-in as one DSM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The DSM user, as listed.
    pub user: ListedUser,
    /// The valid link to this user; of several, one that may sign in, else the
    /// newest.
    pub link: Option<Link>,
    /// `ok`, the name of a refusal, or `no-address`.
    pub name: &'static str,
    /// The Google addresses of the user's aliases.
    pub aliases: Vec<CanonicalAddress>,
}

/// Returns the aliases whose DSM user is not listed, by that user's name.
pub fn aliases_without_user<'a>(
    snapshot: &Snapshot,
    policy: &'a Policy,
) -> BTreeMap<&'a str, Vec<CanonicalAddress>> {
    let mut found: BTreeMap<&str, Vec<CanonicalAddress>> = BTreeMap::new();
    for (address, name) in &policy.aliases {
        if snapshot.named(name).is_none() {
            found.entry(name).or_default().push(address.clone());
        }
    }
    for addresses in found.values_mut() {
        addresses.sort();
    }
    found
}

/// Returns the verdict on each user, in DSM's order: for the linked Google
/// account; else for an alias; else for an account with the user's e-mail and
/// an accepted domain. `links` are all links.
pub fn verdicts(
    snapshot: &Snapshot,
    links: &[Link],
    policy: &Policy,
    moment: Moment,
) -> Vec<Verdict> {
    let rules = Rules {
        snapshot,
        policy,
        moment,
    };
    let mut links = links.to_vec();
    links.retain(|link| rules.can_be_used(link));
    newest_first(&mut links);
    let book = Book {
        rules,
        by_user: grouped(&links, |link| {
            let user = snapshot.named(link.user.as_str());
            Some(user?.name.clone())
        }),
        by_address: grouped(&links, |link| link.address.canonical().cloned()),
        aliases: grouped(policy.aliases.iter(), |(_, name)| {
            Some(snapshot.named(name)?.name.clone())
        }),
    };
    let users = snapshot.list().users.iter();
    users.map(|user| book.verdict(user)).collect()
}

struct Book<'a> {
    rules: Rules<'a>,
    by_user: HashMap<DsmUsername, Vec<&'a Link>>,
    by_address: HashMap<CanonicalAddress, Vec<&'a Link>>,
    aliases: HashMap<DsmUsername, Vec<(&'a CanonicalAddress, &'a String)>>,
}

impl Book<'_> {
    fn verdict(&self, user: &ListedUser) -> Verdict {
        let (name, link) = self
            .by_link(user)
            .or_else(|| Some((self.by_alias(user)?, None)))
            .or_else(|| Some((self.by_email(user)?, None)))
            .unwrap_or_else(|| (self.by_itself(user), None));
        let aliases = self.aliases.get(&user.name).into_iter().flatten();
        let mut aliases: Vec<_> = aliases.map(|(address, _)| (*address).clone()).collect();
        aliases.sort();
        Verdict {
            name,
            link: link.map(|link| Link {
                moved: self.moved(user),
                ..link.clone()
            }),
            aliases,
            user: user.clone(),
        }
    }

    fn by_link(&self, user: &ListedUser) -> Option<(&'static str, Option<&Link>)> {
        let own = self.by_user.get(&user.name)?;
        let mut found = None;
        for link in own {
            if self.rules.by_link(link, &link.address).is_err() {
                continue;
            }
            let outcome = self.outcome(user, link.account.clone(), &link.address);
            match outcome {
                Some("ok") => return Some(("ok", Some(link))),
                Some(refusal) if found.is_none() => found = Some((refusal, Some(*link))),
                Some(_) | None => {}
            }
        }
        found
    }

    /// When one of the user's links last moved: not always the valid one, if
    /// the user's e-mail was changed and changed back.
    fn moved(&self, user: &ListedUser) -> Option<UnixTime> {
        let own = self.by_user.get(&user.name).into_iter().flatten();
        own.filter_map(|link| link.moved).max()
    }

    fn by_alias(&self, user: &ListedUser) -> Option<&'static str> {
        let (address, _) = self.aliases.get(&user.name)?.first()?;
        self.newcomer(user, address)
    }

    fn by_email(&self, user: &ListedUser) -> Option<&'static str> {
        self.newcomer(user, &snapshot::address(user)?)
    }

    fn by_itself(&self, user: &ListedUser) -> &'static str {
        match self.rules.may_sign_in(user, LinkedBy::Address) {
            Ok(()) => "no-address",
            Err(refused) => refused.refusal.name(),
        }
    }

    /// The result for an account that never signed in; or for the known account
    /// with this address, which a user who is gone has reserved for it, or an
    /// administrator has linked.
    fn newcomer(&self, user: &ListedUser, address: &CanonicalAddress) -> Option<&'static str> {
        let links = self.by_address.get(address).into_iter().flatten();
        let mut known =
            links.filter(|link| link.by == LinkedBy::Administrator || self.rules.is_gone(link));
        let newcomer = || assumed::newcomer(self.rules.policy);
        let account = known
            .next()
            .map_or_else(newcomer, |link| link.account.clone());
        let address = VerifiedAddress::vouched_for(address.as_str().to_owned());
        self.outcome(user, account, &address)
    }

    /// The result for this account; `None` if it signs in as another user.
    fn outcome(
        &self,
        user: &ListedUser,
        account: GoogleAccount,
        address: &VerifiedAddress,
    ) -> Option<&'static str> {
        let Rules {
            snapshot,
            policy,
            moment,
        } = self.rules;
        let canonical = address.canonical()?;
        let same_address = self.by_address.get(canonical).into_iter().flatten();
        let own = self.by_user.get(&user.name).into_iter().flatten();
        let concerning: Vec<Link> = same_address
            .chain(own)
            .map(|link| (*link).clone())
            .collect();
        let identity = assumed::admitted_identity(account, address.clone(), policy);
        match judge(&identity, &concerning, Some(snapshot), policy, moment) {
            Ok(admission) if *admission.user.name() == user.name => Some("ok"),
            Ok(_) => None,
            Err(refused) => Some(Refusal::name(refused.refusal)),
        }
    }
}

fn grouped<K: Eq + Hash, V: Copy>(
    values: impl IntoIterator<Item = V>,
    key: impl Fn(V) -> Option<K>,
) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for value in values {
        if let Some(key) = key(value) {
            groups.entry(key).or_default().push(value);
        }
    }
    groups
}
