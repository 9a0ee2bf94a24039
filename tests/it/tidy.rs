//! The shape of the sources: which module may know which, what is named in
//! one place only, how long a line or a file may get. The compiler sees none
//! of this, and a reviewer sees it once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Who may import whom: a layer knows those before it and itself, only the
/// steps do not know each other. So what decides about a login cannot reach a
/// socket, a file or a clock, and can be read by itself.
const LAYERS: [(&str, &[&str]); 7] = [
    (
        "values",
        &[
            "address",
            "backoff",
            "clock",
            "ids",
            "issuer",
            "keys",
            "login",
            "oauth",
            "parameters",
            "power",
            "random",
            "relying_party",
            "secret",
            "time_zone",
            "tls",
            "user_list",
            "web_url",
        ],
    ),
    (STEPS, &["authorize", "google", "directory", "token"]),
    (
        "outside",
        &[
            "config",
            "dsm",
            "http_client",
            "key_ring",
            "lifecycle",
            "logging",
            "refresh_desk",
            "store",
            "upstream",
        ],
    ),
    ("flow", &["flow"]),
    ("around the flow", &["http", "jobs", "control"]),
    ("composition root", &["daemon"]),
    ("command line", &["cli", "main"]),
];
const STEPS: &str = "steps";

/// What is named in one module only, so that there is one place to look when
/// it is replaced or misbehaves.
const NAMED_ONCE: [(&str, &[&str]); 7] = [
    // Which lines a flood of requests may write without a limit.
    ("logging::unlimited", &["flow", "http", "upstream"]),
    // Its calls are ours to bring about: its own loop has no notion of a
    // night in which the NAS was off.
    ("tokio_cron_scheduler", &["jobs"]),
    ("libsystemd", &["lifecycle"]),
    ("systemd::", &["lifecycle"]),
    // The one door to the state.
    ("rusqlite", &["store"]),
    // The only way out: with its time-outs and its size limit.
    ("hyper_rustls", &["http_client"]),
    // What the environment says comes in as an argument.
    ("env::", &["cli", "main"]),
];

const LONGEST_COMMENT_LINE: usize = 80;
const LONGEST_FILE: usize = 500;

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

/// Every Rust file that is ours, by its path from `root`.
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
    if let Some(module) = module(path) {
        let code = production_code(text);
        found.extend(wrong_imports(module, &code));
        found.extend(hidden_imports(path, &code));
        found.extend(named_elsewhere(module, &code));
    }
    found
        .iter()
        .map(|complaint| format!("{path}: {complaint}"))
        .collect()
}

/// The module of lib.rs to which a file belongs; none for lib.rs itself, for
/// a file of unit tests, and for what is not the daemon's.
fn module(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    if inner == "lib" || inner.split('/').any(|part| part == "tests") {
        return None;
    }
    inner.split('/').next()
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
        // Cuts a URL inside a string too, in which nothing is imported.
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

fn layer(module: &str) -> Option<usize> {
    let mut layers = LAYERS.iter();
    layers.position(|(_, modules)| modules.contains(&module))
}

fn wrong_imports(module: &str, code: &str) -> Vec<String> {
    let Some(own) = layer(module) else {
        return vec![format!("{module} has no layer in tests/it/tidy.rs yet")];
    };
    let may = |imported: &str| match layer(imported) {
        // A type or a function of lib.rs.
        None => true,
        Some(theirs) if theirs == own => LAYERS[own].0 != STEPS,
        Some(theirs) => theirs < own,
    };
    imports(code)
        .iter()
        .filter(|imported| *imported != module && !may(imported))
        .map(|imported| format!("{module} must not know {imported}"))
        .collect()
}

/// The first name after each `crate::`, also inside its braces. main.rs, which
/// is a crate of its own, calls it by the package's name.
fn imports(code: &str) -> BTreeSet<String> {
    let code = code.replace("google_to_synology_sso::", "crate::");
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(group) => found.extend(first_names(group)),
            None => found.extend(first_name(after)),
        }
    }
    found
}

