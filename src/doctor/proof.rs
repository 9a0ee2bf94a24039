//! The proof that a URL leads to this daemon: a nonce that only it can know.

use std::net::Ipv4Addr;

use hyper::Request;

use super::DaemonAccess;
use crate::app::{PARAMETER, Sighting};
use crate::clients::http_client::{Answer, HttpClient, HttpClientError};

/// The client that the request itself names in `X-Forwarded-For`. A proxy that
/// adds the real client writes it behind this one (an address for examples, RFC
/// 5737).
pub(super) const CLAIMED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// `ok` has two bytes; another program's page may have more.
pub(super) const MAX_BYTES: usize = 256 << 10;

/// A request to `/healthz`.
#[derive(Debug)]
pub(super) struct Proof {
    /// What came back.
    pub(super) answer: Result<Answer, HttpClientError>,
    /// The request as this daemon saw it, if it did; or why it cannot be asked.
    pub(super) seen: Result<Option<Sighting>, String>,
}

impl Proof {
    /// Sends a request to `base` and asks the daemon whether it came there.
    pub(super) async fn of(http: &HttpClient, base: &str, daemon: &dyn DaemonAccess) -> Self {
        let nonce = match daemon.absence() {
            Some(why) => Err(why.to_owned()),
            None => daemon.nonce().await,
        };
        let query = nonce.as_deref().unwrap_or_default();
        let url = format!("{base}/healthz?{PARAMETER}={query}");
        let request = Request::get(url).header("x-forwarded-for", CLAIMED.to_string());
        let answer = http.get(request, MAX_BYTES).await;
        let seen = match nonce {
            Ok(nonce) => daemon.seen(nonce).await,
            Err(why) => Err(why),
        };
        Self { answer, seen }
    }
}
