//! `doctor --report`: everything that an issue needs, in one text file without
//! secrets.

mod log;

use std::env::consts::ARCH;
use std::fs;
use std::path::Path;

use domain::base::address::with_short_addresses;

use super::secrets::Secrets;
use super::{ANSWER_TIMEOUT, GROUPS, line};
use crate::cli::control_client::{self, Form, Report, Unanswered};
use crate::cli::table::{Cell, Paint, Reader};
use crate::cli::{package, waiting};
use crate::config::{Config, Redacted};
use crate::control::{Observation, Request, Status, Time, User};
use crate::doctor::{Finding, Outcome};
use crate::logging::is_plain;

/// Whether e-mail addresses are shown as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addresses {
    Shortened,
    Whole,
}

/// Returns the report about the daemon with the config in `path`.
pub(super) fn text(path: &Path, findings: &[Finding], addresses: Addresses) -> String {
    let reader = Reader {
        paint: Paint::Plain,
        ..control_client::reader()
    };
    let config = Config::redacted(path);
    let mut of_daemon = findings.iter().filter(|finding| finding.name == "daemon");
    let failed = of_daemon.find(|finding| finding.result == Outcome::Fail);
    let daemon = Daemon {
        path,
        reader,
        absence: failed.map(|finding| finding.message.as_str()),
    };
    let sections = [
        ("Findings", daemon.findings(findings)),
        ("Versions", versions(path)),
        ("Status", daemon.status()),
        ("Users", daemon.asked::<Vec<User>>(&Request::Users)),
        ("Config", config_lines(&config)),
        ("Log", log::last_lines(path, &config)),
        (
            "What the clients do",
            daemon.asked::<Vec<Observation>>(&Request::Observed),
        ),
    ];
    let now = daemon.reader.time(Time(daemon.reader.now));
    let mut text = format!("Report of {}, {now}\n", arguments::NAME);
    for (title, section) in sections {
        text.extend(["\n== ", title, " ==\n", section.trim_end(), "\n"]);
    }
    // First, because a password may look like an address.
    let text = Secrets::of(&config).removed_from(&text);
    let text = match addresses {
        Addresses::Shortened => with_short_addresses(&text),
        Addresses::Whole => text,
    };
    text.replace(|c| !is_plain(c) && c != '\n', "\u{fffd}")
}

struct Daemon<'a> {
    path: &'a Path,
    reader: Reader,
    /// Why the daemon is not asked: one that hangs would take the time of each
    /// section.
    absence: Option<&'a str>,
}

impl Daemon<'_> {
    fn findings(&self, findings: &[Finding]) -> String {
        let mut text = String::new();
        for (group, names) in GROUPS {
            text.extend([group, "\n"]);
            let theirs = findings.iter();
            let theirs = theirs.filter(|it| names.contains(&it.name.as_str()));
            text.extend(theirs.map(|finding| line(finding, &self.reader)));
        }
        text
    }

    fn status(&self) -> String {
        let waiting = || waiting::report(self.path, Form::Table);
        match self.ask::<Status>(&Request::Status) {
            Ok(status) => status,
            Err(why) => waiting().unwrap_or(why),
        }
    }

    fn asked<R: Report>(&self, request: &Request) -> String {
        self.ask::<R>(request).unwrap_or_else(|why| why)
    }

    fn ask<R: Report>(&self, request: &Request) -> Result<String, String> {
        if let Some(why) = self.absence {
            return Err(not_available(why));
        }
        let report: Result<R, Unanswered> =
            control_client::ask_daemon_of(self.path, request, ANSWER_TIMEOUT);
        let report = report.map_err(|unanswered| not_available(unanswered.message()))?;
        Ok(report.to_table(&self.reader))
    }
}

fn not_available(why: &str) -> String {
    format!("not available: {why}")
}

impl Report for Vec<Observation> {
    fn to_table(&self, reader: &Reader) -> String {
        if self.is_empty() {
            return "No client has sent a request yet.\n".to_owned();
        }
        let rows = self.iter().map(|seen| {
            [
                Cell::optional(Some(seen.client.as_str()).filter(|id| !id.is_empty())),
                Cell::new(&seen.endpoint),
                Cell::new(&seen.fact),
                Cell::new(&seen.value),
                Cell::new(seen.times.to_string()),
                Cell::new(reader.time(seen.last)),
            ]
        });
        reader.table(
            ["CLIENT", "REQUEST", "FACT", "VALUE", "TIMES", "LAST"],
            rows,
        )
    }
}

fn versions(config: &Path) -> String {
    let read = |path: &str| fs::read_to_string(path).ok();
    let kernel = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    let package = package::info(config).and_then(|info| entry(&info, "version"));
    // A file of lines NAME="value", as the one that spksrc's scripts read.
    let dsm = read("/etc.defaults/VERSION").and_then(|file| {
        let version = entry(&file, "productversion")?;
        Some(format!("{version}-{}", entry(&file, "buildnumber")?))
    });
    let none = || "-".to_owned();
    format!(
        "program  {} ({ARCH})\npackage  {}\nDSM      {}\nkernel   {}\n",
        env!("CARGO_PKG_VERSION"),
        package.unwrap_or_else(none),
        dsm.unwrap_or_else(none),
        kernel.trim()
    )
}

/// Returns the value of `name` in lines of the form `name="value"`.
fn entry(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix("=\""))?;
    Some(value.strip_suffix('"')?.to_owned())
}

fn config_lines(config: &Redacted) -> String {
    if config.lines.is_empty() {
        return "not available: the findings say why".to_owned();
    }
    config.lines.join("\n")
}
