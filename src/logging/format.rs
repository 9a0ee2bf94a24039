//! Formats a line and its fields, as text or as JSON.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::fmt::Write;

use jiff::Zoned;
use serde_json::Value;
use tracing::Level;
use tracing::field::{Field, Visit};

/// In characters. A request may have 64 kB.
const LONGEST_VALUE: usize = 1000;

const TIME: &str = "%Y-%m-%dT%H:%M:%S%.3f%:z";

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `time LEVEL message name=value name="a value"`
    Text,
    /// As `Text`, with the level in colour.
    Colour,
    /// One JSON object.
    Json,
}

/// The parts that every line has.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) time: Zoned,
    pub(super) level: Level,
    pub(super) target: &'a str,
}

/// The fields of an event or a span, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(super) fn put(&mut self, name: &'static str, text: &str) {
        self.set(name, shortened(text).into());
    }

    /// Adds the parent span's fields; the inner value wins.
    pub(super) fn append(&mut self, around: &Self) {
        for (name, value) in &around.0 {
            if self.get(name).is_none() {
                self.0.push((name, value.clone()));
            }
        }
    }

    /// Returns the line, with its line break.
    pub(super) fn line(&self, head: &Head<'_>, style: Style) -> String {
        let mut line = match style {
            Style::Text => self.text(head, head.level.as_str()),
            Style::Colour => self.text(head, &coloured(head.level)),
            Style::Json => self.json(head),
        };
        line.push('\n');
        line
    }

    fn text(&self, head: &Head<'_>, level: &str) -> String {
        let mut line = head.time.strftime(TIME).to_string();
        let aligned = " ".repeat(5_usize.saturating_sub(head.level.as_str().len()));
        line.extend([" ", level, &aligned, " "]);
        push_text(&mut line, &self.message());
        for (name, value) in self.rest() {
            let _ = write!(line, " {name}=");
            push_value(&mut line, &bare(value));
        }
        if !is_ours(head.target) {
            line.push_str(" target=");
            push_value(&mut line, head.target);
        }
        line
    }

    fn json(&self, head: &Head<'_>) -> String {
        let time = head.time.strftime(TIME).to_string();
        let always = [
            ("time", time.into()),
            ("level", head.level.as_str().into()),
            ("message", self.message().into()),
            ("target", head.target.into()),
        ];
        let rest = self.rest().map(|(name, value)| (name, value.clone()));
        let rest = rest.filter(|(name, _)| always.iter().all(|(other, _)| other != name));
        let members = always.iter().cloned().chain(rest);
        let members: Vec<String> = members
            .map(|(name, value)| format!("{}:{value}", Value::from(name)))
            .collect();
        let json = format!("{{{}}}", members.join(","));
        in_plain_characters(&json)
    }

    fn message(&self) -> String {
        let message = self.get("message").map(bare);
        message.unwrap_or_default().into_owned()
    }

    fn rest(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let fields = self.0.iter().map(|(name, value)| (*name, value));
        fields.filter(|(name, _)| *name != "message")
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let mut fields = self.0.iter();
        fields.find_map(|(known, value)| (*known == name).then_some(value))
    }

    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field.name(), &error_chain(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        let number = u64::try_from(value).unwrap_or(u64::MAX);
        self.record_u64(field, number);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }
}

/// Escapes the characters that control a terminal, such as its cursor or the
/// direction of its text, and that `serde_json` does not escape. They can only
/// be inside a string.
pub(crate) fn in_plain_characters(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for character in json.chars() {
        if is_plain(character) {
            plain.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(plain, "\\u{unit:04x}");
        }
    }
    plain
}

/// Returns the message of an error and of its causes, without those that an
/// earlier message contains.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// Returns a value without quotes.
fn bare(value: &Value) -> Cow<'_, str> {
    match value.as_str() {
        Some(text) => text.into(),
        None => value.to_string().into(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn coloured(level: Level) -> String {
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    format!("\u{1b}[{colour}m{level}\u{1b}[0m")
}

fn is_ours(target: &str) -> bool {
    let top = target.split("::").next();
    top == Some(env!("CARGO_CRATE_NAME"))
}

/// Appends a value, in quotes unless it is one word.
fn push_value(line: &mut String, text: &str) {
    let is_word = |c: char| is_plain(c) && !c.is_whitespace() && !matches!(c, '"' | '\\' | '=');
    if !text.is_empty() && text.chars().all(is_word) {
        line.push_str(text);
        return;
    }
    line.push('"');
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            other => push_character(line, other),
        }
    }
    line.push('"');
}

fn push_text(line: &mut String, text: &str) {
    for character in text.chars() {
        push_character(line, character);
    }
}

fn push_character(line: &mut String, character: char) {
    match character {
        '\n' => line.push_str("\\n"),
        plain if is_plain(plain) => line.push(plain),
        other => line.extend(other.escape_unicode()),
    }
}

/// Returns whether a terminal shows the character as it is: not a control
/// character (Unicode's Cc), a line separator, or one that changes the
/// direction of text.
pub(crate) fn is_plain(character: char) -> bool {
    let is_invisible = matches!(
        character,
        '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    !character.is_control() && !is_invisible
}

#[cfg(test)]
mod tests;
