//! Reads the variables that Package Center's wizard sets.

use std::collections::HashMap;
use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::dialog::{Rejection, Remark, Wording};
use super::google_file::GoogleFile;
use super::questions::{
    APPLICATION_SECRET, CLIENT_ID, CLIENT_SECRET_OF_GOOGLE, DSM_URL, ISSUER, Interview, OnEnter,
    QUESTIONS, Question, REDIRECT_URI, question,
};
use crate::config::validate::Given;
use domain::base::secret::Secret;

/// The language of Package Center, in the environment of the package's scripts.
const LANGUAGE: &str = "SYNOPKG_DSM_LANGUAGE";

/// Whether the daemon is to enter the settings in DSM.
const APPLY: &str = "wizard_apply_dsm";

/// The answers in the wizard's variables.
pub(super) enum Wizard {
    /// The wizard's pages were skipped.
    Skipped,
    /// All answers are valid.
    Answered(Filled),
    /// All problems.
    Invalid(Vec<String>),
}

/// Valid answers. Those that DSM or chance can give may be missing.
pub(super) struct Filled {
    pub(super) interview: Interview,
    pub(super) wording: Wording,
    /// Answers that were trimmed or completed.
    pub(super) remarks: Vec<String>,
    /// Whether the daemon is to enter the settings in DSM.
    pub(super) applies: bool,
}

impl Wizard {
    /// Reads the environment of this process. `client` is the JSON of the
    /// Google console, if it is given as a file.
    pub(super) fn read(client: Option<&str>) -> Self {
        // Without arguments, so that only the environment is used.
        let found = command().try_get_matches_from(["setup"]);
        found.map_or_else(
            |error| Self::Invalid(vec![error.to_string()]),
            |variables| Self::of(&variables, client),
        )
    }

    fn of(variables: &ArgMatches, client: Option<&str>) -> Self {
        let values = Values::of(variables, client);
        let apply = variables.get_one::<OsString>(APPLY);
        let apply = apply.map_or("", |it| it.to_str().unwrap_or("?"));
        let is_untouched = client.is_none()
            && matches!(apply, "" | "false")
            && QUESTIONS.iter().all(|it| values.is_untouched(it));
        if is_untouched {
            return Self::Skipped;
        }
        let language = variables.get_one::<OsString>(LANGUAGE);
        let wording = Wording::of(language.and_then(|it| it.to_str()));
        let mut interview = Interview::new(Given::defaults());
        let (mut problems, mut remarks) = (Vec::new(), Vec::new());
        for question in &QUESTIONS {
            match values.answer(question, &interview) {
                Ok(None) => {}
                Ok(Some((answer, change))) => {
                    remarks.extend(change.map(|it| wording.change(question, &it)));
                    interview.accept(question, answer);
                }
                Err(why) => problems.push(wording.problem(question, &why)),
            }
        }
        if let Some(why) = values.conflict(client) {
            problems.push(wording.problem(question(CLIENT_SECRET_OF_GOOGLE), &why));
        }
        if !matches!(apply, "" | "true" | "false") {
            problems.push(format!("{APPLY}: has to be true or false"));
        }
        if !problems.is_empty() {
            return Self::Invalid(problems);
        }
        Self::Answered(Filled {
            interview,
            wording,
            remarks,
            applies: apply == "true",
        })
    }
}

/// An answer, and what was changed about it.
type Changed = (Secret<String>, Option<Remark>);

/// The values of the variables.
struct Values {
    given: HashMap<&'static str, OsString>,
    /// The JSON of the Google console, from a file or from the client ID's
    /// variable.
    client: Option<String>,
}

impl Values {
    fn of(variables: &ArgMatches, client: Option<&str>) -> Self {
        let given: HashMap<_, _> = QUESTIONS
            .iter()
            .map(|question| {
                let value = variables.get_one::<OsString>(question.variable);
                (question.variable, value.cloned().unwrap_or_default())
            })
            .collect();
        let pasted = given.get(CLIENT_ID).and_then(|value| value.to_str());
        let client = client.or(pasted.filter(|text| GoogleFile::is_one(text)));
        Self {
            client: client.map(str::to_owned),
            given,
        }
    }

