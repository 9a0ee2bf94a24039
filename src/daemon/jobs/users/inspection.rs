//! The inspection of DSM for `doctor`, in the session of a refresh.

use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::dsm_settings::{Order, Outcome, SettingsError};
use super::{Refreshed, UsersError, UsersJob};
use crate::app::AppState;
use crate::clients::dsm::{DsmSession, SettingsReading};
use crate::doctor::dsm::{
    Access, DsmReport, Inspection, PowerSeen, TIME_IN_ALL, TIME_TO_READ, UsersSeen, open_ports,
    settings_after,
};
use domain::signin::directory::Link;

/// The settings of DSM that an inspection wants from a refresh, or an order to
/// change them.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The deadline of every request in the session.
    pub(super) deadline: Instant,
    order: Option<Order>,
    read: Option<SettingsReading>,
    outcome: Option<Result<Outcome, SettingsError>>,
}

impl Wanted {
    pub(super) fn new(deadline: Instant, order: Option<Order>) -> Self {
        Self {
            deadline,
            order,
            read: None,
            outcome: None,
        }
    }

    /// Returns what became of the order; `None` if the settings were not read.
    pub(super) fn into_outcome(self) -> Option<Result<Outcome, SettingsError>> {
        self.outcome
    }

    /// Reads them in the session in which the refresh is `done`, and carries
    /// out the order.
    pub(super) async fn read_after(
        &mut self,
        job: &UsersJob,
        done: &Result<Refreshed, UsersError>,
        session: &mut DsmSession<'_>,
        app: &AppState,
    ) {
        let failure = match done {
            Err(UsersError::Dsm(error)) => Some(error),
            Ok(_)
            | Err(
                UsersError::AddressesGone(_)
                | UsersError::Store(_)
                | UsersError::Abandoned(_)
                | UsersError::Paused { .. },
            ) => None,
        };
        let read = settings_after(session, failure).await;
        match (self.order.take(), read) {
            (Some(order), Some(read)) => {
                // Boxed, because every refresh would be as large.
                let carrying_out = Box::pin(job.carry_out(order, read, session, app));
                self.outcome = Some(carrying_out.await);
            }
            (_, read) => self.read = read,
        }
    }
}

impl UsersJob {
    /// Refreshes the users, reads the settings of DSM in the same session, and
    /// returns the findings about DSM. Sends no request during a sign-in pause.
    ///
    /// Takes 25 s at most; a refresh that another task began goes on.
    pub(crate) async fn inspect(&self) -> Result<DsmReport, JoinError> {
        let start = Instant::now();
        let mut wanted = Wanted::new(start + TIME_TO_READ, None);
        let refreshing = self.refresh_and_read(Some(&mut wanted));
        let refreshed = timeout_at(start + TIME_IN_ALL, refreshing).await;
        let access = match refreshed {
            Ok(done) => self.access(done),
            Err(_) => Access::NoAnswer,
        };
        let open_ports = match &access {
            Access::Failed(error) => open_ports(error).await,
            Access::Read | Access::Unusable(_) | Access::Paused { .. } | Access::NoAnswer => {
                Vec::new()
            }
        };
        let app = self.current.load();
        // Without them, a user who is linked may seem to be refused.
        let links = if matches!(access, Access::Read) {
            app.store.links().await.ok()
        } else {
            None
        };
        let power = self.power_seen();
        let paused_until = self.paused_until();
        let administrators_error = self.administrators_error.get();
        // On its own thread: a large directory takes a while.
        let judging = spawn_blocking(move || {
            let users = |links: Vec<Link>| {
                let snapshot = app.snapshot.load_full()?;
                let moment = app.moment();
                let error = administrators_error;
                Some(UsersSeen::judged(
                    &snapshot,
                    &links,
                    &app.policy,
                    moment,
                    error,
                ))
            };
            Inspection {
                config: &app.config,
                access,
                paused_until,
                open_ports,
                users: links.and_then(users),
                power,
                settings: wanted.read,
                zone: &app.time_zone,
                now: app.clock.now(),
            }
            .report()
        });
        judging.await
    }

    fn access(&self, done: Result<Refreshed, UsersError>) -> Access {
        match done {
            // A state that cannot be written has a check of its own.
            Ok(_) | Err(UsersError::Store(_)) => Access::Read,
            Err(UsersError::Dsm(error)) => Access::Failed(error),
            Err(error @ (UsersError::AddressesGone(_) | UsersError::Abandoned(_))) => {
                Access::Unusable(error.to_string())
            }
            Err(UsersError::Paused { until }) => {
                let pause = self.current.load().refresh_coordinator.signin_pause();
                let reason = pause.map(|pause| pause.reason.clone());
                Access::Paused {
                    until,
                    reason: reason.unwrap_or_default(),
                }
            }
        }
    }

    fn power_seen(&self) -> PowerSeen {
        let app = self.current.load();
        PowerSeen {
            source: app.power_schedule().map(|known| known.source),
            outlook: app.power_outlook(),
            error: self.schedule.error(),
        }
    }
}
