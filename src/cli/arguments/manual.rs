//! Manual pages and shell completions, made of the command line's definition.

use std::io;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Arguments, NAME};

/// A manual page, such as `google-to-synology-sso-check.1`.
pub struct Page {
    /// The name of its file.
    pub file: String,
    /// Its text, for `man`.
    pub text: String,
}

/// Returns the script that completes the program's arguments in `shell`.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    // Without a version, the program has no `--version`; the script does not
    // contain its text.
    let mut command = Arguments::command().version("");
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    if shell == Shell::Bash {
        return with_one_name(&script);
    }
    script.into_owned()
}

/// Returns the page of the program, then those of its commands; `release` is
/// their version.
pub fn pages(release: &str) -> io::Result<Vec<Page>> {
    let command = Arguments::command().version(release.to_owned().leak() as &str);
    let mut command = without_help_command(command);
    command.build();
    let mut pages = Vec::new();
    add_pages(&command, release, &mut pages)?;
    Ok(pages)
}

/// Corrects the script for bash: for a program with a hyphen in its name,
/// `clap_complete` names the parts of the script in two ways, so that no
/// subcommand has completions (<https://github.com/clap-rs/clap/issues/6421>).
fn with_one_name(script: &str) -> String {
    let name = |separator| NAME.replace('-', separator);
    script.replace(&name("__subcmd__"), &name("__"))
}

/// `help` prints what the pages say.
fn without_help_command(command: Command) -> Command {
    let command = command.mut_subcommands(without_help_command);
    command.disable_help_subcommand(true)
}

/// Adds a page for `command` and for each of its subcommands.
fn add_pages(command: &Command, release: &str, pages: &mut Vec<Page>) -> io::Result<()> {
    let page = Man::new(command.clone())
        .source(format!("{NAME} {release}"))
        .manual("Google to Synology SSO");
    let file = page.get_filename();
    let mut text = Vec::new();
    page.render(&mut text)?;
    let text = String::from_utf8_lossy(&text)
        // clap_mangen writes an empty date as no argument at all.
        .replace(" 1  \"", " 1 \"\" \"")
        // The section has examples and exit codes.
        .replace("\n.SH EXTRA\n", "\n.SH NOTES\n");
    pages.push(Page { file, text });
    for inner in command.get_subcommands() {
        add_pages(inner, release, pages)?;
    }
    Ok(())
}
