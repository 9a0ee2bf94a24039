//! The file as written: hands out keys by type and notes every problem with
//! its key path, so that an administrator mends all of them in one go.

use std::cell::RefCell;
use std::fmt;

use toml::{Table, Value};

use super::Problem;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn note(&self, key: &str, message: impl Into<String>) {
        self.note_in(key, key, message);
    }

    fn note_in(&self, place: &str, key: &str, message: impl Into<String>) {
        self.0.borrow_mut().push(Problem {
            key: key.to_owned(),
            place: place.to_owned(),
            message: message.into(),
        });
    }

    /// In the order in which they were found.
    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// Reads the whole file with `read`, which asks for each key that it knows.
/// The result is good only if nothing was noted.
pub(super) fn read_document<T>(
    bytes: &[u8],
    problems: &Problems,
    read: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Option<T> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        problems.note("config", "is not UTF-8 text");
        return None;
    };
    match text.parse() {
        Ok(table) => Section::read(String::new(), table, problems, read),
        Err(error) => {
            problems.note("config", describe_syntax(text, &error));
            None
        }
    }
}

/// One table of the file. Every key is asked for by name; what nobody asked
/// for is unknown.
pub(super) struct Section<'p> {
    path: String,
    left: Table,
    asked: Vec<&'static str>,
    problems: &'p Problems,
}

impl<'p> Section<'p> {
    /// The only way to a section, so that none ends without a look at what is
    /// left in it.
    fn read<T>(
        path: String,
        table: Table,
        problems: &'p Problems,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut section = Self {
            path,
            left: table,
            asked: Vec::new(),
            problems,
        };
        let value = read(&mut section);
        let place = match section.path.as_str() {
            "" => "config",
            path => path,
        };
        for key in section.left.keys() {
            let message = describe_unknown(key, &section.asked);
            problems.note_in(place, &section.path_of(key), message);
        }
        value
    }

    /// The value of `key`. `None`: it is missing or bad, which is noted.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Entry<'p>) -> Option<T>,
    ) -> Option<T> {
        let Some(entry) = self.take(key) else {
            self.note(key, "is missing");
            return None;
        };
        read(entry)
    }

    /// The value of `key`, or `default` without it. `None`: it is bad, which
    /// is noted.
    pub(super) fn or_default<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(Entry<'p>) -> Option<T>,
    ) -> Option<T> {
        self.take(key).map_or(Some(default), read)
    }

    /// The table `key`. Without it an empty one is read, so that the keys it
    /// lacks are named one by one.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'p>) -> Option<T>,
    ) -> Option<T> {
        let entry = self.take(key).unwrap_or_else(|| Entry {
            path: self.path_of(key),
            value: Value::Table(Table::new()),
            problems: self.problems,
        });
        entry.table(read)
    }

    /// Notes what is wrong with `key`, for rules between two keys.
    pub(super) fn note(&self, key: &str, message: impl Into<String>) {
        self.problems.note(&self.path_of(key), message);
    }

    /// The same for the key path `path`, somewhere in the file.
    pub(super) fn note_at(&self, path: &str, message: impl Into<String>) {
        self.problems.note(path, message);
    }

    fn take(&mut self, key: &'static str) -> Option<Entry<'p>> {
        self.asked.push(key);
        Some(Entry {
            path: self.path_of(key),
            value: self.left.remove(key)?,
            problems: self.problems,
        })
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

/// A value and where it stands. Each way to read it notes what is wrong.
pub(super) struct Entry<'p> {
    path: String,
    value: Value,
    problems: &'p Problems,
}

impl<'p> Entry<'p> {
    /// Text, as far as `parse` takes it.
    pub(super) fn text<T, E: fmt::Display>(
        self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Value::String(text) = &self.value else {
            self.note_type("text in quotes");
            return None;
        };
        parse(text)
            .map_err(|error| self.problems.note(&self.path, error.to_string()))
            .ok()
    }

    /// `true` or `false`.
    pub(super) fn flag(self) -> Option<bool> {
        let Value::Boolean(flag) = self.value else {
            self.note_type("true or false");
            return None;
        };
        Some(flag)
    }

    /// A table.
    pub(super) fn table<T>(self, read: impl FnOnce(&mut Section<'p>) -> Option<T>) -> Option<T> {
        let Value::Table(table) = self.value else {
            self.note_type("a table");
            return None;
        };
        Section::read(self.path, table, self.problems, read)
    }

    /// A list whose elements `read` takes one by one; a bad one does not keep
    /// the others from being looked at.
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
                    problems: self.problems,
                })
            })
            .collect();
        (good.len() == count).then_some(good)
    }

    /// As [`Entry::each`], of a list that may not be empty.
    pub(super) fn one_or_more<T>(self, read: impl FnMut(Entry<'p>) -> Option<T>) -> Option<Vec<T>> {
        if self.value.as_array().is_some_and(Vec::is_empty) {
            self.problems
                .note(&self.path, "is empty; it needs one entry at least");
            return None;
        }
        self.each(read)
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
        self.problems.note(
            &self.path,
            format!("has to be {expected}, not {found}{hint}"),
        );
    }
}

/// Line and column as an editor counts them; never the line itself.
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
