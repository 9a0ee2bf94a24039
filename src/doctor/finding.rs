//! The result of one check.

use serde::{Deserialize, Serialize};

/// The result of one check, as `check --json` and `doctor --json` print it
/// (docs/reference/json.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the check: a key path for `check`, else one of
    /// [`GROUPS`](super::GROUPS).
    pub name: String,
    /// Whether the check passed.
    pub result: Outcome,
    /// What was tried and what the result was; then what to do and where. One
    /// line. May contain text from others.
    pub message: String,
}

/// The beginning of the message of a check that was not made.
const NOT_TESTED: &str = "not tested: ";

/// Whether a check passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It passed.
    Ok,
    /// Worth attention, but sign-ins are possible; or it was not tested.
    Warn,
    /// Prevents a sign-in, now or within seven days.
    Fail,
}

impl Finding {
    /// Returns the result of a check that passed.
    pub fn ok(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, message)
    }

    /// Returns the result of a check that found something worth attention.
    pub fn warn(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warn, message)
    }

    /// Returns the result of a check that found what prevents a sign-in.
    pub fn fail(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(name, Outcome::Fail, message)
    }

    /// Returns the result of a check that needs another one, which failed.
    pub fn not_tested(name: impl Into<String>, why: &str) -> Self {
        Self::warn(name, format!("{NOT_TESTED}{why}"))
    }

    /// Returns whether the check was not made, because another one failed.
    pub fn is_untested(&self) -> bool {
        self.message.starts_with(NOT_TESTED)
    }

    fn new(name: impl Into<String>, result: Outcome, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            result,
            message: message.into(),
        }
    }
}

impl Outcome {
    /// Returns the word in front of a line, padded to four columns.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok  ",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}
