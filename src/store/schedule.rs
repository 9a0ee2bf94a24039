//! The last known power schedule.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};
use domain::model::power::PowerSchedule;

impl Store {
    /// Returns the saved schedule, if it can be parsed.
    pub async fn power_schedule(&self) -> Result<Option<PowerSchedule>, StoreError> {
        let read = "SELECT tasks FROM power_schedule";
        let tasks: Option<String> = self
            .call("read the saved power schedule", move |connection| {
                let tasks = connection.query_row(read, [], |row| row.get(0));
                tasks.optional()
            })
            .await?;
        let reading = tasks.and_then(|tasks| PowerSchedule::from_packed(tasks.as_bytes()).ok());
        Ok(reading.map(|reading| reading.schedule))
    }

    /// Replaces the saved schedule.
    pub async fn save_power_schedule(&self, schedule: &PowerSchedule) -> Result<(), StoreError> {
        let tasks = schedule.to_packed();
        self.call("save the power schedule", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO power_schedule (id, tasks) VALUES (1, ?1)",
                [tasks],
            )?;
            Ok(())
        })
        .await
    }
}
