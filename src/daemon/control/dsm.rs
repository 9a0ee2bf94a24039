//! DSM's settings, and what the administration page asks about DSM.

use super::reload::PATIENCE;
use super::{Control, refused, report, settings};
use crate::clients::refresh_coordinator::RefreshOutcome;
use crate::control::{ReadAgain, ReadOutcome, Reason, ValuesToEnter};

impl Control {
    /// Reads the users, within the limits of the refreshes for sign-ins: only a
    /// reload ends a sign-in pause.
    pub(super) async fn read_again(&self) -> ReadAgain {
        let app = self.current.load();
        let outcome = match app.refresh_coordinator.ask(PATIENCE).await {
            RefreshOutcome::Ended => ReadOutcome::Ended,
            RefreshOutcome::TooOften => ReadOutcome::TooOften,
            RefreshOutcome::Paused => ReadOutcome::Paused,
            RefreshOutcome::TakesLonger => ReadOutcome::TakesLonger,
        };
        let users = self.jobs.users.report();
        ReadAgain {
            outcome,
            users: users.refreshed.map(|_| users.users),
            error: users.error.or(users.administrators_error),
        }
    }

    pub(super) async fn apply(&self, seen: &str, force: bool) -> Vec<u8> {
        let written = Box::pin(self.jobs.users.apply(force, Some(seen))).await;
        // After an error, it is not known what DSM has.
        let rows = written.as_ref().map(|written| written.rows.clone());
        self.examiner.forget_settings(rows.unwrap_or_default());
        settings(written)
    }

    pub(super) async fn undo(&self, seen: &str, force: bool) -> Vec<u8> {
        let written = Box::pin(self.jobs.users.undo(force, Some(seen))).await;
        // Its rows are beside the previous values, not beside ours.
        self.examiner.forget_settings(Vec::new());
        settings(written)
    }

    pub(super) fn values(&self) -> ValuesToEnter {
        ValuesToEnter::of(&self.current.load().config)
    }

    pub(super) fn client_secret(&self, id: &str) -> Vec<u8> {
        let app = self.current.load();
        let mut clients = app.config.clients.iter();
        match clients.find(|client| client.id.as_str() == id) {
            Some(client) => report(client.secret.expose()),
            None => refused(Reason::Failed, format!("there is no client {id:?}")),
        }
    }
}
