//! What DSM had before this service wrote to it, and what an undo does with it.

use std::fmt;

use serde_json::Value;

/// The members with which DSM identifies a rule of the reverse proxy. A rule
/// that was deleted and created again has others.
pub const IDENTITY: [&str; 2] = ["UUID", "_key"];

/// The saved settings of one part, as JSON in DSM's own form.
#[derive(Clone, PartialEq)]
pub struct Before {
    /// The part, for a rule of the reverse proxy with its source.
    pub key: String,
    /// The settings that the first write replaced; null: no rule.
    pub previous: Value,
    /// All that this service has written since.
    pub written: Vec<Value>,
    /// Whether an undo left them. The next write begins anew.
    pub is_undone: bool,
}

/// What an undo does with one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// DSM has the previous settings.
    Nothing,
    /// DSM has what this service wrote: the previous settings replace it.
    Restore,
    /// DSM has settings that neither existed before nor come from this service.
    ChangedSince,
}

impl Before {
    /// Returns what to save before `target` replaces the `present` settings.
    #[must_use]
    pub fn write(saved: Option<&Self>, key: &str, present: &Value, target: Value) -> Self {
        let mut before = match saved.filter(|saved| !saved.is_undone) {
            Some(saved) => saved.clone(),
            None => Self {
                key: key.to_owned(),
                previous: present.clone(),
                written: Vec::new(),
                is_undone: false,
            },
        };
        if !before.written.contains(&target) {
            before.written.push(target);
        }
        before
    }

    /// Returns what to do with the `present` settings.
    pub fn undo(&self, present: &Value) -> Undo {
        if is_same(present, &self.previous) {
            return Undo::Nothing;
        }
        let is_ours = |written: &Value| has_all_of(present, written);
        if self.written.iter().any(is_ours) {
            return Undo::Restore;
        }
        Undo::ChangedSince
    }
}

/// Both may have the secret of a client.
impl fmt::Debug for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Before")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Whether two settings are the same, apart from what DSM adds by itself.
pub fn is_same(one: &Value, other: &Value) -> bool {
    has_all_of(one, other) && has_all_of(other, one)
}

/// Whether `present` has every member of `written`. DSM may have added some,
/// and may leave out those that are null.
pub fn has_all_of(present: &Value, written: &Value) -> bool {
    match (present, written) {
        (Value::Object(present), Value::Object(written)) => {
            let has = |(name, value): (&String, &Value)| {
                let found = present.get(name).unwrap_or(&Value::Null);
                has_all_of(found, value)
            };
            let written = written.iter();
            written
                .filter(|(name, _)| !IDENTITY.contains(&name.as_str()))
                .all(has)
        }
        (present, written) => present == written,
    }
}
