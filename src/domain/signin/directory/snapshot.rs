//! The users as DSM listed them, to be found by address and by name.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::policy::FoldedName;
use crate::base::address::CanonicalAddress;
use crate::base::clock::UnixTime;
use crate::base::ids::DsmUsername;
use crate::model::user_list::{ListedUser, UserList};

/// A clock a little ahead of that which noted the refresh is no reason to
/// distrust the users.
const FUTURE_LEEWAY: Duration = Duration::from_mins(5);

/// The users as DSM listed them, and when that was.
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

    /// The same users, confirmed at `refreshed`.
    #[must_use]
    pub fn confirmed(&self, refreshed: UnixTime) -> Self {
        Self {
            indexed: Arc::clone(&self.indexed),
            refreshed,
        }
    }

    /// The users.
    pub fn list(&self) -> &Arc<UserList> {
        &self.indexed.list
    }

    /// Whether any user has an address at all.
    pub fn has_addresses(&self) -> bool {
        !self.indexed.by_address.entries.is_empty()
    }

    /// When DSM last confirmed the users.
    pub fn refreshed(&self) -> UnixTime {
        self.refreshed
    }

    /// The users whose e-mail equals `address`.
    pub fn having<'a, 'k>(
        &'a self,
        address: &'k CanonicalAddress,
    ) -> impl Iterator<Item = &'a ListedUser> + use<'a, 'k> {
        self.users(self.indexed.by_address.find(address))
            .filter(move |user| self::address(user).as_ref() == Some(address))
    }

    /// The user of this name, which DSM writes in one case and others may
    /// write in another. `None` also when it is not clear which one is meant.
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

    /// Whether the user is in the group as it was last read. Of a group that
    /// was never read, everybody may be a member.
    pub(super) fn is_administrator(&self, user: &ListedUser) -> bool {
        let administrators = self.indexed.administrators.as_ref();
        administrators.is_none_or(|names| names.contains(&FoldedName::of(user.name.as_str())))
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

/// A user's e-mail as it is compared, if it is one.
pub(super) fn address(user: &ListedUser) -> Option<CanonicalAddress> {
    CanonicalAddress::of(user.email.as_deref()?)
}

/// Finds positions by a key of which only the hash is kept: a tenth of the
/// memory that the keys would take, and whoever asks looks at the user anyway.
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

    /// The entries of this key, and now and then another's.
    fn find<K: Hash>(&self, key: &K) -> &[(u64, u32)] {
        let hash = self.hasher.hash_one(key);
        let from = self.entries.partition_point(|(other, _)| *other < hash);
        let rest = self.entries.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|(other, _)| *other == hash).count();
        rest.get(..count).unwrap_or_default()
    }
}
