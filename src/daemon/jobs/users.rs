//! Reads the users from DSM: at start, every `refresh`, after a failure again
//! and again, and at once when a login or a person wants newer ones.

mod dsm_settings;
mod fingerprint;
mod inspection;
mod saving;
mod signin_pause;

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinError;

use super::minutes::Minutes;
use super::schedule::ScheduleJob;
use super::{LastText, log_next_try};
use crate::app::{AppState, CurrentState, RefreshResult};
use crate::clients::backoff::Backoff;
use crate::clients::dsm::{DsmError, DsmSession, Reaction, Reading};
use crate::logging::error_chain;
use crate::store::{JobName, JobRun, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::model::user_list::UserList;
use domain::signin::directory::{Snapshot, has_unknown_expiry};

pub use dsm_settings::SettingsError;
pub use fingerprint::FingerprintKey;
use inspection::Wanted;
use saving::SavedUsers;
use signin_pause::end_pause;

/// The users that one warning names: a DSM with another form of `expired` has
/// it for all of them.
const MOST_QUOTED: usize = 5;

/// Longer than any name or date.
const MOST_CHARACTERS: usize = 64;

/// The result of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// The number of users.
    pub users: usize,
    /// Whether anything differs from the previous list.
    pub changed: bool,
}

/// Why the previous users stay in use.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum UsersError {
    #[error(transparent)]
    Dsm(#[from] DsmError),
    /// With such a list no sign-in is possible, so it is likely a fault of DSM.
    #[error("DSM lists {0} users without a single address, but had some before")]
    AddressesGone(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("indexing the users was aborted")]
    Abandoned(#[from] JoinError),
    #[error("sign-ins to DSM are paused until {}, since it refused one", until.seconds())]
    Paused { until: UnixTime },
}

impl UsersError {
    /// What a caller does after this error.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Dsm(error) => error.reaction(),
            Self::AddressesGone(_) | Self::Store(_) | Self::Abandoned(_) => Reaction::Retry,
            Self::Paused { .. } => Reaction::PauseSignIns,
        }
    }
}

/// The state of the users, for `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersReport {
    /// The number of users.
    pub users: usize,
    /// When DSM last confirmed them.
    pub refreshed: Option<UnixTime>,
    /// When DSM is asked next, never at an hour in which the NAS is meant to
    /// be off; `None` before it was asked at all.
    pub next_refresh: Option<UnixTime>,
    /// When the pause of sign-ins to DSM ends; `None`: they are not paused.
    pub paused_until: Option<UnixTime>,
    /// Why the last refresh failed.
    pub error: Option<String>,
    /// Why the administrators are older than the users.
    pub administrators_error: Option<String>,
}

/// Reads the users from DSM, and saves them. [`AppState::snapshot`] is the only
/// copy in memory.
#[derive(Debug)]
pub struct UsersJob {
    current: Arc<CurrentState>,
    minutes: Arc<Minutes>,
    schedule: Arc<ScheduleJob>,
    fingerprint_key: FingerprintKey,
    /// Held during a refresh: of two at once, the slower one would bring back
    /// the older users.
    refreshing: tokio::sync::Mutex<()>,
    times: Mutex<Times>,
    saved: tokio::sync::Mutex<Option<SavedUsers>>,
    error: LastText,
    administrators_error: LastText,
    expiry_warning: LastText,
    wizard_error: LastText,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// When the last successful refresh began.
    refreshed: Option<UnixTime>,
    /// When the next try is, after a failure.
    retry: Option<UnixTime>,
}

impl UsersJob {
    /// The users in `current`, if any, are those on disk.
    pub(super) fn new(
        current: Arc<CurrentState>,
        minutes: Arc<Minutes>,
        schedule: Arc<ScheduleJob>,
        fingerprint_key: FingerprintKey,
    ) -> Self {
        let app = current.load();
        let error = LastText::default();
        let pause = app.refresh_coordinator.signin_pause();
        if let Some(pause) = pause.filter(|pause| pause.end(app.clock.now()).is_some()) {
            error.is_new(&pause.reason);
        }
        let saved = app.snapshot.load().as_deref().map(SavedUsers::of);
        Self {
            current,
            minutes,
            schedule,
            fingerprint_key,
            refreshing: tokio::sync::Mutex::default(),
            times: Mutex::default(),
            saved: tokio::sync::Mutex::new(saved),
            error,
            administrators_error: LastText::default(),
            expiry_warning: LastText::default(),
            wizard_error: LastText::default(),
        }
    }

