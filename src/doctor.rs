//! Tests everything that a sign-in needs, for real: this machine, the public
//! name, DSM, Google, and DSM's sign-in settings.
//!
//! Each fault has one finding that names it. A check that needs the part that
//! failed is "not tested"; all others are not affected.

mod config_file;
pub mod dsm;
mod finding;
mod google;
mod machine;
mod proof;
mod public;

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::app::Sighting;
use crate::config::Config;
use crate::machine::clock::SystemClock;
use crate::machine::time_zone;
use domain::base::clock::{Clock, UnixTime};

pub use config_file::{
    CONFIG, as_line_of_config, of_invalid_config, of_valid_config, why_unreadable,
};
use dsm::DsmReport;
pub use finding::{Finding, Outcome};
use machine::PortOwner;
pub use machine::is_read_only;
use public::PublicName;

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

/// An answer of the daemon, or why there is none. Boxed, so that the checks
/// exist once in the program, for the command and for the daemon.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// What only a running daemon can do. The command asks by the control socket.
pub trait DaemonAccess: Sync {
    /// Returns why the daemon cannot be asked, if it does not run.
    fn absence(&self) -> Option<&str>;

    /// Returns what the daemon finds about DSM in the session of a refresh; or
    /// why it was not asked.
    fn inspect_dsm(&self) -> Answer<'_, DsmReport>;

    /// Creates a nonce for a request to `/healthz`.
    fn nonce(&self) -> Answer<'_, String>;

    /// Returns the request to `/healthz` that had `nonce`.
    fn seen(&self, nonce: String) -> Answer<'_, Option<Sighting>>;
}

/// Runs all checks but `config`, at the same time; sends each finding to
/// `findings` as soon as it is known.
pub async fn run(config: &Config, daemon: &dyn DaemonAccess, findings: &Findings) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let port = async {
        let (port, owner) = machine::port(config, daemon).await;
        send(findings, daemon_finding(daemon, owner));
        send(findings, port);
    };
    let disk = async { send(findings, machine::disk(config, daemon, &*clock)) };
    let (tell, told) = oneshot::channel();
    let public = async {
        let name = public::check(config, daemon, &*clock, findings).await;
        // The receiver waits for it.
        let _ = tell.send(name);
    };
    let dsm = async {
        let report = inspect_dsm(config, daemon, clock.now()).await;
        for finding in with_public_name(report, told.await.ok()) {
            send(findings, finding);
        }
    };
    let google = google::check(config, &clock, findings);
    tokio::join!(
        port,
        disk,
        Box::pin(public),
        Box::pin(dsm),
        Box::pin(google)
    );
}

/// Returns `findings` in the order of [`GROUPS`], and for each check that has
/// none, that it was not tested, and `why`.
pub fn in_order(findings: &[Finding], why: &str) -> Vec<Finding> {
    let mut ordered = Vec::new();
    for name in GROUPS.iter().flat_map(|(_, names)| *names) {
        let of_check = findings.iter().filter(|finding| finding.name == *name);
        let before = ordered.len();
        ordered.extend(of_check.cloned());
        if ordered.len() == before {
            ordered.push(Finding::not_tested(*name, why));
        }
    }
    ordered
}

/// Returns what is found about the certificate that browsers get for the public
/// name.
pub async fn inspect_certificate(config: &Config, clock: &dyn Clock) -> Finding {
    public::certificate(config, clock).await
}

/// Returns what is found about DSM, or why the daemon was not asked. Without a
/// daemon, asks DSM itself.
pub async fn inspect_dsm(
    config: &Config,
    daemon: &dyn DaemonAccess,
    now: UnixTime,
) -> Result<DsmReport, String> {
    if daemon.absence().is_some() {
        let zone = time_zone::local().zone;
        return Ok(dsm::inspect_alone(config, &zone, now).await);
    }
    daemon.inspect_dsm().await
}

/// Whether DSM's reverse proxy is wrong depends on whether the public name
/// leads to this daemon.
fn with_public_name(report: Result<DsmReport, String>, name: Option<PublicName>) -> Vec<Finding> {
    let report = match report {
        Ok(report) => report,
        Err(why) => return dsm::not_tested(&why),
    };
    let report = match name {
        Some(PublicName::LeadsHere) => report.with_reached_public_name(),
        Some(PublicName::Failed) => report.with_failed_public_name(),
        Some(PublicName::NotTested) | None => report,
    };
    report.findings
}

fn daemon_finding(daemon: &dyn DaemonAccess, owner: PortOwner) -> Finding {
    match (daemon.absence(), owner) {
        (None, _) => Finding::ok("daemon", "the daemon is running and answers"),
        (Some(why), PortOwner::Other) => Finding::fail(
            "daemon",
            format!("{why}: another program has its port (machine.port)"),
        ),
        (Some(why), PortOwner::NoneOrDaemon) => Finding::fail(
            "daemon",
            format!(
                "{why}; start the package in Package Center, or stop and start it if it is running"
            ),
        ),
    }
}

/// The receiver is gone once the time is over.
fn send(findings: &Findings, finding: Finding) {
    let _ = findings.send(finding);
}
