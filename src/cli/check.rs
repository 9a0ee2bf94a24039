//! `check`: reads the config and every file it names, offline.

mod files;

use std::path::Path;

use super::{FAILED, code_of, json_line, print_result};
use crate::config::{Config, Problem};
use crate::doctor::{Finding, of_invalid_config, of_valid_config};
use crate::machine::clock::SystemClock;
use domain::base::clock::Clock;

/// Checks the config in `path` and prints the findings; returns the exit code.
/// Warnings do not change it.
pub(super) fn check(path: &Path, json: bool) -> u8 {
    let (findings, code) = match Config::load(path) {
        Ok(config) => judge(path, &config),
        Err(error) => (of_invalid_config(&error), code_of(&error)),
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
    let code = if failures.is_empty() { 0 } else { FAILED };
    let findings = of_valid_config(path, config, failures, SystemClock::new().now());
    (findings, code)
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
