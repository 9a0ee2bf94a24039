//! The [`AppState`] that new requests use; a reload replaces it.

use std::sync::Arc;

use tokio::sync::watch;

use super::state::AppState;
use crate::clients::upstream::Upstream;

/// Holds the current [`AppState`]. A request loads it once and uses it to its
/// end, so that it never sees two configs.
#[derive(Debug)]
pub struct CurrentState(watch::Sender<Arc<AppState>>);

impl CurrentState {
    /// Makes `app` the current state.
    pub fn new(app: AppState) -> Self {
        Self(watch::Sender::new(Arc::new(app)))
    }

    /// Returns the current state, without waiting for requests that use a
    /// previous one.
    pub fn load(&self) -> Arc<AppState> {
        Arc::clone(&self.0.borrow())
    }

    /// Makes new requests use `app`.
    pub fn replace(&self, app: AppState) {
        self.0.send_replace(Arc::new(app));
    }

    /// Returns a receiver that is notified of each replacement.
    pub fn changes(&self) -> watch::Receiver<Arc<AppState>> {
        self.0.subscribe()
    }

    /// Waits for a client of Google other than `upstream`, and returns it.
    pub async fn another_upstream(&self, upstream: &Arc<Upstream>) -> Arc<Upstream> {
        let mut changes = self.changes();
        let another = |app: &Arc<AppState>| !Arc::ptr_eq(&app.upstream, upstream);
        let found = changes
            .wait_for(another)
            .await
            .map(|it| Arc::clone(&it.upstream));
        match found {
            Ok(found) => found,
            // Its sender is `self`, which is still there.
            Err(_) => std::future::pending().await,
        }
    }
}
