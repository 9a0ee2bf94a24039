//! `doctor`: each planted fault has one line that names it, and all other lines
//! stay ok.

/// The checks of DSM.
mod dsm;

/// The servers in front of the daemon, correct or wrong.
mod front;

/// What Google says about the client.
mod google;

/// Clock, disk and port.
mod machine;

/// The proof that the public name leads to this daemon.
mod nonce;

/// The public name: DNS, certificate, proxy.
mod public;

/// The report for an issue.
mod report;

/// The daemon, DSM, its proxy, a router and Google in a network of their own.
pub(crate) mod stage;

/// Planted faults, in this network.
mod faults;

/// A stage without a fault.
mod healthy;

/// Servers that hang, flood, or send control characters.
mod hostile;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use fakes::house::House;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::support::command_line::{bare, text};

/// The checks that need no DSM, in the order of the output.
const CHECKS: [&str; 12] = [
    "config",
    "daemon",
    "machine.clock",
    "machine.disk",
    "machine.port",
    "public.dns",
    "public.reach",
    "public.tls",
    "public.daemon",
    "public.forwarded",
    "google.discovery",
    "google.client",
];

/// The findings of one run: result and message, by name.
struct Report(BTreeMap<String, (String, String)>);

/// A run of `doctor`.
struct Run<'a> {
    config: &'a Path,
    /// The authorities that the machine trusts, if not its own.
    trusted: Option<&'a Path>,
}

impl Run<'_> {
    async fn output(&self, options: &[&str]) -> Output {
        let mut command = bare(&["doctor"]);
        command.args(options).arg("--config").arg(self.config);
        command.stdin(Stdio::null());
        if let Some(file) = self.trusted {
            command.env("SSL_CERT_FILE", file);
        }
        let output = spawn_blocking(move || command.output().unwrap());
        output.await.unwrap()
    }

    async fn report(&self) -> Report {
        let output = self.output(&["--json"]).await;
        assert_eq!(text(&output.stderr), "");
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let failed = findings.iter().any(|finding| finding["result"] == "fail");
        assert_eq!(output.status.code(), Some(i32::from(failed)));
        let member = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        let found = findings.iter().map(|finding| {
            let result = member(finding, "result");
            (
                member(finding, "name"),
                (result, member(finding, "message")),
            )
        });
        Report(found.collect())
    }
}

/// Runs `doctor` with the config of `house`.
async fn doctor(house: &House) -> Report {
    let config = house.home.path().join("config.toml");
    let run = Run {
        config: &config,
        trusted: None,
    };
    run.report().await
}

impl Report {
    fn message(&self, name: &str) -> &str {
        &self.0[name].1
    }

    /// The line about DSM's rule for the public name.
    #[track_caller]
    fn rule(&self, result: &str, words: &str) {
        let (found, message) = &self.0["reverse-proxy"];
        assert_eq!(found, result, "{message}");
        assert!(message.contains(words), "{message}");
    }

    /// Each check is ok.
    #[track_caller]
    fn all_ok(&self) {
        self.only(&[], &[]);
    }

    /// The only finding that is not ok is `fault`, whose message contains
    /// `words`; the checks `not_tested` need what failed.
    #[track_caller]
    fn fault(&self, fault: &str, words: &str, not_tested: &[&str]) {
        self.only(&[(fault, "fail", words)], not_tested);
    }

    /// Like [`Report::fault`], for a warning.
    #[track_caller]
    fn warning(&self, fault: &str, words: &str, not_tested: &[&str]) {
        self.only(&[(fault, "warn", words)], not_tested);
    }

    #[track_caller]
    fn only(&self, faults: &[(&str, &str, &str)], not_tested: &[&str]) {
        let all = &self.0;
        for name in CHECKS {
            let (result, message) = &all[name];
            let fault = faults.iter().find(|fault| fault.0 == name);
            if let Some((_, expected, words)) = fault {
                assert_eq!(result, expected, "{name}: {message}\n{all:#?}");
                assert!(message.contains(words), "{name}: {message}");
            } else if not_tested.contains(&name) {
                assert_eq!(result, "warn", "{name}: {message}\n{all:#?}");
                assert!(message.starts_with("not tested"), "{name}: {message}");
            } else {
                assert_eq!(result, "ok", "{name}: {message}\n{all:#?}");
            }
        }
    }
}

/// Replaces `from` by `to` in the config, without a reload.
fn edit_config(house: &House, from: &str, to: &str) {
    let path = house.home.path().join("config.toml");
    let config = fs::read_to_string(&path).unwrap();
    assert!(config.contains(from), "{config}");
    fs::write(&path, config.replace(from, to)).unwrap();
}
