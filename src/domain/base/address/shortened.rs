//! Shortens the e-mail addresses in a text, for a report that is published.

/// Returns `text` with each e-mail address as `m…@example.com`, also if its
/// `@` is percent-encoded.
pub fn with_short_addresses(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, at, after)) = next_at(rest) {
        let (outside, mailbox) = split_mailbox(before);
        let is_address = !mailbox.is_empty() && after.starts_with(char::is_alphanumeric);
        short.push_str(outside);
        if is_address {
            let first = mailbox
                .chars()
                .find(|character| character.is_alphanumeric());
            short.extend(first);
            short.push('…');
        } else {
            short.push_str(mailbox);
        }
        short.push_str(at);
        rest = after;
    }
    short + rest
}

/// Splits `text` at its first `@`. Reads no further, because it is called for
/// each of them.
fn next_at(text: &str) -> Option<(&str, &str, &str)> {
    let mut signs = text.match_indices(['@', '%']);
    signs.find_map(|(index, _)| {
        let (before, rest) = text.split_at(index);
        let mut forms = ["@", "%40"].into_iter();
        let length = forms.find(|form| rest.starts_with(form))?.len();
        let (at, after) = rest.split_at(length);
        Some((before, at, after))
    })
}

/// Splits the mailbox off the end of `text`: quoted (RFC 5322, section 3.4.1;
/// the quotes may be escaped), or all characters that are valid in one.
fn split_mailbox(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_suffix('"') {
        let start = quoted.rfind('"').unwrap_or(quoted.len());
        return text.split_at(start);
    }
    let is_inside = |character: char| {
        character.is_alphanumeric()
            || !character.is_ascii() && !character.is_whitespace() && character != '…'
            || "!#$%&'*+-/?^_`{|}~.".contains(character)
    };
    let outside = text.trim_end_matches(is_inside);
    // What begins a parameter or a path is not part of the mailbox.
    let mailbox = text.get(outside.len()..).unwrap_or_default();
    let start = mailbox
        .rfind(['/', '&', '?', '\''])
        .map_or(0, |last| last + 1);
    text.split_at(outside.len() + start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::with_short_addresses;

    fn check(text: &str, expected: &str) {
        assert_eq!(with_short_addresses(text), expected);
    }

    #[test]
    fn each_address_keeps_its_first_letter_and_its_domain() {
        check("maman@example.com", "m…@example.com");
        check(
            "address=Jeanne.Martin+nas@gmail.com client=synology, paul@x.org.",
            "address=J…@gmail.com client=synology, p…@x.org.",
        );
        check(r#""maman@example.com""#, r#""m…@example.com""#);
        check("<émile.zola@example.com>", "<é…@example.com>");
        check(
            "?hint=maman%40example.com&x=1",
            "?hint=m…%40example.com&x=1",
        );
        check("/a/maman@example.com", "/a/m…@example.com");
        check(r#"\"anna m\"@example.com is"#, r"\a…@example.com is");
        check("a@b@c.fr", "a…@b…@c.fr");
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "",
            "@",
            "a @ b",
            "see @anna",
            "m…@example.com",
            "100%",
            "x@",
        ] {
            check(text, text);
        }
    }

    proptest! {
        #[test]
        fn no_mailbox_of_two_letters_or_more_stays(
            before in "[ =<,;:(]?",
            mailbox in "[a-z0-9.+_é-]{0,20}[a-z]{2}",
        ) {
            let text = format!("{before}{mailbox}@example.com");
            let short = with_short_addresses(&text);
            prop_assert!(short.ends_with("…@example.com"), "{short}");
            prop_assert!(short.chars().count() <= 15, "{short}");
        }

        #[test]
        fn any_text_can_be_shortened(text in any::<String>()) {
            with_short_addresses(&text);
        }
    }

    /// If each search read to the end, this would take an hour.
    #[test]
    fn the_time_grows_with_the_length_of_the_text() {
        check(&"@".repeat(1 << 20), &"@".repeat(1 << 20));
        check(&"%40".repeat(1 << 20), &"%40".repeat(1 << 20));
    }
}
