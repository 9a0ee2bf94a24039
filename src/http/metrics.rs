//! `/metrics`, on a listener of its own.

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};

use super::response::{Reply, not_allowed, plain, with_header};
use crate::app::{self, AppState};

/// Responds to a request on the listener for metrics.
pub(super) fn answer(app: &AppState, request: &Request<Incoming>) -> Reply {
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "the metrics are at /metrics");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_allowed("GET, HEAD");
    }
    match app.metrics_text() {
        Ok(text) => with_header(plain(StatusCode::OK, text), CONTENT_TYPE, app::METRICS_TYPE),
        Err(error) => {
            tracing::warn!(%error, "cannot write the metrics");
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "cannot write the metrics",
            )
        }
    }
}
