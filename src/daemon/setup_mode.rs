//! Waits for a config, and tells meanwhile that there is none.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, fs};

use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{port::bind, supervision};
use crate::config::{Config, ConfigError};
use crate::daemon::lifecycle::{Hangups, supervisor};
use crate::http::{ConfigProblem, Server, Waiting};
use crate::machine::clock::SystemClock;
use crate::machine::random::OsRandom;

/// Who has just answered the questions looks whether it works.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Reads the config as it is now.
type Read = dyn Fn() -> Result<Config, ConfigError> + Send + Sync;

/// A config to be waited for.
pub struct Wait {
    /// The file, whose changes are seen.
    pub file: PathBuf,
    /// Reads it, and whatever else has to be good.
    pub read: Arc<Read>,
    /// Where to tell that it is not there.
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

/// What a wait ended with.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) config: Config,
    /// Where the config wants to listen, if we were there already: whoever
    /// has come meanwhile waits in its queue.
    pub(super) listener: Option<TcpListener>,
}

impl Wait {
    /// Returns the config once it is good; `None` when it is time to stop.
    /// `error` is why it is not.
    pub(super) async fn for_config(
        self,
        error: &ConfigError,
        hangups: &mut Hangups,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Found>> {
        let waiting = Arc::new(Waiting::new(lack(error)));
        let server = Server::waiting(
            Arc::clone(&waiting),
            Arc::new(SystemClock::new()),
            Arc::new(OsRandom::default()),
        );
        let server = Arc::new(server);
        let kept = OnceLock::new();
        let serving = async {
            let Some(listener) = bind(self.address, stop).await? else {
                return Ok(());
            };
            let (ours, to_keep) = twice(listener)?;
            let _ = kept.set(to_keep);
            Arc::clone(&server).serve(ours, stop.clone()).await;
            anyhow::Ok(())
        };
        let config = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            ended = serving => return ended.map(|()| None),
            never = supervise(&server, &waiting) => match never {},
            config = self.find(error, &waiting, hangups) => config?,
        };
        let same = config.listen.address == self.address;
        let listener = kept.into_inner().filter(|_| same);
        Ok(Some(Found { config, listener }))
    }

    /// Looks again and again.
    async fn find(
        &self,
        first: &ConfigError,
        waiting: &Waiting,
        hangups: &mut Hangups,
    ) -> anyhow::Result<Config> {
        let mut said = self.say(first, "", waiting);
        let mut seen = None;
        loop {
            // Somebody at a shell need not wait.
            let _ = timeout(LOOK_EVERY, hangups.next()).await;
            let (read, stamp) = self.look().await?;
            match read {
                // A part of a file may be good by itself, and lack just what
                // would have kept somebody out.
                Ok(config) if stamp.is_some() && stamp == seen => return Ok(config),
                Ok(_) => {}
                Err(error) => said = self.say(&error, &said, waiting),
            }
            seen = stamp;
        }
    }

    /// Says it on the page, and if it is not what was `said` last, in the log
    /// too, which only the administrator reads.
    fn say(&self, error: &ConfigError, said: &str, waiting: &Waiting) -> String {
        let lack = lack(error);
        let lines = error.in_lines();
        let (file, address) = (self.file.display(), self.address);
        match lack {
            _ if lines == said => {}
            ConfigProblem::Missing => tracing::info!(%file, %address, "waiting for a config"),
            ConfigProblem::Bad(_) => tracing::warn!(%address, "waiting for a good config: {lines}"),
        }
        waiting.tell(lack);
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

/// What was read, and from which file.
type Look = (Result<Config, ConfigError>, Option<Stamp>);

/// Differs when a file was written to, or another has its name.
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

fn lack(error: &ConfigError) -> ConfigProblem {
    match error {
        ConfigError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            ConfigProblem::Missing
        }
        ConfigError::Unreadable { .. } => ConfigProblem::Bad(vec!["config".to_owned()]),
        ConfigError::Bad { problems, .. } => {
            let places = problems.iter().map(|problem| problem.place.clone());
            let mut places: Vec<String> = places.collect();
            // A table with two keys that we do not know.
            places.dedup();
            ConfigProblem::Bad(places)
        }
    }
}

/// For `systemctl status`.
fn status(lack: &ConfigProblem) -> &'static str {
    match lack {
        ConfigProblem::Missing => "waiting for a config, so nobody can sign in",
        ConfigProblem::Bad(_) => {
            "waiting for a good config, so nobody can sign in: this one is not"
        }
    }
}

/// Says that we serve, though not logins: the answer is a page.
async fn supervise(server: &Server, waiting: &Waiting) -> Infallible {
    server.answers().await;
    let said = status(&waiting.lack());
    if !supervisor::ready(said) {
        return pending().await;
    }
    let watchdog = supervision::run_watchdog_loop(async || {
        server.answers().await;
        true
    });
    let (never, _) = tokio::join!(watchdog, run_status_loop(waiting, said));
    never
}

async fn run_status_loop(waiting: &Waiting, mut said: &str) -> Infallible {
    loop {
        sleep(LOOK_EVERY).await;
        let status = status(&waiting.lack());
        if status != said {
            supervisor::status(status);
            said = status;
        }
    }
}

/// The same listener for two, the second of whom does not accept yet.
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
