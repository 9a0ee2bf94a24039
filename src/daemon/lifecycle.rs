//! Start and stop: signals, and tasks of which none ends unnoticed.

pub mod start;
pub mod supervisor;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long requests in flight may take after a stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// The tasks of a daemon, and their common stop.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stop: CancellationToken,
    failed: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Returns the token that is cancelled to stop the daemon.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Returns whether a task ended before the stop.
    pub fn has_failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Runs `task` until the stop. A task that ends earlier stops the daemon:
    /// one that serves but no longer refreshes is worse than none.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_boxed(name, Box::pin(task));
    }

    /// Not generic, because tokio's code for a task is compiled for each type:
    /// that was 3 kB for each of our tasks.
    fn spawn_boxed(&self, name: &'static str, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        let guard = EndsEarly {
            name,
            lifecycle: self.clone(),
        };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
            drop(guard);
        });
    }

    /// Waits for the end of all tasks after a stop.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Stops the daemon when a task ends or panics.
struct EndsEarly {
    name: &'static str,
    lifecycle: Lifecycle,
}

impl Drop for EndsEarly {
    fn drop(&mut self) {
        if self.lifecycle.stop.is_cancelled() {
            return;
        }
        tracing::error!(task = self.name, "a task of the daemon ended; stopping");
        self.lifecycle.failed.cancel();
        self.lifecycle.stop.cancel();
    }
}

/// Waits for SIGTERM or SIGINT.
pub async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_stops_the_daemon_as_a_failure() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("patient", pending());
        lifecycle.spawn("dies", ready(()));
        lifecycle.stop().cancelled().await;
        assert!(lifecycle.has_failed());
        lifecycle.ended().await;
    }

    #[tokio::test]
    async fn a_task_that_panics_does_so_too() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("patient", pending());
        lifecycle.spawn("panics", async { panic!("a bug") });
        lifecycle.stop().cancelled().await;
        assert!(lifecycle.has_failed());
        lifecycle.ended().await;
    }

    #[tokio::test]
    async fn tasks_that_are_told_to_stop_have_not_failed() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("patient", pending());
        let stop = lifecycle.stop().clone();
        lifecycle.spawn("obedient", async move { stop.cancelled().await });
        lifecycle.stop().cancel();
        lifecycle.ended().await;
        assert!(!lifecycle.has_failed());
    }
}
