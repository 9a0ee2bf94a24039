//! The client of the control socket.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::package;
use super::table::{Paint, Reader};
use super::{
    BAD_CONFIG, BAD_USAGE, FAILED, NOT_RUNNING, code_of, complain, describe, json_line,
    print_result,
};
use crate::config::Config;
use crate::control::{Answer, MAX_REQUEST_BYTES, Reason, Refused, Request};
use crate::machine::clock::SystemClock;
use crate::machine::time_zone;
use domain::base::clock::Clock;

/// The time-out of a request. A reload may wait 15 s for DSM, and a change of
/// its settings 55 s.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The output format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Json,
}

impl Form {
    pub(super) fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Table }
    }
}

/// A report of the daemon, printed as JSON or as a table.
pub(super) trait Report: Serialize + DeserializeOwned {
    /// Returns text for a terminal, ending with a line feed.
    fn to_table(&self, reader: &Reader) -> String;
}

/// Sends `request` to the daemon of the config at `path` and prints its report;
/// returns the exit code.
pub(super) fn show<R: Report>(path: &Path, request: &Request, form: Form) -> u8 {
    let report = find_socket(path).and_then(|socket| {
        let report = ask::<R>(&socket, request, PATIENCE)?;
        Ok(written(&report, form))
    });
    match report {
        Ok(text) => print_result(&text, 0),
        Err(unanswered) => unanswered.complain(),
    }
}

/// Returns the report for `first`, followed in a table by the one for `second`.
pub(super) fn both<R: Report, S: Report>(
    path: &Path,
    first: &Request,
    second: &Request,
    form: Form,
) -> Result<String, Unanswered> {
    let socket = find_socket(path)?;
    let text = written(&ask::<R>(&socket, first, PATIENCE)?, form);
    if form == Form::Json {
        return Ok(text);
    }
    // An error here must not hide the first report.
    let below = ask::<S>(&socket, second, PATIENCE);
    Ok(text + &below.map_or_else(|_| String::new(), |below| written(&below, form)))
}

/// An error message and the exit code.
#[derive(Debug)]
pub(super) struct Unanswered {
    message: String,
    code: u8,
}

impl Unanswered {
    /// Prints the message; returns the exit code.
    pub(super) fn complain(&self) -> u8 {
        complain(&self.message);
        self.code
    }

    /// Returns the message.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Returns whether the daemon may be waiting for a valid config.
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

/// Sends `request` to the daemon that listens on `socket`; returns its report.
pub(super) fn report<R: DeserializeOwned>(
    socket: &Path,
    request: &Request,
    patience: Duration,
) -> Result<R, Unanswered> {
    Ok(ask(socket, request, patience)?)
}

/// Sends `request` to the daemon of the config at `path`; returns its report.
pub(super) fn ask_daemon_of<R: DeserializeOwned>(
    path: &Path,
    request: &Request,
    patience: Duration,
) -> Result<R, Unanswered> {
    report(&find_socket(path)?, request, patience)
}

fn find_socket(path: &Path) -> Result<PathBuf, Unanswered> {
    Config::find_control_socket(path).map_err(|error| Unanswered {
        message: describe(&error),
        code: code_of(&error),
    })
}

fn written<R: Report>(report: &R, form: Form) -> String {
    match form {
        // Cannot fail: a report has no map with other keys than strings.
        Form::Json => json_line(&serde_json::to_string(report).unwrap_or_default()),
        Form::Table => report.to_table(&reader()),
    }
}

/// Returns the time, the time zone and the colours of this terminal.
pub(super) fn reader() -> Reader {
    Reader {
        now: SystemClock::new().now(),
        zone: time_zone::local().zone,
        paint: paint(),
    }
}

/// Colours are for terminals, unless `NO_COLOR` is set and not empty
/// (no-color.org).
#[expect(
    clippy::disallowed_methods,
    reason = "clap cannot read a variable without an option"
)]
fn paint() -> Paint {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !no_color {
        Paint::Colours
    } else {
        Paint::Plain
    }
}

#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("the argument is too long: the daemon reads {MAX_REQUEST_BYTES} bytes at most")]
    TooLong,
    #[error(
        "the daemon is not running: no answer at {} (after a change of control.socket, restart \
         the daemon)",
        .0.display()
    )]
    NotRunning(PathBuf),
    #[error(
        "cannot ask the daemon at {}: {source}; run this as the daemon's user, such as: {} …",
        path.display(),
        package::PROGRAM
    )]
    Denied { path: PathBuf, source: io::Error },
    #[error("cannot ask the daemon at {}: {source}", path.display())]
    Broken { path: PathBuf, source: io::Error },
    #[error(
        "cannot read the daemon's answer, because its version differs; restart the daemon ({0})"
    )]
    Form(#[source] serde_json::Error),
    #[error("{}", .0.message)]
    Refused(Refused),
}

impl AskError {
    fn code(&self) -> u8 {
        match self {
            Self::TooLong => BAD_USAGE,
            Self::NotRunning(_) => NOT_RUNNING,
            Self::Denied { .. } | Self::Broken { .. } | Self::Form(_) => FAILED,
            Self::Refused(refused) => match refused.reason {
                Reason::Failed | Reason::Changed => FAILED,
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

fn ask<R: DeserializeOwned>(
    path: &Path,
    request: &Request,
    patience: Duration,
) -> Result<R, AskError> {
    // Cannot fail: a request has no map with other keys than strings.
    let mut question = serde_json::to_vec(request).unwrap_or_default();
    question.push(b'\n');
    if question.len() > MAX_REQUEST_BYTES {
        return Err(AskError::TooLong);
    }
    let stream = UnixStream::connect(path).map_err(|error| AskError::connecting(path, error))?;
    let line = exchange(stream, &question, patience).map_err(|source| AskError::Broken {
        path: path.to_owned(),
        source,
    })?;
    match serde_json::from_slice(&line).map_err(AskError::Form)? {
        Answer::Report(report) => Ok(report),
        Answer::Refused(refused) => Err(AskError::Refused(refused)),
    }
}

fn exchange(mut stream: UnixStream, question: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(question)?;
    let mut answer = Vec::new();
    BufReader::new(stream).read_until(b'\n', &mut answer)?;
    if answer.is_empty() {
        let why = "it closed the connection without an answer";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
    }
    Ok(answer)
}
