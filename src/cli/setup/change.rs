//! `setup` on a terminal with an existing config: offers the present values and
//! writes those that changed.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use toml::Value;

use super::edit::{Original, Step, set, value_at};
use super::{CLIENT_SECRET, GOOGLE_SECRET, PASSWORD, files, program, tell, terminal};
use crate::cli::{complain, complain_of_config, describe};
use crate::config::validate::{self, Given};
use crate::config::{Config, Problem, directory_of};
use crate::machine::secret_file::read_secret_file;
use domain::base::secret::Secret;

/// The place of an answer in the config.
struct Place {
    variable: &'static str,
    steps: Vec<Step<'static>>,
    holds: Holds,
}

enum Holds {
    Value,
    /// The name of a file with the answer, by default this one.
    File(&'static str),
}

/// Asks for the values of the config in `path` and changes it; returns the exit
/// code.
pub(super) fn from_terminal(path: &Path) -> u8 {
    match Config::read_text(path) {
        Ok(text) => tell(ask_and_change(path, &text)),
        Err(error) => complain_of_config(&error),
    }
}

fn ask_and_change(path: &Path, text: &str) -> anyhow::Result<String> {
    let Ok(file) = text.parse::<toml::Table>() else {
        bail!(
            "cannot change {}, because it is not valid TOML:{}\nCorrect it by hand, or replace it \
             with setup --force",
            path.display(),
            in_lines(&Config::problems_of(text, path))
        );
    };
    let Some(dsm) = index_of_dsm(&file) else {
        bail!(
            "cannot change {}, because it has no [[clients]]. Add one by hand, or replace it with \
             setup --force",
            path.display()
        );
    };
    let given = Given::of(&file, dsm);
    let file = Value::Table(file);
    let home = directory_of(path);
    let places = places(dsm);
    let present: HashMap<&str, Secret<String>> = places
        .iter()
        .filter_map(|place| Some((place.variable, place.read(&file, home)?)))
        .collect();
    let answers = terminal::ask_for_changes(given, |question| present.get(question.variable))?;
    let changed: Vec<(&Place, &Secret<String>)> = places
        .iter()
        .zip(answers.in_order())
        .filter(|(place, answer)| present.get(place.variable) != Some(answer))
        .collect();
    if changed.is_empty() {
        return Ok("Nothing was changed or written.\n".to_owned());
    }
    Change::of(path, text, &file, &changed)?.write(path, text)
}

/// Returns the index of the client `synology`, else of the first.
fn index_of_dsm(file: &toml::Table) -> Option<usize> {
    let clients = file.get("clients")?.as_array()?;
    let has_its_id = |client: &Value| client.get("id") == Some(&"synology".into());
    let found = clients.iter().position(has_its_id);
    found.or((!clients.is_empty()).then_some(0))
}

/// Returns the places in the order of the questions.
fn places(dsm: usize) -> [Place; 8] {
    use Holds::{File, Value};
    use Step::{Index, Key};
    let place = |variable, steps: &[Step<'static>], holds| Place {
        variable,
        steps: steps.to_vec(),
        holds,
    };
    let client = [Key("clients"), Index(dsm)];
    let redirect = [&client[..], &[Key("redirect-uris"), Index(0)]].concat();
    let secret = [&client[..], &[Key("secret-file")]].concat();
    let google = |key| [Key("google"), Key(key)];
    let of_dsm = |key| [Key("dsm"), Key(key)];
    let google_secret = google("client-secret-file");
    [
        place("wizard_issuer", &[Key("issuer")], Value),
        place("wizard_redirect_uri", &redirect, Value),
        place("wizard_google_client_id", &google("client-id"), Value),
        place(
            "wizard_google_client_secret",
            &google_secret,
            File(GOOGLE_SECRET),
        ),
        place("wizard_dsm_url", &of_dsm("url"), Value),
        place("wizard_dsm_account", &of_dsm("account"), Value),
        place(
            "wizard_dsm_password",
            &of_dsm("password-file"),
            File(PASSWORD),
        ),
        place("wizard_client_secret", &secret, File(CLIENT_SECRET)),
    ]
}

impl Place {
    fn text<'f>(&self, file: &'f Value) -> Option<&'f str> {
        value_at(file, &self.steps)?.as_str()
    }

    fn read(&self, file: &Value, home: &Path) -> Option<Secret<String>> {
        let text = self.text(file)?;
        match self.holds {
            Holds::Value => Some(Secret::new(text.to_owned())),
            Holds::File(_) => read_secret_file(&home.join(text)).ok(),
        }
    }

    /// Returns the key path, as `check` prints it.
    fn key(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            let dot = if path.is_empty() { "" } else { "." };
            // Writing to a String cannot fail.
            let _ = match step {
                Step::Key(key) => write!(path, "{dot}{key}"),
                Step::Index(index) => write!(path, "[{index}]"),
            };
        }
        path
    }
}

