//! Texts of DSM, as a finding shows them.

use jiff::tz::TimeZone;

use crate::clients::dsm::DsmError;
use crate::logging::error_chain;
use domain::base::clock::UnixTime;

/// Longer than any value that a person enters.
const LONGEST_VALUE: usize = 300;

/// Longer than any error whose text is our own. Some quote DSM.
const LONGEST_ERROR: usize = 1_000;

/// The users that one message names.
const MOST_NAMED: usize = 5;

/// Returns a value of DSM without control characters, cut off after 300
/// characters.
pub(super) fn shown(value: &str) -> String {
    limited(value, LONGEST_VALUE)
}

/// Returns an error with its causes, without control characters.
pub(super) fn told(error: &DsmError) -> String {
    explained(&error_chain(error))
}

/// Returns the text of an error without control characters.
pub(super) fn explained(error: &str) -> String {
    limited(error, LONGEST_ERROR)
}

fn limited(text: &str, most: usize) -> String {
    let start: String = text.chars().take(most).collect();
    let cut = if start.len() < text.len() { "…" } else { "" };
    // Quotes stay as they are: they are part of our own texts, too.
    let escaped = start.chars().map(|character| match character {
        '"' | '\'' | '\\' => character.to_string(),
        other => other.escape_debug().to_string(),
    });
    escaped.chain([cut.to_owned()]).collect()
}

/// Returns `text` in quotes, without control characters.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

/// Returns `names` in quotes; the first five if there are more.
pub(super) fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let quoted: Vec<String> = names.take(MOST_NAMED).map(quoted).collect();
    let quoted = quoted.join(", ");
    match more {
        0 => quoted,
        more => format!("{quoted} and {more} more"),
    }
}

/// Returns why a setting of DSM was not read.
pub(super) fn unread(error: &DsmError) -> String {
    match (error.call(), error.code()) {
        (Some(call), Some(code)) => format!("cannot {call}: {}", code.problem()),
        (_, _) => told(error),
    }
}

/// Returns `time` in the NAS's time zone.
pub(super) fn local_time(time: UnixTime, zone: &TimeZone) -> String {
    let instant = jiff::Timestamp::from_second(time.seconds()).unwrap_or_default();
    let local = instant.to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_control_a_terminal_or_fill_it() {
        assert_eq!(shown("a \"b\" c"), "a \"b\" c");
        assert_eq!(shown("\u{1b}[2J\r\n\u{202e}"), "\\u{1b}[2J\\r\\n\\u{202e}");
        assert_eq!(shown(&"a".repeat(300)), "a".repeat(300));
        assert_eq!(shown(&"a".repeat(301)), "a".repeat(300) + "…");
    }

    #[test]
    fn five_names_are_enough() {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(named(names[..2].iter().copied()), "\"a\", \"b\"");
        let seven = named(names.iter().copied());
        assert_eq!(seven, "\"a\", \"b\", \"c\", \"d\", \"e\" and 2 more");
    }
}
