//! `run`: the daemon itself.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;

use super::{FAILED, code_of, complain, describe, local_zone, owner, package};
use crate::config::{Config, ConfigError, Log, LogFormat, LogLevel};
use crate::daemon::{self, Begin, Wait};
use crate::logging::{self, LogError};

/// A family's logins need no more, and each costs memory.
const WORKERS: usize = 2;

/// A quarter of the usual: nothing here recurses.
const STACK_BYTES: usize = 512 * 1024;

/// Where the page of a daemon that waits for a config is, unless
/// `--wait-for-config` says otherwise.
pub(super) const WAITING_ADDRESS: &str = "127.0.0.1:5556";

/// How to run.
#[derive(Args)]
pub(super) struct Options {
    /// Without a good config, wait for one, and tell at ADDRESS that there is
    /// none [default: 127.0.0.1:5556]
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = WAITING_ADDRESS
    )]
    wait_for_config: Option<SocketAddr>,
}

/// Serves by the config in `path`, until it is told to stop.
pub(super) fn run(path: &Path, options: &Options) -> u8 {
    let begin = match (Config::load(path), options.wait_for_config) {
        (Ok(config), _) => Begin::Configured(Box::new(config)),
        (Err(error), Some(address)) => Begin::Waiting(wait(path, address), error),
        (Err(error), None) => {
            complain(&describe(&error));
            return code_of(&error);
        }
    };
    match serve(begin) {
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

fn serve(begin: Begin) -> anyhow::Result<()> {
    let local = local_zone();
    let log = match &begin {
        Begin::Configured(config) => logging::start(&config.log, &local.zone)?,
        Begin::Waiting(wait, _) => start_log_without_config(&wait.file, &local.zone)?,
    };
    for remark in &local.remarks {
        tracing::warn!("{remark}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()?;
    let done = runtime.block_on(daemon::run(begin, log.clone(), local.zone));
    // A look-up of Google's address without a network takes half a minute and
    // cannot be broken off; nothing that counts is under way any more.
    runtime.shutdown_background();
    if let (true, Err(error)) = (log.has_file(), &done) {
        // Whoever looks there should not see a daemon that fell silent.
        tracing::error!(error = format!("{error:#}"), "the daemon ends");
    }
    done
}

/// Where the page's reader looks for it, if that can be written.
fn start_log_without_config(config: &Path, zone: &TimeZone) -> Result<logging::Handle, LogError> {
    let to = |file| Log {
        level: LogLevel::Info,
        format: LogFormat::Text,
        file,
    };
    logging::start(&to(package::log(config)), zone).or_else(|_| logging::start(&to(None), zone))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Arguments, Command};

    #[test]
    fn it_waits_at_the_given_or_the_default_address() {
        let check = |option: &str, expected: Option<&str>| {
            let arguments = ["google-to-synology-sso", "run", option];
            let arguments = arguments.iter().filter(|argument| !argument.is_empty());
            let parsed = Arguments::try_parse_from(arguments).unwrap();
            let Command::Run(options) = parsed.command else {
                panic!("{option}");
            };
            let address = options.wait_for_config.map(|address| address.to_string());
            assert_eq!(address.as_deref(), expected, "{option}");
        };
        check("", None);
        check("--wait-for-config", Some("127.0.0.1:5556"));
        check("--wait-for-config=[::1]:80", Some("[::1]:80"));
    }
}
