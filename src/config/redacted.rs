//! The config for a report that is published: valid or not, and without what
//! may be a secret.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::values::SECRET_FILES;
use super::{Absent, Config, directory_of, keys};

/// The keys that name a file with a secret.
const SECRETS: [&str; 5] = [
    "listen.tls-private-key",
    "google.client-secret-file",
    "dsm.password-file",
    "dsm.device-token-file",
    "clients.secret-file",
];

/// Returns whether the key `path` names a file with a secret.
pub(super) fn is_secret_file(path: &str) -> bool {
    SECRETS.contains(&without_indexes(path).as_str())
}

/// The text of a config without secrets, and where they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redacted {
    /// One line for each key.
    pub(crate) lines: Vec<String>,
    /// The files whose contents are secret, if they exist.
    pub(crate) secret_files: Vec<PathBuf>,
    /// Values that may be a secret, in place of the file that has it.
    pub(crate) pasted: Vec<String>,
    /// The path in `log.file`.
    pub(crate) log_file: Option<PathBuf>,
}

impl Config {
    /// Returns the config in `path` for a report. One that cannot be read or
    /// parsed has no keys; `check` says why.
    pub(crate) fn redacted(path: &Path) -> Redacted {
        let base = directory_of(path);
        let mut redacted = Redacted {
            secret_files: SECRET_FILES.iter().map(|name| base.join(name)).collect(),
            ..Redacted::default()
        };
        let text = Self::read_text(path).unwrap_or_default();
        let Ok(file) = text.parse::<Table>() else {
            return redacted;
        };
        let mut written = Vec::new();
        flatten(String::new(), Value::Table(file), &mut written);
        for (key, value) in &written {
            let line = redacted.line(key, value, base);
            redacted.lines.push(line);
        }
        let is_written = |path: &str| written.iter().any(|(key, _)| without_indexes(key) == path);
        let defaults = keys().into_iter().filter_map(|key| match key.absent {
            Absent::Default(default) if !is_written(&key.path) => {
                Some(format!("# {} = {default}", key.path))
            }
            Absent::Default(_) | Absent::Rejected | Absent::NoValue | Absent::EmptyTable => None,
        });
        redacted.lines.extend(defaults);
        redacted
    }
}

impl Redacted {
    fn line(&mut self, key: &str, value: &Value, base: &Path) -> String {
        let path = without_indexes(key);
        let is_known = keys().iter().any(|known| known.path == path);
        if !is_known {
            // Its name may be a secret, too.
            return "# a key that is unknown".to_owned();
        }
        let text = value.as_str();
        if path == "log.file" {
            self.log_file = text.map(|text| base.join(text));
        }
        if !SECRETS.contains(&path.as_str()) {
            return format!("{key} = {value}");
        }
        let Some(text) = text else {
            return format!("# {key} is not text");
        };
        let file = base.join(text);
        if file.symlink_metadata().is_ok() {
            self.secret_files.push(file);
        } else if !SECRET_FILES.contains(&text) {
            // People paste the secret itself where its file belongs.
            self.pasted.push(text.to_owned());
            return format!("# {key} names a file that does not exist");
        }
        format!("{key} = {value}")
    }
}

/// Appends each value with its key path.
fn flatten(path: String, value: Value, to: &mut Vec<(String, Value)>) {
    if let Value::Table(table) = value {
        for (key, value) in table {
            let dot = if path.is_empty() { "" } else { "." };
            flatten(format!("{path}{dot}{key}"), value, to);
        }
        return;
    }
    let tables = value
        .as_array()
        .filter(|list| list.iter().any(Value::is_table));
    let Some(tables) = tables else {
        to.push((path, value));
        return;
    };
    for (index, value) in tables.iter().enumerate() {
        flatten(format!("{path}[{index}]"), value.clone(), to);
    }
}

/// `clients.id` for `clients[0].id`.
fn without_indexes(path: &str) -> String {
    let parts = path.split('[');
    let parts = parts.enumerate().map(|(index, part)| match index {
        0 => part,
        _ => part.split_once(']').map_or("", |(_, rest)| rest),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::{EXAMPLE, home};
    use super::Config;

    #[test]
    fn each_known_key_is_shown_and_nothing_that_may_be_a_secret() {
        let home = home();
        let path = home.path().join("config.toml");
        let check = |text: &str| {
            fs::write(&path, text).unwrap();
            Config::redacted(&path)
        };
        let shown = check(EXAMPLE);
        let has = |line: &str| shown.lines.iter().any(|found| found == line);
        assert!(has("issuer = \"https://login.example.com\""), "{shown:?}");
        assert!(has("clients[0].secret-file = \"synology-client-secret\""));
        assert!(has("# log.level = \"info\""), "{shown:?}");
        assert!(shown.pasted.is_empty(), "{shown:?}");

        let pasted = EXAMPLE.replace("\"google-client-secret\"", "\"GOCSPX-pasted\"");
        let shown = check(&format!("hunter2 = 1\npassword = \"hunter2\"\n{pasted}"));
        assert!(!shown.lines.concat().contains("hunter2"), "{shown:?}");
        assert!(!shown.lines.concat().contains("GOCSPX"), "{shown:?}");
        assert_eq!(shown.pasted, ["GOCSPX-pasted"]);

        assert!(check("issuer = hunter2").lines.is_empty());
        // Without a config, the files that setup writes are still secret.
        fs::remove_file(&path).unwrap();
        assert_eq!(Config::redacted(&path).secret_files.len(), 4);
    }
}
