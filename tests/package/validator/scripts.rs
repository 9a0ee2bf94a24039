//! The scripts that DSM runs.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::package::Package;

/// DSM's `sh` is bash or busybox; dash accepts only POSIX.
const SHELLS: [&[&str]; 4] = [
    &["dash", "-n"],
    &["busybox", "ash", "-n"],
    &["bash", "--posix", "-n"],
    &["shellcheck", "--shell=sh", "-"],
];

/// Commands that the package's user cannot run, that reveal secrets, and paths
/// that change when a volume is moved.
const BANS: [&str; 7] = [
    "/var/run",
    "/var/log",
    "chown ",
    "synouser",
    "synogroup",
    "set -x",
    "/volume1",
];

pub(crate) fn are_posix_scripts(package: &Package) -> Result<()> {
    for (name, script) in package.under("scripts/") {
        let text = script.text()?;
        ensure!(text.starts_with("#!/bin/sh\n"), "{name} is not for /bin/sh");
        ensure!(!text.contains('\r'), "{name} has a CR");
    }
    Ok(())
}

pub(crate) fn are_understood_by_every_shell(package: &Package) -> Result<()> {
    for (name, script) in package.under("scripts/") {
        for shell in SHELLS {
            parse(shell, &script.content).with_context(|| format!("{name}, {}", shell[0]))?;
        }
    }
    Ok(())
}

fn parse(shell: &[&str], script: &[u8]) -> Result<()> {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).stdin(Stdio::piped());
    let running = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut running = running.context("not there: run tests/prepare")?;
    let mut input = running.stdin.take().context("no input")?;
    // A shell that stops at an error does not read to the end.
    let _ = input.write_all(script);
    drop(input);
    let done = running.wait_with_output()?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(done.status.success() && said.is_empty(), "{said}");
    Ok(())
}

pub(crate) fn keep_to_their_place(package: &Package) -> Result<()> {
    for (name, script) in package.under("scripts/") {
        let text = script.text()?;
        // Commands that it prints for the administrator are allowed.
        let text = text.replace("sudo chown ", "");
        let banned = BANS.iter().find(|it| text.contains(*it));
        ensure!(banned.is_none(), "{name} has {banned:?}");
    }
    Ok(())
}

/// A script may only drop privileges: an administrator's root becomes the
/// package's user, which the unit requires.
pub(crate) fn need_no_root(package: &Package) -> Result<()> {
    for (name, script) in package.under("scripts/") {
        for call in script.text()?.lines().filter(|it| calls(it, "sudo")) {
            let is_the_one = name == "start-stop-status" && call.contains("sudo -u \"$package\"");
            ensure!(is_the_one, "{name} has {call}");
        }
    }
    Ok(())
}

/// Whether a line runs `program`, instead of mentioning it in a text.
fn calls(line: &str, program: &str) -> bool {
    const BEFORE: [&str; 10] = [
        "!", "&&", "||", "|", "{", "exec", "then", "do", "else", "if",
    ];
    let words: Vec<&str> = line.split_whitespace().collect();
    words.iter().enumerate().any(|(at, word)| {
        let is_first =
            at == 0 || BEFORE.contains(&words[at - 1]) || words[at - 1].ends_with([';', '(', ')']);
        (*word == program && is_first) || word.ends_with(&format!("$({program}"))
    })
}
