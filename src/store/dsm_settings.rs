//! What DSM had before this service wrote to it, for an undo; and the result
//! of the wizard's choice to write.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::model::dsm_settings::Before;

/// The result of the wizard's choice to write the settings to DSM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WizardResult {
    /// When DSM was written to, or not.
    pub at: UnixTime,
    /// The public name of the result.
    pub result: String,
    /// What was written, or why not.
    pub message: String,
}

impl Store {
    /// Returns what DSM had before, part by part.
    pub async fn dsm_settings_before(&self) -> Result<Vec<Before>, StoreError> {
        self.call("load the previous settings of DSM", |connection| {
            let select = "SELECT part, previous, written, is_undone FROM dsm_settings_before";
            let mut statement = connection.prepare(select)?;
            let rows = statement.query_map([], before)?;
            rows.collect()
        })
        .await
    }

    /// Saves `before` in place of the previous row of its part.
    pub async fn save_dsm_settings_before(&self, before: Before) -> Result<(), StoreError> {
        self.call("save the previous settings of DSM", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO dsm_settings_before (part, previous, written, is_undone)
                 VALUES (?1, ?2, ?3, ?4)",
                params![
                    before.key,
                    before.previous.to_string(),
                    Value::Array(before.written).to_string(),
                    before.is_undone,
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// Removes the row of a part: DSM has its previous settings again.
    pub async fn remove_dsm_settings_before(&self, key: String) -> Result<(), StoreError> {
        self.call("remove the previous settings of DSM", move |connection| {
            connection.execute("DELETE FROM dsm_settings_before WHERE part = ?1", [key])?;
            Ok(())
        })
        .await
    }

    /// Returns the result of the wizard's choice to write; `None` without one.
    pub async fn wizard_result(&self) -> Result<Option<WizardResult>, StoreError> {
        self.call("load the result of the wizard", |connection| {
            let select = "SELECT at, result, message FROM dsm_settings_wizard";
            let found = connection.query_row(select, [], |row| {
                Ok(WizardResult {
                    at: UnixTime::from_seconds(row.get("at")?),
                    result: row.get("result")?,
                    message: row.get("message")?,
                })
            });
            found.optional()
        })
        .await
    }

    /// Saves `result` in place of the previous one.
    pub async fn save_wizard_result(&self, result: WizardResult) -> Result<(), StoreError> {
        self.call("save the result of the wizard", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO dsm_settings_wizard (id, at, result, message)
                 VALUES (1, ?1, ?2, ?3)",
                params![result.at.seconds(), result.result, result.message],
            )?;
            Ok(())
        })
        .await
    }
}

fn before(row: &Row<'_>) -> rusqlite::Result<Before> {
    Ok(Before {
        key: row.get("part")?,
        previous: json(row, "previous")?,
        written: json(row, "written")?,
        is_undone: row.get("is_undone")?,
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let invalid = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    serde_json::from_str(&text).map_err(invalid)
}
