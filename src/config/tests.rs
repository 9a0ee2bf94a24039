//! Whole files, read without the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{Config, ConfigError, LogFormat, LogLevel, Problem, ScheduleUse};
use domain::signin::directory::AdministratorPolicy;

mod forms;

pub(super) const EXAMPLE: &str = include_str!("../../tests/it/data/config.toml");

/// The least that is a config.
const LEAST: &str = r#"
issuer = "https://login.example.com"
google = { client-id = "1234.apps.googleusercontent.com", client-secret-file = "google-client-secret" }
dsm = { url = "http://127.0.0.1:5000", account = "sso-reader", password-file = "dsm-password" }
clients = [{ id = "synology", secret-file = "synology-client-secret", redirect-uris = ["https://nas.example.com/"] }]
"#;

/// A directory with the files that both of them name.
pub(super) fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    for name in [
        "google-client-secret",
        "dsm-password",
        "synology-client-secret",
    ] {
        write_secret(&home.path().join(name), &format!("hush-hush-hush-{name}\n"));
    }
    home
}

pub(super) fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn problems(home: &TempDir, text: &str) -> Vec<Problem> {
    Config::read(text.as_bytes(), home.path())
        .err()
        .unwrap_or_default()
}

#[test]
fn the_least_config_has_every_default() {
    let home = home();
    let config = Config::read(LEAST.as_bytes(), home.path()).unwrap();
    assert_eq!(config.issuer.as_str(), "https://login.example.com");
    assert_eq!(config.username_claim, "username");
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:5556");
    let proxies: Vec<String> = config
        .listen
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(proxies, ["127.0.0.1/32", "::1/128"]);
    assert_eq!(config.listen.tls(), None);
    assert_eq!(
        config.google.client_secret.expose(),
        "hush-hush-hush-google-client-secret"
    );
    assert_eq!(config.google.issuer.as_str(), "https://accounts.google.com");
    assert_eq!(config.google.prompt.as_deref(), Some("select_account"));
    assert_eq!(config.dsm.password_file, home.path().join("dsm-password"));
    assert_eq!(config.dsm.refresh, Duration::from_hours(1));
    assert_eq!(config.dsm.timeout, Duration::from_secs(30));
    assert_eq!(config.dsm.max_age, Duration::from_hours(168));
    assert!(!config.dsm.accept_invalid_certificate);
    let client = &config.clients[0];
    assert_eq!(client.id.as_str(), "synology");
    assert_eq!(client.name, "synology");
    assert_eq!(
        client.secret.expose(),
        "hush-hush-hush-synology-client-secret"
    );
    assert!(!client.require_pkce);
    assert_eq!(config.power.schedule, ScheduleUse::Auto);
    assert_eq!(config.power.file, Path::new("/etc/power_sched.conf"));
    let before = config.power.refresh_before_power_off;
    assert_eq!(before, Duration::from_mins(10));
    let quarter = Duration::from_hours(90 * 24);
    assert_eq!(config.keys.rotate_after, Some(quarter));
    assert_eq!(config.storage, home.path().join("state.sqlite3"));
    assert_eq!(config.log.level, LogLevel::INFO);
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.log.file, None);
    assert_eq!(config.google.hosted_domains, None);
    assert!(!config.google.authoritative_addresses_only);
    assert_eq!(config.dsm.device_token_file, None);
    assert_eq!(config.users.administrators, AdministratorPolicy::Allow);
    assert!(config.users.deny.is_empty() && config.users.aliases.is_empty());
    assert_eq!(config.control_socket, home.path().join("control.sock"));
    assert_eq!(config.warnings(), []);
}

