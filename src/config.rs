//! The config: only good values. Whoever holds a [`Config`] need not check it
//! again.

mod between;
mod changes;
mod claims;
mod file;
mod google_client;
mod lints;
mod reader;
mod schema;
pub(crate) mod urls;
pub(crate) mod validate;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

use ipnet::IpNet;

use crate::machine::tls::TlsFiles;
pub use changes::{Change, Counts, Difference};
use domain::base::address::CanonicalAddress;
use domain::base::ids::GoogleIssuer;
use domain::base::issuer::Issuer;
use domain::base::secret::Secret;
use domain::model::relying_party::RelyingParty;
use domain::signin::directory::AdministratorPolicy;
pub(crate) use file::{shared_directory, writable_by_others};
use reader::Problems;
use values::Files;

/// The whole config file, with every default filled in and every path
/// resolved against the file's directory.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file itself, which a reload reads again.
    pub file: PathBuf,
    /// `issuer`: the public URL of this service. It may have a path, such as
    /// `/dex`, and no query; http only for a loopback host.
    pub issuer: Issuer,
    /// `username-claim`: the claim that tells DSM the user's name; the name
    /// is also sent as `preferred_username`. No other registered claim. Default
    /// `username`.
    pub username_claim: String,
    /// `[listen]`
    pub listen: Listen,
    /// `[google]`
    pub google: Google,
    /// `[dsm]`
    pub dsm: Dsm,
    /// `[power]`
    pub power: Power,
    /// `[users]`
    pub users: Users,
    /// `[[clients]]`: who may ask for logins; one at least.
    pub clients: Vec<RelyingParty>,
    /// `[keys]`
    pub keys: Keys,
    /// `storage.path`: the state. Its directory has to exist. Default
    /// `state.sqlite3`, beside the config.
    pub storage: PathBuf,
    /// `[log]`
    pub log: Log,
    /// `control.socket`: where the commands ask the daemon. Made with mode
    /// 0600; its directory has to exist. Default `control.sock`, beside the
    /// config.
    pub control_socket: PathBuf,
}

/// `[listen]`: where we serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// `address`: IP address and port. Default `127.0.0.1:5556`.
    pub address: SocketAddr,
    /// `trusted-proxies`: whose `X-Forwarded-For` is believed, and for
    /// nothing but rate limits and logs. `/0` causes a warning: any client
    /// could then write its own address. Default this machine.
    pub trusted_proxies: Vec<IpNet>,
    /// `tls-certificate`, `tls-private-key`: serve HTTPS directly; both or
    /// neither. Read again when they change. `check` and the log warn of a
    /// certificate that clients reject: an incomplete chain, expired, not
    /// valid yet, or for another host than the issuer's.
    pub tls: Option<TlsFiles>,
}

/// `[google]`: the provider that vouches for people.
#[derive(Clone, Debug)]
pub struct Google {
    /// `client-id`: from the Google console.
    pub client_id: String,
    /// `client-secret-file`: what the file holds is the secret that Google
    /// gave with it.
    pub client_secret: Secret<String>,
    /// `issuer`: any OpenID provider; http only for a loopback host. Default
    /// `https://accounts.google.com`.
    pub issuer: GoogleIssuer,
    /// `prompt`: what Google asks when DSM does not say; `""` leaves it out.
    /// Default `select_account`.
    pub prompt: Option<String>,
    /// `authoritative-addresses-only`: let somebody in by address only where
    /// Google itself runs the mailbox: gmail.com, googlemail.com, or a
    /// Workspace domain (the `hd` claim). Default `false`.
    pub authoritative_addresses_only: bool,
    /// `hosted-domains`: let in only accounts of these Workspace domains (the
    /// `hd` claim), in any case. Without it, any account.
    pub hosted_domains: Option<Vec<String>>,
}

/// `[dsm]`: the NAS whose users sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dsm {
    /// `url`: DSM's own address, without a path; https unless loopback. A
    /// final slash is dropped.
    pub url: String,
    /// `account`: an administrator that reads the user list.
    pub account: String,
    /// `password-file`: the account's password. Read at each sign-in, so that
    /// a new password needs no restart.
    pub password_file: PathBuf,
    /// `refresh`: how often the users are read; one minute at least. Default
    /// `1h`.
    pub refresh: Duration,
    /// `timeout`: how long DSM may take for one answer. Default `30s`.
    pub timeout: Duration,
    /// `max-age`: older than this, the cached users are not trusted. Default
    /// `7d`.
    pub max_age: Duration,
    /// `accept-invalid-certificate`: for a DSM on https at a loopback
    /// address, whose certificate names the public host. Default `false`.
    pub accept_invalid_certificate: bool,
    /// `device-token-file`: for an account with 2-factor sign-in, what
    /// `setup --otp` got from DSM. Read at each sign-in.
    pub device_token_file: Option<PathBuf>,
}

