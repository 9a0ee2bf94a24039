//! What differs between two configs, by key path.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use super::{
    AdministratorPolicy, Config, Dsm, Google, Keys, Listen, Log, LogFormat, LogLevel, Power,
    ScheduleUse, Users,
};
use crate::machine::tls::TlsFiles;
use domain::base::secret::Secret;
use domain::model::relying_party::{RegisteredRedirect, RelyingParty};

/// A key whose value is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where: a key path such as `clients[0].redirect-uris`.
    pub key: String,
    /// What differs.
    pub difference: Difference,
    /// From when on the new value counts.
    pub counts: Counts,
}

/// What differs, as far as anybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A secret, which is not shown.
    Secret,
    /// Values as they would be written; `None`: there is none.
    Value {
        /// Before.
        from: Option<String>,
        /// Now.
        to: Option<String>,
    },
}

/// From when on a new value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// From the next request on.
    AtOnce,
    /// From the next start on: a socket or the state is open.
    AfterRestart,
}

/// What is opened once, at start.
const OPENED_AT_START: [&str; 3] = ["listen", "storage", "control"];

impl Config {
    /// What differs in `new`, in the order of the file.
    pub fn changes_to(&self, new: &Self) -> Vec<Change> {
        let before = settings(self);
        let mut gone: Vec<&Setting<'_>> = before.iter().collect();
        let mut changes = Vec::new();
        for now in &settings(new) {
            let same_key = gone.iter().position(|before| before.key == now.key);
            let before = same_key.map(|position| gone.remove(position));
            if before.is_none_or(|before| before.shown != now.shown) {
                changes.push(change(
                    &now.key,
                    before.map(|it| &it.shown),
                    Some(&now.shown),
                ));
            }
        }
        let gone = gone.into_iter();
        changes.extend(gone.map(|before| change(&before.key, Some(&before.shown), None)));
        changes.retain(|change| change.difference != NOTHING);
        changes
    }

    /// This config, with what only a start can change as it is in `running`.
    #[must_use]
    pub fn with_what_is_open_in(self, running: &Self) -> Self {
        Self {
            listen: running.listen.clone(),
            storage: running.storage.clone(),
            control_socket: running.control_socket.clone(),
            ..self
        }
    }
}

/// An optional key that neither config has.
const NOTHING: Difference = Difference::Value {
    from: None,
    to: None,
};

fn change(key: &str, before: Option<&Shown<'_>>, now: Option<&Shown<'_>>) -> Change {
    let is_secret = |shown: Option<&Shown<'_>>| matches!(shown, Some(Shown::Secret(_)));
    let text = |shown: Option<&Shown<'_>>| match shown {
        Some(Shown::Text(text)) => text.clone(),
        Some(Shown::Secret(_)) | None => None,
    };
    let difference = if is_secret(before) || is_secret(now) {
        Difference::Secret
    } else {
        Difference::Value {
            from: text(before),
            to: text(now),
        }
    };
    let section = key.split('.').next().unwrap_or_default();
    let counts = if OPENED_AT_START.contains(&section) {
        Counts::AfterRestart
    } else {
        Counts::AtOnce
    };
    Change {
        key: key.to_owned(),
        difference,
        counts,
    }
}

struct Setting<'a> {
    key: String,
    shown: Shown<'a>,
}

#[derive(PartialEq)]
enum Shown<'a> {
    Text(Option<String>),
    Secret(&'a Secret<String>),
}

/// Every key, in the order of the file. The structs are taken apart whole, so
/// that the compiler asks for a key that is added.
fn settings(config: &Config) -> Vec<Setting<'_>> {
    let Config {
        file: _,
        issuer,
        username_claim,
        listen,
        google,
        dsm,
        power,
        users,
        clients,
        keys,
        storage,
        log,
        control_socket,
    } = config;
    let mut found = vec![
        text("issuer", issuer),
        text("username-claim", username_claim),
    ];
    found.extend(of_listen(listen));
    found.extend(of_google(google));
    found.extend(of_dsm(dsm));
    found.extend(of_power(power));
    found.extend(of_users(users));
    for (index, client) in clients.iter().enumerate() {
        found.extend(of_client(&format!("clients[{index}]"), client));
    }
    found.push(of_keys(keys));
    found.push(path("storage.path", storage));
    found.extend(of_log(log));
    found.push(path("control.socket", control_socket));
    found
}

