//! The config: a [`Config`] has only valid values, so its users need no checks.

mod between;
mod changes;
mod claims;
mod file;
mod google_client;
mod keys;
mod lints;
mod reader;
mod redacted;
pub(crate) mod urls;
pub(crate) mod validate;
mod values;

use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
/// The value of `log.level`.
pub use tracing::Level as LogLevel;

pub use changes::Change;
pub(crate) use file::{shared_directory, writable_by_others};
pub use keys::{Alias, Config, Dsm, Google, Keys, Listen, Log, Power, Users};
use reader::Findings;
pub use reader::{Absent, Key};
pub(crate) use redacted::Redacted;
use values::Files;

use domain::model::dsm_settings::{Needed, Scheme};
use domain::model::relying_party::RelyingParty;

/// The value of `power.schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleUse {
    /// `auto`: the schedule of DSM is used.
    Auto,
    /// `off`: the NAS is always on.
    Off,
}

/// The value of `admin.access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminAccess {
    /// `off`: there is no administration page.
    Off,
    /// `local`: for client addresses of this machine and its networks.
    Local,
    /// `anywhere`: for any client address.
    Anywhere,
}

/// The value of `log.format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `text`: lines for people.
    Text,
    /// `json`: one object in each line, for programs.
    Json,
}

/// An error in the config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct Problem {
    /// The key path, such as `clients[0].redirect-uris[1]`, or `config`
    /// for the file as a whole.
    pub key: String,
    /// The key path for a public page, which must not repeat the text of the
    /// file: for an unknown key, its table.
    pub place: String,
    /// What is wrong with the value, and what to do.
    pub message: String,
}

impl Problem {
    fn of_file(message: impl Into<String>) -> Self {
        Self::at("config", message)
    }

    pub(crate) fn at(key: &str, message: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            place: key.to_owned(),
            message: message.into(),
        }
    }
}

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or cannot be read.
    #[error("read the config {}", path.display())]
    Unreadable {
        /// The path of the config.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is not a valid config.
    #[error("invalid config {}:{}", path.display(), in_lines(problems))]
    Bad {
        /// The path of the config.
        path: PathBuf,
        /// All errors in the config, at least one.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// Returns the error as one line, and one more line for each problem.
    pub fn in_lines(&self) -> String {
        match self {
            Self::Unreadable { source, .. } => format!("{self}: {source}"),
            Self::Bad { .. } => self.to_string(),
        }
    }
}

impl Config {
    /// Reads the config in `path` and every file that it names, and reports
    /// all errors in them at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = file::read(path)?;
        let config =
            Self::read(&bytes, directory_of(path)).map_err(|problems| ConfigError::Bad {
                path: path.to_owned(),
                problems,
            })?;
        let file = path.to_owned();
        match between::written_files(path, &config) {
            problems if problems.is_empty() => Ok(Self { file, ..config }),
            problems => Err(ConfigError::Bad {
                path: file,
                problems,
            }),
        }
    }

    /// Returns the control socket of the daemon that runs with the config in
    /// `path`. The rest of the file may be invalid, because the daemon may run
    /// with an earlier version of it.
    pub fn find_control_socket(path: &Path) -> Result<PathBuf, ConfigError> {
        let bytes = file::read(path)?;
        let file: Table = String::from_utf8_lossy(&bytes).parse().unwrap_or_default();
        let written = file
            .get("control")
            .and_then(|control| control.get("socket"));
        let default = default_of("control.socket");
        let socket = written.and_then(Value::as_str).or(default.as_str());
        Ok(directory_of(path).join(socket.unwrap_or_default()))
    }

    /// Returns what DSM needs in its dialogs, as this `client`.
    pub fn needed_by_dsm<'a>(&'a self, client: &'a RelyingParty) -> Needed<'a> {
        Needed {
            issuer: &self.issuer,
            client,
            username_claim: &self.username_claim,
            listener: self.listen.address,
            scheme: match self.listen.tls() {
                Some(_) => Scheme::Https,
                None => Scheme::Http,
            },
        }
    }

    /// Returns the text of the config in `path`, valid or not.
    pub(crate) fn read_text(path: &Path) -> Result<String, ConfigError> {
        let bytes = file::read(path)?;
        String::from_utf8(bytes).map_err(|_| ConfigError::Bad {
            path: path.to_owned(),
            problems: vec![Problem::of_file("is not UTF-8 text")],
        })
    }

    /// Returns what would be wrong with the config in `path` if this was its
    /// text.
    pub(crate) fn problems_of(text: &str, path: &Path) -> Vec<Problem> {
        let read = Self::read(text.as_bytes(), directory_of(path));
        read.err().unwrap_or_default()
    }

    fn read(bytes: &[u8], base: &Path) -> Result<Self, Vec<Problem>> {
        let (config, findings) = read_document(bytes, base);
        let problems = findings.problems.into_inner();
        let config = config.filter(|_| problems.is_empty()).ok_or(problems)?;
        let settings = findings.settings.into_inner();
        Ok(Self { settings, ..config })
    }
}

fn read_document(bytes: &[u8], base: &Path) -> (Option<Config>, Findings) {
    let findings = Findings::default();
    let files = Files { base };
    let config = reader::read_document(bytes, &findings, |file| Config::from_section(file, files));
    (config, findings)
}

/// Returns every key and table of the config, in the order of the file.
pub fn keys() -> Vec<Key> {
    // The tables of a list are only read if there is one.
    let (_, findings) = read_document(b"[[users.alias]]\n[[clients]]", Path::new("."));
    findings.keys.into_inner()
}

/// Returns the default of the key `path`; an empty text if it has none.
fn default_of(path: &str) -> Value {
    let mut keys = keys().into_iter();
    let default = match keys.find(|key| key.path == path).map(|key| key.absent) {
        Some(Absent::Default(default)) => default.parse().ok(),
        Some(Absent::Rejected | Absent::NoValue | Absent::EmptyTable) | None => None,
    };
    default.unwrap_or(Value::String(String::new()))
}

/// The name of the empty file beside the config that asks the daemon to enter
/// the settings in DSM once. `setup` writes it, and the daemon deletes it.
pub(crate) const APPLY_FILE: &str = "apply-dsm-settings";

/// Returns the directory of the config in `path`. [`Path::parent`] of a bare
/// file name is an empty path, and this is `.`.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|directory| !directory.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

pub(crate) fn in_lines(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    lines.collect()
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
