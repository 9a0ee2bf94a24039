//! The one door to SQLite: the keys, the grants, the links, Google's documents,
//! the users, the power schedule.
//!
//! One connection behind one thread. What waits there together is committed
//! together, so that many logins at once share one fsync; an answer leaves only
//! after its commit (`synchronous=FULL`), so that what was answered outlives a
//! power cut.

mod copy;
mod damage;
mod directory;
mod documents;
mod grants;
mod health;
pub mod key_ring;
mod keys;
mod links;
mod open;
mod schedule;
mod shutdown_marker;
mod signin_pause;
mod whose;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use copy::Copy;
use domain::base::clock::UnixTime;
use health::Health;
use open::{OpenState, Opened};

pub use damage::Loss;
pub use directory::SavedDirectory;
pub use grants::{Decision, Redeemed};
pub use keys::{KeptKey, KeyChange};
pub use links::Linked;
pub(crate) use open::files;
pub use shutdown_marker::{LastRun, ShutdownMarker};
pub use whose::is_of_another;

/// Append only: a released migration never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("store/migrations/001_first_login.sql"),
    include_str!("store/migrations/002_who_may_sign_in.sql"),
    include_str!("store/migrations/003_through_the_night.sql"),
    include_str!("store/migrations/004_application_id.sql"),
    include_str!("store/migrations/005_moved_links.sql"),
];

/// More jobs in one transaction would make the first of them wait for the last
/// without saving much: one fsync in sixty-four is cheap already.
const LARGEST_BATCH: usize = 64;

const OWNER_ALONE: u32 = 0o600;

/// Why the state cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be made or opened.
    #[error("open {path}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another daemon holds the lock.
    #[error("the state {0} is in use by another daemon: stop that one first")]
    InUse(PathBuf),
    /// Made by a later release.
    #[error(
        "the state {path} is of version {found}, newer than this program, which knows \
         version {known}: install the newer release again"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its `user_version`.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Nobody could sign in: that needs a write.
    #[error(
        "{path} cannot be written: its volume may be read-only, or the file or its directory \
         another user's"
    )]
    NotWritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The config names something else.
    #[error("the state {0} is a directory, where storage.path names a file")]
    Directory(PathBuf),
    /// It is not ours, and there is no copy of ours to use instead.
    #[error(
        "cannot open the state {0}: it is another program's database; set storage.path to a file \
         that no other program uses"
    )]
    Foreign(PathBuf),
    /// It is damaged, and cannot be set aside.
    #[error("the state is {damage}, and {path} cannot be moved")]
    SetAside {
        /// What is wrong with it.
        damage: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite failed.
    #[error("{doing}")]
    Sqlite {
        /// What we were doing.
        doing: &'static str,
        /// Why it failed. Shared, since one commit serves several callers.
        source: Arc<rusqlite::Error>,
    },
    /// The store's thread has ended.
    #[error("{0}: the store is closed")]
    Closed(&'static str),
    /// The copy cannot be written.
    #[error("write {path}")]
    Copy {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The copy was not finished.
    #[error("the copy of the state was not finished")]
    Abandoned(#[from] JoinError),
}

/// The open state. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    jobs: mpsc::UnboundedSender<Box<dyn Job>>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
    ended: CancellationToken,
    copy: Arc<Copy>,
    was_left_open: bool,
    loss: Loss,
}

impl Store {
    /// Opens the state at `path`, makes it when there is none, and brings its
    /// tables up to date. A damaged one is set aside under a name with `now`,
    /// and its copy takes its place.
    pub fn open(path: &Path, now: UnixTime) -> Result<Self, StoreError> {
        let Opened {
            lock,
            state,
            was_left_open,
            loss,
        } = open::open(path, now)?;
        let copy = Arc::new(Copy::of(path));
        let changes = Arc::clone(&copy);
        let troubles = Health::of(path);
        let (jobs, received) = mpsc::unbounded_channel();
        let ended = CancellationToken::new();
        let tells_its_end = ended.clone().drop_guard();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .stack_size(512 * 1024)
            .spawn(move || {
                let _tells_its_end = tells_its_end;
                serve(state, received, &changes, troubles);
                // It keeps a second daemon out: not before the journal is
                // written back may one come in. Not merely closed, since a
                // child that is being started has it open for a moment too.
                drop(lock.unlock());
            })
            .map_err(|source| StoreError::Open {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            jobs,
            thread: std::sync::Mutex::new(Some(thread)),
            ended,
            copy,
            was_left_open,
            loss,
        })
    }

    /// Runs `work` in a transaction and returns after its commit. When `work`
    /// fails, nothing of it is kept. `doing` says in an error what this was.
    async fn call<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task {
            doing,
            work: Some(work),
            outcome: None,
            reply,
        };
        let sent = self.jobs.send(Box::new(task));
        sent.map_err(|_| StoreError::Closed(doing))?;
        answer.await.map_err(|_| StoreError::Closed(doing))?
    }

    /// What of the last run's state could not be read when this was opened.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// Returns when the store could keep something now. Writes nothing.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.call("ask the state for a sign of life", |connection| {
            // It takes the lock that a write takes, and finds nothing to do.
            connection.execute("DELETE FROM hold WHERE false", [])?;
            Ok(())
        })
        .await
    }

    /// Returns when the store's thread has ended, for whatever reason: nothing
    /// can be kept from then on.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Waits for what is under way, writes the journal back into the database,
    /// closes it and lets the next one open it. Later calls fail.
    pub fn close(&self) {
        let closed = self.jobs.send(Box::new(Close));
        let thread = self.thread.lock().ok().and_then(|mut held| held.take());
        if let (Ok(()), Some(thread)) = (closed, thread) {
            drop(thread.join());
        }
    }
}

