//! One session at DSM for several requests, because DSM logs each sign-in.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::MutexGuard;
use tokio::time::{Instant, timeout_at};

use super::{Call, DsmClient, DsmError, Reading, Session, wire};
use domain::base::ids::DsmUsername;
use domain::model::power::{self, PowerSchedule};
use domain::model::user_list::UserList;

/// In a session with a deadline, the time-out of a request after the users were
/// listed, which is slow if a disk has to wake up. One API that hangs leaves
/// time for the others.
const LIMITED_STEP: Duration = Duration::from_secs(8);

/// The time for the sign-out after the deadline.
const LIMITED_SIGN_OUT: Duration = Duration::from_secs(2);

/// Exclusive access to DSM; other tasks wait for [`DsmSession::end`]. If this
/// is dropped instead, the next one signs out of the open session first.
#[derive(Debug)]
#[must_use = "the session stays open in DSM until it is ended"]
pub struct DsmSession<'a> {
    client: &'a DsmClient,
    session: MutexGuard<'a, Option<Session>>,
    deadline: Option<Instant>,
}

impl<'a> DsmSession<'a> {
    pub(super) fn begin(client: &'a DsmClient, session: MutexGuard<'a, Option<Session>>) -> Self {
        Self {
            client,
            session,
            deadline: None,
        }
    }

    /// Makes every request fail that has no response at `deadline`; the
    /// sign-out has two seconds more.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Returns whether DSM has accepted the sign-in.
    pub fn is_open(&self) -> bool {
        self.session.is_some()
    }

    /// Signs in, and returns the users and administrators that differ from
    /// `before`. The session then stays open.
    ///
    /// The time-out is for each request, so this may take several times as
    /// long.
    #[tracing::instrument(name = "dsm.list_users", skip_all)]
    pub async fn list_users(&mut self, before: &Arc<UserList>) -> Result<Reading, DsmError> {
        let first = self.list_users_anew(before).await;
        let failed = match &first {
            Ok(reading) => reading.administrators.as_ref().err(),
            Err(error) => Some(error),
        };
        let Some(error) = failed.filter(|error| error.is_about_the_session()) else {
            return first;
        };
        // A session ends early if DSM restarts, or if the account signs in
        // elsewhere. One retry: a second failure is not a coincidence.
        tracing::debug!(%error, "DSM ended the session; signing in again");
        self.list_users_anew(before).await
    }

    /// Returns the power schedule, in the session that is open: it alone does
    /// not justify another sign-in.
    #[tracing::instrument(name = "dsm.power_schedule", skip_all)]
    pub async fn power_schedule(&self) -> Result<power::Reading, DsmError> {
        let call = Call::LoadPowerSchedule;
        let data: serde_json::Value = self.read(call).await?;
        PowerSchedule::from_api(&data).map_err(|source| DsmError::NoSchedule { call, source })
    }

    /// Signs in again, after DSM has ended the session.
    pub async fn renew(&mut self) -> Result<(), DsmError> {
        self.sign_in().await.map(drop)
    }

    /// Signs out and ends the exclusive access.
    pub async fn end(mut self) {
        self.sign_out().await;
    }

    async fn list_users_anew(&mut self, before: &Arc<UserList>) -> Result<Reading, DsmError> {
        let (client, deadline) = (self.client, self.deadline);
        let session = self.sign_in().await?;
        let users = client.read_rows(Call::ListUsers, session, before);
        let users = within(deadline, Call::ListUsers, users).await?;
        let members = client.read_rows(Call::ListAdministrators, session, before);
        let members = within(deadline, Call::ListAdministrators, members).await;
        let administrators = members.map(|changed: Option<Vec<DsmUsername>>| {
            let mut administrators = changed?;
            administrators.sort();
            Some(administrators).filter(|names| before.administrators.as_ref() != Some(names))
        });
        Ok(Reading {
            users,
            administrators,
        })
    }

    pub(super) async fn power_schedule_anew(&mut self) -> Result<power::Reading, DsmError> {
        self.sign_in().await?;
        match self.power_schedule().await {
            Err(error) if error.is_about_the_session() => {
                tracing::debug!(%error, "DSM ended the session; signing in again");
                self.sign_in().await?;
                self.power_schedule().await
            }
            done => done,
        }
    }

    /// Returns the `data` of the response to `call`, which has no parameters
    /// and a short response.
    pub(super) async fn read<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
    ) -> Result<T, DsmError> {
        wire::data(call, &self.post(call, &[]).await?)
    }

    /// Returns the response to `call`, which is short.
    pub(super) async fn post(
        &self,
        call: Call,
        parameters: &[(&str, &str)],
    ) -> Result<Bytes, DsmError> {
        let answer = self.client.post(call, self.session.as_ref(), parameters);
        within(self.deadline, call, answer).await
    }

    async fn sign_in(&mut self) -> Result<&Session, DsmError> {
        self.sign_out().await;
        let signing_in = self.client.sign_in();
        let session = within(self.deadline, Call::SignIn, signing_in).await?;
        Ok(self.session.insert(session))
    }

    /// Forgets the session only after DSM has answered: if this is cancelled,
    /// the next one signs out.
    async fn sign_out(&mut self) {
        if let Some(open) = self.session.as_ref() {
            let deadline = self.deadline.map(|deadline| deadline + LIMITED_SIGN_OUT);
            end(self.client, open, deadline).await;
        }
        *self.session = None;
    }
}

/// Signs out of `session`. Only logs an error: the caller has what it wanted
/// already, or another error.
pub(super) async fn end(client: &DsmClient, session: &Session, deadline: Option<Instant>) {
    let signing_out = client.sign_out(session);
    if let Err(error) = within(deadline, Call::SignOut, signing_out).await {
        let error: &dyn Error = &error;
        tracing::warn!(
            error,
            "cannot sign out of DSM; the session stays open until it times out"
        );
    }
}

/// Returns the result of `work`, or an error if the deadline passes first.
async fn within<T>(
    deadline: Option<Instant>,
    call: Call,
    work: impl Future<Output = Result<T, DsmError>>,
) -> Result<T, DsmError> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    // A write restarts a server of DSM, and must not be cut off.
    let is_slow = matches!(call, Call::SignIn | Call::ListUsers) || call.writes();
    let limit = if is_slow {
        deadline
    } else {
        deadline.min(Instant::now() + LIMITED_STEP)
    };
    let done = timeout_at(limit, work).await;
    done.unwrap_or(Err(DsmError::TooSlow { call }))
}
