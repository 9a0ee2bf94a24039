//! What happened, in order: the fakes report the requests to them, the daemon's
//! log those to the daemon.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::base::clock::Clock;
use fakes::dsm::FakeDsm;
use fakes::dsm_login::DsmLogin;
use fakes::google::FakeGoogle;
use fakes::server::{Exchange, Received};
use google_to_synology_sso::machine::clock::SystemClock;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::logs;

/// A finished request has sent all its own requests: they are complete when
/// there is nothing new for this time.
const QUIET: Duration = Duration::from_millis(200);

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When it began, after the start.
    pub(crate) at: Duration,
    pub(crate) who: Party,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Asked {
        server: Party,
        /// Method and path, without secrets.
        what: String,
        status: u16,
        took: Duration,
    },
    Logged(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Browser,
    Daemon,
    Dsm,
    Google,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Browser => "browser",
            Self::Daemon => "daemon",
            Self::Dsm => "DSM",
            Self::Google => "Google",
        })
    }
}

/// The sending half.
#[derive(Clone, Debug)]
pub(crate) struct Pen {
    clock: Arc<SystemClock>,
    entries: UnboundedSender<Entry>,
}

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<UnboundedReceiver<Entry>>);

impl Ledger {
    /// Records from now on what the fakes and the daemon do.
    pub(crate) fn open(
        clock: Arc<SystemClock>,
        dsm: &FakeDsm,
        google: &FakeGoogle,
        login: &DsmLogin,
    ) -> anyhow::Result<Self> {
        let (entries, read) = unbounded_channel();
        let pen = Pen { clock, entries };
        logs::start(pen.clone())?;
        let noting = |server: Party| {
            let pen = pen.clone();
            move |exchange: Exchange| {
                let path = exchange.request.uri.path();
                let who = client_of(server, path);
                let what = what(&exchange.request);
                pen.asked(who, server, what, (exchange.status, exchange.took));
            }
        };
        google.watch(noting(Party::Google));
        login.watch(noting(Party::Dsm));
        dsm.watch(noting(Party::Dsm));
        Ok(Self(Mutex::new(read)))
    }

    /// Returns the events since the last call, sorted by their start.
    pub(crate) async fn so_far(&self) -> Vec<Entry> {
        let mut entries = self.0.lock().await;
        let found = std::iter::from_fn(|| entries.try_recv().ok());
        in_order(found.collect())
    }

    /// Waits for an event and then for silence, and returns all since the last
    /// call.
    pub(crate) async fn next(&self) -> Vec<Entry> {
        let mut entries = self.0.lock().await;
        let mut found = Vec::from_iter(entries.recv().await);
        while let Ok(Some(entry)) = tokio::time::timeout(QUIET, entries.recv()).await {
            found.push(entry);
        }
        in_order(found)
    }
}

fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| entry.at);
    entries
}

impl Pen {
    /// A request that was just answered.
    pub(crate) fn asked(&self, who: Party, server: Party, what: String, end: (u16, Duration)) {
        let (status, took) = end;
        self.note(Entry {
            at: self.clock.monotonic().saturating_sub(took),
            who,
            deed: Deed::Asked {
                server,
                what,
                status,
                took,
            },
        });
    }

    /// A line of the daemon's log.
    pub(crate) fn logged(&self, line: String) {
        self.note(Entry {
            at: self.clock.monotonic(),
            who: Party::Daemon,
            deed: Deed::Logged(line),
        });
    }

    fn note(&self, entry: Entry) {
        // The receiver is gone at the end.
        let _ = self.entries.send(entry);
    }
}

/// Servers do not know the client, so it is derived from the path: pages are
/// requested by the browser, the rest by programs.
pub(crate) fn client_of(server: Party, path: &str) -> Party {
    let for_programs = path.starts_with("/.well-known/")
        || path.starts_with("/webapi/")
        || matches!(path, "/token" | "/userinfo" | "/keys" | "/oauth2/v3/certs");
    match (for_programs, server) {
        (false, _) => Party::Browser,
        (true, Party::Daemon) => Party::Dsm,
        (true, Party::Browser | Party::Dsm | Party::Google) => Party::Daemon,
    }
}

/// All of DSM's web API is at one path, so the API's name is shown instead.
fn what(request: &Received) -> String {
    let method = &request.method;
    let path = request.uri.path();
    let named = ["api", "method"].map(|name| request.parameter(name));
    if let [Some(api), Some(call)] = named {
        return format!("{method} {api} {call}");
    }
    let has_code = request.query().iter().any(|(name, _)| name == "code");
    let query = if has_code { "?code=…" } else { "" };
    format!("{method} {path}{query}")
}
