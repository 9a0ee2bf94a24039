//! Notifies systemd (`sd_notify(3)`) of readiness, status, watchdog, reload
//! and stop. Does nothing if systemd did not start this process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use systemd::daemon::{self, NotifyState};

use crate::machine::clock::monotonic_of_the_machine;

/// Says that the daemon serves, and sets its status. Returns whether systemd
/// listens.
pub fn ready(status: &str) -> bool {
    notify(&[NotifyState::Ready, status_of(status)])
}

/// Sets the text that `systemctl status` shows.
pub fn status(status: &str) {
    notify(&[status_of(status)]);
}

/// Resets the watchdog: the daemon works. Due once in each
/// [`watchdog_interval`].
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// Says that the daemon stops.
pub fn stopping() {
    let status = "stopping: requests in flight have a few seconds to end";
    notify(&[NotifyState::Stopping, status_of(status)]);
}

/// Returns half the time-out of the watchdog, so that one notification may be
/// late; `None`: systemd does not wait for any.
pub fn watchdog_interval() -> Option<Duration> {
    let patience = daemon::watchdog_enabled(false)?;
    // The shortest interval of tokio's timers; they reject 0.
    Some((patience / 2).max(Duration::from_millis(1)))
}

/// A reload in progress; its end is notified when this is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the reload"]
pub struct Reloading(());

impl Reloading {
    /// Says that the daemon reads its config again.
    pub fn begin() -> Self {
        // systemd ignores an earlier READY (sd_notify(3), since 253).
        let now = monotonic_of_the_machine().as_micros();
        let since = NotifyState::Other(format!("MONOTONIC_USEC={now}"));
        notify(&[NotifyState::Reloading, since]);
        Self(())
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        notify(&[NotifyState::Ready]);
    }
}

/// Without line breaks, each of which would begin another message.
fn status_of(status: &str) -> NotifyState {
    NotifyState::Status(status.replace(['\r', '\n'], " "))
}

/// Returns whether systemd listens. Logs the first failure only, since the next
/// one has the same reason.
fn notify(states: &[NotifyState]) -> bool {
    static LOGGED: AtomicBool = AtomicBool::new(false);
    // Keeps the variable: removing it from a process with threads is not safe,
    // and there is no child process that could inherit it.
    match daemon::notify(false, states) {
        Ok(listens) => {
            LOGGED.store(false, Ordering::Relaxed);
            listens
        }
        Err(error) => {
            if !LOGGED.swap(true, Ordering::Relaxed) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot notify systemd");
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_two_lines_is_one_message() {
        let status = status_of("well\nSTOPPING=1\r\n");
        assert_eq!(status.to_string(), "STATUS=well STOPPING=1  ");
    }

    #[test]
    fn without_systemd_nothing_is_sent() {
        assert!(!ready("well"));
        assert_eq!(watchdog_interval(), None);
    }
}
