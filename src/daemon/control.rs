//! The socket for the commands that need the running daemon, such as `status`
//! and `reload`.
//!
//! Its file mode is the only access control: who can open it may do everything.

mod doctor;
mod dsm;
mod explain;
mod keys;
mod links;
mod observed;
mod plan_reload;
mod refusals;
mod reload;
mod socket;
mod status;
mod users;
mod week;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app::CurrentState;
use crate::config::ConfigError;
use crate::control::{Answer, MAX_REQUEST_BYTES, Operations, Reason, Refused, Request};
use crate::daemon::examiner::Examiner;
use crate::daemon::jobs::{Jobs, SettingsError};
use domain::base::clock::UnixTime;

pub(crate) use reload::{ReloadError, Reloader};
pub(crate) use socket::Socket;

/// More connections wait in the queue.
const MAX_CONNECTIONS: usize = 16;

/// A client that takes longer to write a request or to read its response has
/// stopped.
const IO_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two tries to accept: a failed one (no file descriptors left) would
/// fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers the requests of commands.
#[derive(Debug)]
pub(crate) struct Control {
    current: Arc<CurrentState>,
    jobs: Jobs,
    reloader: Arc<Reloader>,
    examiner: Arc<Examiner>,
    started: UnixTime,
}

impl Operations for Control {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Vec<u8>> + Send + '_>> {
        Box::pin(self.answer_of(request))
    }
}

impl Control {
    /// Notes the time as that of the daemon's start. Binds no socket.
    pub(crate) fn new(
        current: Arc<CurrentState>,
        jobs: Jobs,
        reloader: &Arc<Reloader>,
        examiner: &Arc<Examiner>,
    ) -> Self {
        Self {
            started: current.load().clock.now(),
            current,
            jobs,
            reloader: Arc::clone(reloader),
            examiner: Arc::clone(examiner),
        }
    }

    /// Serves `socket`. Never returns; when dropped, closes all connections and
    /// removes the socket.
    pub(crate) async fn serve(self: Arc<Self>, socket: Socket) {
        let mut connections = JoinSet::new();
        loop {
            if connections.len() >= MAX_CONNECTIONS {
                drop(connections.join_next().await);
                continue;
            }
            let accepted = tokio::select! {
                Some(_) = connections.join_next() => continue,
                accepted = socket.accept() => accepted,
            };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection on the control socket");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            connections.spawn(Arc::clone(&self).connection(stream));
        }
    }

    async fn connection(self: Arc<Self>, mut stream: UnixStream) {
        if let Err(error) = self.exchange(&mut stream).await {
            tracing::debug!(%error, "a connection to the control socket failed");
        }
    }

    async fn exchange(&self, stream: &mut UnixStream) -> io::Result<()> {
        let line = timeout(IO_TIMEOUT, read_line(stream)).await??;
        let is_cut = line.len() == MAX_REQUEST_BYTES && line.last() != Some(&b'\n');
        let mut answer = match serde_json::from_slice(&line) {
            Ok(request) => self.answer(request).await,
            Err(_) if is_cut => refused(
                Reason::Failed,
                format!("the request is longer than {MAX_REQUEST_BYTES} bytes"),
            ),
            Err(error) => refused(Reason::Failed, format!("unknown request: {error}")),
        };
        answer.push(b'\n');
        timeout(IO_TIMEOUT, stream.write_all(&answer)).await??;
        stream.shutdown().await
    }

    async fn answer_of(&self, request: Request) -> Vec<u8> {
        match request {
            Request::Status => report(&self.status().await),
            Request::Users => self.users().await,
            Request::Explain { address, at } => self.explain(&address, at).await,
            Request::LinksList => self.links().await,
            Request::LinksMoved => self.moved_links().await,
            Request::LinksRemove { user } => self.remove_links(&user).await,
            Request::LinkOrigins => self.link_origins().await,
            Request::Refusals => self.refusals().await,
            Request::LinkChosen(chosen) => self.link_chosen(chosen).await,
            Request::KeysList => report(&self.keys()),
            Request::KeysRotate { signs } => self.rotate(signs).await,
            Request::Week => report(&self.week().await),
            Request::Observed => report(&self.observed()),
            Request::PlanApply => settings(Box::pin(self.jobs.users.plan_apply()).await),
            Request::Apply { seen, force } => self.apply(&seen, force).await,
            Request::PlanUndo => settings(Box::pin(self.jobs.users.plan_undo()).await),
            Request::Undo { seen, force } => self.undo(&seen, force).await,
            Request::Values => report(&self.values()),
            Request::ClientSecret { client } => self.client_secret(&client),
            Request::Refresh => report(&self.read_again().await),
            Request::Findings => report(&self.examiner.findings()),
            Request::Examine => report(&self.examiner.examine_on_request().await),
            Request::DoctorNonce => self.doctor_nonce(),
            Request::DoctorSeen { nonce } => self.doctor_seen(&nonce),
            Request::Config => report(&self.config()),
            Request::PlanReload => self.plan_reload().await,
            Request::Reload { seen } => match self.reloader.reload(seen.as_deref()).await {
                Ok(reloaded) => report(&reloaded),
                Err(error) => not_reloaded(&error),
            },
            Request::Doctor => reported(self.jobs.users.inspect().await),
        }
    }
}

async fn read_line(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_REQUEST_BYTES).unwrap_or(u64::MAX);
    let mut limited = BufReader::new(stream).take(limit);
    limited.read_until(b'\n', &mut line).await?;
    Ok(line)
}

fn report(report: &impl Serialize) -> Vec<u8> {
    match serde_json::to_vec(&Answer::Report(report)) {
        Ok(line) => line,
        Err(error) => refused(Reason::Failed, format!("cannot write the report: {error}")),
    }
}

fn reported(done: Result<impl Serialize, impl Into<anyhow::Error>>) -> Vec<u8> {
    match done {
        Ok(done) => report(&done),
        Err(error) => failed(error),
    }
}

fn settings(done: Result<impl Serialize, SettingsError>) -> Vec<u8> {
    match done {
        Err(error @ SettingsError::Changed) => refused(Reason::Changed, error.to_string()),
        done => reported(done),
    }
}

fn refused(reason: Reason, message: String) -> Vec<u8> {
    let answer: Answer<()> = Answer::Refused(Refused { reason, message });
    serde_json::to_vec(&answer).unwrap_or_default()
}

fn failed(error: impl Into<anyhow::Error>) -> Vec<u8> {
    refused(Reason::Failed, format!("{:#}", error.into()))
}

fn not_reloaded(error: &ReloadError) -> Vec<u8> {
    let reason = match error {
        // A config that we may not read is neither bad nor missing.
        ReloadError::Config(ConfigError::Unreadable { source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            Reason::Failed
        }
        ReloadError::Config(_) => Reason::BadConfig,
        ReloadError::Changed | ReloadError::Log(_) | ReloadError::Thread(_) => Reason::Failed,
    };
    let message = error.in_lines();
    refused(reason, format!("{message}\nKeeping the previous config."))
}
