//! Starts, keeps and ends the pause of sign-ins to DSM.
//! [`RefreshCoordinator`](crate::clients::refresh_coordinator::RefreshCoordinator)
//! holds the pause; the state has a copy for the next start.

use std::error::Error;

use super::{UsersError, UsersJob};
use crate::app::AppState;
use crate::clients::dsm::DsmError;
use crate::clients::refresh_coordinator::Running;
use crate::logging::error_chain;
use crate::store::StoreError;
use domain::base::clock::UnixTime;
use domain::model::signin_pause::SigninPause;

impl UsersJob {
    /// Returns an error during a pause. Ends a pause that a person or a change
    /// of settings ends.
    pub(super) async fn check_pause(
        &self,
        app: &AppState,
        running: &Running<'_>,
    ) -> Result<(), UsersError> {
        let Some(pause) = app.refresh_coordinator.signin_pause() else {
            return Ok(());
        };
        if running.was_demanded {
            end_pause(app).await;
            return Ok(());
        }
        if pause.fingerprint != self.fingerprint_key.fingerprint(&app.config.dsm) {
            tracing::info!("the sign-in pause ends: what DSM refused has changed");
            end_pause(app).await;
            return Ok(());
        }
        let Some(until) = pause.end(app.clock.now()) else {
            return Ok(());
        };
        if until != pause.until {
            let pause = SigninPause::clone(&pause);
            save_pause(app, SigninPause { until, ..pause }).await;
        }
        Err(UsersError::Paused { until })
    }

    /// Begins a pause: DSM has refused what has this `fingerprint`.
    pub(super) async fn begin_pause(&self, app: &AppState, error: &DsmError, fingerprint: Vec<u8>) {
        let previous = app.refresh_coordinator.signin_pause();
        let now = app.clock.now();
        let pause = SigninPause::after(previous.as_deref(), now, fingerprint, error_chain(error));
        tracing::warn!(
            error = error as &dyn Error,
            until = app.local_time(pause.until),
            next_try = %humantime::format_duration(pause.length),
            "DSM refused the sign-in; pausing sign-ins. A changed password, device token or \
             [dsm] in the config ends the pause within a minute, reload at once"
        );
        save_pause(app, pause).await;
    }

    /// Logs a pause that began before this start.
    pub(super) fn log_pause_at_start(&self) {
        let app = self.current.load();
        let Some(pause) = app.refresh_coordinator.signin_pause() else {
            return;
        };
        if let Some(until) = pause.end(app.clock.now()) {
            let until = app.local_time(until);
            tracing::warn!(
                error = pause.reason,
                until,
                "sign-ins to DSM are still paused: it refused one before this start"
            );
        }
    }

    /// Returns when the pause ends; `None`: sign-ins are not paused.
    pub(super) fn paused_until(&self) -> Option<UnixTime> {
        let app = self.current.load();
        let pause = app.refresh_coordinator.signin_pause()?;
        pause.end(app.clock.now())
    }
}

/// Ends the pause, and forgets how long it was.
pub(super) async fn end_pause(app: &AppState) {
    if app.refresh_coordinator.set_signin_pause(None).is_some() {
        log_failure(app.store.remove_signin_pause().await);
    }
}

async fn save_pause(app: &AppState, pause: SigninPause) {
    app.refresh_coordinator
        .set_signin_pause(Some(pause.clone()));
    log_failure(app.store.save_signin_pause(pause).await);
}

/// The pause itself is in memory: only the next start does not know it.
fn log_failure(saved: Result<(), StoreError>) {
    if let Err(error) = saved {
        let error = &error as &dyn Error;
        tracing::error!(error, "cannot save the DSM sign-in pause");
    }
}