/// `a::{b, c}, d}` gives a and d.
fn first_names(group: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 1;
    let mut part = String::new();
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && character == ',') {
            found.extend(first_name(part.trim_start()));
            part.clear();
        } else {
            part.push(character);
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

/// `super::` as far up as lib.rs: an import that `crate::` would have shown.
fn hidden_imports(path: &str, code: &str) -> Option<String> {
    let depth = path.matches('/').count();
    let climb = "super::".repeat(depth);
    code.contains(&climb)
        .then(|| format!("write crate:: for {climb}"))
}

fn named_elsewhere(module: &str, code: &str) -> Vec<String> {
    NAMED_ONCE
        .iter()
        .filter(|(name, homes)| !homes.contains(&module) && names(code, name))
        .map(|(name, homes)| format!("{name} belongs in {}", homes.join(", ")))
        .collect()
}

/// Whether `name` stands in `code` as a word, not as the end of another one.
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

// Each rule, seen to fail: a rule that cannot is none.

fn check(path: &str, text: &str, expected: &[&str]) {
    let found = complaints(path, text);
    let expected: Vec<String> = expected
        .iter()
        .map(|complaint| format!("{path}: {complaint}"))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_step_knows_what_is_below_it_only() {
    let step = "src/token/claims.rs";
    check(
        step,
        "use crate::login::DsmUser;\nuse super::TOKEN_LIFE;",
        &[],
    );
    check(
        step,
        "use crate::google::Keys;",
        &["token must not know google"],
    );
    check(
        step,
        "use crate::store::Store;",
        &["token must not know store"],
    );
    check(
        step,
        "use crate::http::Page;",
        &["token must not know http"],
    );
    check(
        step,
        "use crate::{clock::{UnixTime, Clock}, dsm, upstream::Shelf};",
        &["token must not know dsm", "token must not know upstream"],
    );
    check(
        step,
        "fn f() { crate::http_client::get() }",
        &["token must not know http_client"],
    );
}

#[test]
fn nobody_knows_who_stands_above() {
    check("src/flow.rs", "use crate::{store, token};", &[]);
    check(
        "src/login.rs",
        "use crate::token::Code;",
        &["login must not know token"],
    );
    check(
        "src/store.rs",
        "use crate::flow::Bridge;",
        &["store must not know flow"],
    );
    check(
        "src/flow.rs",
        "use crate::http::Page;",
        &["flow must not know http"],
    );
    check(
        "src/http.rs",
        "use crate::daemon::run;",
        &["http must not know daemon"],
    );
    check("src/cli/run.rs", "use crate::daemon::run;", &[]);
    check("src/main.rs", "use google_to_synology_sso::cli;", &[]);
    check(
        "src/keys.rs",
        "use super::store;",
        &["write crate:: for super::"],
    );
}

#[test]
fn a_new_module_is_given_a_layer() {
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
    check("src/token.rs", text, &[]);
    check("src/token/tests.rs", "use crate::http;", &[]);
    // What follows them is code again.
    let text = format!("{text}use crate::http;\n");
    check("src/token.rs", &text, &["token must not know http"]);
}

#[test]
fn some_things_are_named_in_one_module() {
    let scheduler = "use tokio_cron_scheduler::Job;";
    check("src/jobs.rs", scheduler, &[]);
    check(
        "src/daemon.rs",
        scheduler,
        &["tokio_cron_scheduler belongs in jobs"],
    );
    let systemd = "use libsystemd::daemon;";
    check("src/lifecycle.rs", systemd, &[]);
    check("src/http.rs", systemd, &["libsystemd belongs in lifecycle"]);
    check(
        "src/http.rs",
        "systemd::notify();",
        &["systemd:: belongs in lifecycle"],
    );
    check(
        "src/keys.rs",
        "rusqlite::params![]",
        &["rusqlite belongs in store"],
    );
    check(
        "src/dsm.rs",
        "use hyper_rustls::X;",
        &["hyper_rustls belongs in http_client"],
    );
    check("src/cli/setup.rs", "std::env::vars();", &[]);
    check(
        "src/config.rs",
        "std::env::vars();",
        &["env:: belongs in cli, main"],
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
