//! The choice of the installation to enter the settings in DSM: once, as soon
//! as DSM answers.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Consent, Direction, Order, Outcome, SettingsError, UsersJob};
use crate::app::AppState;
use crate::config::{APPLY_FILE, directory_of};
use crate::daemon::jobs::users::inspection::Wanted;
use crate::daemon::jobs::{Refreshed, UsersError};
use crate::logging::error_chain;
use crate::store::WizardResult;
use domain::base::clock::UnixTime;

/// Also for the user list, which may be long. Each request has the time-out of
/// the config.
const TIME: Duration = Duration::from_mins(10);

/// The result once DSM has the settings, by its public name.
const DONE: &str = "done";
const DONE_MESSAGE: &str = "DSM has the settings of this service";

impl UsersJob {
    /// Refreshes the users. If the installation chose it, also enters the
    /// settings in DSM, in the same session, and never by force.
    pub(in super::super) async fn refresh_as_chosen(&self) -> Result<Refreshed, UsersError> {
        let app = self.current.load();
        let file = directory_of(&app.config.file).join(APPLY_FILE);
        if !self.is_chosen(&app, &file) {
            return self.refresh().await;
        }
        let consent = Consent {
            force: false,
            seen: None,
        };
        let order = Order {
            direction: Direction::Apply,
            consent: Some(consent),
        };
        let mut wanted = Wanted::new(Instant::now() + TIME, Some(order));
        let done = self.refresh_and_read(Some(&mut wanted)).await;
        // Without an outcome, DSM has not answered: the refresh says why.
        let outcome = wanted.into_outcome();
        if let Some((result, message)) = outcome.and_then(|outcome| self.result_of(outcome)) {
            self.use_up(&app, &file, result, message).await;
        }
        done
    }

    /// Returns whether `file` exists, and has no result yet. One that a kill or
    /// an error has left after its result is removed: an administrator may have
    /// changed DSM since.
    fn is_chosen(&self, app: &AppState, file: &Path) -> bool {
        let Ok(metadata) = fs::symlink_metadata(file) else {
            return false;
        };
        let chosen = UnixTime::from_seconds(metadata.mtime());
        let known = app.wizard_result.load();
        let has_result = known.as_ref().is_some_and(|known| chosen <= known.at);
        if has_result {
            self.remove(file);
        }
        !has_result
    }

    /// Returns the public name of a result that another try would not change,
    /// with its message.
    fn result_of(&self, outcome: Result<Outcome, SettingsError>) -> Option<(&'static str, String)> {
        match outcome {
            Ok(outcome) if !outcome.problems.is_empty() => {
                Some(("rejected", outcome.problems.join("; ")))
            }
            Ok(outcome) if !outcome.left.is_empty() => {
                let why: Vec<String> = outcome.left.into_iter().map(|left| left.why).collect();
                let why = why.join("; ");
                Some((
                    "points-elsewhere",
                    format!("not changed: {why}; dsm-settings --apply --force replaces it"),
                ))
            }
            Ok(_) => Some((DONE, DONE_MESSAGE.to_owned())),
            Err(error) if error.is_definite() => Some(("rejected", error_chain(&error))),
            Err(error) => {
                if self.wizard_error.is_new(&error_chain(&error)) {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(
                        error,
                        "cannot enter the settings in DSM yet; trying again after the next refresh"
                    );
                }
                None
            }
        }
    }

    async fn use_up(&self, app: &AppState, file: &Path, result: &str, message: String) {
        if result == DONE {
            tracing::info!("entered the settings in DSM, as chosen in the installation");
        } else {
            tracing::warn!(
                result,
                why = message,
                "cannot enter the settings in DSM, as chosen in the installation: run dsm-settings \
                 --apply, or enter the values that dsm-settings prints"
            );
        }
        let result = WizardResult {
            at: app.clock.now(),
            result: result.to_owned(),
            message,
        };
        // A file without a saved result is tried again, which changes nothing
        // that is right already.
        if !save(app, result).await {
            return;
        }
        // An old copy would lack what an undo needs.
        app.store.save_copy().await;
        self.remove(file);
    }

    /// Notes that the administrator has entered what the installation could
    /// not, so that the page no longer asks for it.
    pub(super) async fn note_entered(&self) {
        let app = self.current.load();
        let known = app.wizard_result.load_full();
        if known.is_none_or(|known| known.result == DONE) {
            return;
        }
        let result = WizardResult {
            at: app.clock.now(),
            result: DONE.to_owned(),
            message: DONE_MESSAGE.to_owned(),
        };
        save(&app, result).await;
    }

    fn remove(&self, file: &Path) {
        let Err(error) = fs::remove_file(file) else {
            return;
        };
        let file = file.display().to_string();
        if self.wizard_error.is_new(&format!("{file}: {error}")) {
            tracing::error!(file, %error, "cannot delete a file that is no longer used: delete it");
        }
    }
}

/// Saves `result`; returns whether that succeeded.
async fn save(app: &AppState, result: WizardResult) -> bool {
    if let Err(error) = app.store.save_wizard_result(result.clone()).await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "cannot save the result");
        return false;
    }
    app.wizard_result.store(Some(Arc::new(result)));
    true
}
