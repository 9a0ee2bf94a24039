//! DSM's user list → a new snapshot.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Jobs;
use crate::clock::UnixTime;
use crate::directory::Snapshot;
use crate::dsm::{DsmError, Reaction};
use crate::store::{KeptDirectory, StoreError};
use crate::user_list::UserList;

/// That the users are fresh goes to disk at least so often while nothing
/// changes.
const DAILY: Duration = Duration::from_hours(24);

/// And no more often.
const HOURLY: Duration = Duration::from_hours(1);

/// What a refresh found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// How many users there are.
    pub users: usize,
    /// Whether anything differs from before.
    pub changed: bool,
}

/// Why the users of before stay.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// DSM did not list them.
    #[error(transparent)]
    Dsm(#[from] DsmError),
    /// A list that would shut everybody out is more likely a fault of DSM's.
    #[error("DSM lists {0} users without a single address, but had some before")]
    AddressesGone(usize),
    /// They cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UsersError {
    /// What to do next.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Dsm(error) => error.reaction(),
            Self::AddressesGone(_) | Self::Store(_) => Reaction::Retry,
        }
    }
}

impl Jobs {
    /// Lists DSM's users and swaps the snapshot. The one before serves
    /// meanwhile, and stays when anything fails. Writes to disk what has
    /// changed, and once a day that nothing has.
    pub async fn refresh_users(&self) -> Result<Refreshed, UsersError> {
        let _alone = self.refreshing.lock().await;
        let bridge = &self.bridge;
        let list = normalised(self.dsm.list_users().await?);
        let refreshed = bridge.clock.now();
        let users = list.users.len();
        let before = bridge.snapshot.load_full();
        if let Some(before) = before.as_ref().filter(|before| **before.list() == list) {
            let confirmed = before.confirmed(refreshed);
            bridge.snapshot.store(Some(Arc::new(confirmed)));
            self.note_freshness(refreshed).await?;
            return Ok(Refreshed {
                users,
                changed: false,
            });
        }
        let list = Arc::new(list);
        let snapshot = Snapshot::new(Arc::clone(&list), refreshed);
        let had_addresses = before.is_some_and(|before| before.has_addresses());
        if had_addresses && !snapshot.has_addresses() {
            return Err(UsersError::AddressesGone(users));
        }
        // Whoever was disabled is out from this moment, whatever the disk says.
        bridge.snapshot.store(Some(Arc::new(snapshot)));
        let kept = KeptDirectory { list, refreshed };
        bridge.store.keep_directory(kept).await?;
        self.noted(refreshed);
        Ok(Refreshed {
            users,
            changed: true,
        })
    }

    async fn note_freshness(&self, now: UnixTime) -> Result<(), StoreError> {
        let often = (self.bridge.config.dsm.max_age / 4).clamp(HOURLY, DAILY);
        let noted = *self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_some_and(|noted| now.since(noted) < often && noted <= now) {
            return Ok(());
        }
        self.bridge.store.keep_directory_freshness(now).await?;
        self.noted(now);
        Ok(())
    }

    fn noted(&self, now: UnixTime) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

/// In one order, whatever DSM's: the same administrators are no change.
fn normalised(mut list: UserList) -> UserList {
    let local: std::collections::HashSet<_> = list.users.iter().map(|user| &user.name).collect();
    list.administrators.retain(|name| local.contains(name));
    list.administrators.sort();
    list.administrators.dedup();
    list
}
