//! Text from DSM, Google and clients, as a page shows it.

use crate::logging::is_plain;

/// Longer names and addresses are shortened: no page is filled by one of them.
const MOST: usize = 80;

/// Returns `text` without control and invisible characters, and shortened.
/// Markup is escaped by the template.
pub(super) fn shown(text: &str) -> String {
    let text = text.trim();
    let mut shown: String = text.chars().take(MOST).collect();
    shown = shown.replace(|character| !is_plain(character), "\u{fffd}");
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns [`shown`] text between Unicode's isolates, for a sentence without
/// markup: a name that is written from right to left does not reverse it.
pub(super) fn isolated(text: &str) -> String {
    format!("\u{2068}{}\u{2069}", shown(text))
}
