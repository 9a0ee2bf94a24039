//! Behaviour that all commands share: arguments, exit codes, output.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::support::command_line::{EXAMPLE, Home, bare, text};

#[test]
fn run_complains_on_standard_error() {
    let home = Home::with(&EXAMPLE.replace("https://", "ftp://"));
    let output = home.command(&["run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(text(&output.stdout), "");
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains("\n  issuer: has to begin with"),
        "{complaint}"
    );
    assert!(
        complaint.contains("\n  clients[0].redirect-uris[0]: has to"),
        "{complaint}"
    );
}

#[test]
fn the_config_is_named_by_the_argument_else_by_the_environment() {
    let good = Home::with(EXAMPLE);
    let bad = Home::with("");
    let code = |command: &mut Command| command.output().unwrap().status.code();
    let name = "GOOGLE_TO_SYNOLOGY_SSO_CONFIG";
    assert_eq!(code(bare(&["check"]).env(name, good.path())), Some(0));
    assert_eq!(code(bare(&["check"]).env(name, bad.path())), Some(78));
    assert_eq!(
        code(good.command(&["check"]).env(name, bad.path())),
        Some(0)
    );
    // Relative paths are relative to the config, not to the working directory.
    let mut here = bare(&["--config", "config.toml", "check"]);
    assert_eq!(
        code(here.current_dir(good.path().parent().unwrap())),
        Some(0)
    );
    assert_eq!(code(good.command(&["check"]).current_dir("/")), Some(0));
}

#[test]
fn help_teaches_and_usage_is_2() {
    let output = bare(&["--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for part in [
        "Examples:",
        "Exit codes:",
        "78",
        "GOOGLE_TO_SYNOLOGY_SSO_CONFIG",
        "home/config.toml",
        "check",
        "run",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(!help.contains('\u{1b}'), "{help}");
    let output = bare(&["--version"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let version = concat!("google-to-synology-sso ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(text(&output.stdout), version);
    for arguments in [
        &[][..],
        &["chekc"],
        &["check", "--jsno"],
        &["check", "more"],
        &["--config"],
    ] {
        let output = bare(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(text(&output.stderr).contains("--help"), "{arguments:?}");
    }
}

#[test]
fn help_is_as_wide_as_the_terminal_and_never_too_wide_to_read() {
    for command in [
        &[][..],
        &["run"],
        &["check"],
        &["doctor"],
        &["setup"],
        &["import-dex"],
        &["dsm-settings"],
        &["reload"],
        &["status"],
        &["users"],
        &["explain"],
        &["links"],
        &["links", "remove"],
        &["keys", "list"],
        &["keys", "rotate"],
    ] {
        for (columns, widest) in [("80", 80), ("200", 100)] {
            let arguments = [command, &["--help"]].concat();
            let output = bare(&arguments).env("COLUMNS", columns).output().unwrap();
            let help = text(&output.stdout);
            let longest = help.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(widest), "{longest:?}: {help}");
        }
    }
}

#[test]
fn a_closed_pipe_is_not_a_failure_but_a_full_disk_is() {
    let home = Home::with(EXAMPLE);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = home
        .command(&["check"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn();
    let output = output.unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");

    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = home
        .command(&["check"])
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn();
    let output = output.unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("write the result"),
        "{output:?}"
    );

    // Its lines are written one by one.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let invalid = Home::with("issuer = 5");
    let output = invalid
        .command(&["doctor"])
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn();
    let output = output.unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert_eq!(told.matches("write the result").count(), 1, "{told}");
}

#[test]
fn completions_need_no_config_and_name_each_command() {
    for shell in ["bash", "zsh", "fish"] {
        let mut command = bare(&["--config", "/nowhere/config.toml", "completions", shell]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let script = text(&output.stdout);
        for part in ["dsm-settings", "wait-for-config", "rotate"] {
            assert!(script.contains(part), "{shell}: {part}");
        }
    }
    let unknown = bare(&["completions", "tcsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn man_prints_a_page_or_writes_one_for_each_command() {
    let mut command = bare(&["--config", "/nowhere/config.toml", "man"]);
    let page = command.output().unwrap();
    assert_eq!(page.status.code(), Some(0), "{page:?}");
    assert!(text(&page.stdout).contains(".TH google-to-synology-sso 1"));

    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("man/man1");
    let written = bare(&["man"]).arg(&directory).output().unwrap();
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    assert_eq!(text(&written.stdout), "");
    let pages = std::fs::read_dir(&directory).unwrap();
    let pages: Vec<String> = pages
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    for command in ["", "-status", "-links-remove", "-man"] {
        let name = format!("google-to-synology-sso{command}.1");
        assert!(pages.contains(&name), "{name}: {pages:?}");
    }
    let file = bare(&["man"]).arg(directory.join(&pages[0])).output();
    let file = file.unwrap();
    assert_eq!(file.status.code(), Some(1), "{file:?}");
    assert!(text(&file.stderr).contains("cannot write the manual pages"));
}
