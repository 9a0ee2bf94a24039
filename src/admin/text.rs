//! Text from DSM, Google, clients and proxies, as a page shows it. Templates
//! escape its markup.

use crate::logging::is_plain;

/// No message of our own is longer.
const LONGEST_MESSAGE: usize = 1000;

/// A longer name or address is cut, so that it does not fill the page.
const LONGEST_NAME: usize = 80;

/// Returns a message with control, invisible and direction characters escaped,
/// and cut after 1,000 characters.
pub(super) fn short(message: &str) -> String {
    escaped(message, LONGEST_MESSAGE)
}

/// Returns a name or an address with the same characters escaped, and cut after
/// 80 characters.
pub(super) fn shown(name: &str) -> String {
    escaped(name.trim(), LONGEST_NAME)
}

/// Returns a [`shown`] name between Unicode's isolates, for a sentence without
/// markup: a name that is written from right to left does not reverse it.
pub(super) fn isolated(name: &str) -> String {
    format!("\u{2068}{}\u{2069}", shown(name))
}

fn escaped(text: &str, most: usize) -> String {
    let mut escaped = String::new();
    for character in text.chars().take(most) {
        if is_plain(character) {
            escaped.push(character);
        } else {
            escaped.extend(character.escape_debug());
        }
    }
    if text.chars().nth(most).is_some() {
        escaped.push('\u{2026}');
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{short, shown};

    #[test]
    fn text_cannot_reverse_or_flood_the_page() {
        assert_eq!(short("é \"1\" \\"), "é \"1\" \\");
        assert_eq!(short("a\u{202e}b\u{0}\n"), "a\\u{202e}b\\0\\n");
        let long = short(&"x".repeat(100_000));
        assert_eq!(long.chars().count(), 1001);
        assert!(long.ends_with('\u{2026}'));
        let name = shown(&format!(" {}", "x".repeat(100_000)));
        assert_eq!(name.chars().count(), 81);
    }
}
