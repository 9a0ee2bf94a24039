//! The writes of an order. Each is saved before, so that it can be undone, and
//! read back after.

use super::changes::{Change, Changes};
use super::{Direction, SettingsError};
use crate::app::AppState;
use crate::clients::dsm::{DsmError, DsmSession, RawSettings};
use crate::doctor::dsm::quoted;
use crate::logging::error_chain;
use domain::model::dsm_settings::{Before, Field, Row, has_all_of, is_same};

const NOT_SHOWN: &str = "a secret that is not shown";

pub(super) struct Writing<'a> {
    /// The settings last read.
    pub(super) raw: RawSettings,
    pub(super) session: &'a DsmSession<'a>,
    pub(super) app: &'a AppState,
    /// Whether the administrator consents to what is left otherwise.
    pub(super) force: bool,
    /// What DSM rejected or stored differently.
    pub(super) problems: Vec<String>,
}

impl Writing<'_> {
    /// Makes `changes`. After a problem, the same place is not written further.
    pub(super) async fn write(&mut self, changes: &Changes) -> Result<(), SettingsError> {
        let mut failed = None;
        for change in &changes.all {
            let is_left = change.why_left.is_some() && !self.force;
            if !change.is_due || is_left {
                self.note_unwritten(changes.direction, change).await?;
                continue;
            }
            if failed == Some(change.part.place()) {
                continue;
            }
            let problems = self.problems.len();
            self.write_part(changes, change).await?;
            if self.problems.len() > problems {
                failed = Some(change.part.place());
            }
        }
        Ok(())
    }

    /// Notes that an undo did not need to restore a part, or left it.
    async fn note_unwritten(
        &self,
        direction: Direction,
        change: &Change,
    ) -> Result<(), SettingsError> {
        let store = &self.app.store;
        match (direction, change.saved.clone()) {
            (Direction::Apply, _) | (Direction::Undo, None) => {}
            (Direction::Undo, Some(before)) if change.is_due => {
                let is_undone = true;
                let before = Before {
                    is_undone,
                    ..before
                };
                store.save_dsm_settings_before(before).await?;
            }
            (Direction::Undo, Some(before)) => {
                store.remove_dsm_settings_before(before.key).await?;
            }
        }
        Ok(())
    }

    async fn write_part(
        &mut self,
        changes: &Changes,
        change: &Change,
    ) -> Result<(), SettingsError> {
        let Change {
            part,
            present,
            target,
            ..
        } = change;
        let saved = change.saved.as_ref();
        let before = Before::write(saved, &change.key, present, target.clone());
        if changes.direction == Direction::Apply {
            let store = &self.app.store;
            store.save_dsm_settings_before(before.clone()).await?;
        }
        match self.session.write_part(*part, present, target).await {
            Ok(()) => {}
            Err(error) if error.says_session_ended() => return Err(error.into()),
            Err(error) if error.code().is_some() => {
                let problem = rejected(changes, change, &error)?;
                self.problems.push(problem);
                return Ok(());
            }
            Err(error) => return Err(SettingsError::Unknown(error)),
        }
        let new = new_values(&change.rows_between(present, target)?, NOT_SHOWN);
        tracing::warn!(place = part.place(), %part, new, "wrote settings of DSM");
        let read = self.session.read_part(*part, &mut self.raw).await;
        read.map_err(|error| {
            if error.says_session_ended() {
                return SettingsError::Dsm(error);
            }
            SettingsError::Unknown(error)
        })?;
        self.check(changes, change, before).await
    }

    /// Compares what was read back with what was written.
    async fn check(
        &mut self,
        changes: &Changes,
        change: &Change,
        mut before: Before,
    ) -> Result<(), SettingsError> {
        let found = change.found(&self.raw);
        let differing = changes.differing(change, &self.app.config, &self.raw)?;
        let store = &self.app.store;
        let is_complete = match changes.direction {
            Direction::Apply => has_all_of(found, &change.target),
            Direction::Undo => is_same(found, &change.target),
        };
        match (changes.direction, is_complete) {
            (Direction::Apply, true) => {}
            // Else an undo would take it for a change by another person.
            (Direction::Apply, false) => {
                before.written.push(found.clone());
                store.save_dsm_settings_before(before).await?;
            }
            (Direction::Undo, true) => {
                store.remove_dsm_settings_before(before.key).await?;
            }
            (Direction::Undo, false) => self.problems.push(format!(
                "DSM has not restored all values of its {}: compare it in {}",
                change.part,
                change.part.dialog()
            )),
        }
        for row in differing {
            self.problems.push(format!(
                "DSM has stored another value of its {} than was written: {} should be {}, and is \
                 {}: correct it in {}",
                change.part,
                row.field.name(),
                value(&row, row.ours.as_deref(), NOT_SHOWN),
                value(&row, row.dsm.as_deref(), "another one"),
                change.part.dialog()
            ));
        }
        Ok(())
    }
}

/// Returns what to do by hand after DSM has rejected a change.
fn rejected(changes: &Changes, change: &Change, error: &DsmError) -> Result<String, SettingsError> {
    let rows = change.rows_between(&change.present, &change.target)?;
    let secret = match &changes.secret_file {
        Some(file) => format!("the content of {}", file.display()),
        None => "the former secret".to_owned(),
    };
    let new = if change.target.is_null() {
        "no rule".to_owned()
    } else {
        new_values(&rows, &secret)
    };
    let (error, dialog) = (error_chain(error), change.part.dialog());
    Ok(format!("{error}. Or enter it by hand in {dialog}: {new}"))
}

/// Names the new values, and calls the secret by this name.
fn new_values(rows: &[Row], secret: &str) -> String {
    let differing = rows.iter().filter(|row| !row.same);
    let new = differing.map(|row| {
        let value = value(row, row.ours.as_deref(), secret);
        format!("{} {value}", row.field.name())
    });
    new.collect::<Vec<_>>().join(", ")
}

fn value(row: &Row, value: Option<&str>, secret: &str) -> String {
    match value {
        Some(value) => quoted(value),
        None if row.field == Field::ApplicationSecret => secret.to_owned(),
        None => "nothing".to_owned(),
    }
}
