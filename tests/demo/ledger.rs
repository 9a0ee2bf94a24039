//! What happened, in the order in which it began: the fakes tell of requests
//! to them, the daemon's own log of those to the daemon.

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

/// A request that was answered takes its own requests with it: all of them are
/// there once nothing has come for so long.
const QUIET: Duration = Duration::from_millis(200);

/// One thing that happened.
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
        whom: Party,
        /// Method and path, without anything that is secret.
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

/// Where entries go in.
#[derive(Clone, Debug)]
pub(crate) struct Pen {
    clock: Arc<SystemClock>,
    entries: UnboundedSender<Entry>,
}

/// Where they come out.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<UnboundedReceiver<Entry>>);

impl Ledger {
    /// Notes from now on what the fakes and the daemon do.
    pub(crate) fn open(
        clock: Arc<SystemClock>,
        dsm: &FakeDsm,
        google: &FakeGoogle,
        login: &DsmLogin,
    ) -> anyhow::Result<Self> {
        let (entries, read) = unbounded_channel();
        let pen = Pen { clock, entries };
        logs::start(pen.clone())?;
        let noting = |whom: Party| {
            let pen = pen.clone();
            move |exchange: Exchange| {
                let path = exchange.request.uri.path();
                let who = who_asks(whom, path);
                let what = what(&exchange.request);
                pen.asked(who, whom, what, (exchange.status, exchange.took));
            }
        };
        google.watch(noting(Party::Google));
        login.watch(noting(Party::Dsm));
        dsm.watch(noting(Party::Dsm));
        Ok(Self(Mutex::new(read)))
    }

    /// What happened since the last call, by its beginning.
    pub(crate) async fn so_far(&self) -> Vec<Entry> {
        let mut entries = self.0.lock().await;
        let found = std::iter::from_fn(|| entries.try_recv().ok());
        in_order(found.collect())
    }

    /// The same, once something has happened and it is quiet again.
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
    pub(crate) fn asked(&self, who: Party, whom: Party, what: String, end: (u16, Duration)) {
        let (status, took) = end;
        self.note(Entry {
            at: self.clock.monotonic().saturating_sub(took),
            who,
            deed: Deed::Asked {
                whom,
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
        // At the end nobody reads any more.
        let _ = self.entries.send(entry);
    }
}

/// Servers do not learn who asks, so that it is told by what is asked for:
/// the pages are for the browser, the rest for programs.
pub(crate) fn who_asks(whom: Party, path: &str) -> Party {
    let for_programs = path.starts_with("/.well-known/")
        || path.starts_with("/webapi/")
        || matches!(path, "/token" | "/userinfo" | "/keys" | "/oauth2/v3/certs");
    match (for_programs, whom) {
        (false, _) => Party::Browser,
        (true, Party::Daemon) => Party::Dsm,
        (true, Party::Browser | Party::Dsm | Party::Google) => Party::Daemon,
    }
}

/// DSM has all of its web API at one path: there, the API's name says more.
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
