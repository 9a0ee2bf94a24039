//! E-mail addresses in the form in which Google's and DSM's are compared.

mod shortened;

use std::fmt;

pub use shortened::with_short_addresses;

/// An address in the form in which two spellings of one mailbox are equal.
///
/// Trimmed and in ASCII lower case. For gmail.com and googlemail.com, which are
/// one domain, dots and a `+tag` in the local part are removed: Google delivers
/// all of them to one mailbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalAddress(Box<str>);

impl CanonicalAddress {
    /// Returns the canonical form of `address`, or `None` if it is not one
    /// that mail can be sent to: such an address matches no user.
    pub fn of(address: &str) -> Option<Self> {
        // A no-break space may be part of a mailbox's name (RFC 6531, section
        // 3.3), so it is not trimmed there. It cannot be part of a domain.
        let address = address.trim_end().trim_ascii_start().to_ascii_lowercase();
        let (local, domain) = address.split_once('@')?;
        if !is_local_part(local) || !is_domain(domain) {
            return None;
        }
        if !matches!(domain, "gmail.com" | "googlemail.com") {
            return Some(Self(address.into_boxed_str()));
        }
        let mailbox = local.split('+').next().unwrap_or(local).replace('.', "");
        if mailbox.is_empty() {
            return None;
        }
        Some(Self(format!("{mailbox}@gmail.com").into_boxed_str()))
    }

    /// Returns whether the mailbox is in Google's own domain, gmail.com.
    pub fn is_gmail(&self) -> bool {
        self.0.ends_with("@gmail.com")
    }

    /// Returns the canonical text of the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CanonicalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5322, section 3.4.1, with the characters of RFC 6531; dots may be
/// anywhere, as some providers allow it.
fn is_local_part(local: &str) -> bool {
    let quoted = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(quoted) = quoted {
        return !quoted.is_empty() && !quoted.contains('"') && !quoted.contains(is_invisible);
    }
    let is_special = |character: char| {
        character.is_whitespace()
            || is_invisible(character)
            || r#"()<>[]:;,\"@"#.contains(character)
    };
    !local.is_empty() && !local.contains(is_special)
}

/// Labels of letters, digits and hyphens, which may be of any script.
fn is_domain(domain: &str) -> bool {
    let is_inner = |character: char| {
        character.is_alphanumeric() || "-_".contains(character) || is_mark(character)
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(is_inner)
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

/// A control character, or one without a glyph, such as U+FEFF; but not a space
/// of any kind.
fn is_invisible(character: char) -> bool {
    if character.is_ascii() || character.is_whitespace() {
        return character.is_control();
    }
    // Behind another character, the debug format does not escape an accent.
    format!("a{character}").escape_debug().count() > 2
}

/// A combining mark: an accent, or a vowel of some scripts.
fn is_mark(character: char) -> bool {
    !character.is_ascii()
        && !character.is_whitespace()
        && character.escape_debug().len() > 1
        && !is_invisible(character)
}

/// Returns `text` in quotes, with invisible and combining characters escaped:
/// the accent of `e\u{301}`, but not `é`.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => quoted.push(character),
            _ => quoted.extend(character.escape_debug()),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{CanonicalAddress, quoted};

    fn check(input: &str, expected: Option<&str>) {
        let canonical = CanonicalAddress::of(input);
        assert_eq!(
            canonical.as_ref().map(CanonicalAddress::as_str),
            expected,
            "{input:?}"
        );
    }

    #[test]
    fn spellings_of_one_mailbox_are_equal() {
        check("Maman@Example.com", Some("maman@example.com"));
        check("  maman@example.com\n", Some("maman@example.com"));
        check("Ma.Man+nas@GoogleMail.com", Some("maman@gmail.com"));
        check("maman@gmail.com", Some("maman@gmail.com"));
    }

    #[test]
    fn dots_and_tags_are_significant_outside_of_gmail() {
        check("ma.man+nas@example.com", Some("ma.man+nas@example.com"));
        check("ma.man@notgmail.com", Some("ma.man@notgmail.com"));
    }

    #[test]
    fn white_space_after_the_domain_is_trimmed() {
        for space in ["\u{a0}", "\u{3000}", "\u{2028}", "\u{b}", " \u{a0}\r\n"] {
            let text = format!("erin@gmail.com{space}");
            check(&text, Some("erin@gmail.com"));
        }
    }

    #[test]
    fn what_only_looks_like_a_mailbox_is_another_one() {
        for text in [
            "ma\u{131}man@example.com",
            "\u{212a}maman@example.com",
            "\"maman\"@example.com",
        ] {
            let canonical = CanonicalAddress::of(text);
            let maman = CanonicalAddress::of("maman@example.com");
            assert!(canonical.is_some(), "{text:?}");
            assert_ne!(canonical, maman, "{text:?}");
        }
    }

    #[test]
    fn addresses_of_all_forms_are_read() {
        for text in [
            "a..b.@docomo.ne.jp",
            "o'neil+{x}!#$%&*/=?^_`|~-@example.com",
            "\"a b;<c>\"@example.com",
            "jean@localhost",
            "用户@例子.中国",
            "संपर्क@हिन्दी.भारत",
            "e\u{301}lise@e\u{301}cole.fr",
        ] {
            check(text, Some(text));
        }
        check("élise@École.fr", Some("élise@École.fr"));
    }

    /// No Google account has one of these.
    #[test]
    fn what_is_not_an_address_matches_no_user() {
        for text in [
            "",
            "@",
            "maman",
            "maman@",
            "@gmail.com",
            "a@b@c",
            "+x@gmail.com",
            "..@gmail.com",
            "\u{a0}maman@example.com",
            "\u{3000}maman@example.com",
            "\u{feff}nia@gmail.com",
            "nia\u{200b}@gmail.com",
            "nia@gmail.com\u{200b}",
            "nia@gmail.com\u{feff}",
            "\u{202a}nia@gmail.com\u{202c}",
            "maman\0@example.com",
            "Gina <gina@gmail.com>",
            "<gina@gmail.com>",
            "mailto:ida@gmail.com",
            "leo @gmail.com",
            "leo@ gmail.com",
            "le o@gmail.com",
            "leo@gmail com",
            "jon@gmail.com;",
            "jon@gmail.com,",
            "hugo@gmail.com.",
            "hugo@.gmail.com",
            "hugo@gmail..com",
            "hugo@-gmail.com",
            "hugo@gmail.com-",
            "hugo@gmail.com>",
            "hugo@[127.0.0.1]",
            "hugo@gmail.com/",
            "a@gmail.com,b@gmail.com",
            "a@gmail.com, b@gmail.com",
            "a@gmail.com; b@gmail.com",
            "\"a\"b@gmail.com",
            "\"\"@gmail.com",
            "a\"b c\"@gmail.com",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_quoted_text_shows_what_is_not_seen() {
        for (text, expected) in [
            ("\u{feff}nia@gmail.com", r#""\u{feff}nia@gmail.com""#),
            ("a\u{a0}b c\n", r#""a\u{a0}b c\n""#),
            ("je\u{301}ro\u{302}me", r#""je\u{301}ro\u{302}me""#),
            ("jérôme, \"x\"", r#""jérôme, "x"""#),
            (r"CORP\paul", r#""CORP\paul""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
