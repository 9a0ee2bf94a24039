//! Reads the variables that Package Center's wizard sets.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::dialog::Wording;
use super::google_file::GoogleFile;
use super::questions::{
    Answers, CLIENT_ID, CLIENT_SECRET_OF_GOOGLE, ISSUER, OnEnter, QUESTIONS, Question, ask_all,
};
use super::terminal::generate;
use crate::config::validate::Given;
use domain::base::secret::Secret;

/// The language of Package Center, in the environment of the package's scripts.
const LANGUAGE: &str = "SYNOPKG_DSM_LANGUAGE";

/// The answers in the wizard's variables.
pub(super) enum Wizard {
    /// The wizard's pages were skipped.
    Skipped,
    /// All answers are valid.
    Answered {
        answers: Answers,
        wording: Wording,
        /// Answers that were trimmed or completed.
        remarks: Vec<String>,
    },
    /// All problems.
    Invalid(Vec<String>),
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
        if client.is_none()
            && QUESTIONS
                .iter()
                .all(|question| values.is_untouched(question))
        {
            return Self::Skipped;
        }
        let language = variables.get_one::<OsString>(LANGUAGE);
        let wording = Wording::of(language.and_then(|it| it.to_str()));
        let mut problems = Vec::new();
        let mut remarks = Vec::new();
        let answers: Result<Answers, Infallible> = ask_all(Given::defaults(), |question, given| {
            let answer = values.answer(question, given);
            let (answer, remark) = answer.unwrap_or_else(|message| {
                problems.push(wording.problem(question, &message));
                (Secret::new(String::new()), None)
            });
            let remark = remark.map(|it| format!("{}: {it}", wording.name(question)));
            remarks.extend(remark);
            Ok(answer)
        });
        if let Some(message) = values.conflict(client) {
            let mut questions = QUESTIONS.iter();
            let question = questions.find(|it| it.variable == CLIENT_SECRET_OF_GOOGLE);
            problems.extend(question.map(|it| wording.problem(it, message)));
        }
        match answers {
            Ok(answers) if problems.is_empty() => Self::Answered {
                answers,
                wording,
                remarks,
            },
            Ok(_) => Self::Invalid(problems),
        }
    }
}

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

    fn is_untouched(&self, question: &Question) -> bool {
        let value = self.given.get(question.variable);
        // A default is not an answer.
        value.is_none_or(|value| {
            value.is_empty() || matches!(question.on_enter, OnEnter::Take(text) if value == text)
        })
    }

    /// Returns why the values of the client contradict each other.
    fn conflict(&self, file: Option<&str>) -> Option<&'static str> {
        let has = |variable| {
            self.given
                .get(variable)
                .is_some_and(|value| !value.is_empty())
        };
        if self.client.is_some() && has(CLIENT_SECRET_OF_GOOGLE) {
            return Some("is given twice: the JSON of the Google console has it, too");
        }
        (file.is_some() && has(CLIENT_ID)).then_some("is given by a file, and so is the ID")
    }

    /// Returns the answer, and what was changed about it.
    fn answer(
        &self,
        question: &Question,
        given: &Given,
    ) -> Result<(Secret<String>, Option<String>), String> {
        let value = self.given.get(question.variable).cloned();
        let text = value.unwrap_or_default().into_string();
        let text = text.map_err(|_| "is not UTF-8 text")?;
        let (text, is_trimmed) = question.trimmed(Secret::new(text));
        let text = if text.expose().is_empty() {
            self.instead(question)?
        } else {
            text
        };
        if let Some(completed) = question.completed(text.expose(), given) {
            let remark = format!("completed to {completed}");
            return Ok((Secret::new(completed), Some(remark)));
        }
        (question.check)(text.expose(), given)?;
        let is_noted = is_trimmed && question.file().is_some();
        let remark = is_noted.then(|| "removed white space at the beginning or the end".to_owned());
        Ok((text, remark))
    }

    /// Returns the answer to a question whose variable is empty.
    fn instead(&self, question: &Question) -> Result<Secret<String>, String> {
        let text = match (question.variable, &self.client) {
            (ISSUER, Some(client)) => {
                let file = GoogleFile::parse(client);
                let issuer = file.and_then(|file| file.issuer().map(str::to_owned));
                issuer.map_err(|why| format!("is empty, and the JSON {why}"))?
            }
            (CLIENT_ID, Some(client)) => client.clone(),
            _ if question.on_enter == OnEnter::Generate => {
                return generate().map_err(|error| error.to_string());
            }
            _ => return Err("is empty".to_owned()),
        };
        Ok(Secret::new(text))
    }
}

/// The environment is read by clap only.
fn command() -> Command {
    let names = QUESTIONS.iter().map(|question| question.variable);
    let variables = names.chain([LANGUAGE]).map(|name| {
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
