//! DSM's user list → a new snapshot.

use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::JoinError;

use super::Jobs;
use crate::app::AppState;
use crate::clients::dsm::{DsmError, DsmSession, Reaction, Reading};
use crate::logging::told;
use crate::store::{SavedDirectory, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::model::user_list::UserList;
use domain::signin::directory::{Snapshot, has_unknown_expiry};

/// That the users are fresh goes to disk at least so often while nothing
/// changes.
const DAILY: Duration = Duration::from_hours(24);

/// And no more often.
const HOURLY: Duration = Duration::from_hours(1);

/// The users that one warning names: a DSM with another form of `expired` has
/// it for all of them.
const MOST_QUOTED: usize = 5;

/// Longer than any name or date.
const MOST_CHARACTERS: usize = 64;

/// What a refresh found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// How many users there are.
    pub users: usize,
    /// Whether anything differs from before.
    pub changed: bool,
}

/// Why the users of before stay.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// DSM did not list them.
    #[error(transparent)]
    Dsm(#[from] DsmError),
    /// A list that would shut everybody out is more likely a fault of DSM's.
    #[error("DSM lists {0} users without a single address, but had some before")]
    AddressesGone(usize),
    /// They cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// We stopped, or have a bug, while we looked through them.
    #[error("the users were not looked through to their end")]
    Abandoned(#[from] JoinError),
    /// DSM was not asked, since it refused before.
    #[error("DSM did not let us in and is left alone until {}", until.seconds())]
    OnHold {
        /// Until when.
        until: UnixTime,
    },
}

impl UsersError {
    /// What to do next.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Dsm(error) => error.reaction(),
            Self::AddressesGone(_) | Self::Store(_) | Self::Abandoned(_) => Reaction::Retry,
            Self::OnHold { .. } => Reaction::HoldSignIns,
        }
    }
}

impl Jobs {
    /// Lists DSM's users and swaps the snapshot. The one before serves
    /// meanwhile, and stays when anything fails. Writes to disk what has
    /// changed, and once a day that nothing has. The power schedule is read on
    /// the way; whether that works changes nothing for the users.
    pub async fn refresh_users(&self) -> Result<Refreshed, UsersError> {
        let _alone = self.refreshing.lock().await;
        let app = self.app();
        let running = app.refresh_desk.begin();
        let no_file = self.refresh_schedule_by_file(&app).await;
        self.heed_hold(&running).await?;
        let begun = app.clock.now();
        let mut visit = app.dsm.visit().await;
        let done = self.refresh_alone(&app, &mut visit).await;
        if done.is_ok() {
            self.users_were_refreshed(begun);
        }
        let error = done.as_ref().err().map(|error| Arc::new(told(error)));
        // Whoever read of a failure wants to read that it is over.
        let had_failed = self.error.swap(error).is_some();
        match &done {
            Ok(Refreshed { users, changed }) if *changed || had_failed => {
                tracing::info!(users, changed, "users refreshed");
            }
            Ok(Refreshed { users, changed }) => {
                tracing::debug!(users, changed, "users refreshed");
            }
            Err(_) => {}
        }
        // Whoever waits for the users need not wait for the rest.
        drop(running);
        if let (Some(no_file), true) = (no_file, has_read(&done)) {
            self.refresh_schedule_by_api(&visit, &no_file).await;
        }
        visit.end().await;
        done
    }

    async fn refresh_alone(
        &self,
        app: &AppState,
        visit: &mut DsmSession<'_>,
    ) -> Result<Refreshed, UsersError> {
        let before = app.snapshot.load_full();
        let known = before.as_ref().map(|before| Arc::clone(before.list()));
        let known = known.unwrap_or_default();
        let reading = self.read(app, visit, &known).await?;
        let refreshed = app.clock.now();
        let changed = self.changed(reading, &known);
        let is_changed = changed.is_some() || before.is_none();
        let snapshot = match (changed, &before) {
            (None, Some(before)) => before.confirmed(refreshed),
            (list, _) => indexed(list.unwrap_or(known), refreshed).await?,
        };
        let users = snapshot.list().users.len();
        let had_addresses = before.is_some_and(|before| before.has_addresses());
        if had_addresses && !snapshot.has_addresses() {
            return Err(UsersError::AddressesGone(users));
        }
        let serving = SavedDirectory {
            list: Arc::clone(snapshot.list()),
            refreshed,
        };
        self.warn_of_unknown_expiry(snapshot.list());
        // Whoever was disabled is out from this moment, whatever the disk says.
        app.snapshot.store(Some(Arc::new(snapshot)));
        if self.is_worth_a_write(&serving) {
            self.save_freshness().await?;
        }
        Ok(Refreshed {
            users,
            changed: is_changed,
        })
    }

