//! The first run: config, secrets, and the values for the forms.

/// What setup asks DSM.
mod asks_dsm;
/// The device token for an account with 2-factor sign-in.
mod device;
/// The JSON that the Google console offers for a client.
mod google_client;
/// The values to paste into DSM and into the Google console.
mod settings;
/// Setup at a terminal.
mod terminal;
/// Setup with the answers of Package Center's wizard.
mod wizard;
/// Answers that cannot work.
mod wrong;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fakes::house::ANSWERS;
use fakes::wrong_answers::WIZARD;
use tempfile::TempDir;

use crate::support::command_line::bare;

const SECRETS: [&str; 3] = [
    "GOCSPX-correct-horse",
    "battery staple",
    "a secret of twenty",
];

/// The directory of a config that does not exist yet.
struct Empty(TempDir);

impl Empty {
    fn new() -> Self {
        Self(fakes::house::private_directory())
    }

    fn home(&self) -> &Path {
        self.0.path()
    }

    fn config(&self) -> PathBuf {
        self.home().join("config.toml")
    }

    /// Runs `arguments` with the config here and none of the wizard's
    /// variables.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.arg("--config").arg(self.config());
        for (variable, _) in ANSWERS.iter().chain(&WIZARD) {
            command.env_remove(variable);
        }
        command
    }

    fn check(&self) -> Output {
        self.command(&["check"]).output().unwrap()
    }

    /// The names of all files here.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.home().join(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.home().join(name)).unwrap();
        metadata.permissions().mode() & 0o7777
    }
}

/// The four files of a first run.
const FILES: [&str; 4] = [
    "config.toml",
    "dsm-password",
    "google-client-secret",
    "synology-client-secret",
];

fn tells_no_secret(output: &Output) {
    let told = format!("{output:?}");
    for secret in SECRETS {
        assert!(!told.contains(secret), "{told}");
    }
}
