//! Saves the users for the next start: when they have changed, and once a day
//! that DSM has confirmed them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::UsersJob;
use crate::app::AppState;
use crate::store::{SavedDirectory, ShutdownMarker, StoreError};
use domain::base::clock::UnixTime;
use domain::model::user_list::UserList;
use domain::signin::directory::Snapshot;

/// The longest and the shortest time between two writes that say that the users
/// are fresh.
const DAILY: Duration = Duration::from_hours(24);
const HOURLY: Duration = Duration::from_hours(1);

/// The list on disk. It differs from the one in memory after a failed write.
#[derive(Debug)]
pub(super) struct SavedUsers {
    /// Identifies the list without keeping it in memory.
    list: Weak<UserList>,
    refreshed: UnixTime,
}

impl SavedUsers {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self {
            list: Arc::downgrade(snapshot.list()),
            refreshed: snapshot.refreshed(),
        }
    }

    fn has_list_of(&self, snapshot: &Snapshot) -> bool {
        std::ptr::eq(self.list.as_ptr(), Arc::as_ptr(snapshot.list()))
    }
}

impl UsersJob {
    /// Saves what is known and how fresh it is, for the next start; and copies
    /// the state, while the disk is awake.
    pub async fn save_state(&self) -> Result<(), StoreError> {
        let app = self.current.load();
        self.save_users(&app).await?;
        app.store.save_documents(app.upstream.to_keep()).await?;
        let now = app.clock.now();
        app.store
            .save_shutdown_marker(now, ShutdownMarker::Running)
            .await?;
        app.store.save_copy().await;
        Ok(())
    }

    /// Whether the disk has other users, or these were last confirmed there
    /// long ago.
    pub(super) async fn is_worth_a_write(&self, app: &AppState, snapshot: &Snapshot) -> bool {
        let saved = self.saved.lock().await;
        let Some(saved) = saved.as_ref().filter(|saved| saved.has_list_of(snapshot)) else {
            return true;
        };
        let often = (app.config.dsm.max_age / 4).clamp(HOURLY, DAILY);
        let now = snapshot.refreshed();
        now.since(saved.refreshed) >= often || saved.refreshed > now
    }

    async fn save_users(&self, app: &AppState) -> Result<(), StoreError> {
        // Held until the write has ended: of two at once, the older list must
        // not be the last one written.
        let mut saved = self.saved.lock().await;
        let Some(snapshot) = app.snapshot.load_full() else {
            return Ok(());
        };
        let refreshed = snapshot.refreshed();
        let is_on_disk = |saved: &SavedUsers| saved.has_list_of(&snapshot);
        if saved.as_ref().is_some_and(is_on_disk) {
            app.store.save_directory_freshness(refreshed).await?;
        } else {
            let list = Arc::clone(snapshot.list());
            let directory = SavedDirectory { list, refreshed };
            app.store.save_directory(directory).await?;
        }
        *saved = Some(SavedUsers::of(&snapshot));
        Ok(())
    }
}
