//! Rules for the source files that the compiler does not check: the allowed
//! imports, names that are used in one place only, the length of lines, files
//! and names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The folders of `src`, from the bottom up: each imports only from itself and
/// from those before it. What decides about a login is below all of them, in
/// the crate `domain`, which Cargo gives no socket, file, log or clock.
const LAYERS: [&str; 14] = [
    "machine", "config", "logging", "clients", "store", "app", "flow", "http", "doctor", "control",
    "admin", "daemon", "cli", "main",
];

/// The four steps of a login, in `domain::signin`. None imports another.
const STEPS: [&str; 4] = ["authorize", "directory", "google", "token"];

/// The limit of entries in `src`, so that they give an overview.
const MOST_ENTRIES: usize = 16;

/// Names that are used in one module only, so that there is one place to look.
const NAMED_ONCE: [(&str, &[&str]); 8] = [
    // Which lines a flood of requests may write without a limit.
    (
        "logging::unlimited",
        &["src/flow", "src/http", "src/admin", "src/clients/upstream"],
    ),
    // It does not know about nights in which the NAS is off, so our own code
    // decides what is due.
    ("tokio_cron_scheduler", &["src/daemon/jobs"]),
    ("libsystemd", &["src/daemon/lifecycle"]),
    ("systemd::", &["src/daemon/lifecycle"]),
    ("prometheus_client", &["src/app/metrics"]),
    // The only access to the state.
    ("rusqlite", &["src/store"]),
    // Every outbound call has its time-outs and its size limit.
    ("hyper_rustls", &["src/clients/http_client"]),
    // The environment is passed as an argument.
    ("env::", &["src/cli", "src/main"]),
];

const LONGEST_COMMENT_LINE: usize = 80;
const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION_NAME: usize = 59;

#[test]
fn the_sources_keep_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect(root, root, &mut sources);
    assert!(
        sources.iter().any(|(path, _)| path == "src/lib.rs"),
        "looked in the wrong place: {root:?}"
    );
    let complaints: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| complaints(path, text))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// All Rust files of the repository, by their path from `root`.
fn collect(root: &Path, directory: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(root, &path, sources);
            }
        } else if name.ends_with(".rs") {
            let short = path.strip_prefix(root).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            sources.push((short.display().to_string(), text));
        }
    }
}

fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut found = long_comments(text);
    found.extend(long_file(text));
    found.extend(long_function_names(text));
    if let Some(module) = module(path) {
        let code = production_code(text);
        found.extend(wrong_imports(module, &code));
        found.extend(unclear_imports(module, &code));
        found.extend(named_elsewhere(module, &code));
    }
    found
        .iter()
        .map(|complaint| format!("{path}: {complaint}"))
        .collect()
}

/// The path of a module of the daemon, without `.rs`; `None` for lib.rs, for a
/// file of unit tests, and for what is not the daemon's.
fn module(path: &str) -> Option<&str> {
    let module = path.strip_suffix(".rs")?;
    let inner = module.strip_prefix("src/")?;
    let is_test = inner.split('/').any(|part| part == "tests");
    (inner != "lib" && !is_test).then_some(module)
}

/// The text without comments and without the unit tests at its end, which may
/// look further than the code.
fn production_code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let opens_tests = |next: &&str| next.starts_with("mod ") && next.ends_with('{');
        if line == "#[cfg(test)]" && lines.peek().is_some_and(opens_tests) {
            lines.by_ref().find(|line| *line == "}");
            continue;
        }
        // Also cuts URLs in strings, which contain no imports.
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

fn wrong_imports(module: &str, code: &str) -> Vec<String> {
    let mut names = module.split('/').skip(1);
    let folder = names.next().unwrap_or_default();
    if folder == "domain" {
        let (part, step) = (names.next(), names.next());
        let Some(own) = step.filter(|_| part == Some("signin")) else {
            return Vec::new();
        };
        let others = STEPS.iter().filter(|step| **step != own);
        return others
            .filter(|step| code.contains(&format!("signin::{step}")))
            .map(|step| format!("{own} must not import {step}"))
            .collect();
    }
    let Some(own) = LAYERS.iter().position(|layer| *layer == folder) else {
        return vec![format!("{folder} has no layer in tests/it/tidy.rs yet")];
    };
    // main.rs is a separate crate, which uses the library by its name.
    let code = code.replace("google_to_synology_sso::", "crate::");
    LAYERS
        .iter()
        .skip(own + 1)
        .filter(|above| names_module(&code, above))
        .map(|above| format!("{folder} must not import {above}"))
        .collect()
}

fn names_module(code: &str, module: &str) -> bool {
    code.match_indices(&format!("crate::{module}"))
        .any(|(at, found)| {
            let after = code[at + found.len()..].chars().next();
            !after.is_some_and(|character| character.is_alphanumeric() || character == '_')
        })
}

/// Forms of an import that the rules above cannot read: `super::` as far up as
/// lib.rs, and several modules in one `use`.
fn unclear_imports(module: &str, code: &str) -> Vec<String> {
    let climb = "super::".repeat(module.matches('/').count());
    ["crate::{", &climb]
        .into_iter()
        .filter(|form| code.contains(form))
        .map(|form| format!("write crate::module:: for {form}"))
        .collect()
}

fn named_elsewhere(module: &str, code: &str) -> Vec<String> {
    NAMED_ONCE
        .iter()
        .filter(|(name, homes)| !is_in(module, homes) && names(code, name))
        .map(|(name, homes)| format!("{name} belongs in {}", homes.join(", ")))
        .collect()
}

