//! Runs the checks of `doctor` in the daemon, once for each new config: what
//! fails after the installation is in the log and on the page at `/`.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use crate::app::{CurrentState, Sighting};
use crate::daemon::control::Reloader;
use crate::daemon::jobs::UsersJob;
use crate::doctor::dsm::DsmReport;
use crate::doctor::{self, Answer, DaemonAccess, Outcome};

/// Longer than the checks take: they have time-outs of their own.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether the daemon runs the checks by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfCheck {
    /// It never runs them.
    Never,
    /// After the installation, and after each reload.
    OfNewConfig,
}

/// Runs the checks if the config `is_new`, and after each reload.
pub(super) async fn run_self_checks(
    when: SelfCheck,
    is_new: bool,
    current: &CurrentState,
    users: &UsersJob,
    reloader: &Reloader,
) -> Infallible {
    if when == SelfCheck::Never {
        return std::future::pending().await;
    }
    if is_new {
        // It also enters the settings in DSM, if the installation chose that.
        current.load().refresh_coordinator.first_ended().await;
        check(current, users).await;
    }
    loop {
        // Not as soon as the config is in force: the reload also ends a sign-in
        // pause, and signs in to DSM itself.
        reloader.reloaded().await;
        check(current, users).await;
    }
}

async fn check(current: &CurrentState, users: &UsersJob) {
    let app = current.load();
    let (sender, mut receiver) = unbounded_channel();
    let daemon = Itself { current, users };
    let checks = doctor::run(&app.config, &daemon, &sender);
    let is_finished = timeout(PATIENCE, checks).await.is_ok();
    if !is_finished {
        tracing::warn!("cannot finish the checks of doctor within a minute");
    }
    drop(sender);
    let mut failed = Vec::new();
    while let Some(finding) = receiver.recv().await {
        if finding.result == Outcome::Fail {
            tracing::error!(check = finding.name, "a check failed: {}", finding.message);
            failed.push(finding.name);
        }
    }
    if is_finished && failed.is_empty() {
        tracing::info!("no check failed");
    }
    app.failed_checks.store(Arc::new(failed));
}

/// This daemon, which needs no socket to ask itself.
struct Itself<'a> {
    current: &'a CurrentState,
    users: &'a UsersJob,
}

impl DaemonAccess for Itself<'_> {
    fn absence(&self) -> Option<&str> {
        None
    }

    fn inspect_dsm(&self) -> Answer<'_, DsmReport> {
        Box::pin(async {
            self.users
                .inspect()
                .await
                .map_err(|error| error.to_string())
        })
    }

    fn nonce(&self) -> Answer<'_, String> {
        let app = self.current.load();
        let nonce = app
            .doctor_nonces
            .create(&*app.random, app.clock.monotonic());
        let nonce = nonce.map(|nonce| nonce.expose().clone());
        Box::pin(ready(nonce.map_err(|error| error.to_string())))
    }

    fn seen(&self, nonce: String) -> Answer<'_, Option<Sighting>> {
        let app = self.current.load();
        let sighting = app.doctor_nonces.sighting(&nonce, app.clock.monotonic());
        Box::pin(ready(Ok(sighting)))
    }
}
