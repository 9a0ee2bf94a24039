//! Runs the checks of `doctor` in the daemon, one run at a time, and keeps what
//! the last run found.

use std::future::ready;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::app::{AppState, CurrentState, Sighting};
use crate::config::Config;
use crate::control::{Examination, Examined, Freshness, Time};
use crate::daemon::jobs::UsersJob;
use crate::doctor::dsm::{Compared, DsmReport};
use crate::doctor::{
    self, Answer, DaemonAccess, Finding, Outcome, as_line_of_config, in_order, of_invalid_config,
    of_valid_config,
};

/// Longer than the checks take: they have time-outs of their own.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a request waits for the end of a run: the checks of DSM take 25 s
/// at most, and a reverse proxy waits a minute.
const PATIENCE_OF_REQUEST: Duration = Duration::from_secs(30);

/// The least time between the starts of two runs that were requested.
const LEAST_GAP: Duration = Duration::from_secs(30);

/// Runs the checks, and keeps the last findings in memory.
#[derive(Debug)]
pub(crate) struct Examiner {
    current: Arc<CurrentState>,
    users: Arc<UsersJob>,
    last: ArcSwapOption<Examination>,
    requests: Mutex<Requests>,
    wanted: Notify,
    /// The number of requested runs that have ended.
    ended: watch::Sender<u64>,
    /// Held during a run.
    alone: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Requests {
    /// Whether a requested run has not ended.
    is_pending: bool,
    /// When the last requested run was requested, in monotonic time.
    last: Option<Duration>,
}

/// The last requested run began a moment ago.
struct TooSoon;

impl Examiner {
    /// Creates an examiner that has found nothing yet.
    pub(crate) fn new(current: Arc<CurrentState>, users: Arc<UsersJob>) -> Self {
        Self {
            current,
            users,
            last: ArcSwapOption::empty(),
            requests: Mutex::default(),
            wanted: Notify::new(),
            ended: watch::Sender::new(0),
            alone: tokio::sync::Mutex::default(),
        }
    }

    /// Makes the requested runs. In a task of its own, so that a run ends even
    /// if the connection of the request is closed. Never returns.
    pub(crate) async fn run_examinations_loop(self: Arc<Self>) {
        loop {
            self.wanted.notified().await;
            self.examine().await;
            self.requests().is_pending = false;
            self.ended.send_modify(|ended| *ended += 1);
        }
    }

    /// Returns what the last run found.
    pub(crate) fn findings(&self) -> Examined {
        let is_running = self.requests().is_pending;
        self.examined(if is_running {
            Freshness::Running
        } else {
            Freshness::Kept
        })
    }

    /// Joins the requested run or starts one, and waits for its end, for 30 s
    /// at most. Within 30 s after the start of the last one, returns that.
    pub(crate) async fn examine_on_request(&self) -> Examined {
        let Ok(mut ended) = self.join_or_start() else {
            return self.examined(Freshness::TooSoon);
        };
        let freshness = match timeout(PATIENCE_OF_REQUEST, ended.changed()).await {
            Ok(_) => Freshness::New,
            Err(_) => Freshness::Running,
        };
        self.examined(freshness)
    }

    /// Forgets what was found about DSM's settings, because they have changed:
    /// they are now as in `compared`, which may be empty.
    pub(crate) fn forget_settings(&self, compared: Vec<Compared>) {
        let Some(last) = self.last.load_full() else {
            return;
        };
        let mut last = Examination::clone(&last);
        for finding in &mut last.findings {
            let name = &finding.name;
            if name.starts_with("sso-client.") || name == "reverse-proxy" {
                let why = "DSM's settings have changed since the last checks";
                *finding = Finding::not_tested(name.clone(), why);
            }
        }
        last.compared = compared;
        self.last.store(Some(Arc::new(last)));
    }

