//! The users of DSM, indexed by address and by name.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::policy::FoldedName;
use crate::base::address::CanonicalAddress;
use crate::base::clock::UnixTime;
use crate::base::ids::DsmUsername;
use crate::model::user_list::{ListedUser, UserList};

/// Accepted if the clock was set back a little since the refresh.
const FUTURE_LEEWAY: Duration = Duration::from_mins(5);

/// The users of DSM, and when they were read.
#[derive(Clone, Debug)]
pub struct Snapshot {
    indexed: Arc<Indexed>,
    refreshed: UnixTime,
}

#[derive(Debug)]
struct Indexed {
    list: Arc<UserList>,
    by_address: Index,
    by_name: Index,
    /// `None`: the group was never read.
    administrators: Option<HashSet<FoldedName>>,
}

impl Snapshot {
    /// Indexes `list`, which DSM confirmed at `refreshed`.
    pub fn new(list: Arc<UserList>, refreshed: UnixTime) -> Self {
        let users = || (0..).zip(&list.users);
        let addresses = users().filter_map(|(position, user)| Some((position, address(user)?)));
        let names = users().map(|(position, user)| (position, FoldedName::of(user.name.as_str())));
        let administrators = list.administrators.as_ref().map(|names| {
            let names = names.iter().map(DsmUsername::as_str);
            names.map(FoldedName::of).collect()
        });
        Self {
            indexed: Arc::new(Indexed {
                by_address: Index::new(addresses),
                by_name: Index::new(names),
                administrators,
                list,
            }),
            refreshed,
        }
    }

    /// Returns the same users with a new time of refresh.
    #[must_use]
    pub fn confirmed(&self, refreshed: UnixTime) -> Self {
        Self {
            indexed: Arc::clone(&self.indexed),
            refreshed,
        }
    }

    /// Returns the user list.
    pub fn list(&self) -> &Arc<UserList> {
        &self.indexed.list
    }

    /// Returns whether any user has an address.
    pub fn has_addresses(&self) -> bool {
        !self.indexed.by_address.entries.is_empty()
    }

    /// Returns when DSM last returned these users.
    pub fn refreshed(&self) -> UnixTime {
        self.refreshed
    }

    /// Returns the users whose e-mail is `address`.
    pub fn having<'a, 'k>(
        &'a self,
        address: &'k CanonicalAddress,
    ) -> impl Iterator<Item = &'a ListedUser> + use<'a, 'k> {
        self.users(self.indexed.by_address.find(address))
            .filter(move |user| self::address(user).as_ref() == Some(address))
    }

    /// The user of this name, ignoring case; `None` also if it is ambiguous.
    pub(super) fn named(&self, name: &str) -> Option<&ListedUser> {
        let name_folded = FoldedName::of(name);
        let mut spellings = self
            .users(self.indexed.by_name.find(&name_folded))
            .filter(|user| FoldedName::of(user.name.as_str()) == name_folded);
        let first = spellings.next()?;
        let Some(second) = spellings.next() else {
            return Some(first);
        };
        let mut all = [first, second].into_iter().chain(spellings);
        all.find(|user| user.name.as_str() == name)
    }

    /// Whether the user is in the group `administrators`. If the group was
    /// never read, any user may be a member.
    pub(super) fn is_administrator(&self, user: &ListedUser) -> bool {
        let administrators = self.indexed.administrators.as_ref();
        administrators.is_none_or(|names| names.contains(&FoldedName::of(user.name.as_str())))
    }

    /// Returns whether DSM listed `user` in the group `administrators`. If the
    /// group was never read, no user is known to be in it.
    pub fn lists_as_administrator(&self, user: &DsmUsername) -> bool {
        let administrators = self.indexed.administrators.as_ref();
        administrators.is_some_and(|names| names.contains(&FoldedName::of(user.as_str())))
    }

    pub(super) fn is_trusted(&self, max_age: Duration, now: UnixTime) -> bool {
        now.since(self.refreshed) <= max_age && self.refreshed.since(now) <= FUTURE_LEEWAY
    }

    fn users<'a>(
        &'a self,
        found: &'a [(u64, u32)],
    ) -> impl Iterator<Item = &'a ListedUser> + use<'a> {
        let users = &self.indexed.list.users;
        found
            .iter()
            .filter_map(|(_, position)| users.get(usize::try_from(*position).ok()?))
    }
}

pub(super) fn address(user: &ListedUser) -> Option<CanonicalAddress> {
    CanonicalAddress::of(user.email.as_deref()?)
}

/// Finds positions by the hash of a key, in a tenth of the memory that the keys
/// would take. The caller compares the key itself.
#[derive(Debug)]
struct Index {
    hasher: RandomState,
    /// Sorted.
    entries: Vec<(u64, u32)>,
}

impl Index {
    fn new<K: Hash>(keys: impl Iterator<Item = (u32, K)>) -> Self {
        let hasher = RandomState::new();
        let mut entries: Vec<(u64, u32)> = keys
            .map(|(position, key)| (hasher.hash_one(key), position))
            .collect();
        entries.sort_unstable();
        entries.shrink_to_fit();
        Self { hasher, entries }
    }

    /// The entries with the hash of this key.
    fn find<K: Hash>(&self, key: &K) -> &[(u64, u32)] {
        let hash = self.hasher.hash_one(key);
        let from = self.entries.partition_point(|(other, _)| *other < hash);
        let rest = self.entries.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|(other, _)| *other == hash).count();
        rest.get(..count).unwrap_or_default()
    }
}
