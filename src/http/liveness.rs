//! A probe of the accept loop, for the watchdog.

use tokio::sync::Notify;

/// Waits until a task that the accept loop spawned has run, as the task of the
/// next connection would.
///
/// It makes no connection: an attacker who takes all of them must not make the
/// daemon look hung, and with HTTPS it would need a client's certificates.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    requested: Notify,
    confirmed: Notify,
}

impl Liveness {
    /// Requests a probe, and returns when it is confirmed.
    pub(super) async fn probe(&self) {
        let confirmed = self.confirmed.notified();
        self.requested.notify_one();
        confirmed.await;
    }

    /// Returns when a probe is requested.
    pub(super) async fn requested(&self) {
        self.requested.notified().await;
    }

    /// Called by the task of a connection or of a probe.
    pub(super) fn confirm(&self) {
        self.confirmed.notify_waiters();
    }
}
