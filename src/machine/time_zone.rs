//! The time zone of the NAS. DSM's power schedule and the dates on which
//! accounts expire are local times.
//!
//! The system gives it, by `TZ` or `/etc/localtime`. If it does not, DSM's
//! setting does, which has one of Synology's own names.

use std::path::Path;
use std::{fs, io};

use jiff::tz::{self, TimeZone};

const LOCALTIME: &str = "/etc/localtime";

/// DSM's settings; `timezone="Amsterdam"` among them.
const SYNOINFO: &str = "/etc/synoinfo.conf";

/// DSM's own table of its names (seen in Synology's `synosdk/time.h`, and read
/// by packages of others since DSM 6).
const SYNOLOGY_NAMES: &str = "/usr/share/zoneinfo/Timezone/synotztable.json";

/// The time zone, and whether the system gave it.
#[derive(Clone, Debug)]
pub struct LocalZone {
    /// The time zone to use.
    pub zone: TimeZone,
    /// Why the system did not give it, and what is used instead, for the log.
    pub warning: Option<String>,
}

/// Returns the time zone of this machine.
pub fn local() -> LocalZone {
    find(TimeZone::try_system(), |path| fs::read(path))
}

/// Returns the time zone to which `/etc/localtime` leads, without a look-up of
/// its name; `None` if that is not a link into the zone database. `TZ` is not
/// considered.
pub fn linked() -> Option<LocalZone> {
    let zone = follow(Path::new(LOCALTIME))?;
    let warning = None;
    Some(LocalZone { zone, warning })
}

fn follow(link: &Path) -> Option<TimeZone> {
    let target = fs::read_link(link).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("/zoneinfo/")?;
    TimeZone::tzif(name, &fs::read(link).ok()?).ok()
}

fn find(
    system: Result<TimeZone, jiff::Error>,
    read: impl Fn(&Path) -> io::Result<Vec<u8>>,
) -> LocalZone {
    let error = match system {
        Ok(zone) => {
            return LocalZone {
                zone,
                warning: None,
            };
        }
        Err(error) => error,
    };
    let read = |path: &str| read(Path::new(path)).ok();
    let name = read(SYNOINFO).and_then(|settings| synology_name(&settings));
    // An invalid TZ hides it from the system.
    let localtime = read(LOCALTIME).and_then(|rules| TimeZone::tzif("Local", &rules).ok());
    let (zone, instead) = if let Some(zone) = localtime {
        (zone, format!("using {LOCALTIME}"))
    } else if let Some(zone) = name.as_deref().and_then(|name| of_synology(name, read)) {
        (zone, format!("using DSM's setting in {SYNOINFO}"))
    } else {
        let unknown = name.map(|name| format!("DSM's setting, {name:?}, is unknown, too; "));
        let unknown = unknown.unwrap_or_default();
        let instead = "using UTC for the power schedule and the expiry of accounts. Set TZ, such \
                       as TZ=Europe/Paris";
        (TimeZone::UTC, format!("{unknown}{instead}"))
    };
    LocalZone {
        zone,
        warning: Some(format!(
            "cannot find the system's time zone: {error}; {instead}"
        )),
    }
}

/// Returns the value of `timezone` in DSM's settings.
fn synology_name(settings: &[u8]) -> Option<String> {
    let settings = String::from_utf8_lossy(settings);
    let mut values = settings.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"').trim();
        (key.trim() == "timezone" && !value.is_empty()).then(|| value.to_owned())
    });
    values.next()
}

fn of_synology(name: &str, read: impl Fn(&str) -> Option<Vec<u8>>) -> Option<TimeZone> {
    let listed = read(SYNOLOGY_NAMES).and_then(|table| of_table(name, &table));
    listed
        .or_else(|| TimeZone::get(name).ok())
        .or_else(|| of_city(name))
}

fn of_table(name: &str, table: &[u8]) -> Option<TimeZone> {
    let table: serde_json::Value = serde_json::from_slice(table).ok()?;
    let name = table.get(name)?.get("nameInTZDB")?.as_str()?;
    TimeZone::get(name).ok()
}

