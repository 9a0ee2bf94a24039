//! The package's life on a NAS: DSM's order of scripts, run as DSM's user, each
//! test in its own namespaces.

/// Hostile answers in the wizard.
mod answers;
/// What the wizards' fields accept, compared with setup.
mod fields;
/// Installation, with and without answers.
mod install;
/// The wizard's answers are enough for a sign-in.
mod sign_in;
/// Start, stop, crash and status.
mod supervision;
/// Full disks, taken ports, missing environment variables.
mod trouble;
/// Removal, with or without the data, and reinstallation.
mod uninstall;
/// Upgrades and downgrades.
mod upgrade;
/// From the package file to the first sign-in.
mod whole_path;

/// A simulated NAS with DSM.
mod nas;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use fakes::house::ANSWERS;
use fakes::wrong_answers::WIZARD;
use nas::Nas;
pub(crate) use nas::{Answers, NAME, USER};

use crate::built;
use crate::machine::on_a_machine;

/// The daemon's address, with or without a config.
const ADDRESS: &str = "127.0.0.1:5556";

/// The path of the installed program.
pub(crate) const PROGRAM: &str =
    "/var/packages/google-to-synology-sso/target/bin/google-to-synology-sso";

/// The files in `home` after a setup.
const FILES: [&str; 4] = [
    "config.toml",
    "dsm-password",
    "google-client-secret",
    "synology-client-secret",
];

/// Runs a test on a NAS with the unpacked package, which is not installed yet.
fn on_a_nas<S: FnOnce(&mut Nas, &Path)>(story: S) {
    on_a_machine::<S>(|disk| {
        let package = disk.join("package");
        built::unpack(&built::package(), &package);
        story(&mut Nas::on(disk), &package);
    });
}

/// The usual values of all variables, as a script gives them, with changes.
pub(crate) fn answers(changes: &[(&str, &str)]) -> Answers {
    let both = ANSWERS.iter().chain(changes);
    both.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The usual answers in the wizard's fields, with changes.
fn filled_in(changes: &[(&str, &str)]) -> Answers {
    let both = WIZARD.iter().chain(changes);
    both.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The default values of the fields.
fn untouched() -> Answers {
    let all = WIZARD.iter().map(|(key, _)| (*key, ""));
    let defaults = [
        ("wizard_dsm_account", "sso-reader"),
        ("wizard_apply_dsm", "false"),
    ];
    let fields = all.chain(defaults);
    fields
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A choice in the uninstall wizard.
fn choice(erase: bool) -> Answers {
    let keys = [("wizard_delete_data", erase), ("wizard_keep_data", !erase)];
    keys.map(|(key, value)| (key.to_owned(), value.to_string()))
        .into()
}

/// The daemon's response to a GET request, with the status line; `None` if the
/// connection is refused.
fn get(path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(ADDRESS).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Whether the daemon serves with a config.
pub(crate) fn serves() -> bool {
    let answer = get("/.well-known/openid-configuration").unwrap_or_default();
    answer.starts_with("HTTP/1.1 200")
}

/// Whether the daemon serves and waits for a config.
fn waits() -> bool {
    let answer = get("/.well-known/openid-configuration").unwrap_or_default();
    answer.starts_with("HTTP/1.1 503")
}

/// The published keys.
fn keys() -> String {
    let answer = get("/keys").unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Polls until `holds`, for at most two minutes: the machine may be busy.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("in vain: {what}");
}

/// The daemon's log.
fn log(nas: &Nas) -> String {
    let log = nas.file("var", "google-to-synology-sso.log");
    fs::read_to_string(log).unwrap_or_default()
}

/// The contents of all files in `home` that the setup wrote.
fn setup(nas: &Nas) -> Vec<String> {
    let texts = FILES.map(|name| fs::read_to_string(nas.file("home", name)).unwrap());
    texts.into()
}
