//! The checks of DSM: whether it can be read, who can sign in, and whether its
//! own sign-in is set up for this service.

mod alone;
mod power;
mod proxy;
mod sso_client;
mod users;
mod words;

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Finding, GROUPS};
use crate::clients::dsm::{Call, DsmError, DsmSession, SettingsReading};
use crate::config::Config;
use domain::base::clock::UnixTime;
use domain::model::dsm_settings::{Needed, Row, client_of_dsm};
use words::{explained, local_time, shown, told, unread};

pub use alone::inspect_alone;
pub use power::PowerSeen;
pub use proxy::ProxyState;
pub use users::UsersSeen;
pub(crate) use words::quoted;

/// The time for the requests to DSM. The sign-out takes two seconds more.
pub const TIME_TO_READ: Duration = Duration::from_secs(20);

/// The time for everything, also if another task is waiting for DSM.
pub const TIME_IN_ALL: Duration = Duration::from_secs(25);

/// The ports of a DSM whose administrator has not changed them.
const USUAL_PORTS: [u16; 2] = [5000, 5001];

/// The results of all checks of DSM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DsmReport {
    /// One finding for each check.
    pub findings: Vec<Finding>,
    /// Whether DSM's reverse proxy has a rule for the public name.
    pub proxy: ProxyState,
    /// The version of DSM, if it was read.
    pub version: Option<String>,
    /// DSM's settings beside ours, as far as they were read.
    pub compared: Vec<Compared>,
}

/// A setting of DSM beside ours, as `dsm-settings --compare` prints it
/// (docs/reference/json.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// `sso-client` or `reverse-proxy`.
    pub place: String,
    /// The field of the dialog.
    pub field: String,
    /// The value of DSM; `None` if there is none, and for the secret.
    pub dsm: Option<String>,
    /// The value to enter; `None` for the secret.
    pub ours: Option<String>,
    /// Whether the value of DSM works as ours does.
    pub same: bool,
}

impl From<Row> for Compared {
    fn from(row: Row) -> Self {
        Self {
            place: row.field.place().to_owned(),
            field: row.field.name().to_owned(),
            dsm: row.dsm,
            ours: row.ours,
            same: row.same,
        }
    }
}

/// How far the reading of DSM came.
#[derive(Debug)]
pub enum Access {
    /// The users were read.
    Read,
    /// A request failed.
    Failed(DsmError),
    /// The user list was read and is not used, for this reason.
    Unusable(String),
    /// No request was sent.
    Paused {
        /// When the pause ends.
        until: UnixTime,
        /// What DSM refused, as the administrator reads it.
        reason: String,
    },
    /// DSM did not answer in time. Another task may have been waiting for it.
    NoAnswer,
}

/// What was found in one session at DSM, or without one.
#[derive(Debug)]
pub struct Inspection<'a> {
    /// The config in force.
    pub config: &'a Config,
    /// How far the reading came.
    pub access: Access,
    /// When the pause ends that the failure of this session began.
    pub paused_until: Option<UnixTime>,
    /// The ports of this machine that accept connections, if DSM does not.
    pub open_ports: Vec<u16>,
    /// The users, if they were read.
    pub users: Option<UsersSeen>,
    /// The power schedule.
    pub power: PowerSeen,
    /// The settings of DSM; `None` if they were not requested.
    pub settings: Option<SettingsReading>,
    /// The NAS's time zone.
    pub zone: &'a TimeZone,
    /// The time of the inspection.
    pub now: UnixTime,
}