    /// Refreshes the users at start and then every `refresh`; after a failure
    /// again and again; at once when a login or a person wants it. Never
    /// returns.
    pub(super) async fn run_users_loop(self: Arc<Self>) {
        self.log_pause_at_start();
        let mut backoff = Backoff::new();
        loop {
            let now = || self.current.load().clock.now();
            match self.refresh_as_chosen().await {
                Ok(_) => {
                    backoff = Backoff::new();
                    self.unless_wanted(self.until_due()).await;
                }
                Err(error) if error.reaction() == Reaction::PauseSignIns => {
                    self.times().retry = Some(self.paused_until().unwrap_or_else(now));
                    self.unless_wanted(self.minutes.next()).await;
                }
                Err(error) => {
                    let wait = backoff.next_wait();
                    log_next_try("cannot refresh the users", &error, wait);
                    self.times().retry = Some(now().plus(wait));
                    self.unless_wanted(tokio::time::sleep(wait)).await;
                }
            }
        }
    }

    /// Waits for `time`, or until a login or a person wants newer users.
    async fn unless_wanted(&self, time: impl Future<Output = ()>) {
        let coordinator = Arc::clone(&self.current.load().refresh_coordinator);
        tokio::select! {
            () = time => {}
            () = coordinator.wanted() => {}
        }
    }

    /// Returns when `refresh` has passed since the last successful refresh, or
    /// the clock has gone back behind that.
    async fn until_due(&self) {
        loop {
            self.minutes.next().await;
            let Some(last) = self.times().refreshed else {
                return;
            };
            let app = self.current.load();
            let now = app.clock.now();
            if now.since(last) >= app.config.dsm.refresh || now < last {
                return;
            }
        }
    }

    /// Returns the state of the users.
    pub fn report(&self) -> UsersReport {
        let snapshot = self.current.load().snapshot.load();
        let snapshot = snapshot.as_ref();
        UsersReport {
            users: snapshot.map_or(0, |snapshot| snapshot.list().users.len()),
            refreshed: snapshot.map(|snapshot| snapshot.refreshed()),
            next_refresh: self.next_refresh(),
            paused_until: self.paused_until(),
            error: self.error.get(),
            administrators_error: self.administrators_error.get(),
        }
    }

    pub(super) fn next_refresh(&self) -> Option<UnixTime> {
        let app = self.current.load();
        let Times { refreshed, retry } = *self.times();
        let next = retry.or_else(|| Some(refreshed?.plus(app.config.dsm.refresh)))?;
        Some(app.when_on(next))
    }

    /// Reads the users from DSM and replaces the snapshot. The previous one
    /// serves meanwhile, and stays when anything fails. Saves what has changed,
    /// and once a day that nothing has. Also reads the power schedule; whether
    /// that succeeds does not matter to the users.
    pub async fn refresh(&self) -> Result<Refreshed, UsersError> {
        self.refresh_and_read(None).await
    }

    /// As `refresh`; also reads the settings of DSM in the same session, if
    /// they are `wanted`.
    async fn refresh_and_read(&self, wanted: Option<&mut Wanted>) -> Result<Refreshed, UsersError> {
        let _alone = self.refreshing.lock().await;
        let app = self.current.load();
        let running = app.refresh_coordinator.begin();
        let no_file = self.schedule.refresh_by_file(&app.config.power).await;
        self.check_pause(&app, &running).await?;
        let begun = app.clock.now();
        let mut session = app.dsm.session().await;
        if let Some(wanted) = &wanted {
            session.set_deadline(wanted.deadline);
        }
        let done = self.refresh_in(&mut session, &app).await;
        let result = match done {
            Ok(_) => RefreshResult::Ok,
            Err(_) => RefreshResult::Failed,
        };
        app.count(|metrics| metrics.refresh(result));
        app.store.history().note_job(JobRun {
            at: app.clock.now(),
            job: JobName::Users,
            failed: done.is_err(),
        });
        match &done {
            Ok(Refreshed { users, changed }) => {
                *self.times() = Times {
                    refreshed: Some(begun),
                    retry: None,
                };
                // The end of a failure that was logged is logged, too.
                if self.error.clear() || *changed {
                    tracing::info!(users, changed, "users refreshed");
                } else {
                    tracing::debug!(users, changed, "users refreshed");
                }
            }
            Err(error) => {
                self.error.is_new(&error_chain(error));
            }
        }
        // Logins that wait for the users do not wait for the schedule.
        drop(running);
        // A DSM that does not answer would only delay the next try.
        let answers = !matches!(done, Err(UsersError::Dsm(_)));
        if let Some(no_file) = no_file.filter(|_| answers) {
            self.schedule.refresh_by_api(&session, &no_file).await;
        }
        if let Some(wanted) = wanted {
            wanted.read_after(self, &done, &mut session, &app).await;
        }
        session.end().await;
        done
    }

