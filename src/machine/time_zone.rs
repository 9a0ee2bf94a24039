//! Which time zone the NAS lives in. DSM's schedule and the dates on which
//! accounts end are local times.
//!
//! `TZ` says so, else the rules in `/etc/localtime`, which on DSM may be a
//! copy without a name, else the name in `/etc/synoinfo.conf`, which is one of
//! Synology's own.

use std::fmt;
use std::io;
use std::path::Path;

use jiff::tz::{self, TimeZone};
use serde::Deserialize;

/// The rules of this machine's zone, as `tzfile(5)` has them.
const LOCALTIME: &str = "/etc/localtime";

/// DSM's settings; `timezone="Amsterdam"` among them.
const SYNOINFO: &str = "/etc/synoinfo.conf";

/// DSM's own table of its names (seen in Synology's `synosdk/time.h`, and read
/// by packages of others since DSM 6).
const SYNOLOGY_NAMES: &str = "/usr/share/zoneinfo/Timezone/synotztable.json";

/// A time zone, and how it was found.
#[derive(Clone, Debug)]
pub struct LocalZone {
    /// The zone.
    pub zone: TimeZone,
    /// Where it was found.
    pub source: Source,
    /// Where it should have been found and was not: for the log.
    pub remarks: Vec<Remark>,
}

/// Where a time zone was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The environment variable `TZ`.
    Environment,
    /// `/etc/localtime`.
    Localtime,
    /// `/etc/synoinfo.conf`.
    Synology,
    /// Nowhere: it is UTC for want of anything better.
    Nowhere,
}

/// What was there and could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// `TZ` names no time zone; its value.
    Environment(String),
    /// `/etc/localtime` is not what it should be.
    Localtime,
    /// Synology's name is not known; the name.
    Synology(String),
    /// Nothing tells the zone.
    Nowhere,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(value) => write!(f, "TZ names no time zone: {value:?}"),
            Self::Localtime => write!(f, "{LOCALTIME} has no rules of a time zone"),
            Self::Synology(name) => write!(f, "{SYNOINFO} names an unknown time zone: {name:?}"),
            Self::Nowhere => f.write_str(
                "the local time zone is not known: the power schedule and the ends of accounts \
                 are read as UTC; set TZ, such as TZ=Europe/Paris",
            ),
        }
    }
}

/// Finds the zone. `tz` is the environment's `TZ`, if it is set; `read` gives
/// the contents of a file.
pub fn find(tz: Option<&str>, read: impl Fn(&Path) -> io::Result<Vec<u8>>) -> LocalZone {
    let read = |path: &str| read(Path::new(path)).ok();
    let mut remarks = Vec::new();
    if let Some(tz) = tz {
        if let Some(zone) = of_environment(tz, &read) {
            return found(zone, Source::Environment, remarks);
        }
        remarks.push(Remark::Environment(tz.to_owned()));
    }
    if let Some(rules) = read(LOCALTIME) {
        if let Some(zone) = of_rules(&rules) {
            return found(zone, Source::Localtime, remarks);
        }
        remarks.push(Remark::Localtime);
    }
    let settings = read(SYNOINFO);
    if let Some(name) = settings.and_then(|settings| synology_name(&settings)) {
        if let Some(zone) = of_synology(&name, read(SYNOLOGY_NAMES).as_deref()) {
            return found(zone, Source::Synology, remarks);
        }
        remarks.push(Remark::Synology(name));
    }
    remarks.push(Remark::Nowhere);
    found(TimeZone::UTC, Source::Nowhere, remarks)
}

fn found(zone: TimeZone, source: Source, remarks: Vec<Remark>) -> LocalZone {
    LocalZone {
        zone,
        source,
        remarks,
    }
}

/// A name, a path or a rule, as everywhere; empty is UTC.
fn of_environment(tz: &str, read: &impl Fn(&str) -> Option<Vec<u8>>) -> Option<TimeZone> {
    let value = tz.strip_prefix(':').unwrap_or(tz);
    if value.is_empty() {
        return Some(TimeZone::UTC);
    }
    if value.starts_with('/') {
        return of_rules(&read(value)?);
    }
    let named = TimeZone::get(value).or_else(|_| TimeZone::posix(value));
    named.ok()
}

