//! Runs the program with a config in its own directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const EXAMPLE: &str = include_str!("../data/config.toml");

/// The directory of a config, with the secret files that the example names.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn with(config: &str) -> Self {
        let home = Self(fakes::house::private_directory());
        home.write("config.toml", config, 0o644);
        for name in [
            "google-client-secret",
            "dsm-password",
            "synology-client-secret",
        ] {
            home.write(name, "correct-horse-battery-staple\n", 0o600);
        }
        home
    }

    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("config.toml")
    }

    /// Runs the command line `arguments` with this config.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.arg("--config").arg(self.path());
        command
    }

    pub(crate) fn check(&self) -> Output {
        self.command(&["check"]).output().unwrap()
    }

    /// The names of all failures of `check --json`, which must exit with 78.
    pub(crate) fn failures(&self) -> Vec<String> {
        let output = self.command(&["check", "--json"]).output().unwrap();
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let failed = findings
            .iter()
            .filter(|finding| finding["result"] == "fail");
        let names: Vec<String> = failed
            .map(|finding| finding["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            output.status.code(),
            Some(if names.is_empty() { 0 } else { 78 })
        );
        names
    }
}

pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_google-to-synology-sso"));
    command.env_remove("GOOGLE_TO_SYNOLOGY_SSO_CONFIG");
    command.args(arguments);
    command
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Runs a program as root, by sudo if necessary.
pub(crate) fn as_root(program: &Path) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("--non-interactive").arg(program);
    sudo
}
