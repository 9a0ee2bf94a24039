//! What differs between two configs, by key path.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::redacted::is_secret_file;
use super::{AdminAccess, Alias, Config, LogFormat, LogLevel, ScheduleUse, urls};
use domain::base::address::CanonicalAddress;
use domain::base::ids::GoogleIssuer;
use domain::base::issuer::Issuer;
use domain::base::secret::Secret;
use domain::model::relying_party::RegisteredRedirect;
use domain::signin::directory::AdministratorPolicy;

/// A key whose value has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key path, such as `clients[0].redirect-uris`.
    pub key: String,
    /// The previous value; `None` for a secret, and if there was none.
    pub from: Option<String>,
    /// The new value; `None` for a secret, and if there is none.
    pub to: Option<String>,
    /// Whether the values are secret.
    pub secret: bool,
    /// Whether the new value takes effect at the next start, because a socket
    /// or the state is open; else with the next request.
    pub needs_restart: bool,
}

/// A key of a config, without its value if that is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigValue<'a> {
    /// The key path, with the index in a list.
    pub(crate) key: &'a str,
    /// `None` without a value, and for a secret.
    pub(crate) text: Option<String>,
    /// Whether there is a value.
    pub(crate) has_value: bool,
    /// Whether it is a secret, or the name of its file.
    pub(crate) secret: bool,
}

/// The tables whose files and sockets are opened once, at start.
const OPENED_AT_START: [&str; 4] = ["listen", "storage", "control", "metrics"];

/// A key path and its value.
#[derive(Clone, Debug)]
pub struct Setting {
    pub(super) key: String,
    pub(super) shown: Option<Shown>,
}

/// A value as a reload shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    Text(String),
    Secret(Secret<String>),
    /// A name that may be a secret, as long as the file does not exist.
    FileToCome(PathBuf),
}

impl Config {
    /// Returns what differs in `new`, in the order of the file.
    pub fn changes_to(&self, new: &Self) -> Vec<Change> {
        let mut gone: Vec<&Setting> = self.settings.iter().collect();
        let mut changes = Vec::new();
        for now in &new.settings {
            let same_key = gone.iter().position(|before| before.key == now.key);
            let before = same_key.and_then(|position| gone.remove(position).shown.as_ref());
            changes.extend(change(&now.key, before, now.shown.as_ref()));
        }
        let gone = gone.into_iter();
        changes.extend(gone.filter_map(|before| change(&before.key, before.shown.as_ref(), None)));
        changes
    }

    /// Returns every key and its value, without the secrets, in the order of
    /// the file.
    pub(crate) fn values(&self) -> impl Iterator<Item = ConfigValue<'_>> {
        self.settings.iter().map(|Setting { key, shown }| {
            let secret = is_secret(shown.as_ref()) || is_secret_file(key);
            let text = shown.as_ref().and_then(Shown::text);
            ConfigValue {
                key,
                has_value: shown.is_some(),
                text: text.filter(|_| !secret),
                secret,
            }
        })
    }

    /// Returns every key and its value, with the secrets, to recognise this
    /// config.
    pub(crate) fn whole_text(&self) -> Secret<String> {
        let lines = self.settings.iter().map(|Setting { key, shown }| {
            let (kind, text) = match shown {
                None => ('-', String::new()),
                Some(Shown::Text(text)) => ('t', text.clone()),
                Some(Shown::Secret(secret)) => ('s', secret.expose().clone()),
                Some(Shown::FileToCome(path)) => ('f', path.display().to_string()),
            };
            format!("{key:?} {kind} {text:?}\n")
        });
        Secret::new(lines.collect())
    }

    /// Returns this config with the values of `running` for what is open.
    #[must_use]
    pub fn with_open_values_of(self, running: &Self) -> Self {
        let is_open = |it: &Setting| is_opened_at_start(&it.key);
        let mut settings = running.settings.clone();
        settings.retain(is_open);
        settings.extend(self.settings.into_iter().filter(|it| !is_open(it)));
        Self {
            settings,
            listen: running.listen.clone(),
            storage: running.storage.clone(),
            control_socket: running.control_socket.clone(),
            metrics_address: running.metrics_address,
            ..self
        }
    }
}

fn is_opened_at_start(key: &str) -> bool {
    let section = key.split('.').next().unwrap_or_default();
    OPENED_AT_START.contains(&section)
}

fn is_secret(shown: Option<&Shown>) -> bool {
    matches!(shown, Some(Shown::Secret(_)))
}

