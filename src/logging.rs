//! The log: one line for each event, on standard error or in a file.
//!
//! Times are local, with their offset from UTC, since the administrator asks
//! what happened this morning at seven.
//!
//! Text from the network (an address, a path, the name of a user) is the value
//! of a field. No value can begin a new line, look like a second field or
//! control a terminal.

mod budget;
mod file;
mod format;
mod layer;

use std::io;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::{Log, LogLevel};
pub use budget::{Budget, unlimited};
pub use format::error_chain;
pub(crate) use format::{in_plain_characters, is_plain};
use layer::{Lines, Output};

/// Why the log cannot be as the config says.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum LogError {
    #[error("cannot open the log {}", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the process has a log already")]
    Started,
}

/// Changes the log of this process while it runs.
#[derive(Clone, Debug)]
pub struct Handle {
    wanted: reload::Handle<Targets, Registry>,
    lines: Lines,
    zone: TimeZone,
}

impl Handle {
    /// Changes level, format and file. No line is lost. Opens the file again
    /// even if its name is the same. If that fails, nothing changes.
    pub fn reload(&self, log: &Log) -> Result<(), LogError> {
        self.lines.replace(Output::open(log, &self.zone)?);
        // It fails only if the log no longer exists.
        let _ = self.wanted.reload(wanted(log.level));
        Ok(())
    }

    /// Returns whether lines go to a file and not to standard error.
    pub fn has_file(&self) -> bool {
        self.lines.have_file()
    }
}

/// Starts the log of this process, with times in `zone`.
pub fn start(log: &Log, zone: &TimeZone) -> Result<Handle, LogError> {
    let (subscriber, handle) = subscriber(log, zone)?;
    let started = Dispatch::new(subscriber).try_init();
    started.map_err(|_| LogError::Started)?;
    Ok(handle)
}

/// Creates what [`start`] starts, for the log of a single thread.
pub fn subscriber(
    log: &Log,
    zone: &TimeZone,
) -> Result<(impl Subscriber + Send + Sync + use<>, Handle), LogError> {
    let lines = Lines::new(Output::open(log, zone)?);
    let (filter, wanted) = reload::Layer::new(wanted(log.level));
    let layer = lines.clone().with_filter(filter);
    let subscriber = tracing_subscriber::registry().with(layer);
    let zone = zone.clone();
    Ok((
        subscriber,
        Handle {
            wanted,
            lines,
            zone,
        },
    ))
}

/// Returns which lines are written. Lines of libraries below a warning do not
/// help an administrator, and have not been checked for secrets.
fn wanted(level: LogLevel) -> Targets {
    let level = LevelFilter::from_level(level);
    Targets::new()
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_default(level.min(LevelFilter::WARN))
}

#[cfg(test)]
mod tests;
