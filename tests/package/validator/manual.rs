//! Manual pages and shell completions have what `--help` of the program has.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::package::Package;

const NAME: &str = "google-to-synology-sso";

/// A command, as its `--help` describes it.
struct Help {
    /// The arguments that name the command, such as `links` and `remove`.
    words: Vec<String>,
    commands: Vec<String>,
    /// Long options, with `--`.
    options: Vec<String>,
}

pub(crate) fn has_a_page_for_each_command(package: &Package) -> Result<()> {
    for help in help(package)? {
        let name = [&[NAME.to_owned()], &help.words[..]].concat().join("-");
        let page = package.payload(&format!("share/man/man1/{name}.1"))?;
        let page = page.text()?.replace("\\-", "-");
        let is_named = page.starts_with(".ie") && page.contains(&format!("\n.SH NAME\n{name} - "));
        ensure!(is_named, "{name} has no name");
        let options = help.options.iter().map(|it| format!("\\fB{it}\\fR"));
        let commands = help.commands.iter().map(|it| format!("\n{name}-{it}(1)\n"));
        let lacking = options.chain(commands).find(|it| !page.contains(it));
        ensure!(lacking.is_none(), "{name} lacks {lacking:?}");
    }
    Ok(())
}

pub(crate) fn completes_each_command_in_bash(package: &Package) -> Result<()> {
    let script = package.payload(&format!("share/bash-completion/completions/{NAME}"))?;
    for help in help(package)? {
        for (begin, expected) in [("--", &help.options), ("", &help.commands)] {
            // As bash calls it: the words so far, then the program, the word
            // to complete and the previous word.
            let words = [&[NAME.to_owned()], &help.words[..]].concat().join(" ");
            let call = format!(
                "{}\nCOMP_WORDS=({words} '{begin}')\nCOMP_CWORD={}\n\
                 _google__to__synology__sso {NAME} '{begin}' x\n\
                 printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                script.text()?,
                help.words.len() + 1
            );
            let done = Command::new("bash").args(["-c", &call]).output()?;
            let offered = String::from_utf8(done.stdout)?;
            let lacking = expected
                .iter()
                .find(|it| !offered.lines().any(|line| line == *it));
            ensure!(lacking.is_none(), "{words} lacks {lacking:?}: {offered}");
        }
    }
    Ok(())
}

pub(crate) fn completes_each_command_in_zsh(package: &Package) -> Result<()> {
    let script = package.payload(&format!("share/zsh/site-functions/_{NAME}"))?;
    let script = script.text()?;
    ensure!(script.starts_with(&format!("#compdef {NAME}\n")), "head");
    for help in help(package)? {
        // The arguments of a command follow its name, up to `&& ret=0`.
        let mut rest = script;
        for word in &help.words {
            let found = rest.split_once(&format!("({word})\n"));
            rest = found.with_context(|| format!("no {word}"))?.1;
        }
        let own = rest.split_once("&& ret=0").context("no end")?.0;
        let lacking = help.options.iter().find(|it| {
            let forms = ["[", "=["].map(|end| format!("{it}{end}"));
            !forms.iter().any(|form| own.contains(form))
        });
        ensure!(lacking.is_none(), "{:?} lacks {lacking:?}", help.words);
        if !help.commands.is_empty() {
            let name = [&[NAME.to_owned()], &help.words[..]]
                .concat()
                .join("__subcmd__");
            let list = script.split_once(&format!("\n_{name}_commands() {{\n"));
            let list = list.and_then(|(_, it)| it.split_once("_describe"));
            let (list, _) = list.with_context(|| format!("no {name}"))?;
            let mut commands = help.commands.iter();
            let lacking = commands.find(|it| !list.contains(&format!("\n'{it}:")));
            ensure!(lacking.is_none(), "{name} lacks {lacking:?}");
        }
    }
    Ok(())
}

pub(crate) fn completes_each_command_in_fish(package: &Package) -> Result<()> {
    let script = package.payload(&format!("share/fish/vendor_completions.d/{NAME}.fish"))?;
    let script = script.text()?;
    for help in help(package)? {
        let condition = match &help.words[..] {
            [] => "needs_command\"".to_owned(),
            [word] if help.commands.is_empty() => format!("using_subcommand {word}\""),
            [word] => format!("using_subcommand {word}; and not "),
            words => format!(
                "{}; and __fish_seen_subcommand_from {}\"",
                words[0], words[1]
            ),
        };
        let own = script.lines().filter(|it| it.contains(&condition));
        let own: Vec<&str> = own.collect();
        let options = help.options.iter();
        let options = options.map(|it| format!(" -l {} ", it.trim_start_matches('-')));
        let commands = help.commands.iter().map(|it| format!(" -a \"{it}\" "));
        let has = |text: &String| own.iter().any(|line| line.contains(text));
        let lacking = options.chain(commands).find(|it| !has(it));
        ensure!(lacking.is_none(), "{:?} lacks {lacking:?}", help.words);
    }
    Ok(())
}

/// Runs the program of the package with `--help`, for each command.
fn help(package: &Package) -> Result<Vec<Help>> {
    let directory = tempfile::tempdir()?;
    let program = directory.path().join(NAME);
    fs::write(&program, &package.payload(&format!("bin/{NAME}"))?.content)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let mut all = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = help_of(&program, words)?;
        for command in &help.commands {
            open.push([&help.words[..], std::slice::from_ref(command)].concat());
        }
        all.push(help);
    }
    ensure!(all.len() > 10, "{} commands", all.len());
    Ok(all)
}

fn help_of(program: &Path, words: Vec<String>) -> Result<Help> {
    let done = Command::new(program).args(&words).arg("--help").output()?;
    let text = String::from_utf8(done.stdout)?;
    let commands = section(&text, "Commands:").filter(|line| !line.starts_with("   "));
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    let options = section(&text, "Options:").filter(|line| line.trim_start().starts_with('-'));
    let options = options.filter_map(|line| {
        let mut names = line.split_whitespace().take(2);
        let long = names.find_map(|it| it.strip_prefix("--"))?;
        let end = long.find(|it| !matches!(it, 'a'..='z' | '-'));
        Some(format!("--{}", &long[..end.unwrap_or(long.len())]))
    });
    let help = Help {
        words,
        // It prints what the pages say.
        commands: commands
            .filter(|it| *it != "help")
            .map(str::to_owned)
            .collect(),
        options: options.collect(),
    };
    let has_its_own = help.options.iter().any(|it| it == "--help");
    ensure!(has_its_own, "cannot read the help: {text}");
    Ok(help)
}

/// The indented lines below a heading.
fn section<'a>(text: &'a str, heading: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text
        .lines()
        .skip_while(move |line| *line != heading)
        .skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with(' '))
}
