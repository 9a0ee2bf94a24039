//! Notes every minute that the daemon is running, in memory.

use std::sync::Arc;

use super::minutes::Minutes;
use crate::app::CurrentState;

/// Notes every minute that the daemon is running; the next write of another job
/// or of a request saves it.
#[derive(Debug)]
pub(super) struct PresenceJob {
    pub(super) current: Arc<CurrentState>,
    pub(super) minutes: Arc<Minutes>,
}

impl PresenceJob {
    /// Notes it every minute. Never returns.
    pub(super) async fn run_presence_loop(self) {
        loop {
            self.minutes.next().await;
            let app = self.current.load();
            app.store.history().seen(app.clock.now());
        }
    }
}
