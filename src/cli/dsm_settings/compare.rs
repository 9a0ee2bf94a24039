//! `dsm-settings --compare`: DSM's values beside ours.

use super::{REVERSE_PROXY, SSO_CLIENT};
use crate::cli::control_client::{self, Form};
use crate::cli::doctor::Socket;
use crate::cli::table::{Cell, Reader, Tone};
use crate::cli::{FAILED, complain, json_line, print_result};
use crate::config::Config;
use crate::doctor::dsm::{Compared, DsmReport};
use crate::doctor::{self, Finding, Outcome};
use crate::machine::clock::SystemClock;
use domain::base::clock::Clock;
use domain::model::dsm_settings::Field;

/// Compares DSM's settings with those of `config`; returns the exit code. Asks
/// the daemon, or DSM itself if no daemon runs.
pub(super) fn compare(config: &Config, json: bool) -> u8 {
    let form = Form::of(json);
    let (report, certificate) = match read(config, form) {
        Ok(read) => read,
        Err(error) => {
            complain(&format!("cannot compare the settings: {error}"));
            return FAILED;
        }
    };
    let is_complete = complain_of_gaps(&report);
    if report.compared.is_empty() {
        return FAILED;
    }
    let text = match form {
        Form::Json => as_json(&report.compared),
        Form::Table => {
            let table = table(&report.compared, "OURS", &control_client::reader());
            let certificate = certificate.as_ref().map(certificate_line);
            table + &advice(&report.compared) + &certificate.unwrap_or_default()
        }
    };
    let is_same = report.compared.iter().all(|row| row.same);
    let code = if is_same && is_complete { 0 } else { FAILED };
    print_result(&text, code)
}

/// Returns what DSM has, and for a table what is known about the certificate.
fn read(config: &Config, form: Form) -> Result<(DsmReport, Option<Finding>), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let clock = SystemClock::new();
    let read = runtime.block_on(async {
        let dsm =
            async { doctor::inspect_dsm(config, &Socket::of(config).await, clock.now()).await };
        let certificate = async {
            match form {
                Form::Json => None,
                Form::Table => Some(doctor::inspect_certificate(config, &clock).await),
            }
        };
        let (report, certificate) = tokio::join!(dsm, certificate);
        Ok((report?, certificate))
    });
    // A DNS query cannot be cancelled.
    runtime.shutdown_background();
    read
}

/// Says why a field was not read; returns whether all were.
fn complain_of_gaps(report: &DsmReport) -> bool {
    // Each of the two dialogs has a row for each field, or none.
    let expected = Field::OF_SSO_CLIENT.len() + [Field::Source, Field::Destination].len();
    if report.compared.len() == expected {
        return true;
    }
    let names = [
        "dsm.reach",
        "dsm.sign-in",
        "sso-client.enabled",
        "sso-client.scope",
    ];
    let of_interest = |name: &str| names.contains(&name) || name == "reverse-proxy";
    for finding in &report.findings {
        let is_cause = finding.result != Outcome::Ok && !finding.is_untested();
        if is_cause && of_interest(&finding.name) {
            complain(&format!("{}: {}", finding.name, finding.message));
        }
    }
    false
}

pub(super) fn as_json(rows: &[Compared]) -> String {
    json_line(&serde_json::json!(rows).to_string())
}

/// Returns the rows of DSM's values beside those under the heading `ours`.
pub(super) fn table(rows: &[Compared], ours: &str, reader: &Reader) -> String {
    let cells = rows.iter().map(|row| {
        let (word, tone) = if row.same {
            ("same", Tone::Good)
        } else {
            ("differs", Tone::Bad)
        };
        [
            Cell::new(&row.place),
            Cell::new(&row.field),
            Cell::toned(word, tone),
            Cell::optional(row.dsm.as_deref()),
            Cell::optional(row.ours.as_deref()),
        ]
    });
    reader.table(["PLACE", "FIELD", "", "DSM", ours], cells) + "\n"
}

fn advice(rows: &[Compared]) -> String {
    let differing = rows.iter().filter(|row| !row.same).count();
    if differing == 0 {
        return "DSM has the same values.\n".to_owned();
    }
    let differing = count(differing);
    format!(
        "{differing}. Let dsm-settings --apply write them, or correct them in {SSO_CLIENT}, \
         and in {REVERSE_PROXY}.\n"
    )
}

/// Returns how many values differ, without a full stop.
pub(super) fn count(differing: usize) -> String {
    match differing {
        1 => "1 differs".to_owned(),
        _ => format!("{differing} differ"),
    }
}

fn certificate_line(finding: &Finding) -> String {
    format!("Certificate: {}.\n", Cell::printable(&finding.message))
}