/// A commented line that shows a default and no longer does is worse than
/// none.
#[test]
fn the_commented_lines_of_the_example_are_the_defaults() {
    let home = home();
    let example = Config::read(EXAMPLE.as_bytes(), home.path()).unwrap();
    let mut uncommented = 0;
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(setting) if !setting.starts_with("e.g.") => {
            uncommented += 1;
            format!("{setting}\n")
        }
        _ => format!("{line}\n"),
    });
    let explicit: String = lines.collect();
    let explicit = Config::read(explicit.as_bytes(), home.path()).unwrap();
    assert_eq!(uncommented, 21);
    assert_eq!(format!("{explicit:?}"), format!("{example:?}"));
}

#[test]
fn every_missing_key_is_named_at_once() {
    let found = problems(&home(), "[[clients]]");
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "issuer: is missing",
            "google.client-id: is missing",
            "google.client-secret-file: is missing",
            "dsm.url: is missing",
            "dsm.account: is missing",
            "dsm.password-file: is missing",
            "clients[0].id: is missing",
            "clients[0].secret-file: is missing",
            "clients[0].redirect-uris: is missing",
        ]
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let check = |line: &str, expected: &str| {
        let found = problems(&home(), &format!("{LEAST}\n{line}"));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, [expected], "{line}");
    };
    check("issuers = 1", "issuers: is unknown; did you mean issuer?");
    check(
        "username_claim = 1",
        "username_claim: is unknown; did you mean username-claim?",
    );
    check("[lisen]", "lisen: is unknown; did you mean listen?");
    check(
        "[listen]\nadress = 1",
        "listen.adress: is unknown; did you mean address?",
    );
    check("[log]\ncolour = 1", "log.colour: is unknown");
    check("\"a.b\\u001b\" = 1", "\"a.b\\u{1b}\": is unknown");
    check(
        "[powr]\nschedule = \"auto\"",
        "powr: is unknown; did you mean power?",
    );
}

