//! A YAML document as a tree from which values are taken, so that what is left
//! can be named.

use anyhow::{Context, bail};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

/// Returns the only document in `text`; JSON is YAML, too.
pub(super) fn parse(text: &str) -> anyhow::Result<Value> {
    let documents = Yaml::load_from_str(text).context("not valid YAML")?;
    match documents.as_slice() {
        [document] => value_of(document),
        [] => bail!("the file is empty"),
        [_, _, ..] => bail!("the file has more than one document"),
    }
}

fn value_of(yaml: &Yaml<'_>) -> anyhow::Result<Value> {
    Ok(match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => (**value).into(),
        Yaml::Value(Scalar::String(text)) | Yaml::Representation(text, ..) => text.as_ref().into(),
        Yaml::Sequence(items) => {
            let items: anyhow::Result<Vec<Value>> = items.iter().map(value_of).collect();
            items?.into()
        }
        Yaml::Mapping(pairs) => {
            let mut members = Map::new();
            for (key, value) in pairs {
                let key = text_of(&value_of(key)?).context("a key is not a text")?;
                members.insert(key, value_of(value)?);
            }
            members.into()
        }
        Yaml::Tagged(_, value) => value_of(value)?,
        Yaml::Alias(_) | Yaml::BadValue => bail!("the YAML has an invalid value"),
    })
}

/// Returns a scalar as text, as an environment variable has it.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Removes the value at `pointer` (RFC 6901) from `tree` and returns it. A
/// missing value and null are the same.
pub(super) fn take(tree: &mut Value, pointer: &str) -> Option<Value> {
    let found = tree.pointer_mut(pointer)?.take();
    (!found.is_null()).then_some(found)
}

/// Returns the paths, such as `staticClients[0].id`, of all values that are
/// left in `tree`.
pub(super) fn leaves(tree: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(tree, "", &mut found);
    found
}

fn collect(tree: &Value, path: &str, found: &mut Vec<String>) {
    match tree {
        Value::Null => {}
        Value::Object(members) => {
            for (key, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, &format!("{path}{dot}{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, &format!("{path}[{index}]"), found);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(path.to_owned()),
    }
}

/// Returns the path for `pointer`, as [`leaves`] writes it.
pub(super) fn path_of(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1).map(|part| {
        let is_index = part.bytes().all(|byte| byte.is_ascii_digit());
        let opening = if is_index { "[" } else { "." };
        let closing = if is_index { "]" } else { "" };
        [opening, part, closing].concat()
    });
    parts.collect::<String>().trim_start_matches('.').to_owned()
}