/// Reads the settings of DSM after the users, in the same session; returns
/// `None` if DSM would refuse them, or does not answer.
pub async fn settings_after(
    session: &DsmSession<'_>,
    failure: Option<&DsmError>,
) -> Option<SettingsReading> {
    let is_hopeless = failure.is_some_and(|error| match error {
        DsmError::Refused { .. }
        | DsmError::Unreachable { .. }
        | DsmError::Timeout { .. }
        | DsmError::TooSlow { .. } => true,
        DsmError::PasswordFile { .. }
        | DsmError::DeviceTokenFile(_)
        | DsmError::Certificate { .. }
        | DsmError::TooLarge { .. }
        | DsmError::Redirect { .. }
        | DsmError::OtherScheme { .. }
        | DsmError::Impossible { .. }
        | DsmError::Status { .. }
        | DsmError::WebPage { .. }
        | DsmError::NotJson { .. }
        | DsmError::Misshapen { .. }
        | DsmError::Abandoned { .. }
        | DsmError::NoSchedule { .. }
        | DsmError::List(_) => false,
    });
    if is_hopeless || !session.is_open() {
        return None;
    }
    // Its six requests at once would be large inside each refresh.
    Some(Box::pin(session.read_settings()).await)
}

/// Returns which of DSM's usual ports accept a connection on this machine, if
/// `error` says that `dsm.url` does not.
pub async fn open_ports(error: &DsmError) -> Vec<u16> {
    if !matches!(error, DsmError::Unreachable { .. }) {
        return Vec::new();
    }
    open_ports_of(&USUAL_PORTS).await
}

async fn open_ports_of(ports: &[u16]) -> Vec<u16> {
    let mut open = Vec::new();
    for port in ports {
        let connecting = TcpStream::connect(("127.0.0.1", *port));
        let connected = timeout(Duration::from_secs(1), connecting).await;
        open.extend(matches!(connected, Ok(Ok(_))).then_some(*port));
    }
    open
}

/// Returns the findings if nothing about DSM is known, for this reason.
pub(super) fn not_tested(why: &str) -> Vec<Finding> {
    let groups = GROUPS.iter().flat_map(|(_, names)| names.iter());
    let of_dsm = ["dsm.", "sso-client.", "reverse-proxy"];
    let names = groups.filter(|name| of_dsm.iter().any(|of_dsm| name.starts_with(of_dsm)));
    names.map(|name| Finding::not_tested(*name, why)).collect()
}