#[test]
fn the_night_and_the_keys_have_their_limits() {
    let home = home();
    let read = |power: &str, keys: &str| {
        let text = format!("{LEAST}\n[power]\n{power}\n[keys]\n{keys}");
        let read = Config::read(text.as_bytes(), home.path());
        read.map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let config = read(
        "schedule = \"off\"\nfile = \"schedule\"\nrefresh-before-power-off = \"1d\"",
        "rotate-after = \"never\"",
    );
    let config = config.unwrap();
    assert_eq!(config.power.schedule, ScheduleUse::Off);
    assert_eq!(config.power.file, home.path().join("schedule"));
    assert_eq!(config.keys.rotate_after, None);
    let config = read("", "rotate-after = \"4d\"").unwrap();
    let four_days = Duration::from_hours(4 * 24);
    assert_eq!(config.keys.rotate_after, Some(four_days));
    let found = read(
        "refresh-before-power-off = \"25h\"",
        "rotate-after = \"3d\"",
    );
    assert_eq!(
        found.unwrap_err(),
        [
            "power.refresh-before-power-off: has to be 1d at most",
            "keys.rotate-after: has to be 4days at least, or never",
        ]
    );
    let found = read(
        "refresh-before-power-off = \"59s\"",
        "rotate-after = \"always\"",
    );
    let found = found.unwrap_err();
    assert!(found[0].ends_with("has to be 1m at least"), "{found:?}");
    assert!(found[1].contains("or never"), "{found:?}");
}

#[test]
fn a_device_token_may_be_missing_but_not_be_readable_by_all() {
    let home = home();
    let text = LEAST.replace("dsm = {", "dsm = { device-token-file = \"token\",");
    let config = Config::read(text.as_bytes(), home.path()).unwrap();
    let warned: Vec<String> = config.warnings().into_iter().map(|it| it.key).collect();
    assert_eq!(warned, ["dsm.device-token-file"]);
    write_secret(&home.path().join("token"), "hush\n");
    assert_eq!(problems(&home, &text), []);
    fs::set_permissions(home.path().join("token"), fs::Permissions::from_mode(0o644)).unwrap();
    let found = problems(&home, &text);
    assert!(found[0].message.contains("mode 0644"), "{found:?}");
}

#[test]
fn an_alias_to_a_domain_or_ldap_user_is_a_warning() {
    let home = home();
    let aliases = r#"
        [[users.alias]]
        google = "maman@gmail.com"
        dsm = "jeanne"
        [[users.alias]]
        google = "paul@gmail.com"
        dsm = 'CORP\paul'
        [[users.alias]]
        google = "bob@gmail.com"
        dsm = "bob@ldap.example"
    "#;
    let text = format!("{LEAST}{aliases}");
    let config = Config::read(text.as_bytes(), home.path()).unwrap();
    let warned: Vec<String> = config.warnings().into_iter().map(|it| it.key).collect();
    assert_eq!(warned, ["users.alias[1].dsm", "users.alias[2].dsm"]);
}

#[test]
fn a_socket_has_a_path_that_the_system_takes() {
    let home = home();
    let text = format!("{LEAST}\n[control]\nsocket = \"{}\"", "a".repeat(108));
    let found = problems(&home, &text);
    assert!(found[0].message.contains("107 bytes"), "{found:?}");
}

#[test]
fn a_list_or_table_written_otherwise_is_explained() {
    let found = problems(&home(), "[clients]\nid = \"synology\"");
    let message = &found.last().unwrap().message;
    assert_eq!(message, "has to be a list, not a table; write [[clients]]");
    let found = problems(&home(), "clients = [1]\n[[log]]");
    let messages: Vec<&str> = found
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert!(
        messages.contains(&"has to be a table, not a number"),
        "{messages:?}"
    );
    assert!(
        messages.contains(&"has to be a table, not a list; write [log]"),
        "{messages:?}"
    );
}

#[test]
fn a_syntax_error_tells_the_place_and_not_the_line() {
    let found = problems(&home(), "issuer = \"https://a\"\n  account = hush-hush\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].key, "config");
    assert!(found[0].message.contains("line 2, column 13"), "{found:?}");
    assert!(!found[0].message.contains("hush"), "{found:?}");
    let twice = problems(&home(), "issuer = \"a\"\nissuer = \"b\"");
    assert!(twice[0].message.contains("line 2, column 1"), "{twice:?}");
    let found = Config::read(b"issuer = \"\xff\"", Path::new(".")).unwrap_err();
    assert_eq!(found[0].to_string(), "config: is not UTF-8 text");
}

#[test]
fn the_error_names_the_file_and_all_that_is_wrong() {
    let home = home();
    let path = home.path().join("config.toml");
    let missing = Config::load(&path).unwrap_err();
    assert!(matches!(missing, ConfigError::Unreadable { .. }));
    write_secret(&path, &LEAST.replace("https", "ftp"));
    let bad = Config::load(&path).unwrap_err().to_string();
    assert!(bad.contains("config.toml:\n  issuer: has to"), "{bad}");
    assert!(
        bad.contains("\n  clients[0].redirect-uris[0]: has to"),
        "{bad}"
    );
    write_secret(&path, LEAST);
    Config::load(&path).unwrap();
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let home = home();
    write_secret(&home.path().join("synology-client-secret"), "short");
    let text = LEAST
        .replace("account =", "max-age = \"10m\", account =")
        .replace(
            "google =",
            "listen.address = \"0.0.0.0:5556\"\n\
             listen.trusted-proxies = [\"127.0.0.1\", \"0.0.0.0/0\", \"::/0\"]\ngoogle =",
        )
        .replace("[\"https://nas", "[\"https://nas/\", \"http://nas")
        .replace(
            "id = \"synology\"",
            "id = \"synology\", allow-http-redirect = true",
        );
    let config = Config::read(text.as_bytes(), home.path()).unwrap();
    let keys: Vec<String> = config
        .warnings()
        .into_iter()
        .map(|warning| warning.key)
        .collect();
    assert_eq!(
        keys,
        [
            "listen.address",
            "listen.trusted-proxies[1]",
            "listen.trusted-proxies[2]",
            "dsm.max-age",
            "clients[0].secret-file",
            "clients[0].redirect-uris[1]"
        ]
    );
}