    /// Asks DSM. What it then refused is not asked again soon.
    async fn read(
        &self,
        app: &AppState,
        visit: &mut DsmSession<'_>,
        known: &Arc<UserList>,
    ) -> Result<Reading, DsmError> {
        // Before the sign-in reads them: a file that changes meanwhile counts
        // as changed since.
        let fingerprint = self.fingerprint_key.fingerprint(&app.config.dsm);
        match visit.list_users(known).await {
            Ok(reading) => {
                self.end_hold().await;
                Ok(reading)
            }
            Err(error) if error.reaction() == Reaction::HoldSignIns => {
                self.begin_hold(&error, fingerprint).await;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The list of now, if it is not the one that is `known`.
    fn changed(&self, reading: Reading, known: &UserList) -> Option<Arc<UserList>> {
        let administrators = self.administrators(reading.administrators);
        if reading.users.is_none() && administrators.is_none() {
            return None;
        }
        Some(Arc::new(UserList {
            users: reading.users.unwrap_or_else(|| known.users.clone()),
            administrators: administrators.or_else(|| known.administrators.clone()),
        }))
    }

    /// Those of now, if they are others than before. A failure is said once
    /// until it changes: it may stay for months, and the users are read every
    /// hour.
    fn administrators(
        &self,
        read: Result<Option<Vec<DsmUsername>>, DsmError>,
    ) -> Option<Vec<DsmUsername>> {
        let error = match read {
            Ok(administrators) => {
                self.administrators_error.store(None);
                return administrators;
            }
            Err(error) => error,
        };
        let text = told(&error);
        let said = self.administrators_error.swap(Some(Arc::new(text.clone())));
        if said.is_none_or(|said| *said != text) {
            let error: &dyn Error = &error;
            tracing::warn!(
                error,
                "the administrators cannot be read: those last read count"
            );
        }
        None
    }

    /// Logs which users are refused because their `expired` cannot be parsed.
    /// Once until it changes: the users are read every hour.
    fn warn_of_unknown_expiry(&self, list: &UserList) {
        let Some(text) = unknown_expiry(list) else {
            self.expiry_warning.store(None);
            return;
        };
        let said = self.expiry_warning.swap(Some(Arc::new(text.clone())));
        if said.is_none_or(|said| *said != text) {
            tracing::warn!(
                "cannot parse expired in DSM's user list, so these users are refused as disabled: \
                 {text}; please report this form of expired"
            );
        }
    }

    /// Whether the disk has other users, or has not heard of these for long.
    fn is_worth_a_write(&self, serving: &SavedDirectory) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.as_ref().filter(|kept| kept.list == serving.list) else {
            return true;
        };
        let often = (self.app().config.dsm.max_age / 4).clamp(HOURLY, DAILY);
        let now = serving.refreshed;
        now.since(kept.refreshed) >= often || kept.refreshed > now
    }

    /// Brings the disk to `serving`.
    pub(super) async fn save_users(&self, serving: SavedDirectory) -> Result<(), StoreError> {
        let store = &self.app().store;
        if self.has_list_on_disk(&serving.list) {
            store.save_directory_freshness(serving.refreshed).await?;
        } else {
            store.save_directory(serving.clone()).await?;
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
        Ok(())
    }

    /// A write may have failed: then the list on disk is not the one that
    /// serves, and must not pass for a fresh one.
    fn has_list_on_disk(&self, list: &Arc<UserList>) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().is_some_and(|kept| kept.list == *list)
    }
}

/// The users whose `expired` cannot be parsed, as the log names them; `None`:
/// there are none.
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

/// Whether DSM answers, whatever became of the answer: where it does not, more
/// questions would only put off the next try.
fn has_read(done: &Result<Refreshed, UsersError>) -> bool {
    !matches!(done, Err(UsersError::Dsm(_)))
}

/// On a thread of its own, as long as it may take.
async fn indexed(list: Arc<UserList>, refreshed: UnixTime) -> Result<Snapshot, UsersError> {
    let index = move || Snapshot::new(list, refreshed);
    Ok(tokio::task::spawn_blocking(index).await?)
}
