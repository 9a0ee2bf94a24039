//! What systemd is told, where it has started us: that we serve, that we are
//! well, that we read the config again, that we stop. Elsewhere each of these
//! does nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use systemd::daemon::{self, NotifyState};

use crate::machine::clock::monotonic_of_the_machine;

/// Whoever waits for us to be up need wait no more. `status` is what
/// `systemctl status` shows from now on. Returns whether systemd listens: if
/// not, there is no need to tell it more.
pub fn ready(status: &str) -> bool {
    tell(&[NotifyState::Ready, shown(status)])
}

/// `systemctl status` shows `status` from now on.
pub fn status(status: &str) {
    tell(&[shown(status)]);
}

/// We are well. To be said once in each [`watchdog_interval`].
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// We end, since somebody has said so.
pub fn stopping() {
    let status = "stopping: what is in flight has a few seconds to end";
    tell(&[NotifyState::Stopping, shown(status)]);
}

/// How often [`alive`] is to be said; `None`: systemd does not wait for it.
/// Twice as often as it asks for, so that one may be late.
pub fn watchdog_interval() -> Option<Duration> {
    let patience = daemon::watchdog_enabled(false)?;
    // Tokio's timers have no shorter one; and 0 would be for ever.
    Some((patience / 2).max(Duration::from_millis(1)))
}

/// While it lives, systemd knows that we read the config again.
#[derive(Debug)]
#[must_use = "dropped, the reload is over"]
pub struct Reloading(());

impl Reloading {
    /// A reload begins.
    pub fn begin() -> Self {
        // systemd takes a READY from before this time for an older one
        // (sd_notify(3), since 253).
        let now = monotonic_of_the_machine().as_micros();
        let since = NotifyState::Other(format!("MONOTONIC_USEC={now}"));
        tell(&[NotifyState::Reloading, since]);
        Self(())
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        tell(&[NotifyState::Ready]);
    }
}

/// A line break would begin another message.
fn shown(status: &str) -> NotifyState {
    NotifyState::Status(status.replace(['\r', '\n'], " "))
}

/// Whether somebody listens. A failure is said once: the next message would
/// fail for the same reason.
fn tell(states: &[NotifyState]) -> bool {
    static SAID: AtomicBool = AtomicBool::new(false);
    // The variable stays: to take it away from a process with threads is not
    // safe, and we start nobody who could inherit it.
    match daemon::notify(false, states) {
        Ok(listens) => {
            SAID.store(false, Ordering::Relaxed);
            listens
        }
        Err(error) => {
            if !SAID.swap(true, Ordering::Relaxed) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "systemd cannot be told how this daemon is");
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
        let shown = shown("well\nSTOPPING=1\r\n");
        assert_eq!(shown.to_string(), "STATUS=well STOPPING=1  ");
    }

    #[test]
    fn where_nobody_listens_nothing_is_told() {
        assert!(!ready("well"));
        assert_eq!(watchdog_interval(), None);
    }
}
