//! `dsm-settings --compare`: DSM's values beside ours.

use crate::cli::control_client::{self, Form};
use crate::cli::doctor::Socket;
use crate::cli::table::{Cell, Reader, Tone};
use crate::cli::{FAILED, complain, json_line, print_result};
use crate::config::Config;
use crate::doctor::dsm::{Compared, DsmReport};
use crate::doctor::{self, Outcome};
use crate::machine::clock::SystemClock;
use domain::base::clock::Clock;
use domain::model::dsm_settings::Field;

/// Compares DSM's settings with those of `config`; returns the exit code. Asks
/// the daemon, or DSM itself if no daemon runs.
pub(super) fn compare(config: &Config, json: bool) -> u8 {
    let report = match read(config) {
        Ok(report) => report,
        Err(error) => {
            complain(&format!("cannot compare the settings: {error}"));
            return FAILED;
        }
    };
    let is_complete = complain_of_gaps(&report);
    if report.compared.is_empty() {
        return FAILED;
    }
    let text = match Form::of(json) {
        Form::Json => json_line(&serde_json::json!(report.compared).to_string()),
        Form::Table => table(&report.compared, &control_client::reader()),
    };
    let is_same = report.compared.iter().all(|row| row.same);
    let code = if is_same && is_complete { 0 } else { FAILED };
    print_result(&text, code)
}

fn read(config: &Config) -> Result<DsmReport, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let now = SystemClock::new().now();
        doctor::inspect_dsm(config, &Socket::of(config).await, now).await
    })
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
        let is_cause = finding.result != Outcome::Ok && !finding.message.starts_with("not tested");
        if is_cause && of_interest(&finding.name) {
            complain(&format!("{}: {}", finding.name, finding.message));
        }
    }
    false
}

fn table(rows: &[Compared], reader: &Reader) -> String {
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
    let table = reader.table(["PLACE", "FIELD", "", "DSM", "OURS"], cells);
    let differing = rows.iter().filter(|row| !row.same).count();
    if differing == 0 {
        return format!("{table}\nDSM has the same values.\n");
    }
    format!(
        "{table}\n{differing} differ. Correct them in Control Panel > Domain/LDAP > SSO Client, and \
         in Control Panel > Login Portal > Advanced > Reverse Proxy.\n"
    )
}
