//! Why a request to Google failed.

use std::sync::Arc;

use crate::clients::http_client::{Answer, HttpClientError};
use domain::signin::google::{KeysError, MetadataError, TokenAnswerError};

/// Why a request to Google failed. Cloned for all that waited for one fetch.
#[derive(Clone, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum UpstreamError {
    #[error("cannot get Google's {what} from {url}")]
    Transport {
        what: &'static str,
        url: String,
        #[source]
        source: Arc<HttpClientError>,
    },
    #[error("cannot get Google's {what} from {url}: HTTP status {status}")]
    Status {
        what: &'static str,
        url: String,
        status: u16,
    },
    #[error("cannot use Google's discovery document at {url}")]
    Discovery {
        url: String,
        #[source]
        source: Arc<MetadataError>,
    },
    #[error("cannot use Google's keys at {url}")]
    Keys {
        url: String,
        #[source]
        source: Arc<KeysError>,
    },
    #[error("cannot exchange the code at {url}")]
    Exchange {
        url: String,
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
