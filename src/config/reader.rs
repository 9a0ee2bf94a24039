//! The file as written: returns values by key, and collects every problem with
//! its key path, so that an administrator corrects all of them at once.

use std::cell::RefCell;
use std::fmt;

use toml::{Table, Value};

use super::Problem;
use super::changes::{Setting, Show, Shown, Word};

/// What a pass over the file finds.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) problems: RefCell<Vec<Problem>>,
    /// The valid values, in the order of the file.
    pub(super) settings: RefCell<Vec<Setting>>,
    /// Every key that was asked for, in the order of the file.
    pub(super) keys: RefCell<Vec<Key>>,
}

/// A key or a table of the config, for the reference page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key path, such as `clients.redirect-uris`; empty for the top level.
    pub path: String,
    /// What the key means, as one or more sentences.
    pub doc: &'static str,
    /// What happens without the key.
    pub absent: Absent,
}

/// What happens without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The config is rejected.
    Rejected,
    /// The key has no value.
    NoValue,
    /// The key has this value, in TOML.
    Default(&'static str),
    /// The same as with an empty table.
    EmptyTable,
}

impl Findings {
    fn note(&self, place: &str, key: &str, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            key: key.to_owned(),
            place: place.to_owned(),
            message: message.into(),
        });
    }

    /// Adds the value of `key`. A list of tables that has a shown form replaces
    /// the values of its tables.
    fn set(&self, key: String, shown: Option<Shown>) {
        let is_inside = |it: &Setting| {
            let rest = it.key.strip_prefix(&key);
            rest.is_some_and(|rest| rest.starts_with('['))
        };
        let mut settings = self.settings.borrow_mut();
        settings.retain(|it| !is_inside(it));
        settings.push(Setting { key, shown });
    }
}

/// Reads the whole file with `read`, which asks for each key that it knows.
/// The result is valid only without a problem.
pub(super) fn read_document<T>(
    bytes: &[u8],
    findings: &Findings,
    read: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Option<T> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        findings.note("config", "config", "is not UTF-8 text");
        return None;
    };
    match text.parse() {
        Ok(table) => Section::read(String::new(), table, findings, read),
        Err(error) => {
            findings.note("config", "config", describe_syntax(text, &error));
            None
        }
    }
}

/// One table of the file. Its methods return `None` for an invalid value, which
/// is reported. A key that is not asked for by name is unknown.
pub(super) struct Section<'p> {
    path: String,
    left: Table,
    asked: Vec<&'static str>,
    findings: &'p Findings,
}

impl<'p> Section<'p> {
    /// Reads a table, and reports the keys for which `read` did not ask.
    fn read<T>(
        path: String,
        table: Table,
        findings: &'p Findings,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut section = Self {
            path,
            left: table,
            asked: Vec::new(),
            findings,
        };
        let value = read(&mut section);
        let place = match section.path.as_str() {
            "" => "config",
            path => path,
        };
        for key in section.left.keys() {
            let message = describe_unknown(key, &section.asked);
            findings.note(place, &section.path_of(key), message);
        }
        value
    }

    /// Returns the value of `key`. A missing one is reported.
    pub(super) fn required<T: Show>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        read: impl FnOnce(Entry<'p>) -> Option<T>,
    ) -> Option<T> {
        let Some(entry) = self.take(key, doc, Absent::Rejected) else {
            self.note(key, "is missing");
            return None;
        };
        self.set(key, read(entry))
    }

    /// Returns the value of `key`, or `Some(None)` without it.
    #[expect(clippy::option_option, reason = "the inner one is a value")]
    pub(super) fn optional<T: Show>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        read: impl FnOnce(Entry<'p>) -> Option<T>,
    ) -> Option<Option<T>> {
        let entry = self.take(key, doc, Absent::NoValue);
        let value = entry.map_or(Some(None), |entry| read(entry).map(Some));
        self.set(key, value)
    }

    /// Returns the value of `key`, or that of `default`, as if the file had it.
    pub(super) fn or_default<T: Show>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        default: &'static str,
        read: impl FnOnce(Entry<'p>) -> Option<T>,
    ) -> Option<T> {
        let entry = self.take(key, doc, Absent::Default(default));
        let entry = entry.unwrap_or_else(|| {
            let value = default.parse();
            self.entry(key, value.unwrap_or_else(|_| Value::from(default)))
        });
        self.set(key, read(entry))
    }

    /// Reads the table `key`. Without it an empty one is read, which reports
    /// each missing key.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        read: impl FnOnce(&mut Section<'p>) -> Option<T>,
    ) -> Option<T> {
        let entry = self.take(key, doc, Absent::EmptyTable);
        let entry = entry.unwrap_or_else(|| self.entry(key, Value::Table(Table::new())));
        entry.table(read)
    }

    /// Reads the list of tables `key`, which must have at least one.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        mut read: impl FnMut(&mut Section<'p>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(entry) = self.take(key, doc, Absent::Rejected) else {
            self.note(key, "is missing");
            return None;
        };
        entry.one_or_more(|entry| entry.table(&mut read))
    }

    /// Adds the text `default` to the table if it lacks `key`.
    pub(super) fn set_default(&mut self, key: &'static str, default: Option<&str>) {
        if let Some(default) = default {
            self.left.entry(key).or_insert_with(|| default.into());
        }
    }

    /// Reports what is wrong with `key`, for rules between two keys.
    pub(super) fn note(&self, key: &str, message: impl Into<String>) {
        self.note_at(&self.path_of(key), message);
    }

    /// Reports what is wrong with the key path `path`, anywhere in the file.
    pub(super) fn note_at(&self, path: &str, message: impl Into<String>) {
        self.findings.note(path, path, message);
    }

    fn take(&mut self, key: &'static str, doc: &'static str, absent: Absent) -> Option<Entry<'p>> {
        self.asked.push(key);
        self.findings.keys.borrow_mut().push(Key {
            path: self.path_of(key).replace("[0]", ""),
            doc,
            absent,
        });
        let value = self.left.remove(key)?;
        Some(self.entry(key, value))
    }

    fn entry(&self, key: &str, value: Value) -> Entry<'p> {
        Entry {
            path: self.path_of(key),
            value,
            findings: self.findings,
        }
    }

    fn set<T: Show>(&self, key: &str, value: Option<T>) -> Option<T> {
        let value = value?;
        self.findings.set(self.path_of(key), value.show());
        Some(value)
    }

    fn path_of(&self, key: &str) -> String {
        let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let key = if !key.is_empty() && key.bytes().all(bare) {
            key.to_owned()
        } else {
            format!("{key:?}")
        };
        match self.path.as_str() {
            "" => key,
            path => format!("{path}.{key}"),
        }
    }
}

