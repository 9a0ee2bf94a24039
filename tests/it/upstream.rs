//! Google over the network: the cache of its documents; the exchange of a code.

mod documents;
mod exchange;

use std::sync::Arc;
use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use domain::base::ids::GoogleIssuer;
use domain::base::secret::Secret;
use domain::signin::google::GoogleClient;
use fakes::google::{CLIENT_ID, CLIENT_SECRET, FakeGoogle};
use fakes::time::{MONDAY_MORNING, MovedClock};
use google_to_synology_sso::clients::http_client::{HttpClient, Trust};
use google_to_synology_sso::clients::upstream::{Document, Upstream};

const CALLBACK: &str = "http://127.0.0.1:5556/callback";

/// A fake Google, our client, and the clock of both.
struct World {
    google: FakeGoogle,
    clock: Arc<MovedClock>,
    upstream: Upstream,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(MovedClock::at(MONDAY_MORNING));
        let google = FakeGoogle::start(Arc::clone(&clock) as Arc<dyn Clock>).await;
        let upstream = upstream(google.issuer(), &clock, Vec::new());
        Self {
            google,
            clock,
            upstream,
        }
    }

    /// Restarts the daemon with the documents in `kept`.
    fn restart_with(&mut self, kept: Vec<Document>) {
        self.upstream = upstream(self.google.issuer(), &self.clock, kept);
    }

    fn now(&self) -> UnixTime {
        self.clock.now()
    }
}

fn upstream(issuer: &str, clock: &Arc<MovedClock>, kept: Vec<Document>) -> Upstream {
    let client = GoogleClient {
        issuer: GoogleIssuer::new(issuer),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Secret::new(CLIENT_SECRET.to_owned()),
        redirect_uri: CALLBACK.to_owned(),
        prompt: Some("select_account".to_owned()),
    };
    let http = HttpClient::new(Trust::SystemAuthorities, Duration::from_secs(10));
    Upstream::new(client, http, Arc::clone(clock) as Arc<dyn Clock>, kept)
}

const fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

const fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}
