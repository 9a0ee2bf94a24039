//! Reads the variables that Package Center's wizard sets.

use std::convert::Infallible;
use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::dialog::Wording;
use super::questions::{Answers, OnEnter, QUESTIONS, Question, ask_all};
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
        /// Answers that were trimmed.
        remarks: Vec<String>,
    },
    /// All problems.
    Invalid(Vec<String>),
}

impl Wizard {
    /// Reads the environment of this process.
    pub(super) fn read() -> Self {
        // Without arguments, so that only the environment is used.
        let found = command().try_get_matches_from(["setup"]);
        found.map_or_else(
            |error| Self::Invalid(vec![error.to_string()]),
            |variables| Self::of(&variables),
        )
    }

    fn of(variables: &ArgMatches) -> Self {
        let value = |question: &Question| {
            let value = variables.get_one::<OsString>(question.variable);
            value.cloned().unwrap_or_default()
        };
        let is_untouched = |question: &Question| {
            let value = value(question);
            // A default is not an answer.
            value.is_empty() || matches!(question.on_enter, OnEnter::Take(text) if value == text)
        };
        if QUESTIONS.iter().all(is_untouched) {
            return Self::Skipped;
        }
        let language = variables.get_one::<OsString>(LANGUAGE);
        let wording = Wording::of(language.and_then(|it| it.to_str()));
        let mut problems = Vec::new();
        let mut remarks = Vec::new();
        let given = Given::defaults();
        let answers: Result<Answers, Infallible> = ask_all(given, |question, given| {
            let answer = answer(question, given, value(question));
            let (answer, is_trimmed) = answer.unwrap_or_else(|message| {
                problems.push(wording.problem(question, &message));
                (Secret::new(String::new()), false)
            });
            if is_trimmed && question.file().is_some() {
                let name = wording.name(question);
                remarks.push(format!(
                    "{name}: removed white space at the beginning or the end"
                ));
            }
            Ok(answer)
        });
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

/// Returns the answer and whether it was trimmed.
fn answer(
    question: &Question,
    given: &Given,
    value: OsString,
) -> Result<(Secret<String>, bool), String> {
    let text = value.into_string().map_err(|_| "is not UTF-8 text")?;
    let (text, is_trimmed) = question.trimmed(Secret::new(text));
    if text.expose().is_empty() {
        return Err("is empty".to_owned());
    }
    (question.check)(text.expose(), given)?;
    Ok((text, is_trimmed))
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
