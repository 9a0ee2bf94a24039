//! `setup --otp`: makes this daemon a trusted device of DSM, with a one-time
//! code.

use std::path::Path;

use anyhow::{Context, bail};

use super::edit::{self, Original, Step};
use super::terminal;
use super::{files, tell};
use crate::cli::complain_of_config;
use crate::clients::dsm::{DsmClient, DsmSettings};
use crate::config::{Config, directory_of};
use domain::base::secret::Secret;

/// The name of the token file if the config names none.
const TOKEN_FILE: &str = "dsm-device-token";

const KEY: &str = "device-token-file";

/// Longer than any code, with room for spaces.
const MAX_CODE: usize = 32;

/// Signs in to DSM with a code and saves the device token; returns the exit
/// code.
pub(super) fn trust(path: &Path) -> u8 {
    match Config::load(path) {
        Ok(config) => tell(trust_with(path, &config)),
        Err(error) => complain_of_config(&error),
    }
}

fn trust_with(path: &Path, config: &Config) -> anyhow::Result<String> {
    // All that can fail comes first: a code is valid once.
    let (token_file, changed) = match &config.dsm.device_token_file {
        Some(file) => (file.clone(), None),
        None => (directory_of(path).join(TOKEN_FILE), Some(changed(path)?)),
    };
    let code = ask_for_code(&config.dsm.account)?;
    let Some(token) = sign_in(config, &code)? else {
        bail!(
            "nothing was written: DSM signed {} in without a device token, because the account has \
             no 2-factor sign-in",
            config.dsm.account
        );
    };
    let line = zeroize::Zeroizing::new(format!("{}\n", token.expose()));
    files::replace(&token_file, &line, 0o600)?;
    let Some(changed) = changed else {
        return Ok(format!("written: {}\n", token_file.display()));
    };
    changed.write()?;
    Ok(format!(
        "written: {}\nwritten: {}: dsm.{KEY}; reload or restart the daemon to use it\n",
        token_file.display(),
        path.display()
    ))
}

fn ask_for_code(account: &str) -> anyhow::Result<Secret<String>> {
    if terminal::is_interactive() {
        terminal::say(&format!(
            "The one-time code of the DSM account {account}, from its authenticator app: "
        ))?;
    }
    let typed = terminal::read_line()?;
    let code: String = typed.expose().split_whitespace().collect();
    let is_code = code.bytes().all(|b| b.is_ascii_alphanumeric());
    if code.is_empty() || code.len() > MAX_CODE || !is_code {
        bail!("this is not a one-time code; DSM was not asked");
    }
    Ok(Secret::new(code))
}

fn sign_in(config: &Config, code: &Secret<String>) -> anyhow::Result<Option<Secret<String>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = DsmClient::new(DsmSettings::from(&config.dsm));
    let token = runtime.block_on(client.trust_this_device(code));
    // A DNS query may still be running.
    runtime.shutdown_background();
    Ok(token?)
}

/// Returns the config with the key added.
fn changed(path: &Path) -> anyhow::Result<Original> {
    let mut config = Original::read(path)?;
    config.text = with_key(&config.text).with_context(|| {
        format!(
            "cannot find the place of {KEY} in {}; add {KEY} = {TOKEN_FILE:?} to its section [dsm] \
             by hand",
            path.display()
        )
    })?;
    Ok(config)
}

/// Returns `config` with our key after `dsm.password-file` and every other byte
/// unchanged, or `None` if the place does not exist.
fn with_key(config: &str) -> Option<String> {
    let password = [Step::Key("dsm"), Step::Key("password-file")];
    edit::insert(config, &password, KEY, &TOKEN_FILE.into())
}

#[cfg(test)]
mod tests {
    use super::with_key;

    fn check(config: &str, expected: &str) {
        assert_eq!(with_key(config).as_deref(), Some(expected), "{config}");
    }

    #[test]
    fn the_key_is_added_and_nothing_else_changes() {
        check(
            "# ours\n[dsm]\nurl = 'u'\n\tpassword-file = \"p\"   # hush\n\n\n[log]",
            "# ours\n[dsm]\nurl = 'u'\n\tpassword-file = \"p\"   # hush\n\
             \tdevice-token-file = \"dsm-device-token\"\n\n\n[log]",
        );
        check(
            "[dsm]\r\npassword-file = \"p\"\r\n# end\r\n",
            "[dsm]\r\npassword-file = \"p\"\r\ndevice-token-file = \"dsm-device-token\"\r\n\
             # end\r\n",
        );
        check(
            "[dsm]\npassword-file = \"p\"",
            "[dsm]\npassword-file = \"p\"\ndevice-token-file = \"dsm-device-token\"",
        );
        check(
            "dsm = { password-file = 'p', url = 'u', }\nissuer = 1",
            "dsm = { password-file = 'p', device-token-file = \"dsm-device-token\", url = 'u', }\n\
             issuer = 1",
        );
        check(
            "dsm.url = 1\n  dsm.\"password-file\" = '''\np'''\nissuer = 1",
            "dsm.url = 1\n  dsm.\"password-file\" = '''\np'''\n  \
             dsm.device-token-file = \"dsm-device-token\"\nissuer = 1",
        );
    }

    #[test]
    fn a_config_without_the_place_is_not_changed() {
        for config in [
            "",
            "[dsm]",
            "dsm = 1",
            "[dsm",
            "[dsm]\npassword-file.x = 1\n= 2",
        ] {
            assert_eq!(with_key(config), None, "{config}");
        }
    }
}
