//! The state in SQLite: keys, grants, links, sign-ins, Google's documents,
//! users, the power schedule.
//!
//! One thread has the only connection, and signs ID tokens. It commits waiting
//! jobs together, so that many logins share one fsync. A result is returned
//! only after its commit (`synchronous=FULL`), so that it survives a power cut.

mod along;
mod copy;
mod damage;
mod directory;
mod documents;
mod dsm_settings;
mod glimpse;
mod grants;
mod health;
mod history;
pub mod key_ring;
mod keys;
mod last_access;
mod links;
mod observed;
mod open;
mod recovery;
mod refusals;
mod schedule;
mod shutdown_marker;
mod sign_ins;
mod signin_pause;
mod whose;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use along::Along;
use copy::Copy;
use domain::base::clock::UnixTime;
use health::Health;
use last_access::LastAccess;
use open::OpenState;
use recovery::Opened;

pub(crate) use copy::path as copy_of;
pub use directory::SavedDirectory;
pub use dsm_settings::WizardResult;
pub use glimpse::{Glimpse, glimpse};
pub use grants::{Decision, Redeemed};
pub use history::{History, JobName, JobRun, Run};
pub use keys::KeptKey;
pub use links::Linked;
pub use observed::Observed;
pub(crate) use open::files;
pub use recovery::Loss;
pub use refusals::{Refusals, RefusedLogin};
pub use shutdown_marker::{LastRun, ShutdownMarker};
pub use sign_ins::{LastSignIns, SignIn};
pub use whose::is_of_another;

/// Append only: a released migration never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("store/migrations/001_first_login.sql"),
    include_str!("store/migrations/002_who_may_sign_in.sql"),
    include_str!("store/migrations/003_through_the_night.sql"),
    include_str!("store/migrations/004_application_id.sql"),
    include_str!("store/migrations/005_moved_links.sql"),
    include_str!("store/migrations/006_observations.sql"),
    include_str!("store/migrations/007_dsm_settings.sql"),
    include_str!("store/migrations/008_first_sign_in.sql"),
    include_str!("store/migrations/009_sign_ins.sql"),
    include_str!("store/migrations/010_links_by_administrator.sql"),
    include_str!("store/migrations/011_history.sql"),
];

/// In more jobs per transaction, the first would wait for the last without
/// saving much: one fsync in sixty-four is cheap.
const LARGEST_BATCH: usize = 64;

/// The mode of all files: readable by the owner only.
const OWNER_ALONE: u32 = 0o600;

