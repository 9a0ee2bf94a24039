//! Text from DSM, Google and proxies on the page.

use domain::base::address::quoted;

/// No message of our own is longer.
const LONGEST: usize = 1000;

/// Returns `text` with control, invisible and direction characters escaped, and
/// cut after 1,000 characters.
pub(super) fn short(text: &str) -> String {
    let mut cut = text;
    let mut end = "";
    if let Some((at, _)) = text.char_indices().nth(LONGEST) {
        cut = text.get(..at).unwrap_or_default();
        end = "\u{2026}";
    }
    let quoted = quoted(cut);
    let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    format!("{}{end}", inside.unwrap_or(&quoted))
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn text_cannot_reverse_or_flood_the_page() {
        assert_eq!(short("é \"1\" \\"), "é \"1\" \\");
        assert_eq!(short("a\u{202e}b\u{0}\n"), "a\\u{202e}b\\0\\n");
        let long = short(&"x".repeat(100_000));
        assert_eq!(long.chars().count(), 1001);
        assert!(long.ends_with('\u{2026}'));
    }
}
