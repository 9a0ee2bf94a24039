//! `reload`: reads the config again, and uses it if it is valid.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::task::{JoinError, spawn_blocking};

use crate::app::CurrentState;
use crate::clients::refresh_coordinator::RefreshOutcome;
use crate::config::{Change, Config, ConfigError};
use crate::control;
use crate::daemon::jobs::UsersJob;
use crate::daemon::lifecycle::supervisor;
use crate::logging::{self, LogError};

/// A reload waits for DSM as long as a sign-in does.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Reads the config again.
#[derive(Debug)]
pub(crate) struct Reloader {
    current: Arc<CurrentState>,
    users: Arc<UsersJob>,
    log: OnceLock<logging::Handle>,
    /// Held during a reload: of two at once, the one that read the file earlier
    /// could end later, and bring back the older config.
    reloading: Mutex<()>,
    reloaded: Notify,
}

/// Why the previous config stays in force: the new one, its log file, or the
/// task that reads it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The administrator has not seen this config.
    #[error(
        "the config file, or a secret that it names, has changed since the preview: look at the \
         preview again"
    )]
    Changed,
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot read the config")]
    Thread(#[from] JoinError),
}

impl ReloadError {
    /// Returns the error in one line, and one more for each problem of the
    /// config.
    pub(crate) fn in_lines(&self) -> String {
        match self {
            Self::Config(error) => error.in_lines(),
            Self::Log(LogError::Open { source, .. }) => format!("log.file: {self}: {source}"),
            Self::Changed | Self::Log(LogError::Started) => self.to_string(),
            Self::Thread(error) => format!("{self}: {error}"),
        }
    }
}

impl Reloader {
    /// Creates a reloader without a log to change.
    pub(crate) fn new(current: Arc<CurrentState>, users: Arc<UsersJob>) -> Self {
        Self {
            current,
            users,
            log: OnceLock::new(),
            reloading: Mutex::new(()),
            reloaded: Notify::new(),
        }
    }

    /// Makes a reload apply `[log]` to `log`. Has an effect once: a process has
    /// one log.
    pub(crate) fn set_log(&self, log: logging::Handle) {
        let _ = self.log.set(log);
    }

    /// Reads the config, puts it in force, and refreshes the users. Requests in
    /// progress end with the previous config. With `seen`, the fingerprint of a
    /// preview, rejects a config that has changed since.
    pub(crate) async fn reload(
        &self,
        seen: Option<&str>,
    ) -> Result<control::Reloaded, ReloadError> {
        let changes = self.put_in_force(seen).await?;
        for change in &changes {
            log(change);
        }
        if changes.iter().any(|change| change.key == "issuer") {
            tracing::warn!(
                "the issuer has changed: change it in DSM's SSO Client (Well-known URL), in the \
                 Google console (Authorized redirect URIs), in the reverse proxy and in the \
                 certificate, too"
            );
        }
        tracing::info!(changes = changes.len(), "the config was read again");
        let app = self.current.load();
        app.config.log_warnings(app.clock.now());
        let directory = self.refresh().await;
        self.reloaded.notify_one();
        Ok(control::Reloaded {
            changes: changes.into_iter().map(control::Change::from).collect(),
            directory,
        })
    }

    /// Waits for the end of a reload that has put a config in force and read
    /// the users. For one task.
    pub(crate) async fn reloaded(&self) {
        self.reloaded.notified().await;
    }

    /// Reads and validates the config; nothing of it is in force.
    pub(super) async fn read(&self) -> Result<Config, ReloadError> {
        let file = self.current.load().config.file.clone();
        Ok(spawn_blocking(move || Config::load(&file)).await??)
    }

    /// Returns what identifies `config` and its secrets.
    pub(super) fn fingerprint(&self, config: &Config) -> String {
        self.users
            .fingerprint_of_shown(config.whole_text().expose())
    }

    async fn put_in_force(&self, seen: Option<&str>) -> Result<Vec<Change>, ReloadError> {
        let _alone = self.reloading.lock().await;
        let _notified = supervisor::Reloading::begin();
        let running = self.current.load();
        let written = self.read().await?;
        if seen.is_some_and(|seen| seen != self.fingerprint(&written)) {
            return Err(ReloadError::Changed);
        }
        let changes = running.config.changes_to(&written);
        if let Some(log) = self.log.get() {
            log.reload(&written.log)?;
        }
        let next = written.with_open_values_of(&running.config);
        self.current.replace(running.reconfigured(next));
        Ok(changes)
    }

    /// Also ends a sign-in pause: an administrator who reloads has often
    /// corrected something in DSM, too, or the password.
    async fn refresh(&self) -> control::Refreshed {
        let app = self.current.load();
        let error = match app.refresh_coordinator.demand_and_wait(PATIENCE).await {
            RefreshOutcome::TakesLonger => Some(format!(
                "DSM takes longer than {} s; the refresh goes on",
                PATIENCE.as_secs()
            )),
            RefreshOutcome::Ended | RefreshOutcome::TooOften | RefreshOutcome::Paused => {
                self.users.report().error
            }
        };
        let snapshot = app.snapshot.load_full();
        control::Refreshed {
            users: snapshot.map(|snapshot| snapshot.list().users.len()),
            error,
        }
    }
}

fn log(change: &Change) {
    let Change { key, from, to, .. } = change;
    let (from, to) = (from.as_deref(), to.as_deref());
    if change.needs_restart {
        tracing::warn!(
            key,
            from,
            to,
            "the config has changed; this needs a restart of the daemon"
        );
        return;
    }
    tracing::info!(key, from, to, "the config has changed");
}

impl From<Change> for control::Change {
    fn from(change: Change) -> Self {
        Self {
            key: change.key,
            from: change.from,
            to: change.to,
            secret: change.secret,
            needs_restart: change.needs_restart,
        }
    }
}
