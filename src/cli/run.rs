//! `run`: the daemon itself.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use arguments::Run;
use jiff::tz::TimeZone;

use super::{FAILED, complain, complain_of_config, owner, package};
use crate::config::{Config, ConfigError, Log, LogFormat, LogLevel};
use crate::daemon::{self, Begin, SelfCheck, Wait};
use crate::logging::{self, LogError};
use crate::machine::time_zone::{self, LocalZone};

/// A quarter of tokio's default: nothing here recurses.
const STACK_BYTES: usize = 512 * 1024;

/// Runs the daemon with the config in `path` until a signal stops it; returns
/// the exit code.
pub(super) fn run(path: &Path, options: &Run) -> u8 {
    let begin = match (Config::load(path), options.wait_for_config) {
        (Ok(config), _) => Begin::Configured(Box::new(config)),
        (Err(error), Some(address)) => Begin::Waiting(wait(path, address), error),
        (Err(error), None) => {
            return complain_of_config(&error);
        }
    };
    // The package's daemon starts with this option.
    let self_check = match options.wait_for_config {
        Some(_) => SelfCheck::OfNewConfig,
        None => SelfCheck::Never,
    };
    match serve(begin, self_check) {
        Ok(()) => 0,
        Err(error) => {
            complain(&format!("{error:#}"));
            FAILED
        }
    }
}

fn wait(path: &Path, address: SocketAddr) -> Wait {
    let file = path.to_owned();
    let read = move || {
        owner::still_owns(&file).map_err(|error| ConfigError::Unreadable {
            path: file.clone(),
            source: io::Error::other(error),
        })?;
        Config::load(&file)
    };
    Wait {
        file: path.to_owned(),
        read: Arc::new(read),
        address,
    }
}

fn serve(begin: Begin, self_check: SelfCheck) -> anyhow::Result<()> {
    let local = local_zone();
    let log = match &begin {
        Begin::Configured(config) => logging::start(&config.log, &local.zone)?,
        Begin::Waiting(wait, _) => start_log_without_config(&wait.file, &local.zone)?,
    };
    if let Some(warning) = &local.warning {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()?;
    let done = runtime.block_on(daemon::run(begin, self_check, log.clone(), local.zone));
    // A DNS query without a network takes half a minute and cannot be
    // cancelled; all other work is done.
    runtime.shutdown_background();
    if let (true, Err(error)) = (log.has_file(), &done) {
        // So that the log file says why it ends here.
        tracing::error!(error = format!("{error:#}"), "the daemon ends");
    }
    done
}

/// Returns the time zone of this machine. To find a zone by its name, jiff
/// lists all of them, in 23 directories; a disk that was just switched on seeks
/// for each.
fn local_zone() -> LocalZone {
    #[expect(
        clippy::disallowed_methods,
        reason = "whether it is set, not what it is"
    )]
    let is_set = std::env::var_os("TZ").is_some();
    let linked = if is_set { None } else { time_zone::linked() };
    linked.unwrap_or_else(time_zone::local)
}

/// Logs to the package's log file if it can be written, else to standard error.
fn start_log_without_config(config: &Path, zone: &TimeZone) -> Result<logging::Handle, LogError> {
    let to = |file| Log {
        level: LogLevel::INFO,
        format: LogFormat::Text,
        file,
    };
    logging::start(&to(package::log(config)), zone).or_else(|_| logging::start(&to(None), zone))
}
