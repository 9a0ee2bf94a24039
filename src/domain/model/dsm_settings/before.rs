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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn write(saved: Option<&Before>, present: &Value, target: Value) -> Before {
        Before::write(saved, "reverse-proxy", present, target)
    }

    #[test]
    fn the_first_write_keeps_what_was_there_and_later_ones_add() {
        let first = write(None, &json!({"a": 1}), json!({"a": 2}));
        let second = write(Some(&first), &json!({"a": 2}), json!({"a": 3}));
        let repeated = write(Some(&second), &json!({"a": 2}), json!({"a": 3}));
        assert_eq!(repeated.previous, json!({"a": 1}));
        assert_eq!(repeated.written, [json!({"a": 2}), json!({"a": 3})]);
        for (present, undo) in [
            (json!({"a": 1}), Undo::Nothing),
            (json!({"a": 2}), Undo::Restore),
            (json!({"a": 3}), Undo::Restore),
            (json!({"a": 4}), Undo::ChangedSince),
            (Value::Null, Undo::ChangedSince),
        ] {
            assert_eq!(repeated.undo(&present), undo, "{present}");
        }
        let left = Before {
            is_undone: true,
            ..repeated
        };
        let anew = write(Some(&left), &json!({"a": 4}), json!({"a": 2}));
        assert_eq!(anew.previous, json!({"a": 4}));
        assert_eq!(anew.written, [json!({"a": 2})]);
        assert!(!anew.is_undone);
    }

    #[test]
    fn what_dsm_adds_to_a_rule_does_not_make_it_another() {
        let created = write(None, &Value::Null, json!({"acl": null, "to": {"port": 1}}));
        for (present, undo) in [
            (Value::Null, Undo::Nothing),
            (
                json!({"UUID": "u", "_key": "k", "to": {"port": 1, "x": 0}}),
                Undo::Restore,
            ),
            (
                json!({"UUID": "u", "_key": "k", "to": {"port": 2}}),
                Undo::ChangedSince,
            ),
            (json!({"acl": 7, "to": {"port": 1}}), Undo::ChangedSince),
        ] {
            assert_eq!(created.undo(&present), undo, "{present}");
        }
        let replaced = write(Some(&created), &Value::Null, json!({}));
        assert_eq!(replaced.previous, Value::Null);
    }

    #[test]
    fn a_restored_rule_may_have_another_identity() {
        let rule = json!({"UUID": "u", "_key": "k", "a": [1], "b": null});
        assert!(is_same(&json!({"UUID": "other", "a": [1]}), &rule));
        assert!(!is_same(&json!({"UUID": "u", "a": [1], "c": 1}), &rule));
        assert!(!is_same(&json!({"UUID": "u", "a": [2]}), &rule));
    }

    #[test]
    fn the_settings_are_not_in_debug() {
        let shown = format!("{:?}", write(None, &json!("SECRET"), json!("SECRET")));
        assert!(shown.contains("reverse-proxy") && !shown.contains("SECRET"));
    }
}
