//! nginx with TLS in front of the daemon and of the NAS, as on a NAS: one port,
//! two names.

use std::fs;
use std::path::Path;
use std::process::Command;

pub(crate) use fakes::nginx::{filled, write_public};

use super::process::{Process, tool};

/// The ports of all servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// nginx itself.
    pub(crate) https: u16,
    /// The server of nas.localhost.
    pub(crate) nas: u16,
    /// The server of login.localhost, and of any other name.
    pub(crate) provider: u16,
}

/// Starts nginx with its certificate and its `requests.log` in `directory`. The
/// servers behind it may start later.
pub(crate) fn start(ports: Ports, directory: &Path) -> Process {
    let values = [
        ("https", ports.https.to_string()),
        ("nas", ports.nas.to_string()),
        ("provider", ports.provider.to_string()),
    ];
    let config = filled(include_str!("nginx.conf"), &values);
    write_public(&directory.join("nginx.conf"), &config);
    write_certificate(directory);
    fs::create_dir(directory.join("tmp")).unwrap();
    Process::start(
        Command::new(tool("nginx"))
            .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
            .arg(directory),
        ports.https,
        directory,
    )
}

fn write_certificate(directory: &Path) {
    let names = ["login.localhost", "nas.localhost", "localhost"];
    let made = rcgen::generate_simple_self_signed(names.map(str::to_owned)).unwrap();
    write_public(&directory.join("certificate.pem"), &made.cert.pem());
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}
