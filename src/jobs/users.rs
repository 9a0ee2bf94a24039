//! DSM's user list → a new snapshot.

use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{Jobs, told};
use crate::clock::UnixTime;
use crate::directory::Snapshot;
use crate::dsm::{DsmError, Reaction, Reading};
use crate::flow::Bridge;
use crate::ids::DsmUsername;
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
    /// DSM was not asked, since it refused before.
    #[error("DSM did not let us in and is left alone until {}", until.seconds())]
    OnHold {
        /// Until when.
        until: UnixTime,
    },
}

impl UsersError {
    /// What to do next.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Dsm(error) => error.reaction(),
            Self::AddressesGone(_) | Self::Store(_) => Reaction::Retry,
            Self::OnHold { .. } => Reaction::HoldSignIns,
        }
    }
}

impl Jobs {
    /// Lists DSM's users and swaps the snapshot. The one before serves
    /// meanwhile, and stays when anything fails. Writes to disk what has
    /// changed, and once a day that nothing has.
    pub async fn refresh_users(&self) -> Result<Refreshed, UsersError> {
        let _alone = self.refreshing.lock().await;
        let bridge = self.bridge();
        let running = bridge.refresh_desk.begin();
        self.heed_hold(&running).await?;
        let done = self.refresh_alone(&bridge).await;
        let error = done.as_ref().err().map(|error| Arc::new(told(error)));
        self.error.store(error);
        done
    }

    async fn refresh_alone(&self, bridge: &Bridge) -> Result<Refreshed, UsersError> {
        let reading = self.read().await?;
        let refreshed = bridge.clock.now();
        let before = bridge.snapshot.load_full();
        let list = Arc::new(UserList {
            users: reading.users,
            administrators: self.administrators(reading.administrators, before.as_deref()),
        });
        let users = list.users.len();
        let same = before.as_ref().filter(|before| *before.list() == list);
        let changed = same.is_none();
        let snapshot = match same {
            Some(before) => before.confirmed(refreshed),
            None => Snapshot::new(list, refreshed),
        };
        let had_addresses = before.is_some_and(|before| before.has_addresses());
        if had_addresses && !snapshot.has_addresses() {
            return Err(UsersError::AddressesGone(users));
        }
        let serving = KeptDirectory {
            list: Arc::clone(snapshot.list()),
            refreshed,
        };
        // Whoever was disabled is out from this moment, whatever the disk says.
        bridge.snapshot.store(Some(Arc::new(snapshot)));
        if self.is_worth_a_write(&serving) {
            self.keep_freshness().await?;
        }
        Ok(Refreshed { users, changed })
    }

    /// Asks DSM. What it then refused is not asked again soon.
    async fn read(&self) -> Result<Reading, DsmError> {
        // Before the sign-in reads them: a file that changes meanwhile counts
        // as changed since.
        let fingerprint = self.fingerprint();
        match self.bridge().dsm.list_users().await {
            Ok(reading) => {
                self.end_hold().await;
                Ok(reading)
            }
            Err(error) if error.reaction() == Reaction::HoldSignIns => {
                self.begin_hold(&error, fingerprint).await;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Those of now, or those last read. A failure is said once until it
    /// changes: it may stay for months, and the users are read every hour.
    fn administrators(
        &self,
        read: Result<Vec<DsmUsername>, DsmError>,
        before: Option<&Snapshot>,
    ) -> Option<Vec<DsmUsername>> {
        let error = match read {
            Ok(administrators) => {
                self.administrators_error.store(None);
                return Some(administrators);
            }
            Err(error) => error,
        };
        let text = told(&error);
        let said = self.administrators_error.swap(Some(Arc::new(text.clone())));
        if said.is_none_or(|said| *said != text) {
            let error: &dyn Error = &error;
            tracing::warn!(
                error,
                "the administrators cannot be read: those last read count"
            );
        }
        before.and_then(|before| before.list().administrators.clone())
    }

    /// Whether the disk has other users, or has not heard of these for long.
    fn is_worth_a_write(&self, serving: &KeptDirectory) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.as_ref().filter(|kept| kept.list == serving.list) else {
            return true;
        };
        let often = (self.bridge().config.dsm.max_age / 4).clamp(HOURLY, DAILY);
        let now = serving.refreshed;
        now.since(kept.refreshed) >= often || kept.refreshed > now
    }

    /// Brings the disk to `serving`.
    pub(super) async fn keep_users_on_disk(
        &self,
        serving: KeptDirectory,
    ) -> Result<(), StoreError> {
        let store = &self.bridge().store;
        if self.has_list_on_disk(&serving.list) {
            store.keep_directory_freshness(serving.refreshed).await?;
        } else {
            store.keep_directory(serving.clone()).await?;
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
        Ok(())
    }

    /// A write may have failed: then the list on disk is not the one that
    /// serves, and must not pass for a fresh one.
    fn has_list_on_disk(&self, list: &Arc<UserList>) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().is_some_and(|kept| kept.list == *list)
    }
}
