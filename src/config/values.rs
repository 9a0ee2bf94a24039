//! Parsers of values: durations, names, addresses, files.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::changes::{Show, Shown};
use crate::machine::secret_file::read_secret_file;
use domain::base::secret::Secret;

/// The file names that `setup` uses.
pub(super) const SECRET_FILES: [&str; 4] = [
    "google-client-secret",
    "dsm-password",
    "synology-client-secret",
    "dsm-device-token",
];

/// The limit of the system: `sun_path` has 108 bytes, the last of them zero.
const MAX_SOCKET_PATH: usize = 107;

/// Longer than any useful value, and short enough to be added to any time.
const MAX_DURATION: Duration = Duration::from_hours(10 * 365 * 24);

/// Parses a duration such as `90s`, `10m`, `1h` or `7d`; zero is rejected.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let form = "has to be a duration such as 90s, 10m, 1h or 7d";
    // humantime also accepts `M` for a month, and parts of a second, which
    // would be lost.
    let expected = |b: u8| b.is_ascii_digit() || b"smhd ".contains(&b);
    if !text.bytes().all(expected) || text.contains("ms") {
        return Err(form.to_owned());
    }
    let duration = humantime::parse_duration(text).map_err(|_| form.to_owned())?;
    if duration.is_zero() {
        return Err("has to be longer than zero".to_owned());
    }
    if duration > MAX_DURATION {
        return Err("is longer than ten years".to_owned());
    }
    Ok(duration)
}

/// Parses a duration from `least` to `most`.
pub(super) fn duration_between(
    least: Duration,
    most: Option<Duration>,
) -> impl FnOnce(&str) -> Result<Duration, String> {
    move |text| {
        let duration = duration(text)?;
        if duration < least {
            let least = humantime::format_duration(least);
            return Err(format!("has to be {least} at least"));
        }
        match most.filter(|most| duration > *most) {
            Some(most) => Err(format!("has to be {} at most", in_days(most))),
            None => Ok(duration),
        }
    }
}

/// Whole days as days, where humantime writes months.
fn in_days(duration: Duration) -> String {
    let (days, rest) = (duration.as_secs() / 86_400, duration.as_secs() % 86_400);
    match rest {
        0 => format!("{days}d"),
        _ => humantime::format_duration(duration).to_string(),
    }
}

/// The value of a key that has a word or an empty text for `None`, with the
/// text that a reload shows.
pub(super) struct Spelled<T> {
    pub(super) value: Option<T>,
    text: String,
}

impl<T> Show for Spelled<T> {
    fn show(&self) -> Option<Shown> {
        Some(Shown::Text(self.text.clone()))
    }
}

/// `keys.rotate-after`: a duration of at least `least`, or `never`.
pub(super) fn rotation(least: Duration) -> impl FnOnce(&str) -> Result<Spelled<Duration>, String> {
    move |text| {
        let value = match text {
            "never" => None,
            _ => Some(
                duration_between(least, None)(text).map_err(|message| message + ", or never")?,
            ),
        };
        let text = value.map_or_else(|| text.to_owned(), in_days);
        Ok(Spelled { value, text })
    }
}

/// `google.prompt`: the words that Google knows. It answers any other with an
/// error page.
pub(super) fn prompt(text: &str) -> Result<Spelled<String>, &'static str> {
    if text.is_empty() {
        return Ok(Spelled {
            value: None,
            text: "\"\"".to_owned(),
        });
    }
    let mut words = text.split(' ');
    if words.clone().any(|word| word == "none") {
        return Err(
            "has none, which forbids Google to show anything: no user could sign in; \
             use \"\" to leave the choice to Google",
        );
    }
    if !words.all(|word| matches!(word, "select_account" | "consent")) {
        return Err("has to be select_account, consent, both with a space between, or \"\"");
    }
    Ok(Spelled {
        value: Some(text.to_owned()),
        text: text.to_owned(),
    })
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "has to be an IP address and a port, such as 127.0.0.1:5556")
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    let bare = text.parse::<IpAddr>().map(IpNet::from);
    bare.or_else(|_| text.parse::<IpNet>().map(|network| network.trunc()))
        .map_err(|_| "has to be an IP address or a network, such as 10.0.0.0/8")
}