/// A value and its key path. Each way to read it reports what is wrong.
pub(super) struct Entry<'p> {
    path: String,
    value: Value,
    findings: &'p Findings,
}

impl<'p> Entry<'p> {
    /// Returns text, parsed by `parse`.
    pub(super) fn text<T, E: fmt::Display>(
        self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Value::String(text) = &self.value else {
            self.note_type("text in quotes");
            return None;
        };
        parse(text)
            .map_err(|error| self.note(error.to_string()))
            .ok()
    }

    /// Returns one of the words of `T`.
    pub(super) fn word<T: Word>(self) -> Option<T> {
        self.text(|text| {
            let found = T::WORDS.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
                format!("has to be one of: {}", words.join(", "))
            })
        })
    }

    /// Returns a flag, written `true` or `false`.
    pub(super) fn flag(self) -> Option<bool> {
        let Value::Boolean(flag) = self.value else {
            self.note_type("true or false");
            return None;
        };
        Some(flag)
    }

    pub(super) fn table<T>(self, read: impl FnOnce(&mut Section<'p>) -> Option<T>) -> Option<T> {
        let Value::Table(table) = self.value else {
            self.note_type("a table");
            return None;
        };
        Section::read(self.path, table, self.findings, read)
    }

    /// Returns a list. `read` reads each element, also after an invalid one.
    pub(super) fn each<T>(self, mut read: impl FnMut(Entry<'p>) -> Option<T>) -> Option<Vec<T>> {
        let Value::Array(values) = self.value else {
            self.note_type("a list");
            return None;
        };
        let count = values.len();
        let good: Vec<T> = values
            .into_iter()
            .enumerate()
            .filter_map(|(index, value)| {
                read(Entry {
                    path: format!("{}[{index}]", self.path),
                    value,
                    findings: self.findings,
                })
            })
            .collect();
        (good.len() == count).then_some(good)
    }

    /// As [`Entry::each`], and rejects an empty list.
    pub(super) fn one_or_more<T>(self, read: impl FnMut(Entry<'p>) -> Option<T>) -> Option<Vec<T>> {
        if self.value.as_array().is_some_and(Vec::is_empty) {
            self.note("is empty; it needs one entry at least");
            return None;
        }
        self.each(read)
    }

    fn note(&self, message: impl Into<String>) {
        self.findings.note(&self.path, &self.path, message);
    }

    fn note_type(&self, expected: &str) {
        let found = match &self.value {
            Value::String(_) => "text",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        };
        let hint = match (expected, &self.value) {
            ("a list", Value::Table(_)) => format!("; write [[{}]]", self.path),
            ("a list", _) => "; put it between [ and ]".to_owned(),
            ("a table", _) if !self.path.contains('[') => format!("; write [{}]", self.path),
            _ => String::new(),
        };
        self.note(format!("has to be {expected}, not {found}{hint}"));
    }
}

/// Returns line and column as an editor shows them, and never the text, which
/// may contain a secret.
fn describe_syntax(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let before = before.unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let message = error.message().replace('\n', ", ");
    format!("is not TOML at line {line}, column {column}: {message}")
}

fn describe_unknown(key: &str, known: &[&'static str]) -> String {
    let written = key.replace('_', "-").to_ascii_lowercase();
    let far = (written.len() / 3).max(1);
    let nearest = known
        .iter()
        .map(|known| (strsim::osa_distance(&written, known), known))
        .filter(|(distance, _)| *distance <= far)
        .min();
    match nearest {
        Some((_, known)) => format!("is unknown; did you mean {known}?"),
        None => "is unknown".to_owned(),
    }
}
