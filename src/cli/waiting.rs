//! `status` of a daemon that waits for a valid config. The daemon has no
//! control socket then, so this finds its process and reads its page.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use arguments::WAITING_ADDRESS;
use nix::unistd::Uid;

use super::control_client::Form;
use super::{check, json_line};
use crate::config::{Config, directory_of};
use crate::doctor::of_invalid_config;
use crate::http::SETUP_MODE_MARK;

/// The time-out for reading the page.
const PATIENCE: Duration = Duration::from_secs(5);

/// The page has 2 kB.
const MAX_PAGE_BYTES: u64 = 64 << 10;

/// Returns what `status` prints if a daemon waits for the config in `path`.
pub(super) fn report(path: &Path, form: Form) -> Option<String> {
    let address = processes().find_map(|arguments| waits_at(&arguments, path))?;
    if !page(address)?.contains(SETUP_MODE_MARK) {
        return None;
    }
    let findings = match Config::load(path) {
        Ok(_) => Vec::new(),
        Err(error) => of_invalid_config(&error),
    };
    Some(match form {
        Form::Json => {
            let report = serde_json::json!({"waiting": true, "problems": findings});
            json_line(&report.to_string())
        }
        Form::Table => format!(
            "google-to-synology-sso is running and waiting for a valid config in {}. Sign-ins are \
             not possible until then. It starts by itself when the config is valid.\n\n{}",
            path.display(),
            check::as_lines(&findings)
        ),
    })
}

/// Returns the arguments of each process of this user.
fn processes() -> impl Iterator<Item = Vec<String>> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let process = entry.path();
        // The directory itself belongs to root, because the daemon has no core
        // dumps.
        let status = fs::read_to_string(process.join("status")).ok()?;
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        let uid: u32 = uid.split_whitespace().next()?.parse().ok()?;
        if uid != Uid::effective().as_raw() {
            return None;
        }
        let arguments = fs::read(process.join("cmdline")).ok()?;
        let arguments = arguments.split(|byte| *byte == 0);
        Some(
            arguments
                .map(|argument| String::from_utf8_lossy(argument).into_owned())
                .collect(),
        )
    })
}

/// Returns the address of the page of a process with these arguments, if it
/// waits for the config in `path`. A process that has its path from the
/// environment, or a relative path, matches too.
fn waits_at(arguments: &[String], path: &Path) -> Option<SocketAddr> {
    if !arguments.iter().any(|argument| argument == "run") {
        return None;
    }
    let option = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--wait-for-config"))?;
    let config = arguments.iter().zip(arguments.iter().skip(1));
    let config = config.filter(|(name, _)| *name == "--config");
    let config = config.map(|(_, value)| value.as_str()).next().or_else(|| {
        let mut joined = arguments.iter();
        joined.find_map(|argument| argument.strip_prefix("--config="))
    });
    let another = config.is_some_and(|config| !is_same(Path::new(config), path));
    if another {
        return None;
    }
    option
        .strip_prefix('=')
        .unwrap_or(WAITING_ADDRESS)
        .parse()
        .ok()
}

fn is_same(theirs: &Path, ours: &Path) -> bool {
    let directory = |path: &Path| fs::canonicalize(directory_of(path)).ok();
    theirs.is_relative()
        || (theirs.file_name() == ours.file_name() && directory(theirs) == directory(ours))
}

fn page(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut page = Vec::new();
    stream.take(MAX_PAGE_BYTES).read_to_end(&mut page).ok()?;
    Some(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_process_is_found_by_its_arguments() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        let ours = path.to_str().unwrap();
        let check = |arguments: &str, expected: Option<&str>| {
            let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
            let address = waits_at(&arguments, &path).map(|address| address.to_string());
            assert_eq!(address.as_deref(), expected, "{arguments:?}");
        };
        let waits = "run --wait-for-config";
        check(&format!("g --config {ours} {waits}"), Some(WAITING_ADDRESS));
        check(
            &format!("g {waits}=[::1]:80 --config={ours}"),
            Some("[::1]:80"),
        );
        check(&format!("g {waits}"), Some(WAITING_ADDRESS));
        check(
            &format!("g --config config.toml {waits}"),
            Some(WAITING_ADDRESS),
        );
        check(&format!("g --config /etc/config.toml {waits}"), None);
        check(&format!("g --config {ours} run"), None);
        check(&format!("g --config {ours} status"), None);
        check("", None);
    }
}