    fn join_or_start(&self) -> Result<watch::Receiver<u64>, TooSoon> {
        let mut requests = self.requests();
        if !requests.is_pending {
            let now = self.current.load().clock.monotonic();
            let last = requests.last;
            if last.is_some_and(|last| now.saturating_sub(last) < LEAST_GAP) {
                return Err(TooSoon);
            }
            requests.is_pending = true;
            requests.last = Some(now);
            self.wanted.notify_one();
        }
        // Under the lock, so that the run cannot end before.
        Ok(self.ended.subscribe())
    }

    fn examined(&self, freshness: Freshness) -> Examined {
        Examined {
            freshness,
            last: self.last.load().as_deref().cloned(),
        }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the checks with the config in force, and returns what they found.
    pub(crate) async fn examine(&self) -> Arc<Examination> {
        let _alone = self.alone.lock().await;
        let app = self.current.load();
        let daemon = Itself {
            current: &self.current,
            users: &self.users,
            compared: Mutex::default(),
        };
        let (sender, mut receiver) = unbounded_channel();
        // Boxed, because the tasks that await it would be as large.
        let checks = Box::pin(doctor::run(&app.config, &daemon, &sender));
        let (of_config, finished) = tokio::join!(of_config(&app), timeout(PATIENCE, checks));
        if finished.is_err() {
            tracing::warn!("cannot finish the checks of doctor within a minute");
        }
        drop(sender);
        let mut findings = of_config;
        while let Some(finding) = receiver.recv().await {
            findings.push(finding);
        }
        let findings = in_order(&findings, "no result within a minute");
        let failed = findings
            .iter()
            .filter(|finding| finding.result == Outcome::Fail);
        let failed = failed.map(|finding| finding.name.clone()).collect();
        app.failed_checks.store(Arc::new(failed));
        let examination = Arc::new(Examination {
            at: Time(app.clock.now()),
            findings,
            compared: daemon.compared(),
        });
        self.last.store(Some(Arc::clone(&examination)));
        examination
    }
}

/// Returns what is found about the config file, which may have changed since it
/// was read.
///
/// Does not test the files that `run` opens, as `check` does: to close a file
/// of the state in this process would release the locks of `SQLite` on it.
async fn of_config(app: &AppState) -> Vec<Finding> {
    let path = app.config.file.clone();
    let now = app.clock.now();
    let reading = spawn_blocking(move || match Config::load(&path) {
        Ok(config) => of_valid_config(&path, &config, Vec::new(), now),
        Err(error) => of_invalid_config(&error),
    });
    let findings = reading.await.unwrap_or_default().into_iter();
    findings.map(as_line_of_config).collect()
}

/// This daemon, which needs no socket to ask itself.
struct Itself<'a> {
    current: &'a CurrentState,
    users: &'a UsersJob,
    /// The values of DSM, once they are read.
    compared: Mutex<Vec<Compared>>,
}

impl Itself<'_> {
    fn compared(&self) -> Vec<Compared> {
        take(&mut self.compared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl DaemonAccess for Itself<'_> {
    fn absence(&self) -> Option<&str> {
        None
    }

    fn inspect_dsm(&self) -> Answer<'_, DsmReport> {
        Box::pin(async {
            let report = self.users.inspect().await;
            let report = report.map_err(|error| error.to_string())?;
            let mut compared = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
            compared.clone_from(&report.compared);
            drop(compared);
            Ok(report)
        })
    }

    fn nonce(&self) -> Answer<'_, String> {
        let app = self.current.load();
        let nonce = app
            .doctor_nonces
            .create(&*app.random, app.clock.monotonic());
        let nonce = nonce.map(|nonce| nonce.expose().clone());
        Box::pin(ready(nonce.map_err(|error| error.to_string())))
    }

    fn seen(&self, nonce: String) -> Answer<'_, Option<Sighting>> {
        let app = self.current.load();
        let sighting = app.doctor_nonces.sighting(&nonce, app.clock.monotonic());
        Box::pin(ready(Ok(sighting)))
    }
}
