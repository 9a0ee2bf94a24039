//! Why Google could not be asked, and what we were doing.

use std::sync::Arc;

use crate::clients::http_client::{Answer, HttpClientError};
use domain::signin::google::{KeysError, MetadataError, TokenAnswerError};

/// Why Google could not be asked. Cloned for all who waited for one fetch.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No answer.
    #[error("ask Google for its {what} at {url}")]
    Transport {
        /// What was asked for.
        what: &'static str,
        /// Of whom.
        url: String,
        /// What went wrong.
        #[source]
        source: Arc<HttpClientError>,
    },
    /// An answer, but not a good one.
    #[error("ask Google for its {what} at {url}: the answer's status is {status}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// Of whom.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// A discovery document that is not to be used.
    #[error("read Google's discovery document at {url}")]
    Discovery {
        /// Where it is.
        url: String,
        /// What is wrong with it.
        #[source]
        source: Arc<MetadataError>,
    },
    /// A JWK set that is not to be used.
    #[error("read Google's keys at {url}")]
    Keys {
        /// Where it is.
        url: String,
        /// What is wrong with it.
        #[source]
        source: Arc<KeysError>,
    },
    /// A token answer without usable tokens.
    #[error("exchange the code at {url}")]
    Exchange {
        /// The token endpoint.
        url: String,
        /// What is wrong with the answer.
        #[source]
        source: TokenAnswerError,
    },
}

impl UpstreamError {
    pub(super) fn transport(what: &'static str, url: &str, source: HttpClientError) -> Self {
        Self::Transport {
            what,
            url: url.to_owned(),
            source: Arc::new(source),
        }
    }

    pub(super) fn status(what: &'static str, url: &str, answer: &Answer) -> Self {
        Self::Status {
            what,
            url: url.to_owned(),
            status: answer.status.as_u16(),
        }
    }
}