fn failed(doing: &'static str, error: rusqlite::Error) -> StoreError {
    StoreError::Sqlite {
        doing,
        source: Arc::new(error),
    }
}

/// One caller's work, until its answer is sent.
trait Job: Send {
    /// Does the work inside the open transaction; false when it failed.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Sends the answer, once it is known whether the commit went through.
    fn answer(self: Box<Self>, commit: Result<(), Arc<rusqlite::Error>>);
    /// Why the work failed, if it did.
    fn error(&self) -> Option<&rusqlite::Error> {
        None
    }
    /// Whether the thread is to end here.
    fn is_last(&self) -> bool {
        false
    }
}

struct Task<T, F> {
    doing: &'static str,
    work: Option<F>,
    outcome: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome = self.work.take().map(|work| work(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn error(&self) -> Option<&rusqlite::Error> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, commit: Result<(), Arc<rusqlite::Error>>) {
        let doing = self.doing;
        let outcome = match (self.outcome, commit) {
            (Some(Err(error)), _) => Err(failed(doing, error)),
            (_, Err(source)) => Err(StoreError::Sqlite { doing, source }),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Closed(doing)),
        };
        // The caller may have gone; its work is done all the same.
        drop(self.reply.send(outcome));
    }
}

struct Close;

impl Job for Close {
    fn run(&mut self, _connection: &Connection) -> bool {
        true
    }

    fn answer(self: Box<Self>, _commit: Result<(), Arc<rusqlite::Error>>) {}

    fn is_last(&self) -> bool {
        true
    }
}

fn serve(
    mut state: OpenState,
    mut received: mpsc::UnboundedReceiver<Box<dyn Job>>,
    copy: &Copy,
    mut troubles: Health,
) {
    let mut batch = Vec::new();
    while received.blocking_recv_many(&mut batch, LARGEST_BATCH) > 0 {
        let last = batch.iter().any(|job| job.is_last());
        let connection = state.connection();
        let rows = connection.total_changes();
        let commit = run_together(connection, &mut batch);
        let wrote = commit.is_ok() && connection.total_changes() > rows;
        let failed = batch.iter().filter_map(|job| job.error());
        let failed = failed.chain(commit.as_ref().err());
        failed.for_each(|error| troubles.have(error));
        // Before the answers: who has one may copy the state.
        let usual = if wrote {
            copy.state_has_changed();
            troubles.are_over();
            state.shared()
        } else {
            Some(state)
        };
        let commit = commit.map_err(Arc::new);
        for job in batch.drain(..) {
            job.answer(commit.clone());
        }
        state = match usual {
            Some(state) => state,
            None => return,
        };
        if last {
            break;
        }
    }
    state.close();
}

/// Runs each job in a savepoint of its own inside one transaction.
fn run_together(connection: &Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let outcome = try_together(connection, batch);
    // A full disk or a failed commit leaves the transaction open or not,
    // depending on how far SQLite came.
    if outcome.is_err() && !connection.is_autocommit() {
        drop(connection.execute_batch("ROLLBACK"));
    }
    outcome
}

fn try_together(connection: &Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    for job in batch {
        run_one(connection, job.as_mut())?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

fn run_one(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    if job.run(connection) {
        connection.prepare_cached("RELEASE job")?.execute([])?;
        return Ok(());
    }
    connection.execute_batch("ROLLBACK TO job; RELEASE job")
}

#[cfg(test)]
mod tests;