impl Inspection<'_> {
    /// Returns the findings.
    pub fn report(&self) -> DsmReport {
        let needed = self.needed();
        let (proxy_finding, proxy) = self.proxy(needed.as_ref());
        let mut findings = vec![self.reach(), self.sign_in(), self.users(), self.power()];
        findings.extend(self.sso_client(needed.as_ref()));
        findings.push(proxy_finding);
        let settings = self.settings.as_ref();
        let version = settings.and_then(|read| read.version.as_deref().ok());
        DsmReport {
            findings,
            proxy,
            version: version.map(shown),
            compared: self.compared(needed.as_ref()),
        }
    }

    fn compared(&self, needed: Option<&Needed<'_>>) -> Vec<Compared> {
        let (Some(needed), Some(settings)) = (needed, &self.settings) else {
            return Vec::new();
        };
        let profile = settings.profile.iter();
        let client = settings.client.iter();
        let proxy = settings.proxy.iter();
        let rows = profile
            .flat_map(|profile| needed.compare_profile(profile))
            .chain(client.flat_map(|client| needed.compare_client(client)))
            .chain(proxy.flat_map(|rules| needed.compare_proxy(rules)));
        rows.map(Compared::from).collect()
    }

    fn needed(&self) -> Option<Needed<'_>> {
        let config = self.config;
        let stored = self
            .settings
            .as_ref()
            .and_then(|read| read.client.as_ref().ok());
        let stored = stored.map(|client| client.application_id.as_str());
        client_of_dsm(&config.clients, stored).map(|client| config.needed_by_dsm(client))
    }

    fn reach(&self) -> Finding {
        let name = "dsm.reach";
        let url = &self.config.dsm.url;
        match &self.access {
            Access::NoAnswer => Finding::fail(
                name,
                format!(
                    "DSM at {url} has not answered for {} s: it may be starting or busy; try again \
                     in a few minutes",
                    TIME_IN_ALL.as_secs()
                ),
            ),
            Access::Paused { .. } => Finding::not_tested(name, PAUSED),
            Access::Failed(error) if is_about_a_file(error) => {
                Finding::not_tested(name, "no request was sent")
            }
            Access::Failed(error) if is_unreached(error) => {
                Finding::fail(name, told(error) + &self.other_ports())
            }
            Access::Failed(_) | Access::Unusable(_) | Access::Read => self.reached(),
        }
    }

    fn reached(&self) -> Finding {
        let name = "dsm.reach";
        let url = &self.config.dsm.url;
        let Some(settings) = &self.settings else {
            return Finding::ok(name, format!("DSM answers at {url}"));
        };
        let (version, web) = match (&settings.version, &settings.web) {
            (Ok(version), Ok(web)) => (shown(version), web),
            (Err(error), _) | (_, Err(error)) => {
                let message = format!("DSM answers at {url}, but {}", unread(error));
                return Finding::warn(name, message);
            }
        };
        Finding::ok(
            name,
            format!(
                "{version} answers at {url}; its ports are {} for http and {} for https",
                web.http_port, web.https_port
            ),
        )
    }

    fn other_ports(&self) -> String {
        let ports: Vec<String> = self.open_ports.iter().map(u16::to_string).collect();
        if ports.is_empty() {
            return format!(
                "; ports {} and {} of this machine do not answer either",
                USUAL_PORTS[0], USUAL_PORTS[1]
            );
        }
        format!(
            "; on this machine, port {} answers, so correct dsm.url",
            ports.join(" and port ")
        )
    }

    fn sign_in(&self) -> Finding {
        let name = "dsm.sign-in";
        let account = shown(&self.config.dsm.account);
        match &self.access {
            Access::NoAnswer => Finding::not_tested(name, UNREACHED),
            Access::Paused { until, reason } => Finding::fail(
                name,
                format!(
                    "sign-ins to DSM are paused until {}, and no request was sent, because DSM \
                     refused the last one: {}",
                    local_time(*until, self.zone),
                    explained(reason)
                ),
            ),
            Access::Failed(error) if is_unreached(error) => Finding::not_tested(name, UNREACHED),
            Access::Failed(error) if is_about_a_file(error) || is_about_rights(error) => {
                let pause = self.paused_until.map_or_else(String::new, |until| {
                    let until = local_time(until, self.zone);
                    format!("; sign-ins to DSM are paused until {until}")
                });
                Finding::fail(name, told(error) + &pause)
            }
            Access::Failed(_) | Access::Unusable(_) | Access::Read => Finding::ok(
                name,
                format!("signed in as {account}, an administrator of DSM"),
            ),
        }
    }

    /// Returns why DSM was not read further; `None` if it was.
    fn obstacle(&self) -> Option<&'static str> {
        match &self.access {
            Access::Read | Access::Unusable(_) => None,
            Access::Paused { .. } => Some(PAUSED),
            Access::NoAnswer => Some(UNREACHED),
            Access::Failed(error) if is_unreached(error) => Some(UNREACHED),
            Access::Failed(error) if is_about_a_file(error) => Some("no request was sent"),
            Access::Failed(error) if is_about_rights(error) => {
                Some("DSM refused the sign-in, or the account is not an administrator")
            }
            Access::Failed(_) => Some("DSM did not list its users"),
        }
    }
}

const PAUSED: &str = "sign-ins to DSM are paused";
const UNREACHED: &str = "DSM cannot be reached";

/// Whether DSM was not reached at all: only the first request of a session says
/// so.
fn is_unreached(error: &DsmError) -> bool {
    error.call() == Some(Call::SignIn) && error.code().is_none()
}

fn is_about_a_file(error: &DsmError) -> bool {
    matches!(
        error,
        DsmError::PasswordFile { .. } | DsmError::DeviceTokenFile(_)
    )
}

/// Whether DSM refused the sign-in, or denies the list to the account.
fn is_about_rights(error: &DsmError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    error.call() == Some(Call::SignIn) || code.is_about_rights()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_ports_that_accept_a_connection_are_named() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap().port();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        assert_eq!(open_ports_of(&[port, open]).await, [open]);
    }
}