    async fn refresh_in(
        &self,
        session: &mut DsmSession<'_>,
        app: &AppState,
    ) -> Result<Refreshed, UsersError> {
        let previous = app.snapshot.load_full();
        let known = previous
            .as_ref()
            .map(|previous| Arc::clone(previous.list()))
            .unwrap_or_default();
        let reading = self.read(session, app, &known).await?;
        let refreshed = app.clock.now();
        let list = self.changed_list(reading, &known);
        let changed = list.is_some() || previous.is_none();
        let snapshot = match (list, &previous) {
            (None, Some(previous)) => previous.confirmed(refreshed),
            // On its own thread: a large list takes a while.
            (list, _) => {
                let index = move || Snapshot::new(list.unwrap_or(known), refreshed);
                tokio::task::spawn_blocking(index).await?
            }
        };
        let users = snapshot.list().users.len();
        let had_addresses = previous.is_some_and(|previous| previous.has_addresses());
        if had_addresses && !snapshot.has_addresses() {
            return Err(UsersError::AddressesGone(users));
        }
        self.warn_of_unknown_expiry(snapshot.list());
        let snapshot = Arc::new(snapshot);
        // Before the write: a user who was disabled is refused from now on,
        // even if the write fails.
        app.snapshot.store(Some(Arc::clone(&snapshot)));
        if self.is_worth_a_write(app, &snapshot).await {
            self.save_state().await?;
        }
        Ok(Refreshed { users, changed })
    }

    /// Lists users and administrators. Begins or ends the sign-in pause.
    async fn read(
        &self,
        session: &mut DsmSession<'_>,
        app: &AppState,
        known: &Arc<UserList>,
    ) -> Result<Reading, DsmError> {
        // Before the sign-in reads the files: one that changes meanwhile has
        // changed since.
        let fingerprint = self.fingerprint_key.fingerprint(&app.config.dsm);
        let reading = session.list_users(known).await;
        match &reading {
            Ok(_) => end_pause(app).await,
            Err(error) if error.reaction() == Reaction::PauseSignIns => {
                self.begin_pause(app, error, fingerprint).await;
            }
            Err(_) => {}
        }
        reading
    }

    /// Returns the new list, if it differs from the `known` one.
    fn changed_list(&self, reading: Reading, known: &UserList) -> Option<Arc<UserList>> {
        let administrators = self.administrators(reading.administrators);
        if reading.users.is_none() && administrators.is_none() {
            return None;
        }
        Some(Arc::new(UserList {
            users: reading.users.unwrap_or_else(|| known.users.clone()),
            administrators: administrators.or_else(|| known.administrators.clone()),
        }))
    }

    /// Returns the administrators if they have changed. Logs an error once,
    /// since it may last for months.
    fn administrators(
        &self,
        read: Result<Option<Vec<DsmUsername>>, DsmError>,
    ) -> Option<Vec<DsmUsername>> {
        match read {
            Ok(administrators) => {
                self.administrators_error.clear();
                return administrators;
            }
            Err(error) if self.administrators_error.is_new(&error_chain(&error)) => {
                let error: &dyn Error = &error;
                tracing::warn!(
                    error,
                    "cannot read the administrators; using the last known list"
                );
            }
            Err(_) => {}
        }
        None
    }

    /// Logs which users are refused because their `expired` cannot be parsed;
    /// once, since the users are read every hour.
    fn warn_of_unknown_expiry(&self, list: &UserList) {
        let Some(text) = unknown_expiry(list) else {
            self.expiry_warning.clear();
            return;
        };
        if self.expiry_warning.is_new(&text) {
            tracing::warn!(
                "cannot parse expired in DSM's user list, so these users are refused as disabled: \
                 {text}; please report this form of expired"
            );
        }
    }

    /// Returns the fingerprint of what an administrator was shown, or accepts.
    pub(crate) fn fingerprint_of_shown(&self, shown: &str) -> String {
        self.fingerprint_key.seen(shown)
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the users whose `expired` cannot be parsed; `None` if there are none.
fn unknown_expiry(list: &UserList) -> Option<String> {
    let unknown = || list.users.iter().filter(|user| has_unknown_expiry(user));
    let quoted: Vec<String> = unknown()
        .take(MOST_QUOTED)
        .map(|user| match user.expired.as_deref() {
            Some(value) => format!("{:?} has {:?}", start(user.name.as_str()), start(value)),
            None => format!("{:?} has none", start(user.name.as_str())),
        })
        .collect();
    let more = unknown().skip(MOST_QUOTED).count();
    match (quoted.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(quoted.join(", ")),
        (false, more) => Some(format!("{}, and {more} more", quoted.join(", "))),
    }
}

/// As much of a text from DSM as one line of the log needs.
fn start(text: &str) -> &str {
    let end = text.char_indices().nth(MOST_CHARACTERS);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
