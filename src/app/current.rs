//! The bridge in force: a reload puts another one in its place.

use std::sync::Arc;

use tokio::sync::watch;

use super::bridge::Bridge;
use crate::clients::upstream::Upstream;

/// Holds the [`Bridge`] of the moment. Whoever serves takes it once and works
/// with it to the end, so that nobody sees two configs.
#[derive(Debug)]
pub struct CurrentBridge(watch::Sender<Arc<Bridge>>);

impl CurrentBridge {
    /// `bridge` is in force.
    pub fn new(bridge: Bridge) -> Self {
        Self(watch::Sender::new(Arc::new(bridge)))
    }

    /// The one in force. Never waits for whoever works with another.
    pub fn load(&self) -> Arc<Bridge> {
        Arc::clone(&self.0.borrow())
    }

    /// Puts `bridge` in force, for what begins from now on.
    pub fn replace(&self, bridge: Bridge) {
        self.0.send_replace(Arc::new(bridge));
    }

    /// Tells when another one is in force.
    pub fn changes(&self) -> watch::Receiver<Arc<Bridge>> {
        self.0.subscribe()
    }

    /// Returns the way to Google when it is no longer `upstream`.
    pub async fn another_upstream(&self, upstream: &Arc<Upstream>) -> Arc<Upstream> {
        let mut changes = self.changes();
        let another = |bridge: &Arc<Bridge>| !Arc::ptr_eq(&bridge.upstream, upstream);
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
