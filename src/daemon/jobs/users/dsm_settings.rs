//! Writes DSM's SSO client and reverse proxy, and restores what was there
//! before, in the session of a refresh.

mod changes;
mod error;
mod wizard;
mod writing;

use tokio::time::{Instant, timeout_at};

use super::UsersJob;
use super::inspection::Wanted;
use crate::app::AppState;
use crate::clients::dsm::{DsmSession, RawSettings, Reaction, SettingsReading};
use crate::control::{LeftPlace, SettingsPlan, SettingsWritten};
use crate::doctor::dsm::Compared;
use changes::Changes;

pub use error::SettingsError;

/// The time for the requests to DSM, and for everything.
const TIME_TO_WRITE: std::time::Duration = std::time::Duration::from_secs(50);
const TIME_IN_ALL: std::time::Duration = std::time::Duration::from_secs(55);

/// What to do with the settings of DSM.
#[derive(Clone, Debug)]
pub(super) struct Order {
    direction: Direction,
    /// `None`: only a plan.
    consent: Option<Consent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Apply,
    Undo,
}

/// What the administrator agreed to.
#[derive(Clone, Debug)]
struct Consent {
    force: bool,
    /// The plan; `None`: whatever is needed.
    seen: Option<String>,
}

/// What became of an order.
#[derive(Debug)]
pub(super) struct Outcome {
    rows: Vec<Compared>,
    left: Vec<LeftPlace>,
    seen: String,
    problems: Vec<String>,
}

impl UsersJob {
    /// Returns what [`Self::apply`] would write. Takes 55 s at most, as the
    /// other three do.
    pub(crate) async fn plan_apply(&self) -> Result<SettingsPlan, SettingsError> {
        self.plan(Direction::Apply).await
    }

    /// Writes what DSM needs for this service, and reads it back. Leaves what
    /// points elsewhere, unless `force`. `seen` is that of the plan that the
    /// administrator accepted; `None` writes whatever is needed.
    pub(crate) async fn apply(
        &self,
        force: bool,
        seen: Option<&str>,
    ) -> Result<SettingsWritten, SettingsError> {
        self.write(Direction::Apply, force, seen).await
    }

    /// Returns what [`Self::undo`] would restore.
    pub(crate) async fn plan_undo(&self) -> Result<SettingsPlan, SettingsError> {
        self.plan(Direction::Undo).await
    }

    /// Restores what DSM had before the first [`Self::apply`] since the last
    /// undo. Leaves what was changed since, unless `force`.
    pub(crate) async fn undo(
        &self,
        force: bool,
        seen: Option<&str>,
    ) -> Result<SettingsWritten, SettingsError> {
        self.write(Direction::Undo, force, seen).await
    }

    async fn plan(&self, direction: Direction) -> Result<SettingsPlan, SettingsError> {
        let consent = None;
        let outcome = self.order(Order { direction, consent }).await?;
        Ok(SettingsPlan {
            rows: outcome.rows,
            left: outcome.left,
            seen: outcome.seen,
        })
    }

    async fn write(
        &self,
        direction: Direction,
        force: bool,
        seen: Option<&str>,
    ) -> Result<SettingsWritten, SettingsError> {
        let seen = seen.map(str::to_owned);
        let consent = Some(Consent { force, seen });
        let outcome = self.order(Order { direction, consent }).await?;
        let is_complete = outcome.left.is_empty() && outcome.problems.is_empty();
        if direction == Direction::Apply && is_complete {
            self.note_entered().await;
        }
        // An old copy would lack what an undo needs.
        self.current.load().store.save_copy().await;
        Ok(SettingsWritten {
            rows: outcome.rows,
            left: outcome.left,
            problems: outcome.problems,
        })
    }

    async fn order(&self, order: Order) -> Result<Outcome, SettingsError> {
        let start = Instant::now();
        let mut wanted = Wanted::new(start + TIME_TO_WRITE, Some(order));
        let refreshing = self.refresh_and_read(Some(&mut wanted));
        let refreshed = timeout_at(start + TIME_IN_ALL, refreshing).await;
        match (wanted.into_outcome(), refreshed) {
            (Some(outcome), _) => outcome,
            (None, Ok(Err(error))) => Err(self.not_refreshed(error)),
            (None, Ok(Ok(_)) | Err(_)) => Err(SettingsError::NoAnswer(TIME_IN_ALL)),
        }
    }

    /// Carries out `order` in the session in which the settings were `read`.
    pub(super) async fn carry_out(
        &self,
        mut order: Order,
        read: SettingsReading,
        session: &mut DsmSession<'_>,
        app: &AppState,
    ) -> Result<Outcome, SettingsError> {
        let first = match read.into_raw() {
            Ok(raw) => Box::pin(self.attempt(&mut order, raw, session, app)).await,
            Err(error) => Err(error.into()),
        };
        let Err(SettingsError::Dsm(error)) = &first else {
            return first;
        };
        if !error.says_session_ended() {
            return first;
        }
        // What was written before stays written: it needs no second write.
        tracing::debug!(%error, "DSM ended the session; signing in again");
        let fingerprint = self.fingerprint_key.fingerprint(&app.config.dsm);
        if let Err(error) = session.renew().await {
            if error.reaction() == Reaction::PauseSignIns {
                self.begin_pause(app, &error, fingerprint).await;
            }
            return Err(error.into());
        }
        let raw = Box::pin(session.read_settings()).await.into_raw()?;
        Box::pin(self.attempt(&mut order, raw, session, app)).await
    }

    async fn attempt(
        &self,
        order: &mut Order,
        raw: RawSettings,
        session: &DsmSession<'_>,
        app: &AppState,
    ) -> Result<Outcome, SettingsError> {
        let saved = app.store.dsm_settings_before().await?;
        let changes = match order.direction {
            Direction::Apply => Changes::to_apply(&app.config, &raw, &saved)?,
            Direction::Undo => Changes::to_undo(&raw, &saved),
        };
        let seen = self.fingerprint_key.seen(&changes.json());
        let Some(consent) = &mut order.consent else {
            return Ok(Outcome {
                rows: changes.planned()?,
                left: changes.left(),
                seen,
                problems: Vec::new(),
            });
        };
        // In a second session, the first has written some of it.
        if consent.seen.take().is_some_and(|shown| shown != seen) {
            return Err(SettingsError::Changed);
        }
        let mut writing = writing::Writing {
            raw,
            session,
            app,
            force: consent.force,
            problems: Vec::new(),
        };
        writing.write(&changes).await?;
        Ok(Outcome {
            rows: changes.rows(&app.config, &writing.raw)?,
            left: if consent.force {
                Vec::new()
            } else {
                changes.left()
            },
            seen,
            problems: writing.problems,
        })
    }
}
