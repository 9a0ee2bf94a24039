//! Runs the checks of `doctor` once for each new config: what fails after the
//! installation is in the log and on the page at `/`.

use std::convert::Infallible;

use crate::app::CurrentState;
use crate::daemon::control::Reloader;
use crate::daemon::examiner::Examiner;
use crate::doctor::Outcome;

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
    examiner: &Examiner,
    reloader: &Reloader,
) -> Infallible {
    if when == SelfCheck::Never {
        return std::future::pending().await;
    }
    if is_new {
        // It also enters the settings in DSM, if the installation chose that.
        current.load().refresh_coordinator.first_ended().await;
        check(examiner).await;
    }
    loop {
        // Not as soon as the config is in force: the reload also ends a sign-in
        // pause, and signs in to DSM itself.
        reloader.reloaded().await;
        check(examiner).await;
    }
}

async fn check(examiner: &Examiner) {
    let examination = examiner.examine().await;
    let mut has_failed = false;
    for finding in &examination.findings {
        if finding.result == Outcome::Fail {
            has_failed = true;
            tracing::error!(check = finding.name, "a check failed: {}", finding.message);
        }
    }
    if !has_failed {
        tracing::info!("no check failed");
    }
}
