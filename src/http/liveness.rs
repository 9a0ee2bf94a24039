//! Whether connections are still accepted and served.

use tokio::sync::Notify;

/// Whoever feels it gets a beat from a connection's task, as the next browser
/// would be served by one.
///
/// No connection is made for it: a stranger who takes all of them must not
/// make the daemon look dead, and with HTTPS we would have to be a client of
/// ourselves.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    wanted: Notify,
    beats: Notify,
}

impl Pulse {
    /// Waits for the next beat, and asks for one.
    pub(super) async fn feel(&self) {
        let beat = self.beats.notified();
        self.wanted.notify_one();
        beat.await;
    }

    /// Returns when somebody waits for a beat.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The task of a connection runs.
    pub(super) fn beat(&self) {
        self.beats.notify_waiters();
    }
}