fn of_listen(listen: &Listen) -> Vec<Setting<'_>> {
    let Listen {
        address,
        trusted_proxies,
        tls,
    } = listen;
    let tls_file = |pick: fn(&TlsFiles) -> &Path| tls.as_ref().map(|files| pick(files).display());
    vec![
        text("listen.address", address),
        list("listen.trusted-proxies", trusted_proxies),
        optional(
            "listen.tls-certificate",
            tls_file(|files| &files.certificate),
        ),
        optional(
            "listen.tls-private-key",
            tls_file(|files| &files.private_key),
        ),
    ]
}

fn of_google(google: &Google) -> Vec<Setting<'_>> {
    let Google {
        client_id,
        client_secret,
        issuer,
        prompt,
        authoritative_addresses_only,
        hosted_domains,
    } = google;
    let domains = hosted_domains.as_ref().map(|domains| domains.join(", "));
    vec![
        text("google.client-id", client_id),
        secret("google.client-secret-file", client_secret),
        text("google.issuer", issuer),
        text("google.prompt", prompt.as_deref().unwrap_or("\"\"")),
        text(
            "google.authoritative-addresses-only",
            authoritative_addresses_only,
        ),
        optional("google.hosted-domains", domains),
    ]
}

fn of_dsm(dsm: &Dsm) -> Vec<Setting<'_>> {
    let Dsm {
        url,
        account,
        password_file,
        refresh,
        timeout,
        max_age,
        accept_invalid_certificate,
        device_token_file,
    } = dsm;
    // It need not be there, and may be the token in the place of its file.
    let device_token_file = device_token_file.as_ref().map(|path| {
        if path.exists() {
            path.display().to_string()
        } else {
            "a file that is not there".to_owned()
        }
    });
    vec![
        text("dsm.url", url),
        text("dsm.account", account),
        path("dsm.password-file", password_file),
        duration("dsm.refresh", *refresh),
        duration("dsm.timeout", *timeout),
        duration("dsm.max-age", *max_age),
        text("dsm.accept-invalid-certificate", accept_invalid_certificate),
        optional("dsm.device-token-file", device_token_file),
    ]
}

fn of_power(power: &Power) -> Vec<Setting<'_>> {
    let Power {
        schedule,
        file,
        refresh_before_power_off,
    } = power;
    let schedule = match schedule {
        ScheduleUse::Auto => "auto",
        ScheduleUse::Off => "off",
    };
    vec![
        text("power.schedule", schedule),
        path("power.file", file),
        duration("power.refresh-before-power-off", *refresh_before_power_off),
    ]
}

fn of_keys(keys: &Keys) -> Setting<'_> {
    let Keys { rotate_after } = keys;
    let key = "keys.rotate-after";
    let Some(after) = rotate_after else {
        return text(key, "never");
    };
    // As it is written: humantime would make months of it.
    let (days, rest) = (after.as_secs() / 86_400, after.as_secs() % 86_400);
    match rest {
        0 => text(key, format_args!("{days}d")),
        _ => duration(key, *after),
    }
}

fn of_users(users: &Users) -> Vec<Setting<'_>> {
    let Users {
        administrators,
        deny,
        aliases,
    } = users;
    let administrators = match administrators {
        AdministratorPolicy::Allow => "allow",
        AdministratorPolicy::ByAliasOnly => "alias",
        AdministratorPolicy::Refuse => "refuse",
    };
    let aliases = aliases.iter();
    let aliases = aliases.map(|alias| format!("{} is {}", alias.google, alias.dsm));
    vec![
        text("users.administrators", administrators),
        list("users.deny", deny),
        list("users.alias", &aliases.collect::<Vec<_>>()),
    ]
}

fn of_client<'a>(path: &str, client: &'a RelyingParty) -> Vec<Setting<'a>> {
    let RelyingParty {
        id,
        name,
        secret: shared,
        // Another file with the same secret changes nothing.
        secret_file: _,
        redirect_uris,
        require_pkce,
    } = client;
    let key = |key: &str| format!("{path}.{key}");
    let uris = redirect_uris.iter();
    let uris: Vec<&str> = uris.map(RegisteredRedirect::as_str).collect();
    vec![
        text(key("id"), id),
        text(key("name"), name),
        secret(key("secret-file"), shared),
        list(key("redirect-uris"), &uris),
        text(key("require-pkce"), require_pkce),
    ]
}

fn of_log(log: &Log) -> Vec<Setting<'_>> {
    let Log {
        level,
        format,
        file,
    } = log;
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let format = match format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    vec![
        text("log.level", level),
        text("log.format", format),
        optional("log.file", file.as_ref().map(|path| path.display())),
    ]
}

fn text<'a>(key: impl Into<String>, value: impl Display) -> Setting<'a> {
    optional(key, Some(value))
}

