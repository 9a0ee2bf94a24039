//! `check`: reads the config and every file it names, offline.

mod files;

use std::path::Path;

use super::{FAILED, code_of, json_line, print_result, why_unreadable};
use crate::config::{Config, ConfigError, Problem};
use crate::doctor::Finding;
use crate::machine::clock::SystemClock;
use domain::base::clock::Clock;

/// Checks the config in `path` and prints the findings; returns the exit code.
/// Warnings do not change it.
pub(super) fn check(path: &Path, json: bool) -> u8 {
    let (findings, code) = match Config::load(path) {
        Ok(config) => judge(path, &config),
        Err(error) => (blame(&error), code_of(&error)),
    };
    let text = if json {
        as_json(&findings)
    } else {
        as_lines(&findings)
    };
    print_result(&text, code)
}

/// Checks what `run` needs beside a valid config; also returns the exit code.
pub(super) fn judge(path: &Path, config: &Config) -> (Vec<Finding>, u8) {
    judge_with(path, config, files::problems(config))
}

/// Like [`judge`], on a disk that is read-only: no file can be opened, and this
/// is one fault, not one of each file.
pub(super) fn judge_without_files(path: &Path, config: &Config) -> (Vec<Finding>, u8) {
    judge_with(path, config, Vec::new())
}

fn judge_with(path: &Path, config: &Config, failures: Vec<Problem>) -> (Vec<Finding>, u8) {
    let failures = failures.into_iter();
    let mut findings: Vec<Finding> = failures
        .map(|problem| Finding::fail(problem.key, problem.message))
        .collect();
    let code = if findings.is_empty() { 0 } else { FAILED };
    if findings.is_empty() {
        findings.push(praise(path, config));
    }
    let certificate = config.certificate_warnings(SystemClock::new().now());
    let warnings = config.warnings().into_iter().chain(certificate);
    findings.extend(warnings.map(|warning| Finding::warn(warning.key, warning.message)));
    (findings, code)
}

fn praise(path: &Path, config: &Config) -> Finding {
    let clients: Vec<&str> = config.clients.iter().map(|c| c.id.as_str()).collect();
    let message = format!(
        "{} and the files that it names are valid: issuer {}, clients {}",
        path.display(),
        config.issuer,
        clients.join(", ")
    );
    Finding::ok("config", message)
}

/// Returns the problems of a config that cannot be used.
pub(super) fn blame(error: &ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Bad { problems, .. } => problems
            .iter()
            .map(|Problem { key, message, .. }| Finding::fail(key, message))
            .collect(),
        ConfigError::Unreadable { path, source } => {
            vec![Finding::fail("config", why_unreadable(path, source))]
        }
    }
}

/// Returns one line for each finding.
pub(super) fn as_lines(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let word = finding.result.word();
        format!("{word} {}: {}\n", finding.name, finding.message)
    });
    lines.collect()
}

pub(super) fn as_json(findings: &[Finding]) -> String {
    let list = serde_json::json!(findings);
    json_line(&list.to_string())
}

#[cfg(test)]
mod tests {
    use super::{as_json, as_lines};
    use crate::doctor::{Finding, Outcome};

    #[test]
    fn a_finding_is_one_line_or_one_object() {
        let finding = |name: &str, result| Finding {
            name: name.to_owned(),
            result,
            message: "is \"so\"".to_owned(),
        };
        let findings = [
            finding("config", Outcome::Ok),
            finding("dsm.url", Outcome::Warn),
            finding("issuer", Outcome::Fail),
        ];
        assert_eq!(
            as_lines(&findings),
            "ok   config: is \"so\"\nwarn dsm.url: is \"so\"\nfail issuer: is \"so\"\n"
        );
        assert_eq!(
            as_json(&findings[1..2]),
            "[{\"message\":\"is \\\"so\\\"\",\"name\":\"dsm.url\",\"result\":\"warn\"}]\n"
        );
    }
}
