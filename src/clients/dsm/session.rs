//! One session at DSM for several requests, because DSM logs each sign-in.

use std::sync::Arc;

use tokio::sync::MutexGuard;

use super::{Call, DsmClient, DsmError, Reading, Session, wire};
use domain::model::power::{self, PowerSchedule};
use domain::model::user_list::UserList;

/// Exclusive access to DSM; other tasks wait for [`DsmSession::end`]. If this
/// is dropped instead, the next one signs out of the open session first.
#[derive(Debug)]
#[must_use = "the session stays open in DSM until it is ended"]
pub struct DsmSession<'a> {
    client: &'a DsmClient,
    session: MutexGuard<'a, Option<Session>>,
}

impl<'a> DsmSession<'a> {
    pub(super) fn begin(client: &'a DsmClient, session: MutexGuard<'a, Option<Session>>) -> Self {
        Self { client, session }
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
        let session = self.session.as_ref();
        let answer = self.client.post(call, session, &[]).await?;
        let data: serde_json::Value = wire::data(call, &answer)?;
        PowerSchedule::from_api(&data).map_err(|source| DsmError::NoSchedule { call, source })
    }

    /// Signs out and ends the exclusive access.
    pub async fn end(mut self) {
        self.sign_out().await;
    }

    async fn list_users_anew(&mut self, before: &Arc<UserList>) -> Result<Reading, DsmError> {
        let client = self.client;
        client.read_lists(self.sign_in().await?, before).await
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

    async fn sign_in(&mut self) -> Result<&Session, DsmError> {
        self.sign_out().await;
        let session = self.client.sign_in().await?;
        Ok(self.session.insert(session))
    }

    /// Forgets the session only after DSM has answered: if this is cancelled,
    /// the next one signs out.
    async fn sign_out(&mut self) {
        if let Some(open) = self.session.as_ref() {
            self.client.sign_out(open).await;
        }
        *self.session = None;
    }
}
