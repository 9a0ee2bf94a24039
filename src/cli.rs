//! The command line: arguments in, exit code out.

mod check;
mod control_client;
mod doctor;
mod dsm_settings;
mod import_dex;
mod input;
mod manual;
mod new_file;
mod owner;
mod package;
mod question;
mod reports;
mod run;
mod setup;
mod table;
mod waiting;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use arguments::{Arguments, Command, Manual, Question};
use clap::{CommandFactory, FromArgMatches};

use crate::config::ConfigError;
use crate::doctor::why_unreadable;
use crate::logging;
use new_file::NewFile;

/// Exit code for a failure.
const FAILED: u8 = 1;

/// Exit code for a usage error; clap uses the same.
const BAD_USAGE: u8 = 2;

/// Exit code if the daemon does not answer: `EX_TEMPFAIL`, try again later.
const NOT_RUNNING: u8 = 75;

/// Exit code for an invalid or missing config: `EX_CONFIG` of sysexits.h, which
/// tells a supervisor that a restart does not help.
const BAD_CONFIG: u8 = 78;

/// Runs the command that the arguments of this process name; returns its exit
/// code.
pub fn main() -> ExitCode {
    let command = Arguments::command().version(env!("CARGO_PKG_VERSION"));
    let matches = command.try_get_matches();
    let arguments = match matches.and_then(|found| Arguments::from_arg_matches(&found)) {
        Ok(arguments) => arguments,
        Err(answer) => return ExitCode::from(print_clap(&answer)),
    };
    let code = run_command(arguments).unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        FAILED
    });
    ExitCode::from(code)
}

fn run_command(arguments: Arguments) -> anyhow::Result<u8> {
    leave_no_core_file();
    // As root, which may read files that the owner of the config may not.
    let inputs = if let Command::ImportDex(options) = &arguments.command {
        import_dex::Inputs::open(options)?
    } else {
        import_dex::Inputs::default()
    };
    let client = if let Command::Setup(options) = &arguments.command {
        setup::google_client(options)?
    } else {
        None
    };
    let file = new_file(&arguments.command)?;
    // Before the first thread is created: each thread has its own user ID.
    // A manual needs no config, so any user may read it.
    if !matches!(arguments.command, Command::Manual(_)) {
        owner::become_owner(&arguments.config)?;
    }
    // Again: a change of the user resets it to what fs.suid_dumpable says.
    leave_no_core_file();
    let config = arguments.config.as_path();
    Ok(match arguments.command {
        Command::Run(options) => run::run(config, &options),
        Command::Check { json } => check::check(config, json),
        Command::Doctor(options) => doctor::doctor(config, &options, file),
        Command::DsmSettings(options) => dsm_settings::dsm_settings(config, &options),
        Command::Setup(options) => {
            setup::setup(config, &options, client.as_ref().map(|it| it.as_str()))
        }
        Command::ImportDex(options) => import_dex::import(config, inputs, options.force),
        Command::Manual(Manual::Completions { shell }) => manual::completions(shell),
        Command::Manual(Manual::Man { directory }) => manual::man(directory.as_deref()),
        Command::Question(question) => question::ask(question, config, file),
    })
}

/// Creates the file that the arguments name for the result.
fn new_file(command: &Command) -> anyhow::Result<Option<NewFile>> {
    let (path, what) = if let Command::Doctor(options) = command {
        (options.report.as_deref(), "report")
    } else if let Command::Question(Question::Status { svg, .. }) = command {
        let path = svg.as_deref();
        (path.filter(|path| *path != Path::new("-")), "picture")
    } else {
        (None, "")
    };
    path.map(|path| NewFile::create(path, what)).transpose()
}

/// Passwords and keys will be in memory and must not be written to a core
/// file. This cannot fail on Linux.
fn leave_no_core_file() {
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Prints clap's error, or the help or version that was asked for; returns the
/// exit code.
fn print_clap(answer: &clap::Error) -> u8 {
    // A closed terminal cannot show an error either.
    let _ = answer.print();
    if answer.use_stderr() { BAD_USAGE } else { 0 }
}

/// Prints why the config cannot be used; returns the exit code.
fn complain_of_config(error: &ConfigError) -> u8 {
    complain(&describe(error));
    code_of(error)
}

/// Returns the error message, with one line for each problem.
fn describe(error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable { path, source } => {
            format!("cannot read the config {}", why_unreadable(path, source))
        }
        ConfigError::Bad { .. } => error.in_lines(),
    }
}

fn code_of(error: &ConfigError) -> u8 {
    match error {
        // The config may be valid, but this user must not read it, or others
        // can.
        ConfigError::Unreadable { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            FAILED
        }
        ConfigError::Unreadable { .. } | ConfigError::Bad { .. } => BAD_CONFIG,
    }
}

/// Writes a result to standard output; returns `code`, or [`FAILED`] if it
/// cannot be written. A closed pipe, as by `head`, is not an error.
fn print_result(text: &str, code: u8) -> u8 {
    let mut output = io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    match written {
        Ok(()) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code,
        Err(error) => {
            complain(&format!("cannot write the result: {error}"));
            FAILED
        }
    }
}

/// Returns `json` as a line without terminal control characters.
fn json_line(json: &str) -> String {
    format!("{}\n", logging::in_plain_characters(json))
}

/// Writes a message to standard error. It may contain text from others, so
/// terminal control characters are replaced.
fn complain(message: &str) {
    let steers = |character| !matches!(character, '\n' | '\t') && !logging::is_plain(character);
    let message = message.replace(steers, "\u{fffd}");
    // There is no other place to report a closed standard error.
    let _ = writeln!(io::stderr(), "{}: {message}", arguments::NAME);
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{BAD_CONFIG, FAILED, code_of, describe};
    use crate::config::ConfigError;

    #[test]
    fn a_config_of_another_user_is_not_invalid() {
        let check = |errno: nix::errno::Errno, code: u8, hint: &str| {
            let error = ConfigError::Unreadable {
                path: "config.toml".into(),
                source: io::Error::from_raw_os_error(errno as i32),
            };
            assert_eq!(code_of(&error), code);
            assert!(describe(&error).ends_with(hint), "{}", describe(&error));
        };
        check(nix::errno::Errno::EACCES, FAILED, "owner of its directory");
        check(nix::errno::Errno::ENOENT, BAD_CONFIG, "with --config");
        check(nix::errno::Errno::EISDIR, BAD_CONFIG, "(os error 21)");
    }
}
