//! Why a request to DSM failed, and what to do about it.

use std::error::Error;
use std::path::PathBuf;

use hyper::StatusCode;
use rustls::InvalidMessage;
use tokio::task::JoinError;

use super::code::{Code, Reaction};
use super::{Call, DsmSettings, MAX_PAGES, MAX_ROWS, url_advice};
use crate::clients::http_client::{HttpClientError, causes};
use crate::machine::secret_file::SecretFileError;
use domain::model::power::Unreadable;

/// Longer than any value that explains an unexpected type.
const LONGEST_QUOTE: usize = 300;

/// Why DSM was not read. The texts are for the administrator, and do not have
/// a password, a session or a token.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum DsmError {
    #[error("cannot read the file that dsm.password-file names, {}", path.display())]
    PasswordFile {
        path: PathBuf,
        source: SecretFileError,
    },
    // Does not show the path: it may be the token itself, in the wrong place.
    #[error(
        "cannot read the file that dsm.device-token-file names; run sudo -u \
         google-to-synology-sso google-to-synology-sso setup --otp to have it made"
    )]
    DeviceTokenFile(#[source] SecretFileError),
    #[error("cannot {call}: {code}")]
    Refused { call: Call, code: Code },
    #[error("cannot {call}: no connection; is DSM up, and is dsm.url its address?")]
    Unreachable { call: Call, source: HttpClientError },
    #[error(
        "cannot {call}: DSM's certificate is not valid for dsm.url; with a loopback address set \
         dsm.accept-invalid-certificate = true, else use the name in the certificate"
    )]
    Certificate { call: Call, source: HttpClientError },
    #[error("cannot {call}: DSM takes longer than dsm.timeout; it may be starting or busy")]
    Timeout { call: Call, source: HttpClientError },
    #[error("cannot {call}: DSM did not answer in time; it may be starting or busy")]
    TooSlow { call: Call },
    #[error("cannot {call}: the answer is too large to come from DSM; is dsm.url DSM's address?")]
    TooLarge { call: Call, source: HttpClientError },
    #[error("cannot {call}: {advice}")]
    Redirect { call: Call, advice: String },
    #[error("cannot {call}: {advice}")]
    OtherScheme {
        call: Call,
        advice: String,
        source: Option<HttpClientError>,
    },
    #[error("cannot {call}: dsm.url, or this machine's TLS, does not allow a request")]
    Impossible { call: Call, source: HttpClientError },
    #[error(
        "cannot {call}: HTTP status {}, where DSM always answers 200; it may be starting, or \
         dsm.url is not DSM's address",
        status.as_u16()
    )]
    Status { call: Call, status: StatusCode },
    #[error(
        "cannot {call}: a web page came instead of JSON; DSM may be starting, or dsm.url is not \
         its address"
    )]
    WebPage { call: Call },
    #[error("cannot {call}: the answer is cut off or not JSON; it is asked again")]
    NotJson {
        call: Call,
        source: serde_json::Error,
    },
    #[error("cannot {call}: the answer has another shape than DSM 7's; please report this")]
    Misshapen {
        call: Call,
        source: serde_json::Error,
    },
    #[error("cannot {call}: the answer was not read to its end")]
    Abandoned { call: Call, source: JoinError },
    #[error("cannot {call}: the answer has another shape than DSM 7's; please report this")]
    NoSchedule { call: Call, source: Unreadable },
    #[error("DSM's list is not used: {0}")]
    List(#[from] ListRefusal),
}

/// Why a list is rejected completely.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum ListRefusal {
    #[error("it is empty")]
    Empty,
    #[error("it should have {total} rows and has {rows}")]
    Short { rows: usize, total: usize },
    #[error(
        "{rows} rows of {total} came, and a list of more than {MAX_ROWS} rows or {MAX_PAGES} parts \
         is rejected"
    )]
    Endless { rows: usize, total: usize },
    #[error("a row has no name")]
    Nameless,
    #[error("two rows have the name {0:?}")]
    Twins(String),
}

impl DsmError {
    /// Returns what the caller should do.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Refused { code, .. } => code.reaction(),
            // All that may happen while DSM starts.
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::TooSlow { .. }
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

    /// Returns the call that failed; `None` if no request was sent, or its
    /// answer was understood and is not used.
    pub fn call(&self) -> Option<Call> {
        match self {
            Self::PasswordFile { .. } | Self::DeviceTokenFile(_) | Self::List(_) => None,
            Self::Refused { call, .. }
            | Self::Unreachable { call, .. }
            | Self::Certificate { call, .. }
            | Self::Timeout { call, .. }
            | Self::TooSlow { call }
            | Self::TooLarge { call, .. }
            | Self::Redirect { call, .. }
            | Self::OtherScheme { call, .. }
            | Self::Impossible { call, .. }
            | Self::Status { call, .. }
            | Self::WebPage { call }
            | Self::NotJson { call, .. }
            | Self::Misshapen { call, .. }
            | Self::Abandoned { call, .. }
            | Self::NoSchedule { call, .. } => Some(*call),
        }
    }

    /// Returns DSM's error code, if it sent one.
    pub fn code(&self) -> Option<Code> {
        let Self::Refused { code, .. } = self else {
            return None;
        };
        Some(*code)
    }

    /// Whether DSM does not know the session any more.
    pub fn says_session_ended(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.says_session_ended())
    }

    /// Whether the call may succeed in a new session.
    pub(super) fn is_about_the_session(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.is_about_the_session())
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
        // serde_json quotes the unexpected value, which may be the session or
        // the client secret: show only the place.
        let source = if call.is_secret() {
            serde::de::Error::custom(format_args!(
                "a value of another type at line {} column {}",
                source.line(),
                source.column()
            ))
        } else {
            let text = source.to_string();
            let start: String = text.chars().take(LONGEST_QUOTE).collect();
            if start.len() < text.len() {
                serde::de::Error::custom(format_args!("{start}…"))
            } else {
                source
            }
        };
        Self::Misshapen { call, source }
    }
}

fn is_about_a_certificate(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let tls = error.downcast_ref::<rustls::Error>();
        matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
    })
}

/// Whether TLS met a port for plain HTTP, or HTTP a port for TLS.
fn is_about_the_scheme(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let tls = error.downcast_ref::<rustls::Error>();
        let http = error.downcast_ref::<hyper::Error>();
        let not_tls = InvalidMessage::InvalidContentType;
        matches!(tls, Some(rustls::Error::InvalidMessage(message)) if *message == not_tls)
            || http.is_some_and(hyper::Error::is_parse)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_of_dsm_is_cut_off() {
        let value = serde_json::Value::from("é".repeat(100_000));
        let source = serde_json::from_value::<u16>(value).unwrap_err();
        let error = DsmError::from_json(Call::ListProxyRules, source);
        let cause = error.source().unwrap().to_string();
        assert!(cause.starts_with("invalid type: string"), "{cause}");
        assert!(cause.chars().count() <= LONGEST_QUOTE + 1, "{cause}");
    }
}
