//! What happened, in order: the fakes report the requests to them, the daemon's
//! log those to the daemon.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError};
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
    history: History,
}

/// The last events, for the picture.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<std::sync::Mutex<VecDeque<Entry>>>);

/// More than a sign-in has.
const MOST_EVENTS: usize = 500;

impl History {
    fn add(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == MOST_EVENTS {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Returns the events of the last sign-in, from the click on the button
    /// until the NAS has answered.
    pub(crate) fn last_sign_in(&self) -> Vec<Entry> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = in_order(entries.iter().cloned().collect());
        let is_click = |entry: &Entry| entry.is_to(Party::Dsm, "GET /sso/start");
        let Some(click) = entries.iter().rposition(is_click) else {
            return Vec::new();
        };
        let entries = entries.into_iter().skip(click);
        let mut entries: Vec<Entry> = entries.filter(|entry| !entry.is_for_an_icon()).collect();
        let is_back = |entry: &Entry| entry.is_to(Party::Dsm, "GET /?code=…");
        if let Some(end) = entries.iter().find(|entry| is_back(entry)).map(Entry::end) {
            entries.retain(|entry| entry.at <= end);
        }
        entries
    }
}

impl Entry {
    /// When it ended, after the start.
    pub(crate) fn end(&self) -> Duration {
        match &self.deed {
            Deed::Asked { took, .. } => self.at + *took,
            Deed::Logged(_) => self.at,
        }
    }

    pub(crate) fn is_request(&self) -> bool {
        matches!(self.deed, Deed::Asked { .. })
    }

    /// The line, if it is one of the log.
    pub(crate) fn log_line(&self) -> Option<&str> {
        match &self.deed {
            Deed::Asked { .. } => None,
            Deed::Logged(line) => Some(line),
        }
    }

    fn is_to(&self, party: Party, request: &str) -> bool {
        match &self.deed {
            Deed::Asked { server, what, .. } => *server == party && what == request,
            Deed::Logged(_) => false,
        }
    }

    /// Browsers ask each server for one.
    fn is_for_an_icon(&self) -> bool {
        let parties = [Party::Dsm, Party::Daemon, Party::Google];
        let is = |party| self.is_to(party, "GET /favicon.ico");
        parties.into_iter().any(is)
    }
}

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Ledger {
    entries: Mutex<UnboundedReceiver<Entry>>,
    /// The same events, which stay when they are received.
    pub(crate) history: History,
}

impl Ledger {
    /// Records from now on what the fakes and the daemon do.
    pub(crate) fn open(
        clock: Arc<SystemClock>,
        dsm: &FakeDsm,
        google: &FakeGoogle,
        login: &DsmLogin,
    ) -> anyhow::Result<Self> {
        let (entries, read) = unbounded_channel();
        let history = History::default();
        let pen = Pen {
            clock,
            entries,
            history: history.clone(),
        };
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
        Ok(Self {
            entries: Mutex::new(read),
            history,
        })
    }

    /// Returns the events since the last call, sorted by their start.
    pub(crate) async fn so_far(&self) -> Vec<Entry> {
        let mut entries = self.entries.lock().await;
        let found = std::iter::from_fn(|| entries.try_recv().ok());
        in_order(found.collect())
    }

    /// Waits for an event and then for silence, and returns all since the last
    /// call.
    pub(crate) async fn next(&self) -> Vec<Entry> {
        let mut entries = self.entries.lock().await;
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
        self.history.add(entry.clone());
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
