//! Replaces the secrets of the config in a text: a second net, since no part of
//! the report has one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::config::Redacted;
use domain::base::parameters::encode;

/// A shorter secret is also in ordinary words, and the gaps would show it.
const SHORTEST: usize = 6;

/// Larger than a private key.
const MAX_FILE_BYTES: u64 = 64 << 10;

const REPLACEMENT: &str = "[redacted]";

/// The secrets in each form in which a log or a URL may contain them.
pub(super) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    /// Reads the files that a config names.
    pub(super) fn of(config: &Redacted) -> Self {
        let files = config.secret_files.iter().filter_map(|path| contents(path));
        let pasted = config.pasted.iter().cloned().map(Zeroizing::new);
        let mut forms = Vec::new();
        for text in files.chain(pasted) {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| line.len() >= SHORTEST && !line.starts_with("-----"));
            lines.for_each(|line| add_forms(line, &mut forms));
        }
        // A form may be part of another one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms)
    }

    /// Returns `text` without the secrets, and without names and passwords in
    /// URLs.
    pub(super) fn removed_from(&self, text: &str) -> String {
        let mut text = without_user_information(text);
        for form in &self.0 {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), REPLACEMENT);
            }
        }
        text
    }
}

fn contents(path: &Path) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).ok()?;
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

fn add_forms(secret: &str, forms: &mut Vec<Zeroizing<String>>) {
    let encoded = encode(secret);
    let lower_case = encoded.to_ascii_lowercase();
    let json = serde_json::json!(secret).to_string();
    let debug = format!("{secret:?}");
    let texts = [
        secret.to_owned(),
        encoded.replace("%20", "+"),
        encoded,
        lower_case,
        json.trim_matches('"').to_owned(),
        debug.trim_matches('"').to_owned(),
    ];
    forms.extend(texts.into_iter().map(Zeroizing::new));
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.extend((0..3).filter_map(|offset| {
            let inner = inside_base64(secret.as_bytes(), offset, &engine)?;
            (inner.len() >= SHORTEST).then_some(inner)
        }));
    }
}

/// Returns the characters that encode only `secret` in the base64 of a text
/// that has it after `offset` bytes, such as a Basic header.
fn inside_base64(secret: &[u8], offset: usize, engine: &impl Engine) -> Option<Zeroizing<String>> {
    let padded = Zeroizing::new([vec![0; offset].as_slice(), secret].concat());
    let whole = Zeroizing::new(engine.encode(&padded));
    let start = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    whole
        .get(start..end)
        .map(|inner| Zeroizing::new(inner.to_owned()))
}

/// Replaces what is before the `@` of a URL's authority.
fn without_user_information(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("://");
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\\' | '`');
        let end = part.find(is_end).unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => clean.extend([REPLACEMENT, "@", host]),
            None => clean.push_str(authority),
        }
        clean.push_str(rest);
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::fs;

    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn a_secret_is_found_in_each_form() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secret");
        let secret = "p@ss w\u{f6}rd/\"50%\"+";
        fs::write(&file, format!("{secret}\n")).unwrap();
        let secrets = Secrets::of(&Redacted {
            secret_files: vec![file, home.path().join("none")],
            pasted: vec!["GOCSPX-pasted".to_owned(), "short".to_owned()],
            ..Redacted::default()
        });
        let basic = |id: &str| format!("{id}:{secret}");
        let hidden = [
            secret.to_owned(),
            encode(secret),
            encode(secret).to_ascii_lowercase(),
            encode(secret).replace("%20", "+"),
            STANDARD.encode(secret),
            URL_SAFE.encode(secret),
            STANDARD.encode(basic("a")),
            STANDARD.encode(basic("ab")),
            STANDARD.encode(basic("synology")),
            format!("{secret:?}"),
            "https://GOCSPX-pasted/".to_owned(),
        ];
        for text in &hidden {
            let clean = secrets.removed_from(&format!("a {text} b"));
            assert!(clean.contains(REPLACEMENT), "{text}: {clean}");
            assert!(clean.len() < text.len() + 4 + REPLACEMENT.len(), "{clean}");
        }
        assert_eq!(secrets.removed_from("a short text"), "a short text");
    }

    #[test]
    fn a_url_loses_name_and_password() {
        let check =
            |text: &str, expected: &str| assert_eq!(without_user_information(text), expected);
        check(
            "url = \"http://a:b@h:5000/x\"",
            "url = \"http://[redacted]@h:5000/x\"",
        );
        check(
            "https://h/@x https://a@b@h",
            "https://h/@x https://[redacted]@h",
        );
        check("a@b.fr, https://h?a@b", "a@b.fr, https://h?a@b");
    }
}
