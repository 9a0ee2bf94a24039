//! The format of DSM's web API: two lists of objects
//! (docs/development/dsm-facts.md, section 4.1).
//!
//! ```json
//! {"poweroff_tasks": [
//!    {"enabled": true, "hour": 23, "min": 30, "weekdays": "0,6"}],
//!  "poweron_tasks": [
//!    {"enabled": true, "hour": 7, "min": 0, "weekdays": "1,2,3,4,5"}]}
//! ```

use serde::Deserialize;
use serde_json::{Map, Value};

use super::reading::{Reader, Reading, Table, Understood, Unreadable};
use super::{PowerSchedule, Task, Weekdays, time_of_day};

const TABLES: [(&str, &str, Table); 2] = [
    ("poweron_tasks", "power-on", Table::PowerOn),
    ("poweroff_tasks", "power-off", Table::PowerOff),
];

#[derive(Deserialize)]
struct TaskWire {
    enabled: bool,
    hour: u8,
    min: u8,
    weekdays: String,
    /// Some releases send an `id`, which is not needed.
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl PowerSchedule {
    /// Reads the `data` of `SYNO.Core.Hardware.PowerSchedule` load. Either list
    /// may be missing; fails for any other value than an object, and for an
    /// object that has other members only.
    pub fn from_api(data: &Value) -> Result<Reading, Unreadable> {
        let data = data.as_object().ok_or(Unreadable)?;
        let has_table = TABLES.iter().any(|(key, ..)| data.contains_key(*key));
        if !data.is_empty() && !has_table {
            return Err(Unreadable);
        }
        let mut reader = Reader::default();
        for (key, name, table) in TABLES {
            match data.get(key) {
                None | Some(Value::Null) => {}
                Some(Value::Array(rows)) => {
                    let places = (1..).map(|number| format!("{name} task {number}"));
                    let rows = rows.iter().map(task).zip(places);
                    rows.for_each(|(row, place)| reader.add(table, row, place));
                }
                Some(_) => reader.unexpected(format_args!("{name} tasks")),
            }
        }
        Ok(reader.finish())
    }
}

fn task(row: &Value) -> Option<Understood> {
    let wire = TaskWire::deserialize(row).ok()?;
    let (weekdays, all_days) = weekdays(&wire.weekdays);
    let task = Task {
        time: time_of_day(wire.hour, wire.min)?,
        weekdays,
        enabled: wire.enabled,
    };
    Some((task, all_days && wire.other.keys().all(|key| key == "id")))
}

/// Reads `0,6`, where 0 is Sunday; returns also whether each day is known.
fn weekdays(text: &str) -> (Weekdays, bool) {
    let mut days = Weekdays::default();
    let mut all_known = true;
    for day in text.split(',').map(str::trim) {
        match day.parse::<u8>() {
            Ok(day @ 0..=6) => days.0 |= 1 << day,
            Ok(_) | Err(_) => all_known = text.trim().is_empty(),
        }
    }
    (days, all_known)
}
