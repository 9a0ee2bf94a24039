//! The form of `/etc/power_sched.conf`: a section for each table, a number
//! for each task (docs/development/dsm-facts.md, section 4.2).
//!
//! | bits | what |
//! |---|---|
//! | 0 to 7 | minute |
//! | 8 to 15 | hour |
//! | 16 to 22 | weekdays, Sunday first |
//! | 24 | in force |

use super::warning::{Fault, Place, Reading, Table, Tables, Unreadable};
use super::{PowerSchedule, Task, Weekdays, time_of_day};

const POWER_ON: &str = "[Power On schedule]";
const POWER_OFF: &str = "[Power Off schedule]";

const ENABLED: u32 = 1 << 24;
const KNOWN: u32 = 0x017F_FFFF;

impl PowerSchedule {
    /// Reads the file's text. Without either of its sections it is not the
    /// file that we know, and another source may know better.
    pub fn from_packed(bytes: &[u8]) -> Result<Reading, Unreadable> {
        let text = String::from_utf8_lossy(bytes);
        let mut tables = Tables::default();
        // The table that the section is; inside, `None` for one that we do
        // not know.
        let mut section: Option<Option<Table>> = None;
        let mut found = false;
        for (index, line) in text.lines().enumerate() {
            let (line, place) = (line.trim(), Place::Line(index + 1));
            if line.starts_with('[') {
                section = Some(table(line));
                found |= table(line).is_some();
            }
            match section {
                _ if line.is_empty() => {}
                None => tables.remark(place, Fault::NoSection),
                Some(None) if line.starts_with('[') => {
                    tables.remark(place, Fault::UnknownSection);
                }
                Some(Some(table)) if !line.starts_with('[') => {
                    unpack(&mut tables, table, place, line);
                }
                // A header that is known, or what is left out with its own.
                Some(_) => {}
            }
        }
        found.then(|| tables.finish()).ok_or(Unreadable)
    }

    /// As DSM writes it to its file. It is also how we keep it.
    pub fn to_packed(&self) -> String {
        let mut text = String::new();
        for (header, tasks) in [(POWER_ON, &self.on), (POWER_OFF, &self.off)] {
            text.push_str(header);
            text.push('\n');
            for task in tasks {
                text.push_str(&pack(*task).to_string());
                text.push('\n');
            }
        }
        text
    }
}

fn table(header: &str) -> Option<Table> {
    if header.eq_ignore_ascii_case(POWER_ON) {
        return Some(Table::PowerOn);
    }
    let is_off = header.eq_ignore_ascii_case(POWER_OFF);
    is_off.then_some(Table::PowerOff)
}

fn unpack(tables: &mut Tables, table: Table, place: Place, line: &str) {
    let Ok(number) = line.parse::<u32>() else {
        return tables.remark(place, Fault::NotATask);
    };
    let [_, days, hour, minute] = number.to_be_bytes();
    let Some(time) = time_of_day(hour.into(), minute.into()) else {
        return tables.remark(place, Fault::NoSuchTime);
    };
    if number & !KNOWN != 0 {
        tables.remark(place, Fault::Unknown);
    }
    let task = Task {
        time,
        weekdays: Weekdays(days & Weekdays::ALL.0),
        enabled: number & ENABLED != 0,
    };
    tables.push(table, place, task);
}

fn pack(task: Task) -> u32 {
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    let [hour, minute] = [part(task.time.hour()), part(task.time.minute())];
    let number = u32::from_be_bytes([0, task.weekdays.0, hour, minute]);
    if task.enabled {
        number | ENABLED
    } else {
        number
    }
}
