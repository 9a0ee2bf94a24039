//! Waits for a valid config, and meanwhile serves a page that says so.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, fs};

use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::port::bind;
use super::supervision::supervise;
use crate::config::{Config, ConfigError};
use crate::http::{ConfigProblem, Server, SetupMode};
use crate::machine::clock::SystemClock;
use crate::machine::random::OsRandom;

/// How often the config is read. An administrator who has just finished the
/// wizard wants to see whether it works.
const LOOK_EVERY: Duration = Duration::from_secs(2);

type Read = dyn Fn() -> Result<Config, ConfigError> + Send + Sync;

/// How to wait for a config.
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct Wait {
    pub file: PathBuf,
    /// Reads and validates the config.
    pub read: Arc<Read>,
    /// Where to serve the page.
    pub address: SocketAddr,
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("file", &self.file)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The config, and the listener of the page if the config has its address:
/// connections that came meanwhile wait in its queue.
pub(super) type Found = (Config, Option<TcpListener>);

impl Wait {
    /// Returns the config once it is valid; `None` after a stop. `error` is why
    /// it is not valid yet.
    pub(super) async fn for_config(
        self,
        error: &ConfigError,
        hangups: &mut Signal,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Found>> {
        let setup_mode = Arc::new(SetupMode::new(problem(error)));
        let server = Server::in_setup_mode(
            Arc::clone(&setup_mode),
            Arc::new(SystemClock::new()),
            Arc::new(OsRandom::default()),
        );
        let server = Arc::new(server);
        let second = OnceLock::new();
        let serving = async {
            let Some(listener) = bind(self.address, "listen.address", stop).await? else {
                return Ok(());
            };
            let (first, clone) = twice(listener)?;
            let _ = second.set(clone);
            Arc::clone(&server).serve(first, stop.clone()).await;
            anyhow::Ok(())
        };
        let status = || status(&setup_mode.problem()).to_owned();
        let supervision = supervise(&server, stop, async || true, status);
        let config = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            ended = serving => return ended.map(|()| None),
            never = supervision => match never {},
            config = self.find(error, &setup_mode, hangups) => config?,
        };
        let same = config.listen.address == self.address;
        let listener = second.into_inner().filter(|_| same);
        Ok(Some((config, listener)))
    }

    /// Reads the config until it is valid.
    async fn find(
        &self,
        first: &ConfigError,
        setup_mode: &SetupMode,
        hangups: &mut Signal,
    ) -> anyhow::Result<Config> {
        let mut logged = self.report(first, "", setup_mode);
        let mut seen = None;
        loop {
            // A SIGHUP reads it at once.
            let _ = timeout(LOOK_EVERY, hangups.recv()).await;
            let (read, stamp) = self.look().await?;
            match read {
                // Unchanged since the last look: half a file may be valid, and
                // lack the line that denies a user.
                Ok(config) if stamp.is_some() && stamp == seen => return Ok(config),
                Ok(_) => {}
                Err(error) => logged = self.report(&error, &logged, setup_mode),
            }
            seen = stamp;
        }
    }

    /// Shows the kind of problem on the page, and logs the problem itself,
    /// which only the administrator may read, if it was not `logged` last.
    fn report(&self, error: &ConfigError, logged: &str, setup_mode: &SetupMode) -> String {
        let problem = problem(error);
        let lines = error.in_lines();
        let (file, address) = (self.file.display(), self.address);
        match problem {
            _ if lines == logged => {}
            ConfigProblem::Missing => tracing::info!(%file, %address, "waiting for a config"),
            ConfigProblem::Bad(_) => {
                tracing::warn!(%address, "waiting for a valid config: {lines}");
            }
        }
        setup_mode.set_problem(problem);
        lines
    }

    async fn look(&self) -> anyhow::Result<Look> {
        let (read, file) = (Arc::clone(&self.read), self.file.clone());
        let looked = spawn_blocking(move || {
            let read = read();
            (read, Stamp::of(&file))
        });
        Ok(looked.await?)
    }
}

/// The config, and the state of the file from which it was read.
type Look = (Result<Config, ConfigError>, Option<Stamp>);

/// Differs when a file was written to or replaced.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;
        Some(Self {
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

fn problem(error: &ConfigError) -> ConfigProblem {
    match error {
        ConfigError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            ConfigProblem::Missing
        }
        ConfigError::Unreadable { .. } => ConfigProblem::Bad(vec!["config".to_owned()]),
        ConfigError::Bad { problems, .. } => {
            let places = problems.iter().map(|problem| problem.place.clone());
            let mut places: Vec<String> = places.collect();
            // A table may have two unknown keys.
            places.dedup();
            ConfigProblem::Bad(places)
        }
    }
}

/// The text for `systemctl status`.
fn status(problem: &ConfigProblem) -> &'static str {
    match problem {
        ConfigProblem::Missing => "waiting for a config, so sign-in is not possible",
        ConfigProblem::Bad(_) => "waiting for a valid config, so sign-in is not possible",
    }
}

/// Returns two handles of one listener.
fn twice(listener: TcpListener) -> io::Result<(TcpListener, TcpListener)> {
    let first = listener.into_std()?;
    let second = first.try_clone()?;
    Ok((
        TcpListener::from_std(first)?,
        TcpListener::from_std(second)?,
    ))
}

#[cfg(test)]
mod tests;