/// Parses a text for people: not empty, on one line, at most `max_bytes`.
pub(super) fn line(max_bytes: usize) -> impl FnOnce(&str) -> Result<String, String> {
    move |text| {
        if text.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        if text.trim() != text {
            return Err("begins or ends with white space".to_owned());
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character".to_owned());
        }
        if text.len() > max_bytes {
            return Err(format!("is longer than {max_bytes} bytes"));
        }
        Ok(text.to_owned())
    }
}

/// Parses a name for programs: printable ASCII, no space, at most
/// `max_bytes`.
pub(super) fn identifier(max_bytes: usize) -> impl FnOnce(&str) -> Result<String, String> {
    move |text| {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("may only have printable ASCII characters, and no space".to_owned());
        }
        if text.len() > max_bytes {
            return Err(format!("is longer than {max_bytes} bytes"));
        }
        Ok(text.to_owned())
    }
}

/// Returns a domain such as `example.com` in lower case.
pub(super) fn domain(text: &str) -> Result<String, &'static str> {
    let is_part = |part: &str| {
        let letters = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !part.is_empty() && letters
    };
    if text.split('.').count() < 2 || !text.split('.').all(is_part) {
        return Err("has to be a domain such as example.com");
    }
    Ok(text.to_ascii_lowercase())
}

/// A secret and the file that contains it.
pub(super) struct SecretFile {
    pub(super) path: PathBuf,
    pub(super) secret: Secret<String>,
}

impl Show for SecretFile {
    /// Another file with the same secret is not a change.
    fn show(&self) -> Option<Shown> {
        Some(Shown::Secret(self.secret.clone()))
    }
}

/// A file that may not exist yet. Its name may be the secret, entered in the
/// place of the file.
pub(super) struct FileToCome(pub(super) PathBuf);

impl Show for FileToCome {
    fn show(&self) -> Option<Shown> {
        Some(Shown::FileToCome(self.0.clone()))
    }
}

/// The files that the config names; relative paths begin at its directory.
#[derive(Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) base: &'a Path,
}

