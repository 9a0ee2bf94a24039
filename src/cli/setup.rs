//! `setup`: writes the config and its secret files, or DSM's device token.

mod change;
mod device;
mod dialog;
mod dsm;
mod edit;
mod enter;
mod files;
mod first_run;
mod from_env;
mod google_file;
mod questions;
pub(super) mod terminal;
mod wizard;

use std::path::Path;

use anyhow::bail;
use arguments::Setup;
use toml::Value;
use zeroize::Zeroizing;

pub(super) use self::files::Existing;
use self::files::Staging;
use self::questions::{APPLICATION_SECRET, Answers, QUESTIONS};
use super::input::Input;
use super::{BAD_USAGE, FAILED, complain, describe, package, print_result};
use crate::config::{APPLY_FILE, Config, directory_of, urls};
use domain::base::secret::Secret;

pub(super) const GOOGLE_SECRET: &str = "google-client-secret";
pub(super) const PASSWORD: &str = "dsm-password";
const CLIENT_SECRET: &str = "synology-client-secret";

/// Who enters the settings in DSM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EntersInDsm {
    /// The daemon, once, as soon as DSM answers.
    Daemon,
    /// The administrator, by hand or later.
    Person,
}

/// Runs `setup` for the config in `path`, with the content of the JSON file of
/// the Google console in `client`; returns the exit code.
pub(super) fn setup(path: &Path, options: &Setup, client: Option<&str>) -> u8 {
    if options.otp {
        return device::trust(path);
    }
    let existing = if options.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    if options.from_env {
        return from_env::run(path, existing, client);
    }
    if !terminal::is_interactive() {
        complain("standard input is not a terminal, so setup cannot ask; use --from-env");
        return BAD_USAGE;
    }
    if existing == Existing::Keep && path.exists() {
        return change::from_terminal(path, client);
    }
    first_run::from_terminal(path, existing, client)
}

/// Returns the content of the JSON file of the Google console, if `options`
/// names one.
pub(super) fn google_client(options: &Setup) -> anyhow::Result<Option<Zeroizing<String>>> {
    let Some(path) = &options.google_client else {
        return Ok(None);
    };
    let read = |text: &str| Ok(Zeroizing::new(text.to_owned()));
    Input::open(path)?.read(read).map(Some)
}

pub(super) fn tell(done: anyhow::Result<String>) -> u8 {
    match done {
        Ok(text) => print_result(&text, 0),
        Err(error) => {
            complain(&format!("{error:#}"));
            if error.is::<terminal::Invalid>() {
                return BAD_USAGE;
            }
            FAILED
        }
    }
}

fn look_for_existing(path: &Path, existing: Existing) -> anyhow::Result<()> {
    let names = [GOOGLE_SECRET, PASSWORD, CLIENT_SECRET, name_of(path)?];
    files::look_for(&names, directory_of(path), existing)
}

/// Writes a config with the answers. An application secret that is missing is
/// generated.
fn write(
    path: &Path,
    mut answers: Answers,
    existing: Existing,
    enters: EntersInDsm,
) -> anyhow::Result<String> {
    if !answers.contains_key(APPLICATION_SECRET) {
        answers.insert(APPLICATION_SECRET, terminal::generate()?);
    }
    let secrets = QUESTIONS.iter().filter_map(|question| {
        let secret = answers.get(question.variable)?;
        Some((question.file()?, secret))
    });
    let secrets: Vec<(&str, &Secret<String>)> = secrets.collect();
    let text = config_text(&answers, package::log(path).as_deref());
    write_files(path, &secrets, &text, existing, enters)
}

/// Writes the secrets to the named files beside the config, and the config
/// last; nothing if the config would be invalid. Returns what was written, and
/// the next steps.
pub(super) fn write_files(
    path: &Path,
    secrets: &[(&str, &Secret<String>)],
    config: &str,
    existing: Existing,
    enters: EntersInDsm,
) -> anyhow::Result<String> {
    let name = name_of(path)?;
    let request = (enters == EntersInDsm::Daemon).then_some(APPLY_FILE);
    let secret_files = secrets.iter().map(|(file, _)| *file);
    let names: Vec<&str> = secret_files.chain([name]).collect();
    files::look_for(&names, directory_of(path), existing)?;
    let mut staging = Staging::in_directory(directory_of(path))?;
    for (file, secret) in secrets {
        let line = Zeroizing::new(format!("{}\n", secret.expose()));
        staging.add(file, &line)?;
    }
    if let Some(request) = request {
        staging.add(request, "")?;
    }
    staging.add(name, config)?;
    let config = match Config::load(&staging.path(name)) {
        Ok(config) => config,
        Err(error) => bail!("nothing was written: {}", describe(&error)),
    };
    // The choice for a previous config is not one for this config.
    files::remove(&directory_of(path).join(APPLY_FILE))?;
    let written = staging.put_in_place(existing)?;
    for warning in config.warnings() {
        complain(&warning.to_string());
    }
    let written = written
        .iter()
        .map(|path| format!("written: {}\n", path.display()));
    Ok(written.collect::<String>() + &next_steps(path, existing))
}

fn name_of(path: &Path) -> anyhow::Result<&str> {
    let name = path.file_name().and_then(std::ffi::OsStr::to_str);
    let others = [GOOGLE_SECRET, PASSWORD, CLIENT_SECRET, APPLY_FILE];
    match name {
        Some(name) if !others.contains(&name) => Ok(name),
        Some(_) | None => bail!("{} cannot be the name of a config", path.display()),
    }
}

