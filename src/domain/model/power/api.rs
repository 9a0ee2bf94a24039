//! The form of DSM's web API: two lists of objects
//! (docs/development/dsm-facts.md, section 4.1).
//!
//! ```json
//! {"poweroff_tasks": [
//!    {"enabled": true, "hour": 23, "min": 30, "weekdays": "0,6"}],
//!  "poweron_tasks": [
//!    {"enabled": true, "hour": 7, "min": 0, "weekdays": "1,2,3,4,5"}]}
//! ```

use serde_json::{Map, Value};

use super::warning::{Fault, Place, Reading, Table, Tables, Unreadable};
use super::{PowerSchedule, Task, Weekdays, time_of_day};

const TABLES: [(&str, Table); 2] = [
    ("poweron_tasks", Table::PowerOn),
    ("poweroff_tasks", Table::PowerOff),
];

/// `id` was seen by some; nobody needs it.
const KNOWN: [&str; 5] = ["enabled", "hour", "min", "weekdays", "id"];

impl PowerSchedule {
    /// Reads the `data` of `SYNO.Core.Hardware.PowerSchedule` load. Either
    /// list may be missing; an object with neither that is not empty is
    /// something else.
    pub fn from_api(data: &Value) -> Result<Reading, Unreadable> {
        let data = data.as_object().ok_or(Unreadable)?;
        let is_known = |(key, _): &(&str, Table)| data.contains_key(*key);
        if !data.is_empty() && !TABLES.iter().any(is_known) {
            return Err(Unreadable);
        }
        let mut tables = Tables::default();
        for (key, table) in TABLES {
            match data.get(key) {
                None | Some(Value::Null) => {}
                Some(Value::Array(rows)) => read_rows(&mut tables, table, rows),
                Some(_) => tables.remark(Place::Table(table), Fault::NotATask),
            }
        }
        Ok(tables.finish())
    }
}

fn read_rows(tables: &mut Tables, table: Table, rows: &[Value]) {
    for (index, row) in rows.iter().enumerate() {
        let place = Place::Row(table, index + 1);
        let Some(row) = row.as_object() else {
            tables.remark(place, Fault::NotATask);
            continue;
        };
        match task(tables, place, row) {
            Ok(task) => tables.push(table, place, task),
            Err(fault) => tables.remark(place, fault),
        }
    }
}

fn task(tables: &mut Tables, place: Place, row: &Map<String, Value>) -> Result<Task, Fault> {
    let number = |key| row.get(key).and_then(Value::as_i64).ok_or(Fault::NotATask);
    let time_part = |key| u64::try_from(number(key)?).map_err(|_| Fault::NoSuchTime);
    let (hour, minute) = (time_part("hour")?, time_part("min")?);
    let time = time_of_day(hour, minute).ok_or(Fault::NoSuchTime)?;
    let enabled = row.get("enabled").and_then(Value::as_bool);
    let days = row.get("weekdays").and_then(Value::as_str);
    let (Some(enabled), Some(days)) = (enabled, days) else {
        return Err(Fault::NotATask);
    };
    if row.keys().any(|key| !KNOWN.contains(&key.as_str())) {
        tables.remark(place, Fault::Unknown);
    }
    Ok(Task {
        time,
        weekdays: weekdays(tables, place, days),
        enabled,
    })
}

/// `0,6`, where 0 is Sunday.
fn weekdays(tables: &mut Tables, place: Place, text: &str) -> Weekdays {
    let mut days = Weekdays::default();
    for day in text.split(',').map(str::trim) {
        match day.parse::<u8>() {
            Ok(day @ 0..=6) => days.0 |= 1 << day,
            Ok(_) | Err(_) if text.trim().is_empty() => {}
            Ok(_) | Err(_) => tables.remark(place, Fault::NoSuchWeekday),
        }
    }
    days
}
