//! The command line: arguments in, exit code out.

mod check;
mod control_client;
mod dsm_settings;
mod help;
mod owner;
mod package;
mod question;
mod reports;
mod run;
mod setup;
mod table;
mod waiting;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigError;
use crate::logging;
use crate::machine::time_zone::{self, LocalZone};
use question::Question;

/// It failed.
const FAILED: u8 = 1;

/// The arguments make no sense. clap's own habit, too.
const BAD_USAGE: u8 = 2;

/// The daemon to ask is not running: `EX_TEMPFAIL`, another time may do.
const NOT_RUNNING: u8 = 75;

/// The config is bad or missing: `EX_CONFIG` of sysexits.h, which tells a
/// supervisor that another try brings nothing.
const BAD_CONFIG: u8 = 78;

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST_HELP: usize = 100;

const LONG_ABOUT: &str = "\
Sign in to a Synology NAS with Google: an OpenID provider toward DSM, an OpenID client toward \
Google. A person clicks the button on DSM's login page, signs in at Google, and DSM lets them in \
as the DSM user who has that e-mail address.";

const EXAMPLES: &str = "\
Examples:
  google-to-synology-sso setup
      Ask for the first values, and write a config and its secret files.
  google-to-synology-sso check
      Read the config and every file it names, and print all that is wrong.
  google-to-synology-sso --config ./config.toml run
      Serve in the foreground, with a config of your own.
  google-to-synology-sso status
      Show daemon health, recent refusals and recent problems.
  google-to-synology-sso check --json | jq '.[] | select(.result == \"fail\")'
      The same report, for a program.

On a NAS, by SSH:
  sudo -u google-to-synology-sso google-to-synology-sso status
      Every command runs as the package's user, which owns the config. It can also replace this \
program, so never run it as root there.

Config:
  The file that --config names, else the one in GOOGLE_TO_SYNOLOGY_SSO_CONFIG, else, as on a NAS, \
/var/packages/google-to-synology-sso/home/config.toml. Relative paths in it begin at its directory.

Exit codes:
  0   done
  1   it failed
  2   bad usage
  75  the daemon to ask is not running
  78  the config is bad or missing";

#[derive(Parser)]
#[command(
    version,
    about,
    long_about = LONG_ABOUT,
    after_help = EXAMPLES,
    max_term_width = WIDEST_HELP
)]
struct Arguments {
    /// The config file
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "GOOGLE_TO_SYNOLOGY_SSO_CONFIG",
        default_value = package::CONFIG
    )]
    config: PathBuf,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve in the foreground; SIGTERM or SIGINT ends it, SIGHUP reads the
    /// config again
    Run(run::Options),
    /// Read the config and every file it names, offline; print every problem
    /// with its key path
    Check {
        /// Print JSON: a list of name, result (ok, warn or fail) and message
        #[arg(long)]
        json: bool,
    },
    /// Ask for the first values, or offer those of an existing config; write
    /// the config and its secret files
    Setup(setup::Options),
    /// Print what to paste into DSM's SSO settings and the Google console
    DsmSettings {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    #[command(flatten)]
    Question(Question),
}

/// Does what the arguments of this process say.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return print_clap(&answer),
    };
    leave_no_core_file();
    // Before there is any other thread, which would keep its rights.
    if let Err(error) = owner::become_owner(&arguments.config) {
        complain(&format!("{error:#}"));
        return ExitCode::from(FAILED);
    }
    // Again: a change of the user resets it to what fs.suid_dumpable says.
    leave_no_core_file();
    let config = arguments.config.as_path();
    let code = match arguments.command {
        Command::Run(options) => run::run(config, &options),
        Command::Check { json } => check::check(config, json),
        Command::DsmSettings { json } => dsm_settings::dsm_settings(config, json),
        Command::Setup(options) => setup::setup(config, &options),
        Command::Question(question) => question.ask(config),
    };
    ExitCode::from(code)
}

