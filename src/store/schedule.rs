//! The power schedule that was last read.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};
use domain::model::power::PowerSchedule;

impl Store {
    /// The schedule that was kept; `None` when there is none that can be
    /// understood.
    pub async fn power_schedule(&self) -> Result<Option<PowerSchedule>, StoreError> {
        let read = "SELECT tasks FROM power_schedule";
        let tasks: Option<String> = self
            .call("read the kept power schedule", move |connection| {
                let tasks = connection.query_row(read, [], |row| row.get(0));
                tasks.optional()
            })
            .await?;
        let reading = tasks.and_then(|tasks| PowerSchedule::from_packed(tasks.as_bytes()).ok());
        Ok(reading.map(|reading| reading.schedule))
    }

    /// Keeps `schedule` in place of the one before.
    pub async fn save_power_schedule(&self, schedule: &PowerSchedule) -> Result<(), StoreError> {
        let tasks = schedule.to_packed();
        self.call("keep the power schedule", move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO power_schedule (id, tasks) VALUES (1, ?1)",
                [tasks],
            )?;
            Ok(())
        })
        .await
    }
}
