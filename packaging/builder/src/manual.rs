use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

/// Returns the manual pages and shell completions, by their names below
/// `share`, where man and the shells look for them.
pub(crate) fn manual(release: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let mut command = arguments::Arguments::command().version(release.to_owned().leak() as &str);
    let name = arguments::NAME;
    let completions = [
        (Shell::Bash, format!("bash-completion/completions/{name}")),
        (Shell::Zsh, format!("zsh/site-functions/_{name}")),
        (
            Shell::Fish,
            format!("fish/vendor_completions.d/{name}.fish"),
        ),
    ];
    let mut files = Vec::new();
    for (shell, file) in completions {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), name, &mut text);
        if shell == Shell::Bash {
            text = with_one_name(&String::from_utf8(text)?).into_bytes();
        }
        files.push((file, text));
    }
    command = without_help_command(command);
    command.build();
    add_pages(&command, release, &mut files)?;
    Ok(files)
}

/// Corrects the script for bash: for a program with a hyphen in its name,
/// `clap_complete` names the parts of the script in two ways, so that no
/// subcommand has completions (<https://github.com/clap-rs/clap/issues/6421>).
fn with_one_name(script: &str) -> String {
    let name = |separator| arguments::NAME.replace('-', separator);
    script.replace(&name("__subcmd__"), &name("__"))
}

/// `help` prints what the pages say.
fn without_help_command(command: Command) -> Command {
    let command = command.mut_subcommands(without_help_command);
    command.disable_help_subcommand(true)
}

/// Adds a page for `command` and for each of its subcommands.
fn add_pages(command: &Command, release: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let page = Man::new(command.clone())
        .source(format!("{} {release}", arguments::NAME))
        .manual("Google to Synology SSO");
    let name = page.get_filename();
    let mut text = Vec::new();
    page.render(&mut text)
        .with_context(|| format!("write the manual page {name}"))?;
    let text = String::from_utf8(text)?
        // clap_mangen writes an empty date as no argument at all.
        .replace(" 1  \"", " 1 \"\" \"")
        // The section has examples and exit codes.
        .replace("\n.SH EXTRA\n", "\n.SH NOTES\n");
    files.push((format!("man/man1/{name}"), text.into_bytes()));
    for inner in command.get_subcommands() {
        add_pages(inner, release, files)?;
    }
    Ok(())
}
