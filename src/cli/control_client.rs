//! Asks the daemon, over its control socket, and shows the answer.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::package;
use super::table::{Paint, Reader};
use super::{
    BAD_CONFIG, FAILED, NOT_RUNNING, code_of, complain, describe, json_line, local_zone,
    print_result,
};
use crate::config::Config;
use crate::daemon::control::wire::{Answer, Reason, Refused, Request};
use crate::machine::clock::SystemClock;
use domain::base::clock::Clock;

/// A reload waits 15 s for DSM; whoever has waited for so long gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// For whom an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A person.
    Table,
    /// A program.
    Json,
}

impl Form {
    /// By `--json`.
    pub(super) fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Table }
    }
}

/// A report that a person can read.
pub(super) trait Report: Serialize + DeserializeOwned {
    /// For a terminal; ends with a line feed.
    fn to_table(&self, reader: &Reader) -> String;
}

/// Sends `request` to the daemon of the config at `path` and prints its
/// report; the code to exit with.
pub(super) fn show<R: Report>(path: &Path, request: &Request, form: Form) -> u8 {
    let report = find_socket(path).and_then(|socket| {
        let report = ask::<R>(&socket, request)?;
        Ok(written(&report, form))
    });
    match report {
        Ok(text) => print_result(&text, 0),
        Err(unanswered) => unanswered.complain(),
    }
}

/// Returns the report on `first` and below it, in a table, the one on
/// `second`. JSON has the first one only.
pub(super) fn both<R: Report, S: Report>(
    path: &Path,
    first: &Request,
    second: &Request,
    form: Form,
) -> Result<String, Unanswered> {
    let socket = find_socket(path)?;
    let text = written(&ask::<R>(&socket, first)?, form);
    if form == Form::Json {
        return Ok(text);
    }
    // The daemon has just answered; what is below is not worth an error.
    let below = ask::<S>(&socket, second);
    Ok(text + &below.map_or_else(|_| String::new(), |below| written(&below, form)))
}

/// Why there is no report, and the code to exit with.
#[derive(Debug)]
pub(super) struct Unanswered {
    message: String,
    code: u8,
}

impl Unanswered {
    /// Prints the reason; the code to exit with.
    pub(super) fn complain(&self) -> u8 {
        complain(&self.message);
        self.code
    }

    /// Whether a daemon that waits for a config may be the reason.
    pub(super) fn may_wait(&self) -> bool {
        matches!(self.code, NOT_RUNNING | BAD_CONFIG)
    }
}

impl From<AskError> for Unanswered {
    fn from(error: AskError) -> Self {
        Self {
            message: error.to_string(),
            code: error.code(),
        }
    }
}

fn find_socket(path: &Path) -> Result<PathBuf, Unanswered> {
    Config::find_control_socket(path).map_err(|error| Unanswered {
        message: describe(&error),
        code: code_of(&error),
    })
}

fn written<R: Report>(report: &R, form: Form) -> String {
    match form {
        // Nothing of a report can fail to be written: no map, no float.
        Form::Json => json_line(&serde_json::to_string(report).unwrap_or_default()),
        Form::Table => report.to_table(&Reader {
            now: SystemClock::new().now(),
            zone: local_zone().zone,
            paint: paint(),
        }),
    }
}

/// no-color.org: set, and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "clap has no way to read a bare mark"
)]
fn paint() -> Paint {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !no_color {
        Paint::Colours
    } else {
        Paint::Plain
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(
        "the daemon to ask is not running: nobody answers at {} (after a change of \
         control.socket it has to be started again)",
        .0.display()
    )]
    NotRunning(PathBuf),
    #[error(
        "ask the daemon at {}: {source}; run this as the user that runs the daemon, such as: {} …",
        path.display(),
        package::PROGRAM
    )]
    Denied { path: PathBuf, source: io::Error },
    #[error("ask the daemon at {}: {source}", path.display())]
    Broken { path: PathBuf, source: io::Error },
    #[error("the daemon's answer cannot be read, so it is of another version: restart it ({0})")]
    Form(#[source] serde_json::Error),
    #[error("{}", .0.message)]
    Refused(Refused),
}

impl AskError {
    fn code(&self) -> u8 {
        match self {
            Self::NotRunning(_) => NOT_RUNNING,
            Self::Denied { .. } | Self::Broken { .. } | Self::Form(_) => FAILED,
            Self::Refused(refused) => match refused.reason {
                Reason::Failed => FAILED,
                Reason::BadConfig => BAD_CONFIG,
            },
        }
    }

    fn connecting(path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        let path = path.to_owned();
        let is = |kinds: &[io::ErrorKind]| kinds.contains(&source.kind());
        if is(&[NotFound, ConnectionRefused]) {
            return Self::NotRunning(path);
        }
        if is(&[PermissionDenied]) {
            return Self::Denied { path, source };
        }
        Self::Broken { path, source }
    }
}

fn ask<R: DeserializeOwned>(path: &Path, request: &Request) -> Result<R, AskError> {
    let stream = UnixStream::connect(path).map_err(|error| AskError::connecting(path, error))?;
    let line = exchange(stream, request).map_err(|source| AskError::Broken {
        path: path.to_owned(),
        source,
    })?;
    match serde_json::from_slice(&line).map_err(AskError::Form)? {
        Answer::Report(report) => Ok(report),
        Answer::Refused(refused) => Err(AskError::Refused(refused)),
    }
}

fn exchange(mut stream: UnixStream, request: &Request) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = Vec::new();
    BufReader::new(stream).read_until(b'\n', &mut answer)?;
    if answer.is_empty() {
        let why = "it hung up without an answer";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
    }
    Ok(answer)
}
