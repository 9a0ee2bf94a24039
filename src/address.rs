//! E-mail addresses as they are compared: Google's against DSM's.

use std::fmt;

/// An address in the form in which two spellings of one mailbox are equal.
///
/// Trimmed and in ASCII lower case. For gmail.com and googlemail.com, which are
/// one domain, dots and a `+tag` in the local part do not count, since Google
/// delivers all of them to one mailbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalAddress(Box<str>);

impl CanonicalAddress {
    /// The canonical form of `address`, or `None` when it has not exactly one
    /// `@` with text on both sides: such an address matches nobody.
    pub fn of(address: &str) -> Option<Self> {
        // Only the blanks that no mailbox can begin with: a no-break space may
        // be part of its name (RFC 6531, section 3.3), and then of another's.
        let address = address.trim_ascii().to_ascii_lowercase();
        let (local, domain) = address.split_once('@')?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
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

    /// Whether Google runs the mailbox itself.
    pub fn is_gmail(&self) -> bool {
        self.0.ends_with("@gmail.com")
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CanonicalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::CanonicalAddress;

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
    fn dots_and_tags_count_outside_of_gmail() {
        check("ma.man+nas@example.com", Some("ma.man+nas@example.com"));
        check("ma.man@notgmail.com", Some("ma.man@notgmail.com"));
    }

    #[test]
    fn what_only_looks_like_a_mailbox_is_another_one() {
        for text in [
            "\u{a0}maman@example.com",
            "\u{3000}maman@example.com",
            "maman@example.com\u{2028}",
            "ma\u{131}man@example.com",
            "\u{212a}maman@example.com",
            "maman@example.com.",
            "maman\0@example.com",
            "\"maman\"@example.com",
        ] {
            let canonical = CanonicalAddress::of(text);
            let maman = CanonicalAddress::of("maman@example.com");
            assert_ne!(canonical, maman, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_address_matches_nobody() {
        for text in [
            "",
            "@",
            "maman",
            "maman@",
            "@gmail.com",
            "a@b@c",
            "+x@gmail.com",
            "..@gmail.com",
        ] {
            check(text, None);
        }
    }
}