fn next_steps(path: &Path, existing: Existing) -> String {
    let program = program(path);
    let begin = match (package::owns(path), existing) {
        (false, _) => format!("  {program} run\n      runs the daemon\n"),
        (true, Existing::Keep) => {
            "\nThe package uses the config by itself; you need not start anything.\n".to_owned()
        }
        (true, Existing::Replace) => {
            format!("  {program} reload\n      makes a running daemon use the config\n")
        }
    };
    format!(
        "\nNext:\n  \
         {program} check\n      checks the config\n  \
         {program} doctor\n      tests everything that a sign-in needs\n  \
         {program} setup --otp\n      only if the DSM account has 2-factor sign-in\n  \
         {program} dsm-settings\n      prints the values for DSM and the Google console; with --apply, writes those of DSM\n\
         {begin}"
    )
}

/// Returns the start of a command line for the config in `path`.
fn program(path: &Path) -> String {
    let named = if path == Path::new(arguments::CONFIG) {
        String::new()
    } else {
        format!(" --config {}", path.display())
    };
    let program = if package::owns(path) {
        package::PROGRAM
    } else {
        "google-to-synology-sso"
    };
    format!("{program}{named}")
}

/// Returns the text of a config with the answers.
fn config_text(answers: &Answers, log: Option<&Path>) -> String {
    let answer = |variable: &str| answers.get(variable).map_or("", |it| it.expose());
    let quoted = |text: &str| Value::from(text).to_string();
    let url = answer("wizard_dsm_url");
    // DSM's certificate is for its public name, never for 127.0.0.1.
    let certificate = if urls::is_loopback_https(url) {
        "accept-invalid-certificate = true   # it is for DSM's public name; loopback https only\n"
    } else {
        ""
    };
    let log = log.map_or_else(String::new, |file| {
        format!("\n[log]\nfile = {}\n", quoted(&file.to_string_lossy()))
    });
    format!(
        "\
# docs/reference/config.md describes all keys; the command check finds mistakes.

# The public URL of this service.
issuer = {issuer}

[google]
client-id = {client_id}
client-secret-file = {GOOGLE_SECRET:?}

[dsm]
url = {url}
# An administrator, because DSM lists its users only to administrators.
account = {account}
password-file = {PASSWORD:?}
{certificate}
# DSM, as a client of this service.
[[clients]]
id = \"synology\"
name = \"Synology\"
secret-file = {CLIENT_SECRET:?}
redirect-uris = [{redirect}]   # as in DSM's SSO settings; never with /#/signin
{log}",
        issuer = quoted(answer("wizard_issuer")),
        client_id = quoted(answer("wizard_google_client_id")),
        url = quoted(url),
        account = quoted(answer("wizard_dsm_account")),
        redirect = quoted(answer("wizard_redirect_uri")),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::questions::{Interview, question};
    use super::*;
    use crate::config::validate::Given;

    /// DSM runs the daemon there; a second one would find its port in use.
    #[test]
    fn the_next_steps_on_a_nas_do_not_include_run() {
        let nas = Path::new(arguments::CONFIG);
        let first = next_steps(nas, Existing::Keep);
        let check = format!("\n  {} check\n", package::PROGRAM);
        assert!(first.contains(&check), "{first}");
        assert!(first.ends_with("need not start anything.\n"), "{first}");
        let again = next_steps(nas, Existing::Replace);
        let reload = format!("\n  {} reload\n", package::PROGRAM);
        assert!(again.contains(&reload), "{again}");
        for steps in [first, again] {
            assert!(!steps.contains(" run\n"), "{steps}");
        }

        let elsewhere = next_steps(Path::new("/srv/config.toml"), Existing::Keep);
        let run = "\n  google-to-synology-sso --config /srv/config.toml run\n";
        assert!(elsewhere.contains(run), "{elsewhere}");
    }

    proptest! {
        /// A valid answer is read back from the file unchanged.
        #[test]
        fn no_answer_breaks_the_file(
            account in any::<String>(),
            // Not the JSON of the Google console.
            client_id in "[!-z|-~][!-~]{0,19}",
            path in "[!-~]{0,20}",
        ) {
            let mut interview = Interview::new(Given::defaults());
            let good = |variable: &str, text: &str, else_this: &str| {
                let passes = (question(variable).check)(text, &interview).is_ok();
                if passes { text.to_owned() } else { else_this.to_owned() }
            };
            let uri = format!("https://nas.example.com/{path}");
            let uri = good("wizard_redirect_uri", &uri, "https://nas.example.com/");
            let account = good("wizard_dsm_account", &account, r#"a"b\c'"#);
            let client_id = format!("{client_id}.apps.googleusercontent.com");
            for (variable, text) in [
                ("wizard_dsm_account", &account),
                ("wizard_google_client_id", &client_id),
                ("wizard_redirect_uri", &uri),
                ("wizard_dsm_url", &"https://127.0.0.1:5001".to_owned()),
            ] {
                interview.accept(question(variable), Secret::new(text.clone()));
            }
            let file: toml::Table = config_text(&interview.answers, None).parse().unwrap();
            prop_assert_eq!(file["dsm"]["account"].as_str(), Some(account.as_str()));
            prop_assert_eq!(file["google"]["client-id"].as_str(), Some(client_id.as_str()));
            let client = &file["clients"][0];
            prop_assert_eq!(client["redirect-uris"][0].as_str(), Some(uri.as_str()));
            prop_assert_eq!(file["dsm"]["accept-invalid-certificate"].as_bool(), Some(true));
        }
    }
}
