//! Tests everything that a sign-in needs, for real: this machine, the public
//! name, DSM, Google, and DSM's sign-in settings.
//!
//! Each fault has one finding that names it. A check that needs the part that
//! failed is "not tested"; all others are not affected.

pub mod dsm;
mod finding;
mod machine;

use tokio::sync::mpsc::UnboundedSender;

use crate::config::Config;
use crate::machine::clock::SystemClock;
use crate::machine::time_zone;
use domain::base::clock::Clock;

use dsm::DsmReport;
pub use finding::{Finding, Outcome};

/// The names of the checks, in the order of the output, by group.
pub const GROUPS: [(&str, &[&str]); 5] = [
    (
        "This machine",
        &[
            "config",
            "daemon",
            "machine.clock",
            "machine.disk",
            "machine.port",
        ],
    ),
    (
        "The public name",
        &[
            "public.dns",
            "public.reach",
            "public.tls",
            "public.daemon",
            "public.forwarded",
        ],
    ),
    (
        "DSM",
        &["dsm.reach", "dsm.sign-in", "dsm.users", "dsm.power"],
    ),
    ("Google", &["google.discovery", "google.client"]),
    (
        "DSM's sign-in settings",
        &[
            "sso-client.enabled",
            "sso-client.profile",
            "sso-client.account_type",
            "sso-client.well_known_url",
            "sso-client.authorization_endpoint",
            "sso-client.token_endpoint",
            "sso-client.application_id",
            "sso-client.application_secret",
            "sso-client.redirect_uri",
            "sso-client.scope",
            "sso-client.username_claim",
            "reverse-proxy",
        ],
    ),
];

/// Where a check sends its findings, as soon as it has them.
pub type Findings = UnboundedSender<Finding>;

/// What only a running daemon can do. The command asks by the control socket.
pub trait DaemonAccess: Sync {
    /// Returns why the daemon cannot be asked, if it does not run.
    fn absence(&self) -> Option<&str>;

    /// Returns what the daemon finds about DSM in the session of a refresh; or
    /// why it was not asked.
    fn inspect_dsm(&self) -> impl Future<Output = Result<DsmReport, String>> + Send;
}

/// Runs all checks but `config`, at the same time; sends each finding to
/// `findings` as soon as it is known.
pub async fn run(config: &Config, daemon: &impl DaemonAccess, findings: &Findings) {
    send(findings, daemon_finding(daemon));
    let machine = async { machine::check(config, findings) };
    let dsm = async {
        for finding in dsm_findings(config, daemon).await {
            send(findings, finding);
        }
    };
    tokio::join!(machine, dsm);
}

/// Without a daemon, asks DSM itself.
async fn dsm_findings(config: &Config, daemon: &impl DaemonAccess) -> Vec<Finding> {
    if daemon.absence().is_some() {
        let zone = time_zone::local().zone;
        let now = SystemClock::new().now();
        return dsm::inspect_alone(config, &zone, now).await.findings;
    }
    match daemon.inspect_dsm().await {
        Ok(report) => report.findings,
        Err(why) => dsm::not_tested(&why),
    }
}

fn daemon_finding(daemon: &impl DaemonAccess) -> Finding {
    match daemon.absence() {
        None => Finding::ok("daemon", "the daemon is running and answers"),
        Some(why) => Finding::fail(
            "daemon",
            format!("{why}; start the package in Package Center"),
        ),
    }
}

/// The receiver is gone once the time is over.
fn send(findings: &Findings, finding: Finding) {
    let _ = findings.send(finding);
}
