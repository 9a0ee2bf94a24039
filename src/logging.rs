//! The log: one line an event, on standard error or in a file of its own.
//!
//! Times are local, as the clock on a NAS's desktop, with their distance from
//! UTC: whoever reads the log asks what happened this morning at seven.
//!
//! What strangers wrote (an address, a path, the name of a user) comes in as
//! the value of a field. No value can begin a new line, look like a second
//! field or reach a terminal as anything but text.

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
pub use format::told;
pub(crate) use format::{in_plain_characters, is_plain};
use layer::{Lines, Output};

/// Why the log is not as the config wants it.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `log.file` cannot be written to.
    #[error("open the log {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The process logs already.
    #[error("the process has a log already")]
    Started,
}

/// The log of this process, to be changed while it runs.
#[derive(Clone, Debug)]
pub struct Handle {
    wanted: reload::Handle<Targets, Registry>,
    lines: Lines,
    zone: TimeZone,
}

impl Handle {
    /// Goes on with another level, format or file. No line is lost: each is
    /// written either as before or as after. A file is opened anew even when
    /// its name is the old one.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened; then all stays as it was.
    pub fn reload(&self, log: &Log) -> Result<(), LogError> {
        self.lines.go_on(Output::open(log, &self.zone)?);
        // An error says that the log is gone: there is nobody to tell.
        let _ = self.wanted.reload(wanted(log.level));
        Ok(())
    }

    /// Whether its lines go to a file, and not to standard error.
    pub fn has_file(&self) -> bool {
        self.lines.have_file()
    }
}

/// Starts the log of this process, with the times of `zone`.
///
/// # Errors
///
/// When its file cannot be opened, or the process has a log already.
pub fn start(log: &Log, zone: &TimeZone) -> Result<Handle, LogError> {
    let (subscriber, handle) = subscriber(log, zone)?;
    let started = Dispatch::new(subscriber).try_init();
    started.map_err(|_| LogError::Started)?;
    Ok(handle)
}

/// What [`start`] starts, for a thread that wants a log of its own.
///
/// # Errors
///
/// When its file cannot be opened.
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

/// Which lines are wanted. What libraries say below a warning helps nobody
/// who runs a NAS, and nobody has looked for secrets in it.
fn wanted(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_default(level.min(LevelFilter::WARN))
}

#[cfg(test)]
mod tests;
