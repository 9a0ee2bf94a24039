//! One visit at DSM: what is wanted of it is read in one session, since DSM
//! notes each sign-in in its log.

use std::sync::Arc;

use tokio::sync::MutexGuard;

use super::{Call, DsmClient, DsmError, Reading, Session, wire};
use domain::model::power::{self, PowerSchedule};
use domain::model::user_list::UserList;

/// Our turn at DSM; others wait for its end. One that is dropped instead
/// leaves its session to the next, which ends it first.
#[derive(Debug)]
#[must_use = "the session stays open in DSM until the visit is ended"]
pub struct DsmSession<'a> {
    client: &'a DsmClient,
    session: MutexGuard<'a, Option<Session>>,
}

impl<'a> DsmSession<'a> {
    pub(super) fn begin(client: &'a DsmClient, session: MutexGuard<'a, Option<Session>>) -> Self {
        Self { client, session }
    }

    /// The users of this NAS and its administrators, told apart from those
    /// of `before`, in a session that is then open.
    ///
    /// The password is read from its file at each sign-in. Each request has
    /// its own time-out, so this may take several of them.
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
        // Sessions end before their time: DSM restarts, or somebody else
        // signs in. Once more, with a new one; twice is no accident.
        tracing::debug!(%error, "a new session is opened");
        self.list_users_anew(before).await
    }

    /// When this NAS switches itself off and on, by the session that is open:
    /// it alone is not worth another sign-in.
    ///
    /// A schedule that can be read in part is one; its remarks are for the
    /// log.
    #[tracing::instrument(name = "dsm.power_schedule", skip_all)]
    pub async fn power_schedule(&self) -> Result<power::Reading, DsmError> {
        let call = Call::LoadPowerSchedule;
        let session = self.session.as_ref();
        let answer = self.client.post(call, session, &[]).await?;
        let data: serde_json::Value = wire::data(call, &answer)?;
        PowerSchedule::from_api(&data).map_err(|source| DsmError::NoSchedule { call, source })
    }

    /// Ends the session, and lets the next one in.
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
                tracing::debug!(%error, "a new session is opened");
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

    /// It counts as open until DSM has answered: whoever breaks off here
    /// leaves it to the next visit.
    async fn sign_out(&mut self) {
        if let Some(open) = self.session.as_ref() {
            self.client.sign_out(open).await;
        }
        *self.session = None;
    }
}
