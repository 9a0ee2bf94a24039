//! `check`: reads the config and every file it names, offline.

mod files;

use std::path::Path;

use serde::Serialize;

use super::{FAILED, code_of, json_line, print_result, why_unreadable};
use crate::config::{Config, ConfigError, Problem};
use crate::machine::clock::SystemClock;
use domain::base::clock::Clock;

/// A result for one key path, as `--json` prints it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    name: String,
    result: Verdict,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

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

/// Checks what `run` needs beside a valid config.
fn judge(path: &Path, config: &Config) -> (Vec<Finding>, u8) {
    let failures = files::problems(config).into_iter();
    let mut findings: Vec<Finding> = failures
        .map(|problem| Finding::new(Verdict::Fail, problem))
        .collect();
    let code = if findings.is_empty() { 0 } else { FAILED };
    if findings.is_empty() {
        findings.push(praise(path, config));
    }
    let certificate = config.certificate_warnings(SystemClock::new().now());
    let warnings = config.warnings().into_iter().chain(certificate);
    findings.extend(warnings.map(|warning| Finding::new(Verdict::Warn, warning)));
    (findings, code)
}

fn praise(path: &Path, config: &Config) -> Finding {
    let clients: Vec<&str> = config.clients.iter().map(|c| c.id.as_str()).collect();
    Finding {
        name: "config".to_owned(),
        result: Verdict::Ok,
        message: format!(
            "{} and the files that it names are valid: issuer {}, clients {}",
            path.display(),
            config.issuer,
            clients.join(", ")
        ),
    }
}

/// Returns the problems of a config that cannot be used.
pub(super) fn blame(error: &ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Bad { problems, .. } => problems
            .iter()
            .map(|problem| Finding::new(Verdict::Fail, problem.clone()))
            .collect(),
        ConfigError::Unreadable { path, source } => vec![Finding {
            name: "config".to_owned(),
            result: Verdict::Fail,
            message: why_unreadable(path, source),
        }],
    }
}

impl Finding {
    fn new(result: Verdict, problem: Problem) -> Self {
        Self {
            name: problem.key,
            result,
            message: problem.message,
        }
    }
}

/// Returns one line for each finding.
pub(super) fn as_lines(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let result = match finding.result {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        format!("{result} {}: {}\n", finding.name, finding.message)
    });
    lines.collect()
}

fn as_json(findings: &[Finding]) -> String {
    let list = serde_json::json!(findings);
    json_line(&list.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Finding, Verdict, as_json, as_lines};

    #[test]
    fn a_finding_is_one_line_or_one_object() {
        let finding = |name: &str, result| Finding {
            name: name.to_owned(),
            result,
            message: "is \"so\"".to_owned(),
        };
        let findings = [
            finding("config", Verdict::Ok),
            finding("dsm.url", Verdict::Warn),
            finding("issuer", Verdict::Fail),
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