/// Synology's names, as far as they are known, are the last parts of the IANA
/// names: `Amsterdam`, and `Eastern` of `US/Eastern`. Takes the shortest of
/// several, which are older names of one zone, or Canada's.
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

    /// Returns the zone of a machine with these files, where the system look-up
    /// fails.
    fn find_with(files: &[(&str, &[u8])]) -> LocalZone {
        find(TimeZone::get("x/y"), |path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            let (_, content) = file.ok_or(io::ErrorKind::NotFound)?;
            Ok(content.to_vec())
        })
    }

    /// Returns the wall clock at noon UTC in winter and in summer.
    fn noons(zone: &TimeZone) -> [String; 2] {
        ["2026-01-15T12:00Z", "2026-07-15T12:00Z"].map(|noon| {
            let local = zone.to_datetime(noon.parse().unwrap());
            local.strftime("%H:%M").to_string()
        })
    }

    fn check(found: &LocalZone, instead: &str, expected: [&str; 2]) {
        let warning = found.warning.as_deref().unwrap();
        assert!(warning.contains("x/y"), "{warning}");
        assert!(warning.contains(instead), "{warning}");
        assert_eq!(noons(&found.zone), expected, "{found:?}");
    }

    const DSM: &str = "; using DSM's setting";
    const PARIS: [&str; 2] = ["13:00", "14:00"];
    const NEW_YORK: [&str; 2] = ["07:00", "08:00"];
    const UTC: [&str; 2] = ["12:00", "12:00"];

    /// Rules without a name, as a copy of a file of the zone database.
    fn rules(name: &str) -> Vec<u8> {
        fs::read(Path::new("/usr/share/zoneinfo").join(name)).unwrap()
    }

    #[test]
    fn the_zone_of_the_system_comes_first() {
        let found = find(TimeZone::get("Europe/Paris"), |_| {
            Ok(b"timezone=\"Taipei\"\n".to_vec())
        });
        assert_eq!(noons(&found.zone), PARIS);
        assert_eq!(found.warning, None);
    }

    #[test]
    fn the_link_of_the_machine_gives_rules_and_name() {
        let home = tempfile::tempdir().unwrap();
        let link_to = |target: &str| {
            let link = home.path().join("localtime");
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(target, &link).unwrap();
            follow(&link)
        };
        let paris = link_to("/usr/share/zoneinfo/Europe/Paris").unwrap();
        assert_eq!(paris.iana_name(), Some("Europe/Paris"));
        assert_eq!(noons(&paris), PARIS);
        // These are jiff's to find, or to refuse.
        for other in [
            "/usr/share/zoneinfo/Atlantis",
            "/etc/passwd",
            "/usr/share/zoneinfo/tzdata.zi",
        ] {
            assert!(link_to(other).is_none(), "{other}");
        }
        assert!(follow(Path::new("/usr/share/zoneinfo/Europe/Paris")).is_none());
    }

    #[test]
    fn if_tz_is_invalid_the_rules_of_the_machine_are_used() {
        let rules = rules("Europe/Paris");
        let found = find_with(&[(LOCALTIME, &rules), (SYNOINFO, b"timezone=\"Taipei\"\n")]);
        check(&found, "; using /etc/localtime", PARIS);
    }

    #[test]
    fn synologys_own_names_are_understood() {
        let check = |name: &str, expected| {
            let settings =
                format!("language=\"fre\"\n# timezone=\"Kiev\"\n timezone = \"{name}\" \n");
            let found = find_with(&[(LOCALTIME, b"no rules"), (SYNOINFO, settings.as_bytes())]);
            check(&found, DSM, expected);
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
            find_with(&[(SYNOINFO, settings.as_bytes()), (SYNOLOGY_NAMES, table)])
        };
        check(&find("Kwajalein"), DSM, PARIS);
        check(&find("Tokyo"), DSM, PARIS);
        // Names that are not in the table, or in another form.
        check(&find("Eastern"), DSM, NEW_YORK);
        check(&find("Rome"), DSM, PARIS);
    }

    #[test]
    fn without_any_zone_it_is_utc_with_advice() {
        let advice = "; using UTC for the power schedule and the expiry of accounts. Set TZ";
        check(&find_with(&[]), advice, UTC);
        // An empty name is none.
        check(&find_with(&[(SYNOINFO, b"timezone=\"\"\n")]), advice, UTC);
        let found = find_with(&[
            (LOCALTIME, b"no rules"),
            (SYNOINFO, b"timezone=\"Atlantis\""),
        ]);
        check(&found, advice, UTC);
        check(
            &found,
            "; DSM's setting, \"Atlantis\", is unknown, too; ",
            UTC,
        );
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(local: Vec<u8>, info: Vec<u8>, table: Vec<u8>) {
            let info = [b"timezone=", info.as_slice()].concat();
            let files: &[(&str, &[u8])] =
                &[(LOCALTIME, &local), (SYNOINFO, &info), (SYNOLOGY_NAMES, &table)];
            let _ = find_with(files);
        }

        #[test]
        fn no_damage_to_the_rules_makes_it_panic(place in 0_usize..1000, byte: u8, end in 0_usize..4000) {
            let mut rules = rules("Europe/Paris");
            if let Some(damaged) = rules.get_mut(place) {
                *damaged = byte;
            }
            rules.truncate(end);
            let zone = find_with(&[(LOCALTIME, &rules)]).zone;
            let _ = noons(&zone);
        }
    }
}