fn is_in(module: &str, homes: &[&str]) -> bool {
    homes.iter().any(|home| {
        let rest = module.strip_prefix(home);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Whether `name` is in `code` as a word, not as the end of another one.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

fn long_comments(text: &str) -> Vec<String> {
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    // A URL cannot be broken.
    let is_one_word = |line: &str| line.split_whitespace().count() <= 2;
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.chars().count() > LONGEST_COMMENT_LINE)
        .filter(|(_, line)| is_comment(line) && !is_one_word(line))
        .map(|(index, _)| format!("line {}: a comment past column 80", index + 1))
        .collect()
}

fn long_file(text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LONGEST_FILE).then(|| format!("{lines} lines: which two files is it?"))
}

fn long_function_names(text: &str) -> Vec<String> {
    let names = text.split("fn ").skip(1).map(|rest| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        rest.split(|c| !is_letter(c)).next().unwrap_or_default()
    });
    names
        .filter(|name| name.len() > LONGEST_FUNCTION_NAME)
        .map(|name| format!("{name}: a name of {} letters", name.len()))
        .collect()
}

#[test]
fn the_entries_of_src_fit_on_one_screen() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries: BTreeSet<String> = fs::read_dir(src)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect();
    assert!(entries.len() <= MOST_ENTRIES, "{entries:?}");
    assert!(entries.contains("domain"), "{entries:?}");
}

// A failing example for each rule.

fn check(path: &str, text: &str, expected: &[&str]) {
    let found = complaints(path, text);
    let expected: Vec<String> = expected
        .iter()
        .map(|complaint| format!("{path}: {complaint}"))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_step_does_not_import_another() {
    let step = "src/domain/signin/token/claims.rs";
    check(
        step,
        "use crate::model::login::DsmUser;\nuse super::TOKEN_LIFE;\nuse crate::signin::token;",
        &[],
    );
    check(
        step,
        "use crate::signin::google::Keys;",
        &["token must not import google"],
    );
    check("src/domain/model/keys.rs", "use crate::signin::token;", &[]);
}

#[test]
fn a_layer_imports_only_from_those_below() {
    check("src/flow.rs", "use crate::store::Store;", &[]);
    check(
        "src/store/grants.rs",
        "use crate::app::AppState;",
        &["store must not import app"],
    );
    check(
        "src/flow.rs",
        "use crate::http::Page;",
        &["flow must not import http"],
    );
    check("src/store.rs", "use crate::application::X;", &[]);
    check("src/cli/run.rs", "use crate::daemon::run;", &[]);
    check("src/main.rs", "use google_to_synology_sso::cli;", &[]);
    check(
        "src/store.rs",
        "use super::http;",
        &["write crate::module:: for super::"],
    );
    check(
        "src/store.rs",
        "use crate::{config, http};",
        &["write crate::module:: for crate::{"],
    );
}

#[test]
fn a_new_folder_is_given_a_layer() {
    check(
        "src/metrics.rs",
        "",
        &["metrics has no layer in tests/it/tidy.rs yet"],
    );
}

#[test]
fn comments_and_unit_tests_import_nothing() {
    let text =
        "//! As [`crate::http`] does.\n\n#[cfg(test)]\nmod tests {\n    use crate::http;\n}\n";
    check("src/flow.rs", text, &[]);
    check("src/flow/tests.rs", "use crate::http;", &[]);
    // Code after the unit tests is checked again.
    let text = format!("{text}use crate::http;\n");
    check("src/flow.rs", &text, &["flow must not import http"]);
}

#[test]
fn some_things_are_named_in_one_module() {
    let scheduler = "use tokio_cron_scheduler::Job;";
    check("src/daemon/jobs.rs", scheduler, &[]);
    check(
        "src/daemon.rs",
        scheduler,
        &["tokio_cron_scheduler belongs in src/daemon/jobs"],
    );
    let systemd = "use libsystemd::daemon;";
    check("src/daemon/lifecycle/supervisor.rs", systemd, &[]);
    check(
        "src/http.rs",
        "systemd::notify();",
        &["systemd:: belongs in src/daemon/lifecycle"],
    );
    check(
        "src/flow.rs",
        "rusqlite::params![]",
        &["rusqlite belongs in src/store"],
    );
    check(
        "src/clients/dsm.rs",
        "use hyper_rustls::X;",
        &["hyper_rustls belongs in src/clients/http_client"],
    );
    check("src/cli/setup.rs", "std::env::vars();", &[]);
    check(
        "src/config.rs",
        "std::env::vars();",
        &["env:: belongs in src/cli, src/main"],
    );
    check("src/config.rs", "my_env::vars(); env!(\"X\");", &[]);
}

#[test]
fn a_comment_ends_at_column_80() {
    let fits = format!("    // {}", "long ".repeat(14));
    check("tests/it/story.rs", fits.trim_end(), &[]);
    for marker in ["//", "///", "//!"] {
        let text = format!("fn f() {{}}\n{marker} {}", "long ".repeat(16));
        check(
            "tests/it/story.rs",
            &text,
            &["line 2: a comment past column 80"],
        );
    }
    let url = format!("// https://example.com/{}", "long".repeat(20));
    check("tests/it/story.rs", &url, &[]);
}

#[test]
fn a_file_ends_at_500_lines() {
    check("tests/it/story.rs", &"\n".repeat(500), &[]);
    check(
        "tests/it/story.rs",
        &"\n".repeat(501),
        &["501 lines: which two files is it?"],
    );
}

#[test]
fn a_long_function_name_is_found() {
    let text = format!("fn short() {{}}\nasync fn a{}() {{}}\n", "_b".repeat(30));
    let complaint = format!("a{}: a name of 61 letters", "_b".repeat(30));
    check("tests/it/x.rs", &text, &[&complaint]);
}
