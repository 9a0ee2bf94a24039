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

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) english: String,
    pub(super) french: String,
}

/// Why an answer is rejected, to be printed after its name. Without a French
/// text, a French dialog has the rule for the field instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) english: String,
    french: Option<String>,
}

impl Rejection {
    pub(super) fn new(english: impl Into<String>, french: impl Into<String>) -> Self {
        Self {
            english: english.into(),
            french: Some(french.into()),
        }
    }

    /// Returns the reason with a text before it.
    pub(super) fn after(self, english: &str, french: &str) -> Self {
        Self {
            english: format!("{english}{}", self.english),
            french: self.french.map(|text| format!("{french}{text}")),
        }
    }
}

impl From<String> for Rejection {
    fn from(english: String) -> Self {
        Self {
            english,
            french: None,
        }
    }
}

impl From<&str> for Rejection {
    fn from(english: &str) -> Self {
        Self::from(english.to_owned())
    }
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

    /// Returns the name of the checkbox, with the command for later.
    pub(super) fn apply(self) -> &'static str {
        match self {
            Self::Variables => "wizard_apply_dsm (dsm-settings --apply)",
            Self::English => "Enter the settings in DSM for me (dsm-settings --apply)",
            Self::French => "Saisir les paramètres dans DSM pour moi (dsm-settings --apply)",
        }
    }

    /// Returns a line about an invalid answer.
    pub(super) fn problem(self, question: &Question, why: &Rejection) -> String {
        let name = self.name(question);
        match self {
            Self::Variables | Self::English => format!("{name}: {}", why.english),
            Self::French => {
                let why = why.french.as_deref().unwrap_or(question.french_rule);
                format!("{name} : {why}")
            }
        }
    }

    /// Returns a line about an answer that was changed.
    pub(super) fn change(self, question: &Question, change: &Remark) -> String {
        let (name, change) = (self.name(question), self.text(change));
        match self {
            Self::Variables | Self::English => format!("{name}: {change}"),
            Self::French => format!("{name} : {change}"),
        }
    }

    pub(super) fn text(self, remark: &Remark) -> &str {
        match self {
            Self::Variables | Self::English => &remark.english,
            Self::French => &remark.french,
        }
    }
}
