//! The check of the config file, without the network.

use std::io;
use std::path::Path;

use super::Finding;
use crate::config::{Config, ConfigError, Problem};
use domain::base::clock::UnixTime;

/// The name of the check.
pub const CONFIG: &str = "config";

/// Returns what is found about the valid config in `path`, beside the
/// `failures` of the files that `run` opens.
pub fn of_valid_config(
    path: &Path,
    config: &Config,
    failures: Vec<Problem>,
    now: UnixTime,
) -> Vec<Finding> {
    let failures = failures.into_iter();
    let mut findings: Vec<Finding> = failures
        .map(|problem| Finding::fail(problem.key, problem.message))
        .collect();
    if findings.is_empty() {
        findings.push(praise(path, config));
    }
    let certificate = config.certificate_warnings(now);
    let warnings = config.warnings().into_iter().chain(certificate);
    findings.extend(warnings.map(|warning| Finding::warn(warning.key, warning.message)));
    findings
}

fn praise(path: &Path, config: &Config) -> Finding {
    let clients: Vec<&str> = config.clients.iter().map(|c| c.id.as_str()).collect();
    let message = format!(
        "{} and the files that it names are valid: issuer {}, clients {}",
        path.display(),
        config.issuer,
        clients.join(", ")
    );
    Finding::ok(CONFIG, message)
}

/// Returns the problems of a config that cannot be used.
pub fn of_invalid_config(error: &ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Bad { problems, .. } => problems
            .iter()
            .map(|Problem { key, message, .. }| Finding::fail(key, message))
            .collect(),
        ConfigError::Unreadable { path, source } => {
            vec![Finding::fail(CONFIG, why_unreadable(path, source))]
        }
    }
}

/// Returns why the config in `path` cannot be read, and what to do.
pub fn why_unreadable(path: &Path, source: &io::Error) -> String {
    // An error of our own says itself what to do.
    let kind = source.raw_os_error().map(|_| source.kind());
    let hint = if kind == Some(io::ErrorKind::PermissionDenied) {
        "; make it readable for the owner of its directory"
    } else if kind == Some(io::ErrorKind::NotFound) {
        "; create one with setup, or name another with --config"
    } else {
        ""
    };
    format!("{}: {source}{hint}", path.display())
}

/// Turns a finding of `check` into a line of `config`, with its key path.
pub fn as_line_of_config(finding: Finding) -> Finding {
    if finding.name == CONFIG {
        return finding;
    }
    Finding {
        message: format!("{}: {}", finding.name, finding.message),
        name: CONFIG.to_owned(),
        ..finding
    }
}
