//! The config in effect, and what a reload would change. For the
//! administration page only: no command prints these reports.

use serde::{Deserialize, Serialize};

use super::Change;

/// A key of the config in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConfigValue {
    /// The key path, such as `clients[0].redirect-uris`.
    pub(crate) key: String,
    /// `None` without a value, and for a secret.
    pub(crate) value: Option<String>,
    /// Whether the key has a secret, or names the file of one.
    pub(crate) secret: bool,
}

/// What a reload would change. Nothing of it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReloadPlan {
    pub(crate) changes: Vec<Change>,
    /// Whose access would change, for the users that are known now.
    pub(crate) access: Vec<AccessChange>,
    /// Whether the users would be those of another DSM, which `access` cannot
    /// know.
    pub(crate) other_dsm: bool,
    /// Identifies the file and its secrets: a reload that names it is rejected
    /// if they have changed since.
    pub(crate) seen: String,
}

/// A Google account whose access would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessChange {
    pub(crate) address: String,
    /// The DSM user as which it signs in now.
    pub(crate) from: Option<String>,
    /// The DSM user as which it would sign in.
    pub(crate) to: Option<String>,
    /// The refusal that it would get.
    pub(crate) refusal: Option<String>,
}