/// The name is for whoever prints the zone: a copy does not tell its own.
fn of_rules(rules: &[u8]) -> Option<TimeZone> {
    TimeZone::tzif("Local", rules).ok()
}

/// The value of `timezone` in DSM's settings.
fn synology_name(settings: &[u8]) -> Option<String> {
    let settings = String::from_utf8_lossy(settings);
    let mut values = settings.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"').trim();
        (key.trim() == "timezone" && !value.is_empty()).then(|| value.to_owned())
    });
    values.next()
}

fn of_synology(name: &str, table: Option<&[u8]>) -> Option<TimeZone> {
    let listed = table.and_then(|table| of_table(name, table));
    listed
        .or_else(|| TimeZone::get(name).ok())
        .or_else(|| of_city(name))
}

/// An entry of Synology's table, as far as it is known.
#[derive(Deserialize)]
struct EntryWire {
    #[serde(rename = "nameInTZDB")]
    name: String,
}

fn of_table(name: &str, table: &[u8]) -> Option<TimeZone> {
    let table: serde_json::Value = serde_json::from_slice(table).ok()?;
    let entry = EntryWire::deserialize(table.get(name)?).ok()?;
    TimeZone::get(&entry.name).ok()
}

/// Synology's names are the last parts of the names that all others use, as
/// far as they are known: `Amsterdam`, and `Eastern` of `US/Eastern`. Of
/// several the shortest: they are older names of one zone, or Canada's.
fn of_city(name: &str) -> Option<TimeZone> {
    let city = name.replace(' ', "_");
    let names = tz::db().available();
    let names = names.map(|name| name.as_str().to_owned());
    let mut names: Vec<String> = names
        .filter(|name| {
            let last = name.rsplit('/').next();
            last.is_some_and(|last| last.eq_ignore_ascii_case(&city))
        })
        .collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    TimeZone::get(names.first()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The machine with these files.
    fn find_with(tz: Option<&str>, files: &[(&str, &[u8])]) -> LocalZone {
        find(tz, |path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            let (_, content) = file.ok_or(io::ErrorKind::NotFound)?;
            Ok(content.to_vec())
        })
    }

    /// The wall clock at noon UTC in winter and in summer.
    fn noons(zone: &TimeZone) -> [String; 2] {
        ["2026-01-15T12:00Z", "2026-07-15T12:00Z"].map(|noon| {
            let local = zone.to_datetime(noon.parse().unwrap());
            local.strftime("%H:%M").to_string()
        })
    }

    fn check(found: &LocalZone, source: Source, expected: [&str; 2]) {
        assert_eq!(found.source, source, "{found:?}");
        assert_eq!(noons(&found.zone), expected, "{found:?}");
    }

    const PARIS: [&str; 2] = ["13:00", "14:00"];
    const NEW_YORK: [&str; 2] = ["07:00", "08:00"];
    const UTC: [&str; 2] = ["12:00", "12:00"];

    /// Rules without a name, as a copy of a file of the zone database.
    fn rules(name: &str) -> Vec<u8> {
        std::fs::read(Path::new("/usr/share/zoneinfo").join(name)).unwrap()
    }

    #[test]
    fn what_the_environment_says_counts_first() {
        let rules = rules("America/New_York");
        let files: &[(&str, &[u8])] = &[
            (LOCALTIME, &rules),
            (SYNOINFO, b"timezone=\"Taipei\"\n"),
            ("/somewhere/zone", &rules),
        ];
        let check = |tz, expected| {
            let found = find_with(Some(tz), files);
            check(&found, Source::Environment, expected);
            assert_eq!(found.remarks, []);
        };
        check("Europe/Paris", PARIS);
        check(":Europe/Paris", PARIS);
        check("europe/paris", PARIS);
        check("CET-1CEST,M3.5.0,M10.5.0/3", PARIS);
        check("/somewhere/zone", NEW_YORK);
        check("UTC", UTC);
        check("", UTC);
        check("CET-1", ["13:00", "13:00"]);
    }

    #[test]
    fn an_environment_that_names_no_zone_is_said() {
        let rules = rules("Europe/Paris");
        for tz in ["Europe/Nowhere", "/gone", "nonsense", ":"] {
            let found = find_with(Some(tz), &[(LOCALTIME, &rules)]);
            if tz == ":" {
                check(&found, Source::Environment, UTC);
                continue;
            }
            check(&found, Source::Localtime, PARIS);
            assert_eq!(found.remarks, [Remark::Environment(tz.to_owned())]);
        }
    }

    #[test]
    fn the_rules_of_the_machine_need_no_name() {
        let rules = rules("Europe/Paris");
        let files: &[(&str, &[u8])] = &[(LOCALTIME, &rules), (SYNOINFO, b"timezone=\"Taipei\"\n")];
        let found = find_with(None, files);
        check(&found, Source::Localtime, PARIS);
        assert_eq!(found.remarks, []);
    }

    #[test]
    fn synologys_own_names_are_understood() {
        let check = |name: &str, expected| {
            let settings =
                format!("language=\"fre\"\n# timezone=\"Kiev\"\n timezone = \"{name}\" \n");
            let found = find_with(None, &[(SYNOINFO, settings.as_bytes())]);
            check(&found, Source::Synology, expected);
            assert_eq!(found.remarks, []);
        };
        check("Amsterdam", PARIS);
        check("Paris", PARIS);
        check("Taipei", ["20:00", "20:00"]);
        check("Eastern", NEW_YORK);
        check("Pacific", ["04:00", "05:00"]);
        check("Buenos Aires", ["09:00", "09:00"]);
        check("Europe/Paris", PARIS);
    }

    #[test]
    fn synologys_own_table_knows_its_names_best() {
        let table = br#"{"Kwajalein":{"gmtoff":-720,"nameInTZDB":"Europe/Paris"},"Rome":7,
            "Tokyo":{"nameInTZDB":"Europe/Paris"}}"#;
        let find = |name: &str| {
            let settings = format!("timezone=\"{name}\"\n");
            find_with(
                None,
                &[(SYNOINFO, settings.as_bytes()), (SYNOLOGY_NAMES, table)],
            )
        };
        check(&find("Kwajalein"), Source::Synology, PARIS);
        check(&find("Tokyo"), Source::Synology, PARIS);
        // What it does not say, or says in another way than is known.
        check(&find("Eastern"), Source::Synology, NEW_YORK);
        check(&find("Rome"), Source::Synology, PARIS);
    }

    #[test]
    fn without_anything_it_is_utc_and_said() {
        let found = find_with(None, &[]);
        check(&found, Source::Nowhere, UTC);
        assert_eq!(found.remarks, [Remark::Nowhere]);
        let files: &[(&str, &[u8])] = &[
            (LOCALTIME, b"no rules"),
            (SYNOINFO, b"timezone=\"Atlantis\""),
        ];
        let found = find_with(Some("x/y"), files);
        check(&found, Source::Nowhere, UTC);
        let said: Vec<String> = found.remarks.iter().map(ToString::to_string).collect();
        assert_eq!(
            said[..3],
            [
                "TZ names no time zone: \"x/y\"",
                "/etc/localtime has no rules of a time zone",
                "/etc/synoinfo.conf names an unknown time zone: \"Atlantis\"",
            ]
        );
        assert!(said[3].contains("read as UTC"), "{said:?}");
        // An empty name is none.
        let found = find_with(None, &[(SYNOINFO, b"timezone=\"\"\n")]);
        assert_eq!(found.remarks, [Remark::Nowhere]);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(tz: Option<String>, local: Vec<u8>, info: Vec<u8>, table: Vec<u8>) {
            let info = [b"timezone=", info.as_slice()].concat();
            let files: &[(&str, &[u8])] =
                &[(LOCALTIME, &local), (SYNOINFO, &info), (SYNOLOGY_NAMES, &table)];
            let _ = find_with(tz.as_deref(), files);
        }

        #[test]
        fn no_damage_to_the_rules_makes_it_panic(place in 0_usize..1000, byte: u8, end in 0_usize..4000) {
            let mut rules = rules("Europe/Paris");
            if let Some(damaged) = rules.get_mut(place) {
                *damaged = byte;
            }
            rules.truncate(end);
            let zone = find_with(None, &[(LOCALTIME, &rules)]).zone;
            let _ = noons(&zone);
        }
    }
}
