//! The reference page of the config matches the code: its example is accepted,
//! its commented lines show the defaults, its table is the documentation of the
//! code, and each of them has every key.

use google_to_synology_sso::config::Config;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use toml::{Table, Value};

use crate::support::command_line::{EXAMPLE, Home, text};

/// The reference page of the config.
const REFERENCE: &str = include_str!("../../docs/reference/config.md");

/// The sources of the keys and of their documentation.
const SECTIONS: &str = include_str!("../../src/config/schema.rs");
const EXPLAINED: [&str; 2] = [
    include_str!("../../src/config.rs"),
    include_str!("../../src/domain/model/relying_party.rs"),
];

#[test]
fn the_example_is_accepted_as_it_is_and_with_every_key() {
    // The other tests use the same example.
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
fn every_key_is_in_the_example() {
    let example: Table = uncommented(example(), &["# e.g. ", "# "]).parse().unwrap();
    let mut shown = Vec::new();
    names(&example, &mut shown);
    shown.sort();
    let mut read: Vec<&str> = [".required(", ".or_default(", ".section("]
        .iter()
        .flat_map(|call| SECTIONS.split(call).skip(1))
        .filter_map(|after| after.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    read.sort_unstable();
    assert_eq!(shown, read);
}

#[test]
fn the_table_is_the_documentation_of_the_code() {
    let rows: String = EXPLAINED.iter().flat_map(|source| rows(source)).collect();
    let table = format!("| key | what |\n|---|---|\n{rows}\n");
    assert!(
        REFERENCE.contains(&table),
        "the table of keys in docs/reference/config.md has to be:\n\n{table}"
    );
    let example: Table = uncommented(example(), &["# e.g. ", "# "]).parse().unwrap();
    for (section, value) in &example {
        for key in keys_below(section, value) {
            assert!(rows.contains(&format!("`{key}`")), "{key} is not explained");
        }
    }
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

/// The names of all keys and tables, each as often as it is there.
fn names(table: &Table, found: &mut Vec<String>) {
    for (key, value) in table {
        found.push(key.clone());
        if let Some(inner) = inner(value) {
            names(inner, found);
        }
    }
}

/// A table, or the one table of a list.
fn inner(value: &Value) -> Option<&Table> {
    let first = value.as_array().and_then(|list| list.first());
    first.unwrap_or(value).as_table()
}

fn keys_below(section: &str, value: &Value) -> Vec<String> {
    match inner(value) {
        Some(table) => table.keys().map(|key| format!("{section}.{key}")).collect(),
        None => vec![section.to_owned()],
    }
}

/// A row for each public field whose documentation begins with a key.
fn rows(source: &str) -> Vec<String> {
    let mut section = String::new();
    let mut comment = Vec::new();
    let mut rows = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.trim());
            continue;
        }
        if line.starts_with("#[") {
            continue;
        }
        let documentation = std::mem::take(&mut comment).join(" ");
        let name = documentation.strip_prefix('`').unwrap_or_default();
        if line.starts_with("pub struct ") {
            let name = name.trim_start_matches('[').split(']').next();
            name.unwrap_or_default().clone_into(&mut section);
        } else if line.starts_with("pub ") && line.contains(": ") && !name.starts_with('[') {
            rows.extend(row(&section, &documentation));
        }
    }
    rows
}

/// "`a`, `b`: what they do" as a row of the table.
fn row(section: &str, documentation: &str) -> Option<String> {
    let (keys, what) = documentation.split_once("`: ")?;
    let keys: Vec<String> = keys
        .split(", ")
        .map(|key| match (section, key.trim_matches('`')) {
            ("", key) => format!("`{key}`"),
            (section, key) => format!("`{section}.{key}`"),
        })
        .collect();
    Some(format!("| {} | {what} |\n", keys.join(", ")))
}