    fn has(&self, variable: &str) -> bool {
        let value = self.given.get(variable);
        value.is_some_and(|value| !value.is_empty())
    }

    fn is_untouched(&self, question: &Question) -> bool {
        let value = self.given.get(question.variable);
        // A default is not an answer.
        value.is_none_or(|value| {
            value.is_empty() || matches!(question.on_enter, OnEnter::Take(text) if value == text)
        })
    }

    /// Returns why the values of the client contradict each other.
    fn conflict(&self, file: Option<&str>) -> Option<Rejection> {
        if self.client.is_some() && self.has(CLIENT_SECRET_OF_GOOGLE) {
            return Some("is given twice: the JSON of the Google console has it, too".into());
        }
        let is_given_twice = file.is_some() && self.has(CLIENT_ID);
        is_given_twice.then(|| "is given by a file, and so is the ID".into())
    }

    /// Returns the answer; `None` if it may be missing and is.
    fn answer(
        &self,
        question: &Question,
        so_far: &Interview,
    ) -> Result<Option<Changed>, Rejection> {
        let value = self.given.get(question.variable).cloned();
        let text = value.unwrap_or_default().into_string();
        let text = text.map_err(|_| "is not UTF-8 text")?;
        let (text, is_trimmed) = question.trimmed(Secret::new(text));
        let text = if text.expose().is_empty() {
            match self.instead(question, so_far)? {
                Some(text) => Secret::new(text),
                None => return Ok(None),
            }
        } else {
            text
        };
        if let Some(completed) = question.completed(text.expose(), so_far) {
            let change = Remark {
                english: format!("completed to {completed}"),
                french: format!("complété en {completed}"),
            };
            return Ok(Some((Secret::new(completed), Some(change))));
        }
        (question.check)(text.expose(), so_far)?;
        if question.variable == CLIENT_ID && !self.has_secret() {
            return Err(Rejection::new(
                "is the client ID without its secret: enter the whole content of the JSON file, \
                 which has both",
                "est l'ID client sans son code secret : saisissez tout le contenu du fichier \
                 JSON, qui contient les deux",
            ));
        }
        let is_noted = is_trimmed && question.file().is_some();
        let change = is_noted.then(|| Remark {
            english: "removed white space at the beginning or the end".to_owned(),
            french: "les espaces au début ou à la fin ont été supprimés".to_owned(),
        });
        Ok(Some((text, change)))
    }

    /// Whether the client's secret is in the JSON, or in its own variable.
    fn has_secret(&self) -> bool {
        self.client.is_some() || self.has(CLIENT_SECRET_OF_GOOGLE)
    }

    /// Returns the answer to a question whose variable is empty; `None` if DSM
    /// or chance can give it, or if another answer is what has to be corrected.
    fn instead(
        &self,
        question: &Question,
        so_far: &Interview,
    ) -> Result<Option<String>, Rejection> {
        match question.variable {
            CLIENT_ID => match &self.client {
                Some(client) => Ok(Some(client.clone())),
                None => Err("is empty".into()),
            },
            ISSUER => match so_far.issuer_of_client() {
                Some(Ok(issuer)) => Ok(Some(issuer.to_owned())),
                Some(Err(why)) => {
                    Err(why.after("is empty, and the JSON ", "est vide, et le JSON "))
                }
                None if self.client.is_some() => Ok(None),
                None => Err("is empty".into()),
            },
            CLIENT_SECRET_OF_GOOGLE | REDIRECT_URI | DSM_URL | APPLICATION_SECRET => Ok(None),
            _ => Err("is empty".into()),
        }
    }
}

/// The environment is read by clap only.
fn command() -> Command {
    let names = QUESTIONS.iter().map(|question| question.variable);
    let variables = names.chain([LANGUAGE, APPLY]).map(|name| {
        Arg::new(name)
            .long(name)
            .env(name)
            .hide_env_values(true)
            .value_parser(value_parser!(OsString))
    });
    Command::new("setup").args(variables)
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn the_variables_do_not_contradict_each_other() {
        command().debug_assert();
    }
}
