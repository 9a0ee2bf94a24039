//! Why DSM's users could not be read, and what is to be done about it.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::path::PathBuf;

use hyper::StatusCode;
use rustls::InvalidMessage;
use tokio::task::JoinError;

use super::code::Code;
use super::wire::MAX_ROWS;
use super::{Call, DsmSettings, MAX_PAGES, url_advice};
use crate::clients::http_client::HttpClientError;
use crate::machine::secret_file::SecretFileError;
use domain::model::power::Unreadable;

/// What a caller does after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Ask again soon, with back-off: it passes by itself.
    Retry,
    /// Let nothing sign in for 15 minutes and more: DSM's Auto Block counts
    /// refused sign-ins, and would lock out this machine.
    PauseSignIns,
    /// It needs a person; until then the normal schedule will do.
    Report,
}

/// Why there is no user list, or no power schedule. Each text is for the
/// administrator, and none holds a password, a session or a token.
#[derive(Debug, thiserror::Error)]
pub enum DsmError {
    /// The password cannot be read, so nothing was sent.
    #[error("cannot read the file that dsm.password-file names, {}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SecretFileError,
    },
    /// The device token cannot be read, so nothing was sent: without it DSM
    /// would refuse the sign-in and count it. The file is not named: it need
    /// not be there yet, and may be the token itself, in the place of its file.
    #[error(
        "cannot read the file that dsm.device-token-file names; run sudo -u \
         google-to-synology-sso google-to-synology-sso setup --otp to have it made"
    )]
    DeviceTokenFile(#[source] SecretFileError),
    /// DSM answered `success: false`.
    #[error("cannot {call}: {code}")]
    Refused {
        /// What was asked.
        call: Call,
        /// What DSM answered.
        code: Code,
    },
    /// No connection, or it broke.
    #[error("cannot {call}: no connection; is DSM up, and is dsm.url its address?")]
    Unreachable {
        /// What was asked.
        call: Call,
        /// Why.
        source: HttpClientError,
    },
    /// DSM's certificate is not one that this machine trusts.
    #[error(
        "cannot {call}: DSM's certificate is not valid for dsm.url; with a loopback address set \
         dsm.accept-invalid-certificate = true, else use the name in the certificate"
    )]
    Certificate {
        /// What was asked.
        call: Call,
        /// Why.
        source: HttpClientError,
    },
    /// DSM did not answer in time.
    #[error("cannot {call}: DSM takes longer than dsm.timeout; it may be starting or busy")]
    Timeout {
        /// What was asked.
        call: Call,
        /// After how long.
        source: HttpClientError,
    },
    /// The answer is larger than any list of users.
    #[error("cannot {call}: the answer is too large to come from DSM; is dsm.url DSM's address?")]
    TooLarge {
        /// What was asked.
        call: Call,
        /// By which measure.
        source: HttpClientError,
    },
    /// DSM wants us to go elsewhere, but the password is for `dsm.url` alone.
    #[error("cannot {call}: {advice}")]
    Redirect {
        /// What was asked.
        call: Call,
        /// What to set.
        advice: String,
    },
    /// The port is for https and `dsm.url` has http, or the reverse.
    #[error("cannot {call}: {advice}")]
    OtherScheme {
        /// What was asked.
        call: Call,
        /// What to set.
        advice: String,
        /// What shows it, unless it is a response with status 400.
        source: Option<HttpClientError>,
    },
    /// The request could not even be built or begun.
    #[error("cannot {call}: dsm.url, or this machine's TLS, does not allow a request")]
    Impossible {
        /// What was asked.
        call: Call,
        /// Why.
        source: HttpClientError,
    },
    /// An HTTP status other than 200, which DSM's web API always has.
    #[error(
        "cannot {call}: HTTP status {}, where DSM always answers 200; it may be starting, or \
         dsm.url is not DSM's address",
        status.as_u16()
    )]
    Status {
        /// What was asked.
        call: Call,
        /// What came.
        status: StatusCode,
    },
    /// A web page where JSON should be.
    #[error(
        "cannot {call}: a web page came instead of JSON; DSM may be starting, or dsm.url is not \
         its address"
    )]
    WebPage {
        /// What was asked.
        call: Call,
    },
    /// JSON that is cut or damaged.
    #[error("cannot {call}: the answer is cut off or no JSON; it is asked again")]
    NotJson {
        /// What was asked.
        call: Call,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// JSON in which a value is missing or of another type.
    #[error("cannot {call}: the answer has another shape than DSM 7's; please report this")]
    Misshapen {
        /// What was asked.
        call: Call,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// We stopped, or have a bug, while we read the answer.
    #[error("cannot {call}: the answer was not read to its end")]
    Abandoned {
        /// What was asked.
        call: Call,
        /// Why.
        source: JoinError,
    },
    /// All was read, but it is no power schedule.
    #[error("cannot {call}: the answer has another shape than DSM 7's; please report this")]
    NoSchedule {
        /// What was asked.
        call: Call,
        /// Why.
        source: Unreadable,
    },
    /// All was read, but it cannot be the list of this NAS's users.
    #[error("DSM's list is not used: {0}")]
    List(#[from] ListRefusal),
}

/// Why a list is refused whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListRefusal {
    /// A DSM without users does not exist.
    #[error("it is empty")]
    Empty,
    /// Rows are missing.
    #[error("it should have {total} rows and has {rows}")]
    Short {
        /// How many came.
        rows: usize,
        /// How many there should be.
        total: usize,
    },
    /// More rows than any NAS has users, or so many parts.
    #[error(
        "{rows} rows of {total} came, and a list of more than {MAX_ROWS} rows or {MAX_PAGES} parts \
         is rejected"
    )]
    Endless {
        /// How many came.
        rows: usize,
        /// How many there should be.
        total: usize,
    },
    /// A row is nobody's.
    #[error("a row has no name")]
    Nameless,
    /// Nobody can tell which row counts.
    #[error("two rows have the name {0:?}")]
    Twins(String),
}

