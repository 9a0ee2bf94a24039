//! `setup` on a terminal with an existing config: offers the present values and
//! writes those that changed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use toml::{Table, Value};

use super::dsm::{self, Account, Visit};
use super::edit::{Original, Step, set, value_at};
use super::questions::{
    Answers, DSM_ACCOUNT, DSM_PASSWORD, DSM_URL, QUESTIONS, Question, REDIRECT_URI, question,
};
use super::terminal::Invalid;
use super::{files, program, tell, terminal};
use crate::cli::{complain, complain_of_config, describe};
use crate::config::validate::Given;
use crate::config::{Config, directory_of, in_lines, urls};
use crate::machine::secret_file::read_secret_file;
use domain::base::secret::Secret;

/// Asks for the values of the config in `path` and changes it; returns the exit
/// code.
pub(super) fn from_terminal(path: &Path, client: Option<&str>) -> u8 {
    match Config::read_text(path) {
        Ok(text) => tell(ask_and_change(path, &text, client)),
        Err(error) => complain_of_config(&error),
    }
}

fn ask_and_change(path: &Path, text: &str, client: Option<&str>) -> anyhow::Result<String> {
    let Ok(file) = text.parse::<Table>() else {
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
    let present = present(&file, dsm, directory_of(path));
    let mut answers = terminal::ask_all(given, &present, client)?;
    test_dsm(&file, directory_of(path), &present, &mut answers)?;
    let changed: Vec<(&Question, &Secret<String>)> = QUESTIONS
        .iter()
        .filter(|question| present.get(question.variable) != answers.get(question.variable))
        .filter_map(|question| Some((question, answers.get(question.variable)?)))
        .collect();
    if changed.is_empty() {
        return Ok("Nothing was changed or written.\n".to_owned());
    }
    Change::of(path, text, &file, dsm, &changed)?.write(path, text)
}

/// Signs in to DSM once if its URL, account or password is new.
fn test_dsm(
    file: &Value,
    home: &Path,
    present: &Answers,
    answers: &mut Answers,
) -> anyhow::Result<()> {
    let of_dsm = [DSM_URL, DSM_ACCOUNT, DSM_PASSWORD];
    if of_dsm.iter().all(|it| present.get(it) == answers.get(it)) {
        return Ok(());
    }
    let [Some(url), Some(name), Some(password)] = of_dsm.map(|it| answers.get(it)) else {
        return Ok(());
    };
    let url = url.expose().trim_end_matches('/').to_owned();
    let Some(found) = dsm::find_at(&url)? else {
        complain(&dsm::silent(&url).english);
        return Ok(());
    };
    let token = value_at(file, &[Step::Key("dsm"), Step::Key("device-token-file")]);
    let account = Account {
        name: name.expose(),
        password,
        device_token: token.and_then(Value::as_str).map(|name| home.join(name)),
    };
    match dsm::visit(&found, &account)? {
        Visit::Rejected(variable, why) => {
            let name = question(variable).prompt;
            return Err(Invalid(format!("{name}: {}", why.english)).into());
        }
        Visit::Untested(remark) => complain(&remark.english),
        Visit::Done { .. } => {}
    }
    if found != url {
        complain(&dsm::found(&found).english);
        answers.insert(DSM_URL, Secret::new(found));
    }
    Ok(())
}

/// Returns the questions whose answers differ from the valid `config`.
pub(super) fn differing(config: &Config, answers: &Answers) -> Vec<&'static Question> {
    let text = Config::read_text(&config.file).unwrap_or_default();
    let file: Table = text.parse().unwrap_or_default();
    let dsm = index_of_dsm(&file).unwrap_or_default();
    let present = present(&Value::Table(file), dsm, directory_of(&config.file));
    let client = config.clients.get(dsm);
    let differs = |question: &&Question| {
        let Some(answer) = answers.get(question.variable) else {
            return false;
        };
        let text = answer.expose().as_str();
        match question.variable {
            // Two spellings can be equivalent.
            REDIRECT_URI => client.and_then(|client| client.trust(text)).is_none(),
            DSM_URL => config.dsm.url != text.trim_end_matches('/'),
            _ => present.get(question.variable) != Some(answer),
        }
    };
    QUESTIONS.iter().filter(differs).collect()
}

/// Returns the index of the client `synology`, else of the first.
fn index_of_dsm(file: &Table) -> Option<usize> {
    let clients = file.get("clients")?.as_array()?;
    let has_its_id = |client: &Value| client.get("id") == Some(&"synology".into());
    let found = clients.iter().position(has_its_id);
    found.or((!clients.is_empty()).then_some(0))
}

/// Returns the answers that the config `file` in the directory `home` has.
fn present(file: &Value, dsm: usize, home: &Path) -> Answers {
    let present = QUESTIONS.iter().filter_map(|question| {
        let text = value_at(file, &(question.place)(dsm))?.as_str()?;
        let value = match question.file() {
            None => Secret::new(text.to_owned()),
            Some(_) => read_secret_file(&home.join(text)).ok()?,
        };
        Some((question.variable, value))
    });
    present.collect()
}

/// Returns the key path, as `check` prints it.
fn key_of(place: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in place {
        let dot = if path.is_empty() { "" } else { "." };
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Key(key) => write!(path, "{dot}{key}"),
            Step::Index(index) => write!(path, "[{index}]"),
        };
    }
    path
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
        dsm: usize,
        changed: &[(&Question, &'a Secret<String>)],
    ) -> anyhow::Result<Self> {
        let mut change = Self {
            text: text.to_owned(),
            secrets: Vec::new(),
        };
        for (question, answer) in changed {
            let place = (question.place)(dsm);
            match question.file() {
                None => change.set(&place, &Value::String(answer.expose().clone()))?,
                Some(name) => {
                    let target = change.secret_file(directory_of(path), file, &place, name)?;
                    change.secrets.push((key_of(&place), target, answer));
                }
            }
            if question.variable == DSM_URL {
                change.set_certificate(file, answer.expose())?;
            }
        }
        Ok(change)
    }

    fn set(&mut self, place: &[Step<'_>], value: &Value) -> anyhow::Result<()> {
        self.text = set(&self.text, place, value).with_context(|| {
            let key = key_of(place);
            format!("nothing was written: cannot find the place of {key}; change it by hand")
        })?;
        Ok(())
    }

    /// Returns the file for a secret. If the config does not name an existing
    /// file, it gets the default name: users paste the secret itself in its
    /// place.
    fn secret_file(
        &mut self,
        home: &Path,
        file: &Value,
        place: &[Step<'_>],
        name: &str,
    ) -> anyhow::Result<PathBuf> {
        let own = home.join(name);
        let named = value_at(file, place).and_then(Value::as_str);
        let named = named.map(|text| home.join(text));
        if let Some(named) = named.filter(|named| named.is_file() || *named == own) {
            return Ok(named);
        }
        if own.symlink_metadata().is_ok() {
            bail!(
                "nothing was written: {1} exists, but {0} does not name it; remove the file, or \
                 name it",
                key_of(place),
                own.display()
            );
        }
        self.set(place, &name.into())?;
        Ok(own)
    }

    /// DSM's certificate is for its public name, never for 127.0.0.1.
    fn set_certificate(&mut self, file: &Value, url: &str) -> anyhow::Result<()> {
        let place = [Step::Key("dsm"), Step::Key("accept-invalid-certificate")];
        let accepts = value_at(file, &place) == Some(&true.into());
        let needed = urls::is_loopback_https(url);
        if accepts == needed {
            return Ok(());
        }
        self.set(&place, &needed.into())
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
