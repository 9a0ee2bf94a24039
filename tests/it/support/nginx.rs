//! nginx with TLS in front of the daemon and of the NAS, as on a NAS: one port,
//! two names.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

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

/// `template` with each `{{name}}` replaced by its value.
pub(crate) fn filled(template: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
}

/// Servers started by root read their files as another user.
pub(crate) fn write_public(path: &Path, text: &str) {
    let directory = path.parent().unwrap();
    fs::create_dir_all(directory).unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

fn write_certificate(directory: &Path) {
    let names = ["login.localhost", "nas.localhost", "localhost"];
    let made = rcgen::generate_simple_self_signed(names.map(str::to_owned)).unwrap();
    write_public(&directory.join("certificate.pem"), &made.cert.pem());
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}