/// `[power]`: when the NAS is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// `schedule`: `auto` heeds DSM's power schedule; `off`: the NAS is always
    /// on. Default `auto`.
    pub schedule: ScheduleUse,
    /// `file`: where DSM keeps the schedule. Without leave to read it, DSM's
    /// web API is asked. Default `/etc/power_sched.conf`.
    pub file: PathBuf,
    /// `refresh-before-power-off`: so long before each power-off the users are
    /// read once more; a day at most. Default `10m`.
    pub refresh_before_power_off: Duration,
}

/// The value of `power.schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleUse {
    /// `auto`
    Auto,
    /// `off`
    Off,
}

/// `[keys]`: the keys that sign tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// `rotate-after`: how long a key signs before the next one does, four
    /// days at least, or `never`. Default `90d`.
    pub rotate_after: Option<Duration>,
}

/// `[users]`: who may sign in, beyond what DSM says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    /// `administrators`: whether DSM's administrators may: `allow`, `alias`
    /// (only by an alias) or `refuse`. Default `allow`.
    pub administrators: AdministratorPolicy,
    /// `deny`: DSM users as whom nobody signs in, in any case; `admin`,
    /// `guest` and `root` never do. Default none.
    pub deny: Vec<String>,
    /// `alias`: Google addresses that sign in as a DSM user who has another
    /// address, or none; of two aliases for one address, the second is
    /// refused.
    pub aliases: Vec<Alias>,
}

/// `[[users.alias]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// `google`: the Google address; for gmail.com, dots and `+tag` do not
    /// count.
    pub google: CanonicalAddress,
    /// `dsm`: the DSM user, in any case.
    pub dsm: String,
}

/// `[log]`: what is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `level`: the least important message that is logged. Default `info`.
    pub level: LogLevel,
    /// `format`: lines for people or for programs. Default `text`.
    pub format: LogFormat,
    /// `file`: a log of our own, with mode 0600: up to 1 MiB, and five older
    /// ones beside it, `.1` to `.5`. Without it, standard error.
    pub file: Option<PathBuf>,
}

/// The value of `log.level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `error`
    Error,
    /// `warn`
    Warn,
    /// `info`
    Info,
    /// `debug`
    Debug,
    /// `trace`
    Trace,
}

/// The value of `log.format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `text`
    Text,
    /// `json`
    Json,
}

/// One thing that is wrong with the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a key path such as `clients[0].redirect-uris[1]`, or `config`
    /// for the file as a whole.
    pub key: String,
    /// The same in our own names alone, for a page that anybody may read: of
    /// a key that we do not know, the table that it is in.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    /// About the file as a whole.
    fn of_file(message: impl Into<String>) -> Self {
        Self {
            key: "config".to_owned(),
            place: "config".to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or cannot be read.
    #[error("read the config {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is there and not good; every problem of it.
    #[error("the config {} is not good: {}", path.display(), in_one_line(problems))]
    Bad {
        /// The file.
        path: PathBuf,
        /// One at least.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// For a person: one line, and one more for each problem.
    pub fn in_lines(&self) -> String {
        match self {
            Self::Unreadable { source, .. } => format!("{self}: {source}"),
            Self::Bad { path, problems } => {
                let lines = problems.iter().map(|problem| format!("\n  {problem}"));
                let lines: String = lines.collect();
                format!("the config {} is not good:{lines}", path.display())
            }
        }
    }
}

impl Config {
    /// Reads the config in `path` and every file that it names, and reports
    /// all that is wrong with them at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = file::read(path)?;
        let config =
            Self::read(&bytes, directory_of(path)).map_err(|problems| ConfigError::Bad {
                path: path.to_owned(),
                problems,
            })?;
        let file = path.to_owned();
        Ok(Self { file, ..config })
    }

    /// Where the daemon that serves by the config in `path` is asked, however
    /// good the rest of the file is: the daemon may run with an earlier one.
    pub fn find_control_socket(path: &Path) -> Result<PathBuf, ConfigError> {
        let bytes = file::read(path)?;
        let base = directory_of(path);
        Ok(schema::find_control_socket(&bytes, base))
    }

    /// Returns the text of the config in `path`, whatever it says.
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
        let problems = Problems::default();
        let files = Files { base };
        let config = reader::read_document(bytes, &problems, |file| schema::read(file, files));
        let problems = problems.into_vec();
        config.filter(|_| problems.is_empty()).ok_or(problems)
    }
}

/// Where the config in `path` is, and what it names. For a bare file name,
/// Rust says that the directory is an empty path.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|directory| !directory.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn in_one_line(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("; ")
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
