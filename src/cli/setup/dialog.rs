//! Names and messages of the wizard's fields, in the language of Package
//! Center's dialog.

use super::questions::Question;

/// The language of a message about an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// English with the name of the variable, for a script that sets it.
    Variables,
    English,
    French,
}

impl Wording {
    /// By the value of `SYNOPKG_DSM_LANGUAGE`, which Package Center sets for
    /// the package's scripts. DSM shows English for other languages.
    pub(super) fn of(dsm_language: Option<&str>) -> Self {
        match dsm_language {
            None => Self::Variables,
            Some("fre") => Self::French,
            Some(_) => Self::English,
        }
    }

    /// Returns the name of the field.
    pub(super) fn name(self, question: &Question) -> String {
        match self {
            Self::Variables => format!("{}, {}", question.prompt, question.variable),
            Self::English => question.prompt.to_owned(),
            Self::French => question.french_name.to_owned(),
        }
    }

    /// Returns a line about an invalid answer. `message` is English; a French
    /// dialog gets the rule for the field instead.
    pub(super) fn problem(self, question: &Question, message: &str) -> String {
        let name = self.name(question);
        match self {
            Self::Variables | Self::English => format!("{name}: {message}"),
            Self::French => format!("{name} : {}", question.french_rule),
        }
    }
}