/// Passwords and keys will be in memory and must not be written to a core
/// file. This cannot fail on Linux.
fn leave_no_core_file() {
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Help and version are answers of clap, too: asked for, they are results.
fn print_clap(answer: &clap::Error) -> ExitCode {
    // There is nobody left to tell when the terminal is gone.
    let _ = answer.print();
    if answer.use_stderr() {
        return ExitCode::from(BAD_USAGE);
    }
    ExitCode::SUCCESS
}

/// Where this machine is.
#[expect(
    clippy::disallowed_methods,
    reason = "TZ belongs to the system: no option of ours, which clap would read"
)]
fn local_zone() -> LocalZone {
    let tz = std::env::var_os("TZ");
    let tz = tz.map(|tz| tz.to_string_lossy().into_owned());
    time_zone::find(tz.as_deref(), |path| fs::read(path))
}

/// One line a problem.
fn describe(error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable { path, source } => {
            format!("read the config {}", why_unreadable(path, source))
        }
        ConfigError::Bad { .. } => error.in_lines(),
    }
}

fn why_unreadable(path: &Path, source: &io::Error) -> String {
    let hints = [
        (
            io::ErrorKind::PermissionDenied,
            "; it has to be readable for the owner of its directory",
        ),
        (
            io::ErrorKind::NotFound,
            "; setup makes a config, and --config names another place",
        ),
    ];
    // The error of ours says itself what to do.
    let is_the_systems = source.raw_os_error().is_some();
    let hint = hints
        .iter()
        .find(|(kind, _)| is_the_systems && *kind == source.kind());
    let hint = hint.map_or("", |(_, hint)| hint);
    format!("{}: {source}{hint}", path.display())
}

fn code_of(error: &ConfigError) -> u8 {
    match error {
        // What somebody else may read is neither bad nor missing.
        ConfigError::Unreadable { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            FAILED
        }
        ConfigError::Unreadable { .. } | ConfigError::Bad { .. } => BAD_CONFIG,
    }
}

/// Writes a result to standard output; the code to exit with is `code` if
/// that worked. A reader that has seen enough, such as `head`, is no failure.
fn print_result(text: &str, code: u8) -> u8 {
    let mut output = io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    match written {
        Ok(()) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code,
        Err(error) => {
            complain(&format!("write the result: {error}"));
            FAILED
        }
    }
}

/// JSON for a program, or for a terminal all the same: nothing in it steers
/// one.
fn json_line(json: &str) -> String {
    format!("{}\n", logging::in_plain_characters(json))
}

/// Tells what went wrong on standard error, in one line or in several. It may
/// repeat what others wrote, who are not to steer root's terminal.
fn complain(message: &str) {
    let steers = |character| !matches!(character, '\n' | '\t') && !logging::is_plain(character);
    let message = message.replace(steers, "\u{fffd}");
    // There is nobody left to tell when standard error is gone.
    let _ = writeln!(io::stderr(), "google-to-synology-sso: {message}");
}

#[cfg(test)]
mod tests {
    use std::io;

    use clap::CommandFactory;

    use super::{Arguments, BAD_CONFIG, FAILED, code_of, describe};
    use crate::config::ConfigError;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_config_of_somebody_else_is_not_bad() {
        let check = |errno: nix::errno::Errno, code: u8, hint: &str| {
            let error = ConfigError::Unreadable {
                path: "config.toml".into(),
                source: io::Error::from_raw_os_error(errno as i32),
            };
            assert_eq!(code_of(&error), code);
            assert!(describe(&error).ends_with(hint), "{}", describe(&error));
        };
        check(nix::errno::Errno::EACCES, FAILED, "owner of its directory");
        check(nix::errno::Errno::ENOENT, BAD_CONFIG, "names another place");
        check(nix::errno::Errno::EISDIR, BAD_CONFIG, "(os error 21)");
    }
}
