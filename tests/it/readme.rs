//! The reference page of the config matches the code: its example is accepted
//! and has every key and default, and its tables are those of the keys.

use std::fmt::Write;
use std::{fs, path::Path};

use google_to_synology_sso::config::{Absent, Config, keys};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use toml::{Table, Value};

use crate::support::command_line::{EXAMPLE, Home, text};

/// The reference page of the config.
const REFERENCE: &str = include_str!("../../docs/reference/config.md");

/// What is before and after the tables of keys.
const KEYS_BEGIN: &str = "<!-- The keys, from src/config/keys.rs -->\n";
const KEYS_END: &str = "\n## When a change takes effect\n";

#[test]
fn the_example_is_accepted_as_it_is_and_with_every_key() {
    // The other tests use a copy of it.
    assert_eq!(example(), EXAMPLE);
    let home = Home::with(&uncommented(example(), &["# e.g. ", "# "]));
    let certified = generate_simple_self_signed(vec!["login.example.com".to_owned()]);
    let CertifiedKey { cert, signing_key } = certified.unwrap();
    home.write("fullchain.pem", &cert.pem(), 0o644);
    home.write("privkey.pem", &signing_key.serialize_pem(), 0o600);
    let checked = home.check();
    assert_eq!(text(&checked.stderr), "");
    assert!(text(&checked.stdout).starts_with("ok "), "{checked:?}");
    assert_eq!(checked.status.code(), Some(0));
}

#[test]
fn a_commented_line_shows_the_default() {
    let home = Home::with(example());
    let without = format!("{:#?}", Config::load(&home.path()).unwrap());
    home.write("config.toml", &uncommented(example(), &["# "]), 0o644);
    let with = format!("{:#?}", Config::load(&home.path()).unwrap());
    assert_eq!(without, with);
}

#[test]
fn the_example_has_every_key_and_default() {
    let example: Table = uncommented(example(), &["# e.g. ", "# "]).parse().unwrap();
    let mut shown = Vec::new();
    collect(&example, "", &mut shown);
    for key in keys() {
        let found = shown.iter().find(|(path, _)| *path == key.path);
        let (_, value) = found.unwrap_or_else(|| panic!("{} is not in the example", key.path));
        if let Absent::Default(default) = key.absent
            // Its example is an example, and not the default.
            && key.path != "users.alias"
        {
            let default: Value = default.parse().unwrap();
            assert_eq!(*value, default, "{}", key.path);
        }
    }
    assert_eq!(shown.len(), keys().len());
}

/// `UPDATE_PAGES=1` writes the tables anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks its own environment")]
fn the_reference_page_has_the_keys_of_the_code() {
    let (before, rest) = REFERENCE.split_once(KEYS_BEGIN).unwrap();
    let (written, after) = rest.split_once(KEYS_END).unwrap();
    let expected = tables();
    if std::env::var("UPDATE_PAGES").is_ok() {
        let page = format!("{before}{KEYS_BEGIN}{expected}{KEYS_END}{after}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/config.md");
        fs::write(path, page).unwrap();
        return;
    }
    assert!(
        written == expected,
        "docs/reference/config.md differs from src/config/keys.rs; run UPDATE_PAGES=1 cargo test \
         --test it readme:: to write the tables of keys anew"
    );
}

/// Every key, below a heading for its table of the config.
fn tables() -> String {
    const HEAD: &str = "\n| key | default | what |\n|---|---|---|\n";
    let mut page = HEAD.to_owned();
    for key in keys() {
        let (path, doc) = (&key.path, key.doc);
        let default = match key.absent {
            Absent::Rejected if path == "clients" => {
                write!(page, "\n### `[[{path}]]`\n\n{doc}\n{HEAD}").unwrap();
                continue;
            }
            Absent::EmptyTable => {
                write!(page, "\n### `[{path}]`\n\n{doc}\n{HEAD}").unwrap();
                continue;
            }
            Absent::Rejected => "required".to_owned(),
            Absent::NoValue => "none".to_owned(),
            Absent::Default(default) => format!("`{default}`"),
        };
        writeln!(page, "| `{path}` | {default} | {doc} |").unwrap();
    }
    page
}

/// The first block of TOML.
fn example() -> &'static str {
    let (_, block) = REFERENCE.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0
}

/// Returns `text` with the lines uncommented that begin with one of `marks` and
/// contain a key and a value.
fn uncommented(text: &str, marks: &[&str]) -> String {
    let is_setting = |rest: &&str| {
        let (key, _) = rest.split_once(" = ").unwrap_or_default();
        let is_key = |b: u8| b.is_ascii_lowercase() || b == b'-';
        rest.starts_with("[[") || !key.is_empty() && key.bytes().all(is_key)
    };
    let in_force = |line: &str| {
        let rests = marks.iter().filter_map(|mark| line.strip_prefix(mark));
        let rest = rests.into_iter().find(is_setting);
        rest.map_or_else(|| line.to_owned(), str::to_owned)
    };
    let lines = text.lines().map(in_force);
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Every key and table below `path`, with its value.
fn collect(table: &Table, path: &str, found: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        found.push((path.clone(), value.clone()));
        let first = value.as_array().and_then(|list| list.first());
        if let Some(inner) = first.unwrap_or(value).as_table() {
            collect(inner, &path, found);
        }
    }
}
