//! A reload: the config is read again and takes the place of the one in
//! force, or does not.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};

use super::wire;
use crate::app::CurrentState;
use crate::clients::refresh_coordinator::RefreshOutcome;
use crate::config::{Change, Config, ConfigError, Counts, Difference};
use crate::daemon::jobs::Jobs;
use crate::daemon::lifecycle::supervisor;
use crate::logging::{self, LogError};

/// Whoever reloads waits for DSM no longer than whoever signs in.
const PATIENCE: Duration = Duration::from_secs(15);

/// Reads the config again, for whoever asks.
#[derive(Debug)]
pub struct Reloader {
    current: Arc<CurrentState>,
    jobs: Arc<Jobs>,
    log: OnceLock<logging::Handle>,
    /// A turnstile: of two reloads at once the one that read earlier could
    /// end later, and bring the older config back.
    turn: Mutex<()>,
}

/// Why the config of before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The new one is bad or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log that it wants cannot be had.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The thread that reads it ended early.
    #[error("read the config")]
    Thread(#[from] JoinError),
}

impl ReloadError {
    /// For a person: one line, and one more for each problem of the config.
    pub fn in_lines(&self) -> String {
        match self {
            Self::Config(error) => error.in_lines(),
            Self::Log(LogError::Open { source, .. }) => format!("log.file: {self}: {source}"),
            Self::Log(LogError::Started) => self.to_string(),
            Self::Thread(error) => format!("{self}: {error}"),
        }
    }
}

impl Reloader {
    /// Nothing is read yet.
    pub fn new(current: Arc<CurrentState>, jobs: Arc<Jobs>) -> Self {
        Self {
            current,
            jobs,
            log: OnceLock::new(),
            turn: Mutex::new(()),
        }
    }

    /// From now on `log` follows `[log]`. A second one changes nothing: a
    /// process has one log.
    pub fn lead_log(&self, log: logging::Handle) {
        let _ = self.log.set(log);
    }

    /// Puts the config in force and reads the users again. What is under way
    /// ends by the config with which it began.
    pub async fn reload(&self) -> Result<wire::Reloaded, ReloadError> {
        let changes = self.put_in_force().await?;
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
        Ok(wire::Reloaded {
            changes: changes.into_iter().map(wire::Change::from).collect(),
            directory,
        })
    }

    async fn put_in_force(&self) -> Result<Vec<Change>, ReloadError> {
        let _turn = self.turn.lock().await;
        let _told = supervisor::Reloading::begin();
        let running = self.current.load();
        let file = running.config.file.clone();
        let written = spawn_blocking(move || Config::load(&file)).await??;
        let changes = running.config.changes_to(&written);
        if let Some(log) = self.log.get() {
            log.reload(&written.log)?;
        }
        let next = written.with_what_is_open_in(&running.config);
        self.current.replace(running.reconfigured(next));
        Ok(changes)
    }

    /// Whoever waits for a reload has often mended something in DSM, too, or
    /// the password: a hold ends.
    async fn refresh(&self) -> wire::Refreshed {
        let app = self.current.load();
        let error = match app.refresh_desk.demand_and_wait(PATIENCE).await {
            RefreshOutcome::TakesLonger => Some(format!(
                "DSM takes longer than {} s; it goes on",
                PATIENCE.as_secs()
            )),
            RefreshOutcome::Ended | RefreshOutcome::TooOften | RefreshOutcome::OnHold => {
                self.jobs.users_report().error
            }
        };
        let snapshot = app.snapshot.load_full();
        wire::Refreshed {
            users: snapshot.map(|snapshot| snapshot.list().users.len()),
            error,
        }
    }
}

fn log(change: &Change) {
    let key = &change.key;
    let (from, to) = match &change.difference {
        Difference::Secret => (None, None),
        Difference::Value { from, to } => (from.as_deref(), to.as_deref()),
    };
    match change.counts {
        Counts::AtOnce => tracing::info!(key, from, to, "the config has changed"),
        Counts::AfterRestart => tracing::warn!(
            key,
            from,
            to,
            "the config has changed where only a restart of the daemon helps"
        ),
    }
}

impl From<Change> for wire::Change {
    fn from(change: Change) -> Self {
        let secret = change.difference == Difference::Secret;
        let (from, to) = match change.difference {
            Difference::Secret => (None, None),
            Difference::Value { from, to } => (from, to),
        };
        Self {
            key: change.key,
            from,
            to,
            secret,
            needs_restart: change.counts == Counts::AfterRestart,
        }
    }
}
