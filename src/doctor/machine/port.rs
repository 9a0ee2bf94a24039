//! `listen.address`: this daemon's, free, or of another program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use nix::unistd::{Uid, User};
use tokio::net::UnixStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::clients::http_client::{HttpClient, HttpClientError, Trust};
use crate::config::{Config, Listen};
use crate::doctor::proof::Proof;
use crate::doctor::{DaemonAccess, Finding};
use crate::machine::listeners::{Listener, Process};

const NAME: &str = "machine.port";

const RESTART: &str =
    "listen.address was changed after its start: restart the package in Package Center";

/// On this machine, the daemon answers at once.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The process that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doctor) enum PortOwner {
    NoneOrDaemon,
    Other,
}

/// Returns the finding, and whether another program has the port.
pub(in crate::doctor) async fn check(
    config: &Config,
    daemon: &dyn DaemonAccess,
) -> (Finding, PortOwner) {
    let address = config.listen.address;
    if daemon.absence().is_none() {
        let finding = of_the_daemon(config, daemon).await;
        return (finding, PortOwner::NoneOrDaemon);
    }
    if hangs(&config.control_socket).await {
        let finding = Finding::not_tested(NAME, "the daemon does not answer");
        return (finding, PortOwner::NoneOrDaemon);
    }
    match whose(address).await {
        None => {
            let finding = Finding::ok(NAME, format!("{address} is free"));
            (finding, PortOwner::NoneOrDaemon)
        }
        Some(whose) => {
            let finding = Finding::fail(
                NAME,
                format!(
                    "{address} (listen.address) is in use by {whose}: stop that program, or change \
                     listen.address and the destination of the reverse proxy"
                ),
            );
            (finding, PortOwner::Other)
        }
    }
}

/// Returns whether a daemon that does not answer accepts connections: then it
/// has the port.
async fn hangs(socket: &Path) -> bool {
    let connected = timeout(TIMEOUT, UnixStream::connect(socket)).await;
    connected.is_ok_and(|stream| stream.is_ok())
}

async fn of_the_daemon(config: &Config, daemon: &dyn DaemonAccess) -> Finding {
    let address = config.listen.address;
    // A certificate names the host of the issuer, not this address.
    let http = HttpClient::new(Trust::DangerousAnyCertificate, TIMEOUT);
    let base = format!("{}{}", origin(&config.listen), config.issuer.path());
    let proof = Proof::of(&http, &base, daemon).await;
    match proof.seen {
        Ok(Some(_)) => return Finding::ok(NAME, format!("the daemon listens on {address}")),
        Ok(None) => {}
        Err(why) => return Finding::not_tested(NAME, &why),
    }
    let message = match (whose(address).await, proof.answer) {
        (_, Err(HttpClientError::Timeout(_))) => {
            format!(
                "the daemon does not answer on {address}: restart the package in Package Center"
            )
        }
        (None, _) => format!("the daemon does not listen on {address}, because {RESTART}"),
        (Some(whose), _) => format!(
            "{address} is in use by {whose}, not by the daemon that runs. Stop that program; or, \
             if {RESTART}"
        ),
    };
    Finding::fail(NAME, message)
}

/// Returns the URL of the listener, without a path.
pub(in crate::doctor) fn origin(listen: &Listen) -> String {
    let scheme = if listen.tls().is_some() {
        "https"
    } else {
        "http"
    };
    let ip = match listen.address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    format!("{scheme}://{}", SocketAddr::new(ip, listen.address.port()))
}

async fn whose(address: SocketAddr) -> Option<String> {
    let look = move || Some((Listener::on(address)?, Listener::on(address)?.process()));
    let (listener, process) = spawn_blocking(look).await.ok()??;
    let uid = listener.uid;
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let user = user.map_or_else(String::new, |user| format!(" ({})", user.name));
    Some(match process {
        Some(Process { pid, name }) => format!("{name} (process {pid}) of uid {uid}{user}"),
        None => format!("a program of uid {uid}{user}"),
    })
}