/// Why the state cannot be opened, read or saved.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum StoreError {
    #[error("cannot open {path}")]
    Open { path: PathBuf, source: io::Error },
    #[error("the state {0} is in use by another daemon: stop that one first")]
    InUse(PathBuf),
    #[error(
        "the state {path} is of version {found}, newer than this program, which knows \
         version {known}: install the newer release again"
    )]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    #[error(
        "cannot write {path}: its volume may be read-only, or the file or its directory may belong \
         to another user"
    )]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("the state {0} is a directory, where storage.path names a file")]
    Directory(PathBuf),
    #[error(
        "cannot open the state {0}: it is another program's database; set storage.path to a file \
         that no other program uses"
    )]
    Foreign(PathBuf),
    #[error(
        "the state {0} was deleted or replaced while the daemon was running: restart the daemon, \
         which restores it from its copy"
    )]
    Gone(PathBuf),
    #[error("the state is {damage}, and {path} cannot be moved")]
    SetAside {
        damage: String,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{doing}")]
    Sqlite {
        doing: &'static str,
        source: Arc<rusqlite::Error>,
    },
    #[error("{0}: the store is closed")]
    Closed(&'static str),
    #[error("cannot write {path}")]
    Copy { path: PathBuf, source: io::Error },
    #[error("the copy of the state was not finished")]
    Abandoned(#[from] JoinError),
}

type Jobs = mpsc::UnboundedSender<Job>;

/// The work of one caller: runs inside the open transaction, unless that has
/// failed already.
type Job = Box<dyn FnOnce(Result<&Connection, SharedError>) -> Done + Send>;

type SharedError = Arc<rusqlite::Error>;

/// The open state.
#[derive(Debug)]
pub struct Store {
    /// `None` once it is closed. The thread ends when the sender is dropped.
    thread: Mutex<Option<(Jobs, JoinHandle<()>)>>,
    ended: CancellationToken,
    copy: Arc<Copy>,
    along: Arc<Along>,
    last_access: Arc<LastAccess>,
    was_left_open: bool,
    loss: Loss,
}

impl Store {
    /// Opens the state at `path`, or creates it, and updates its tables. A
    /// damaged state is renamed to a name with `now`, and replaced by its copy.
    pub fn open(path: &Path, now: UnixTime) -> Result<Self, StoreError> {
        let Opened {
            lock,
            state,
            was_left_open,
            loss,
        } = recovery::open(path, now)?;
        let copy = Arc::new(Copy::of(path));
        let changes = Arc::clone(&copy);
        let along = Arc::new(Along::load(state.connection()));
        let unsaved = Arc::clone(&along);
        let last_access = Arc::new(LastAccess::default());
        let access = Arc::clone(&last_access);
        let health = Health::of(path);
        let (jobs, received) = mpsc::unbounded_channel();
        let ended = CancellationToken::new();
        let tells_its_end = ended.clone().drop_guard();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .stack_size(512 * 1024)
            .spawn(move || {
                let _tells_its_end = tells_its_end;
                serve(state, received, (&changes, &unsaved, &access), health);
                // Another daemon may open the state only after the journal is
                // written back. Not only closed, because a child process that
                // is being started also has it open for a moment.
                drop(lock.unlock());
            })
            .map_err(|source| StoreError::Open {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            thread: Mutex::new(Some((jobs, thread))),
            ended,
            copy,
            along,
            last_access,
            was_left_open,
            loss,
        })
    }

    /// Runs `work` in a transaction and returns after its commit; rolls back if
    /// `work` fails. `doing` is the context of an error.
    async fn call<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: Result<&Connection, SharedError>| {
            let outcome = connection.and_then(|connection| Ok(work(connection)?));
            let error = outcome.as_ref().err().cloned();
            let answer = move |commit: Result<(), SharedError>| {
                let outcome = outcome.and_then(|value| commit.map(|()| value));
                let outcome = outcome.map_err(|source| StoreError::Sqlite { doing, source });
                // The caller may have been cancelled.
                drop(reply.send(outcome));
            };
            Done {
                error,
                answer: Box::new(answer),
            }
        };
        let sent = match &*self.thread() {
            Some((jobs, _)) => jobs.send(Box::new(job)).is_ok(),
            None => false,
        };
        if !sent {
            return Err(StoreError::Closed(doing));
        }
        answer.await.map_err(|_| StoreError::Closed(doing))?
    }

    /// Returns what is observed of the clients, which is saved with the next
    /// write.
    pub fn observed(&self) -> &Observed {
        &self.along.observed
    }

    /// Returns the last refusals, which are saved with the next write.
    pub fn refusals(&self) -> &Refusals {
        &self.along.refusals
    }

    /// Returns when the daemon and its jobs ran, which is saved with the next
    /// write.
    pub fn history(&self) -> &History {
        &self.along.history
    }

    /// Returns what was lost of the last run's state when this was opened.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// Checks that the state can be written. Writes nothing.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.call("write to the state", |connection| {
            // Takes the lock for writing, and deletes nothing.
            connection.execute("DELETE FROM hold WHERE false", [])?;
            Ok(())
        })
        .await
    }

    /// Waits until the store's thread has ended: then nothing can be saved any
    /// more.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Waits for the pending jobs, writes the journal back into the database
    /// and closes it. Later calls fail.
    pub fn close(&self) {
        let running = self.thread().take();
        if let Some((jobs, thread)) = running {
            drop(jobs);
            drop(thread.join());
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<(Jobs, JoinHandle<()>)>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(doing: &'static str, error: rusqlite::Error) -> StoreError {
    StoreError::Sqlite {
        doing,
        source: Arc::new(error),
    }
}

/// A job that has run.
struct Done {
    error: Option<SharedError>,
    /// Sends the result to the caller, after the commit.
    answer: Box<dyn FnOnce(Result<(), SharedError>)>,
}

fn serve(
    mut state: OpenState,
    mut received: mpsc::UnboundedReceiver<Job>,
    (copy, along, last_access): (&Copy, &Along, &LastAccess),
    mut health: Health,
) {
    let mut batch = Vec::new();
    while received.blocking_recv_many(&mut batch, LARGEST_BATCH) > 0 {
        let connection = state.connection();
        let rows = connection.total_changes();
        let (done, commit) = run_together(connection, &mut batch, along);
        let wrote = commit.is_ok() && connection.total_changes() > rows;
        last_access.ended(wrote, done.len() == 1);
        let failed = done.iter().filter_map(|job| job.error.as_ref());
        let failed = failed.chain(commit.as_ref().err());
        failed.for_each(|error| health.failed(error));
        if let Err(error) = copy.after_commit(connection) {
            health.failed(&error);
        }
        // Before the results are sent: a caller may then copy the state.
        let usual = if wrote {
            copy.state_has_changed();
            health.succeeded();
            state.shared()
        } else {
            Some(state)
        };
        for job in done {
            (job.answer)(commit.clone());
        }
        state = match usual {
            Some(state) => state,
            None => return,
        };
    }
    state.close();
}

/// Runs all jobs in one transaction. Several have a savepoint each, so that one
/// that fails affects no other.
fn run_together(
    connection: &Connection,
    jobs: &mut Vec<Job>,
    along: &Along,
) -> (Vec<Done>, Result<(), SharedError>) {
    let run = |sql| connection.prepare_cached(sql)?.execute([]).map(drop);
    let rows = connection.total_changes();
    let mut outcome = run("BEGIN").map_err(Arc::new);
    let is_alone = jobs.len() == 1;
    let mut done = Vec::new();
    for job in jobs.drain(..) {
        if !is_alone {
            outcome = outcome.and_then(|()| Ok(run("SAVEPOINT job")?));
        }
        let ran = job(outcome.clone().map(|()| connection));
        let end = || match ran.error {
            None if is_alone => Ok(()),
            None => run("RELEASE job"),
            Some(_) if is_alone => connection.execute_batch("ROLLBACK; BEGIN"),
            Some(_) => connection.execute_batch("ROLLBACK TO job; RELEASE job"),
        };
        outcome = outcome.and_then(|()| Ok(end()?));
        done.push(ran);
    }
    let wrote = connection.total_changes() > rows;
    let mut noted = None;
    if wrote && outcome.is_ok() {
        outcome = along
            .write(connection)
            .map(|changes| noted = Some(changes))
            .map_err(Arc::new);
    }
    outcome = outcome.and_then(|()| Ok(run("COMMIT")?));
    if let (Ok(()), Some(changes)) = (&outcome, noted) {
        along.saved(&changes);
    }
    // After a full disk or a failed commit, the transaction may still be open.
    if outcome.is_err() && !connection.is_autocommit() {
        drop(connection.execute_batch("ROLLBACK"));
    }
    (done, outcome)
}

#[cfg(test)]
mod tests;