fn optional<'a>(key: impl Into<String>, value: Option<impl Display>) -> Setting<'a> {
    Setting {
        key: key.into(),
        shown: Shown::Text(value.map(|value| value.to_string())),
    }
}

fn path<'a>(key: &str, value: &Path) -> Setting<'a> {
    text(key, value.display())
}

fn duration<'a>(key: &str, value: Duration) -> Setting<'a> {
    text(key, humantime::format_duration(value))
}

/// An empty list is as good as none.
fn list<'a>(key: impl Into<String>, values: &[impl Display]) -> Setting<'a> {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    optional(key, (!texts.is_empty()).then(|| texts.join(", ")))
}

fn secret(key: impl Into<String>, value: &Secret<String>) -> Setting<'_> {
    Setting {
        key: key.into(),
        shown: Shown::Secret(value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::tests::{EXAMPLE, home, write_secret};
    use super::{Change, Counts, Difference};

    /// What a reload of the example would tell after `edits`.
    fn changes(edits: &[(&str, &str)]) -> Vec<Change> {
        let home = home();
        let before = Config::read(EXAMPLE.as_bytes(), home.path()).unwrap();
        let mut text = EXAMPLE.to_owned();
        for (old, new) in edits {
            assert!(text.contains(old), "{old}");
            text = text.replacen(old, new, 1);
        }
        let after = Config::read(text.as_bytes(), home.path()).unwrap();
        before.changes_to(&after)
    }

    fn value(key: &str, from: Option<&str>, to: Option<&str>, counts: Counts) -> Change {
        Change {
            key: key.to_owned(),
            difference: Difference::Value {
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
            },
            counts,
        }
    }

    #[test]
    fn the_same_config_has_no_change() {
        assert_eq!(changes(&[]), []);
        assert_eq!(changes(&[("# refresh = \"1h\"", "refresh = \"60m\"")]), []);
    }

    #[test]
    fn a_change_tells_both_values_and_whether_it_counts_at_once() {
        use Counts::{AfterRestart, AtOnce};
        let found = changes(&[
            (
                "address = \"127.0.0.1:5556\"",
                "address = \"127.0.0.1:5557\"",
            ),
            ("# refresh = \"1h\"", "refresh = \"90s\""),
            ("# deny = []", "deny = [\"igor\"]"),
            ("# schedule = \"auto\"", "schedule = \"off\""),
            ("# rotate-after = \"90d\"", "rotate-after = \"never\""),
            ("# level = \"info\"", "level = \"debug\""),
        ]);
        assert_eq!(
            found,
            [
                value(
                    "listen.address",
                    Some("127.0.0.1:5556"),
                    Some("127.0.0.1:5557"),
                    AfterRestart
                ),
                value("dsm.refresh", Some("1h"), Some("1m 30s"), AtOnce),
                value("power.schedule", Some("auto"), Some("off"), AtOnce),
                value("users.deny", None, Some("igor"), AtOnce),
                value("keys.rotate-after", Some("90d"), Some("never"), AtOnce),
                value("log.level", Some("info"), Some("debug"), AtOnce),
            ]
        );
    }

    #[test]
    fn what_is_gone_is_told_too() {
        let home = home();
        let with = format!(
            "{EXAMPLE}\n[[clients]]\nid = \"wiki\"\nsecret-file = \"dsm-password\"\nredirect-uris = [\"https://wiki.example.com/\"]\n"
        );
        let with = Config::read(with.as_bytes(), home.path()).unwrap();
        let without = Config::read(EXAMPLE.as_bytes(), home.path()).unwrap();
        let found = with.changes_to(&without);
        let keys: Vec<&str> = found.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "clients[1].id",
                "clients[1].name",
                "clients[1].secret-file",
                "clients[1].redirect-uris",
                "clients[1].require-pkce"
            ]
        );
        assert_eq!(
            found[0],
            value("clients[1].id", Some("wiki"), None, Counts::AtOnce)
        );
        assert_eq!(found[2].difference, Difference::Secret);
    }

    #[test]
    fn a_secret_has_changed_and_is_not_shown() {
        let home = home();
        let read = || Config::read(EXAMPLE.as_bytes(), home.path()).unwrap();
        let before = read();
        write_secret(&home.path().join("google-client-secret"), "another-one\n");
        let found = before.changes_to(&read());
        assert_eq!(
            found,
            [Change {
                key: "google.client-secret-file".to_owned(),
                difference: Difference::Secret,
                counts: Counts::AtOnce,
            }]
        );
        assert!(!format!("{found:?}").contains("another"));
    }
}
