//! Changes single values of a config without changing any other byte.
//! `toml_edit` would change line ends.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

use super::files;

/// A part of a key path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A config file that is to be changed.
pub(super) struct Original {
    path: PathBuf,
    pub(super) text: String,
    mode: u32,
}

impl Original {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> std::io::Result<Self> {
            // So that a symbolic link remains one.
            let path = fs::canonicalize(path)?;
            let mode = fs::metadata(&path)?.permissions().mode() & 0o7777;
            let text = fs::read_to_string(&path)?;
            Ok(Self { path, text, mode })
        };
        read().with_context(|| format!("cannot read {}", path.display()))
    }

    pub(super) fn write(&self) -> anyhow::Result<()> {
        files::replace(&self.path, &self.text, self.mode)
    }
}

/// Returns `config` with `value` at `place`. `None` if neither that key nor
/// another one of its table exists.
pub(super) fn set(config: &str, place: &[Step<'_>], value: &Value) -> Option<String> {
    let Some(found) = find(config, place) else {
        let (Step::Key(key), table) = place.split_last()? else {
            return None;
        };
        let sibling = sibling(config, table)?;
        let sibling = [table, &[Step::Key(&sibling)]].concat();
        return insert(config, &sibling, key, value);
    };
    let mut changed = config.to_owned();
    changed.replace_range(found.1, &value.to_string());
    is_at(&changed, place, value).then_some(changed)
}

/// Returns `config` with `key = value` behind the value at `sibling`, or `None`
/// if that does not exist.
pub(super) fn insert(
    config: &str,
    sibling: &[Step<'_>],
    key: &str,
    value: &Value,
) -> Option<String> {
    let (_, table) = sibling.split_last()?;
    let (_, table_span) = find(config, table)?;
    let inline = config.get(table_span)?.starts_with('{');
    let (key_span, value_span) = find(config, sibling)?;
    let (start_of_key, end_of_value) = (key_span.start, value_span.end);
    let line = format!("{key} = {value}");
    let (place, added) = if inline {
        (end_of_value, format!(", {line}"))
    } else {
        let (before, after) = config.split_at_checked(end_of_value)?;
        let end_of_line = end_of_value + after.find('\n').unwrap_or(after.len());
        let is_crlf = config.get(..end_of_line)?.ends_with('\r') && end_of_line < config.len();
        let (place, end) = if is_crlf {
            (end_of_line - 1, "\r\n")
        } else {
            (end_of_line, "\n")
        };
        // With indentation, and with `dsm.` where the key is dotted.
        let start_of_key = before.get(..start_of_key)?;
        let lead = start_of_key.rsplit('\n').next().unwrap_or_default();
        (place, format!("{end}{lead}{line}"))
    };
    let mut changed = config.to_owned();
    changed.insert_str(place, &added);
    is_at(&changed, &[table, &[Step::Key(key)]].concat(), value).then_some(changed)
}

fn is_at(config: &str, place: &[Step<'_>], value: &Value) -> bool {
    let file = config.parse().map(Value::Table);
    file.is_ok_and(|file| value_at(&file, place) == Some(value))
}

/// Returns the value at `place`.
pub(super) fn value_at<'f>(file: &'f Value, place: &[Step<'_>]) -> Option<&'f Value> {
    place.iter().try_fold(file, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

/// Returns the positions of the last key of `place` and of the value there.
fn find(config: &str, place: &[Step<'_>]) -> Option<(Range<usize>, Range<usize>)> {
    let document = DeTable::parse(config).ok()?.into_inner();
    let mut key = 0..0;
    let mut value = &Spanned::new(0..config.len(), DeValue::Table(document));
    for step in place {
        value = match step {
            Step::Key(name) => {
                let (found, value) = value.get_ref().as_table()?.get_key_value(*name)?;
                key = found.span();
                value
            }
            Step::Index(index) => value.get_ref().get(*index)?,
        };
    }
    Some((key, value.span()))
}

/// Returns a key of `table` whose value is not a table or array.
fn sibling(config: &str, table: &[Step<'_>]) -> Option<String> {
    let file = Value::Table(config.parse().ok()?);
    let mut pairs = value_at(&file, table)?.as_table()?.iter();
    let (key, _) = pairs.find(|(_, value)| !value.is_table() && !value.is_array())?;
    Some(key.clone())
}
