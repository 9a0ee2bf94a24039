//! The [`AppState`] that new requests use; a reload replaces it.

use std::sync::Arc;

use tokio::sync::watch;

use super::state::AppState;
use crate::clients::upstream::Upstream;

/// Holds the [`AppState`] of the moment. Whoever serves takes it once and works
/// with it to the end, so that nobody sees two configs.
#[derive(Debug)]
pub struct CurrentState(watch::Sender<Arc<AppState>>);

impl CurrentState {
    /// Starts with `app`.
    pub fn new(app: AppState) -> Self {
        Self(watch::Sender::new(Arc::new(app)))
    }

    /// The one in force. Never waits for whoever works with another.
    pub fn load(&self) -> Arc<AppState> {
        Arc::clone(&self.0.borrow())
    }

    /// Makes new requests use `app`.
    pub fn replace(&self, app: AppState) {
        self.0.send_replace(Arc::new(app));
    }

    /// Tells when another one is in force.
    pub fn changes(&self) -> watch::Receiver<Arc<AppState>> {
        self.0.subscribe()
    }

    /// Returns the way to Google when it is no longer `upstream`.
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