fn change(key: &str, before: Option<&Shown>, now: Option<&Shown>) -> Option<Change> {
    (before != now).then(|| Change {
        key: key.to_owned(),
        from: before.and_then(Shown::text),
        to: now.and_then(Shown::text),
        secret: is_secret(before) || is_secret(now),
        needs_restart: is_opened_at_start(key),
    })
}

impl Shown {
    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Secret(_) => None,
            Self::FileToCome(path) if path.exists() => Some(path.display().to_string()),
            Self::FileToCome(_) => Some("a file that is not there".to_owned()),
        }
    }
}

/// A value of a key, which a reload can show.
pub(super) trait Show {
    /// `None` without a value, or if its changes are not reported.
    fn show(&self) -> Option<Shown>;
}

/// A value that is written as one of a few words.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

impl Word for ScheduleUse {
    const WORDS: &'static [(&'static str, Self)] = &[("auto", Self::Auto), ("off", Self::Off)];
}

impl Word for AdminAccess {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("local", Self::Local),
        ("anywhere", Self::Anywhere),
    ];
}

impl Word for AdministratorPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("allow", Self::Allow),
        ("alias", Self::ByAliasOnly),
        ("refuse", Self::Refuse),
    ];
}

impl Word for LogLevel {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("error", Self::ERROR),
        ("warn", Self::WARN),
        ("info", Self::INFO),
        ("debug", Self::DEBUG),
        ("trace", Self::TRACE),
    ];
}

impl Word for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

impl<T: Word> Show for T {
    fn show(&self) -> Option<Shown> {
        let found = T::WORDS.iter().find(|(_, value)| value == self);
        found.map(|(word, _)| text(word))
    }
}

fn text(value: impl Display) -> Shown {
    Shown::Text(value.to_string())
}

macro_rules! shown_as {
    ($($Type:ty => |$value:ident| $text:expr;)+) => {
        $(impl Show for $Type {
            fn show(&self) -> Option<Shown> {
                let $value = self;
                Some(text($text))
            }
        })+
    };
}

shown_as! {
    bool => |it| it;
    String => |it| it;
    SocketAddr => |it| it;
    IpNet => |it| it;
    Issuer => |it| it;
    GoogleIssuer => |it| it;
    CanonicalAddress => |it| it;
    PathBuf => |it| it.display();
    Duration => |it| humantime::format_duration(*it);
    RegisteredRedirect => |it| it.as_str();
    Alias => |it| format_args!("{} is {}", it.google, it.dsm);
}

impl Show for urls::PlainHttp {
    fn show(&self) -> Option<Shown> {
        None
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> Option<Shown> {
        self.as_ref()?.show()
    }
}

/// An empty list is shown as no value.
impl<T: Show> Show for Vec<T> {
    fn show(&self) -> Option<Shown> {
        let texts = self.iter().filter_map(|value| value.show()?.text());
        let texts: Vec<String> = texts.collect();
        (!texts.is_empty()).then(|| text(texts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::tests::{EXAMPLE, home, write_secret};
    use super::Change;

    /// Returns what a reload of the example reports after `edits`.
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

    fn value(key: &str, from: Option<&str>, to: Option<&str>) -> Change {
        Change {
            key: key.to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            secret: false,
            needs_restart: false,
        }
    }

    #[test]
    fn the_same_config_has_no_change() {
        assert_eq!(changes(&[]), []);
        assert_eq!(changes(&[("# refresh = \"1h\"", "refresh = \"60m\"")]), []);
    }

    #[test]
    fn a_change_has_both_values_and_when_it_takes_effect() {
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
                Change {
                    needs_restart: true,
                    ..value(
                        "listen.address",
                        Some("127.0.0.1:5556"),
                        Some("127.0.0.1:5557")
                    )
                },
                value("dsm.refresh", Some("1h"), Some("1m 30s")),
                value("power.schedule", Some("auto"), Some("off")),
                value("users.deny", None, Some("igor")),
                value("keys.rotate-after", Some("90d"), Some("never")),
                value("log.level", Some("info"), Some("debug")),
            ]
        );
    }

    #[test]
    fn a_removed_client_is_a_change() {
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
        assert_eq!(found[0], value("clients[1].id", Some("wiki"), None));
        assert!(found[2].secret);
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
                secret: true,
                ..value("google.client-secret-file", None, None)
            }]
        );
        assert!(!format!("{found:?}").contains("another"));
    }
}
