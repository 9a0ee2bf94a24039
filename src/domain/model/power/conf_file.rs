//! The format of `/etc/power_sched.conf`: a section for each table, a number
//! for each task (docs/development/dsm-facts.md, section 4.2).
//!
//! | bits | what |
//! |---|---|
//! | 0 to 7 | minute |
//! | 8 to 15 | hour |
//! | 16 to 22 | weekdays, Sunday first |
//! | 24 | enabled |

use super::reading::{Reader, Reading, Table, Understood, Unreadable};
use super::{PowerSchedule, Task, Weekdays, time_of_day};

const POWER_ON: &str = "[Power On schedule]";
const POWER_OFF: &str = "[Power Off schedule]";

const ENABLED: u32 = 1 << 24;
const KNOWN: u32 = 0x017F_FFFF;

impl PowerSchedule {
    /// Reads the text of the file. Fails if it has neither of the two sections:
    /// the caller then asks another source.
    pub fn from_packed(bytes: &[u8]) -> Result<Reading, Unreadable> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::default();
        let mut section = None;
        let mut found = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            let is_header = line.starts_with('[');
            if is_header {
                section = table(line);
                found |= section.is_some();
            }
            let place = format_args!("line {}", index + 1);
            match section {
                _ if line.is_empty() => {}
                None => reader.unexpected(place),
                Some(_) if is_header => {}
                Some(table) => reader.add(table, unpack(line), place),
            }
        }
        found.then(|| reader.finish()).ok_or(Unreadable)
    }

    /// Returns the text that DSM would write; the state stores it, too.
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

fn unpack(line: &str) -> Option<Understood> {
    let number = line.parse::<u32>().ok()?;
    let [_, days, hour, minute] = number.to_be_bytes();
    let task = Task {
        time: time_of_day(hour, minute)?,
        weekdays: Weekdays(days & Weekdays::ALL.0),
        enabled: number & ENABLED != 0,
    };
    Some((task, number & !KNOWN == 0))
}

fn pack(task: Task) -> u32 {
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    let [hour, minute] = [part(task.time.hour()), part(task.time.minute())];
    let number = u32::from_be_bytes([0, task.weekdays.0, hour, minute]);
    number | (u32::from(task.enabled) * ENABLED)
}