impl Files<'_> {
    /// Resolves a path, which need not exist.
    pub(super) fn path(self, text: &str) -> Result<PathBuf, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character".to_owned());
        }
        Ok(self.base.join(text))
    }

    /// Reads the secret file `text`.
    ///
    /// No message repeats a name that may be the secret: people paste the
    /// secret itself where its file belongs, and messages end in logs.
    pub(super) fn secret(self, text: &str) -> Result<SecretFile, String> {
        let path = self.path(text)?;
        let secret = read_secret_file(&path).map_err(|error| {
            if path.symlink_metadata().is_ok() || self.is_surely_a_path(text) {
                return format!("names {}, which cannot be used: {error}", path.display());
            }
            format!(
                "names a file in {} that cannot be used: {error}. The name is not repeated here: \
                 it may be the secret itself, which belongs in a file of its own",
                self.base.display()
            )
        })?;
        Ok(SecretFile { path, secret })
    }

    /// Whether `text` cannot be a secret: a name that `setup` uses, or a path
    /// in a directory that exists.
    fn is_surely_a_path(self, text: &str) -> bool {
        let path = self.base.join(text);
        let directory = path
            .parent()
            .filter(|it| text.contains('/') && it.parent().is_some());
        SECRET_FILES.contains(&text) || directory.is_some_and(Path::is_dir)
    }

    /// Resolves the path of a secret file that `maker` may not have created
    /// yet. An existing file must be valid.
    pub(super) fn secret_to_come(self, text: &str, maker: &str) -> Result<FileToCome, String> {
        let path = self.in_existing_directory(text)?;
        if !path.exists() {
            return Ok(FileToCome(path));
        }
        let message = |error| {
            format!(
                "names {}, which cannot be used: {error}; or remove it and run {maker}",
                path.display()
            )
        };
        read_secret_file(&path).map_err(message)?;
        Ok(FileToCome(path))
    }

    /// Resolves the path of a file that is created or opened later, in a
    /// directory that exists.
    pub(super) fn in_existing_directory(self, text: &str) -> Result<PathBuf, String> {
        let path = self.path(text)?;
        if path.is_dir() {
            let path = path.display();
            return Err(format!("names {path}, which is a directory and not a file"));
        }
        let directory = path.parent().unwrap_or(self.base);
        if !directory.is_dir() {
            return Err(format!(
                "is in {}, which is not a directory",
                directory.display()
            ));
        }
        Ok(path)
    }

    /// Resolves the path of a socket that is created later.
    pub(super) fn socket(self, text: &str) -> Result<PathBuf, String> {
        let path = self.in_existing_directory(text)?;
        if path.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(format!(
                "is longer than the {MAX_SOCKET_PATH} bytes that a socket's path may have"
            ));
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::{Files, domain, duration, duration_between, identifier, line};

    #[test]
    fn durations_are_whole_and_have_a_unit() {
        let check = |input: &str, expected: Option<u64>| {
            let seconds = duration(input).ok().map(|d| d.as_secs());
            assert_eq!(seconds, expected, "{input:?}");
        };
        check("90s", Some(90));
        check("10m", Some(600));
        check("1h", Some(3600));
        check("7d", Some(604_800));
        check("1h 30m", Some(5400));
        check("3650d", Some(315_360_000));
        for text in [
            "",
            "90",
            "0s",
            "0d",
            "1M",
            "500ms",
            "500 ms",
            "1y",
            "1 month",
            "-1h",
            "1.5h",
            "3651d",
            "99999999999999999999d",
            "184467440737095516d",
            "s",
            "d1",
            " ",
            "m s",
        ] {
            check(text, None);
        }
        assert!(duration_between(Duration::from_mins(1), None)("59s").is_err());
        assert!(duration_between(Duration::from_mins(1), None)("60s").is_ok());
    }

    #[test]
    fn lines_and_identifiers_are_what_they_look_like() {
        assert!(line(20)("J\u{e9}r\u{f4}me's NAS").is_ok());
        for text in [
            "",
            " ",
            " nas",
            "nas ",
            "n\nas",
            "n\u{7}as",
            "a-very-long-name-of-a-nas",
        ] {
            assert!(line(20)(text).is_err(), "{text:?}");
        }
        assert!(identifier(8)("syno:1/2").is_ok());
        for text in ["", "syn ology", "syn\u{f6}", "syn\n", "synology1"] {
            assert!(identifier(8)(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_domain_is_one_and_is_compared_in_lower_case() {
        assert_eq!(domain("Example.COM").as_deref(), Ok("example.com"));
        for text in [
            "",
            "com",
            ".com",
            "a..b",
            "@example.com",
            "a b.com",
            "*.com",
        ] {
            assert!(domain(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_secret_pasted_in_the_place_of_its_file_is_not_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files {
            base: directory.path(),
        };
        let message = files.secret("GOCSPX-abc").err().unwrap();
        assert!(!message.contains("GOCSPX"), "{message}");
        assert!(message.contains("No such file"), "{message}");
    }

    #[test]
    fn secret_files_are_private_and_hold_one_line() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files {
            base: directory.path(),
        };
        let check = |content: &str, mode: u32, expected: Result<&str, &str>| {
            let path = directory.path().join("secret");
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match (files.secret("secret"), expected) {
                (Ok(file), Ok(expected)) => assert_eq!(file.secret.expose(), expected),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (read, _) => panic!("{content:?} {mode:o}: {}", read.is_ok()),
            }
        };
        check("hush\n", 0o600, Ok("hush"));
        check("hush", 0o400, Ok("hush"));
        check("hush\r\n", 0o600, Ok("hush"));
        check("hush\n", 0o640, Err("mode 0640"));
        check("hush\n", 0o604, Err("chmod 600"));
        check("hush\nhush\n", 0o600, Err("more than one line"));
        check("\n", 0o600, Err("empty"));
        check(&"h".repeat(4097), 0o600, Err("larger than 4096"));
    }

    #[test]
    fn the_state_needs_a_directory_that_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files {
            base: directory.path(),
        };
        let state = files.in_existing_directory("state.sqlite3").unwrap();
        assert_eq!(state, directory.path().join("state.sqlite3"));
        assert!(files.in_existing_directory("gone/state.sqlite3").is_err());
        assert!(files.in_existing_directory(".").is_err());
        assert!(files.in_existing_directory("").is_err());
    }
}