/// The new text and secrets.
struct Change<'a> {
    text: String,
    /// The key, the file and its content.
    secrets: Vec<(String, PathBuf, &'a Secret<String>)>,
}

impl<'a> Change<'a> {
    fn of(
        path: &Path,
        text: &str,
        file: &Value,
        changed: &[(&Place, &'a Secret<String>)],
    ) -> anyhow::Result<Self> {
        let mut change = Self {
            text: text.to_owned(),
            secrets: Vec::new(),
        };
        for (place, answer) in changed {
            match place.holds {
                Holds::Value => {
                    let value = Value::String(answer.expose().clone());
                    change.set(&place.steps, &value, &place.key())?;
                }
                Holds::File(name) => {
                    let target = change.secret_file(path, file, place, name)?;
                    change.secrets.push((place.key(), target, answer));
                }
            }
            if place.variable == "wizard_dsm_url" {
                change.set_certificate(file, answer.expose())?;
            }
        }
        Ok(change)
    }

    fn set(&mut self, steps: &[Step<'_>], value: &Value, key: &str) -> anyhow::Result<()> {
        self.text = set(&self.text, steps, value).with_context(|| {
            format!("nothing was written: cannot find the place of {key}; change it by hand")
        })?;
        Ok(())
    }

    /// Returns the file for a secret. If the config does not name an existing
    /// file, it gets the default name: users paste the secret itself in its
    /// place.
    fn secret_file(
        &mut self,
        path: &Path,
        file: &Value,
        place: &Place,
        name: &str,
    ) -> anyhow::Result<PathBuf> {
        let home = directory_of(path);
        let own = home.join(name);
        let named = place.text(file).map(|text| home.join(text));
        if let Some(named) = named.filter(|named| named.is_file() || *named == own) {
            return Ok(named);
        }
        if own.symlink_metadata().is_ok() {
            bail!(
                "nothing was written: {1} exists, but {0} does not name it; remove the file, or \
                 name it",
                place.key(),
                own.display()
            );
        }
        self.set(&place.steps, &name.into(), &place.key())?;
        Ok(own)
    }

    /// DSM's certificate is for its public name, never for 127.0.0.1.
    fn set_certificate(&mut self, file: &Value, url: &str) -> anyhow::Result<()> {
        let key = "accept-invalid-certificate";
        let steps = [Step::Key("dsm"), Step::Key(key)];
        let accepts = value_at(file, &steps) == Some(&true.into());
        let needed = validate::is_loopback_https(url);
        if accepts == needed {
            return Ok(());
        }
        self.set(&steps, &needed.into(), &format!("dsm.{key}"))
    }

    /// Writes nothing if the change would add a problem to the config.
    fn write(&self, path: &Path, before: &str) -> anyhow::Result<String> {
        let known = Config::problems_of(before, path);
        let mut problems = Config::problems_of(&self.text, path);
        problems.retain(|problem| {
            let is_replaced = self.secrets.iter().any(|(key, ..)| *key == problem.key);
            !is_replaced && !known.contains(problem)
        });
        if !problems.is_empty() {
            bail!("nothing was written:{}", in_lines(&problems));
        }
        let mut written = String::new();
        for (_, file, secret) in &self.secrets {
            let line = zeroize::Zeroizing::new(format!("{}\n", secret.expose()));
            files::replace(file, &line, 0o600)?;
            let _ = writeln!(written, "written: {}", file.display());
        }
        if self.text != before {
            let mut config = Original::read(path)?;
            config.text.clone_from(&self.text);
            config.write()?;
            let _ = writeln!(written, "written: {}", path.display());
        }
        match Config::load(path) {
            Ok(config) => {
                for warning in config.warnings() {
                    complain(&warning.to_string());
                }
            }
            Err(error) => complain(&describe(&error)),
        }
        let program = program(path);
        Ok(format!(
            "{written}\nNext:\n  {program} check\n      checks the config\n  \
             {program} reload\n      makes a running daemon use the config\n"
        ))
    }
}

fn in_lines(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    lines.collect()
}