impl DsmError {
    /// What the caller is to do.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Refused { call, code } => code.reaction(*call),
            // All that a DSM may do while it starts.
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Status { .. }
            | Self::WebPage { .. }
            | Self::NotJson { .. }
            | Self::Abandoned { .. }
            | Self::List(ListRefusal::Empty | ListRefusal::Short { .. }) => Reaction::Retry,
            Self::PasswordFile { .. }
            | Self::DeviceTokenFile(_)
            | Self::Certificate { .. }
            | Self::TooLarge { .. }
            | Self::Redirect { .. }
            | Self::OtherScheme { .. }
            | Self::Impossible { .. }
            | Self::Misshapen { .. }
            | Self::NoSchedule { .. }
            | Self::List(
                ListRefusal::Endless { .. } | ListRefusal::Nameless | ListRefusal::Twins(_),
            ) => Reaction::Report,
        }
    }

    /// Whether a new session may get another answer.
    pub(super) fn is_about_the_session(&self) -> bool {
        matches!(self, Self::Refused { call, code } if code.is_about_the_session(*call))
    }

    pub(super) fn from_http(call: Call, settings: &DsmSettings, source: HttpClientError) -> Self {
        match source {
            HttpClientError::Redirect { location } => Self::Redirect {
                call,
                advice: url_advice::on_redirect(settings, &location),
            },
            HttpClientError::Timeout(_) => Self::Timeout { call, source },
            HttpClientError::TooLarge(_) => Self::TooLarge { call, source },
            HttpClientError::BadRequest(_) | HttpClientError::Tls(_) => {
                Self::Impossible { call, source }
            }
            HttpClientError::Connection(_) if is_about_a_certificate(&source) => {
                Self::Certificate { call, source }
            }
            HttpClientError::Connection(_) if is_about_the_scheme(&source) => Self::OtherScheme {
                call,
                advice: url_advice::on_other_scheme(settings),
                source: Some(source),
            },
            HttpClientError::Connection(_) => Self::Unreachable { call, source },
        }
    }

    pub(super) fn from_json(call: Call, source: serde_json::Error) -> Self {
        if !source.is_data() {
            return Self::NotJson { call, source };
        }
        // serde_json quotes the value that it did not expect, which in the
        // answer to a sign-in may be the session itself: tell the place only.
        let source = match call {
            Call::SignIn => serde::de::Error::custom(format_args!(
                "a value of another type at line {} column {}",
                source.line(),
                source.column()
            )),
            Call::ListUsers
            | Call::ListAdministrators
            | Call::LoadPowerSchedule
            | Call::SignOut => source,
        };
        Self::Misshapen { call, source }
    }
}

/// Looks for rustls at the bottom of the chain.
fn is_about_a_certificate(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        let tls = error.downcast_ref::<rustls::Error>();
        matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
    })
}

/// Looks for TLS that got something else in return, as from a port for plain
/// HTTP, and for HTTP that did, as from a port for TLS.
fn is_about_the_scheme(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        let tls = error.downcast_ref::<rustls::Error>();
        let http = error.downcast_ref::<hyper::Error>();
        let not_tls = InvalidMessage::InvalidContentType;
        matches!(tls, Some(rustls::Error::InvalidMessage(message)) if *message == not_tls)
            || http.is_some_and(hyper::Error::is_parse)
    })
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| cause_of(error))
}

/// An error of I/O names as its source the source of what it carries, and so
/// skips rustls, which hyper hands over in two of them.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let Some(error) = error.downcast_ref::<io::Error>() else {
        return error.source();
    };
    error.get_ref().map(|carried| carried as _)
}
