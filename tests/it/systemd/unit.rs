//! The shipped unit: checked by systemd, and all that it names exists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fakes::house::{House, JEANNE, write_secret};

use super::manager::Manager;
use crate::support::process::{Process, tool};

const NAME: &str = "google-to-synology-sso.service";
const INSTALLED: &str = "/usr/local/bin/google-to-synology-sso";

/// The limit of the exposure level; systemd calls anything below 2 safe.
const EXPOSURE: f32 = 1.5;

fn unit() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("packaging/systemd").join(NAME)
}

/// The values of `key`, in order.
fn values(unit: &str, key: &str) -> Vec<String> {
    let is_key = |line: &str| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned());
    unit.lines().filter_map(is_key).collect()
}

fn analyze(arguments: &[&str], unit: &Path) -> Output {
    let mut command = Command::new(tool("systemd-analyze"));
    command.args(arguments).arg(unit).env("LC_ALL", "C");
    command.output().unwrap()
}

#[test]
fn systemd_finds_little_that_it_exposes() {
    let output = analyze(&["security", "--offline=true", "--no-pager"], &unit());
    let report = String::from_utf8_lossy(&output.stdout);
    let overall = report.split("Overall exposure level for ").nth(1).unwrap();
    let level = overall.split(' ').nth(1).unwrap();
    assert!(level.parse::<f32>().unwrap() <= EXPOSURE, "{report}");
}

#[test]
fn systemd_understands_every_line() {
    // It also checks that the program exists.
    let home = tempfile::tempdir().unwrap();
    let installed = home.path().join(NAME);
    let text = fs::read_to_string(unit()).unwrap();
    let built = env!("CARGO_BIN_EXE_google-to-synology-sso");
    fs::write(&installed, text.replace(INSTALLED, built)).unwrap();

    let output = analyze(&["verify", "--man=no"], &installed);

    let complaints = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = complaints.lines().filter(|it| it.contains(NAME)).collect();
    assert!(ours.is_empty(), "{complaints}");
    assert!(output.status.success(), "{complaints}");
}

#[test]
fn its_memory_and_files_are_private() {
    let unit = fs::read_to_string(unit()).unwrap();
    assert_eq!(values(&unit, "LimitCORE"), ["0"]);
    assert_eq!(values(&unit, "UMask"), ["0077"]);
    assert_eq!(values(&unit, "StateDirectoryMode"), ["0700"]);
    // A bad config is not retried; a failure is.
    assert_eq!(values(&unit, "RestartPreventExitStatus"), ["2 78"]);
    assert_eq!(values(&unit, "Restart"), ["on-failure"]);
}

/// Runs the lines of the unit as systemd does, with other paths.
#[tokio::test]
async fn the_start_and_reload_commands_of_the_unit_work() {
    let house = super::house().await;
    house.write_config();
    let systemd = Manager::of(&house);
    let mut start = command("ExecStart", &house);
    start.env("NOTIFY_SOCKET", house.home.path().join("notify.sock"));
    let home = house.home.path();
    let _process = Process::start(&mut start, house.address.port(), home);
    systemd.hears("STATUS=6 users", 1).await;
    house.sign_in(JEANNE, "").await;

    let reloaded = output_of(command("ExecReload", &house)).await;

    assert!(reloaded.status.success(), "{reloaded:?}");
    systemd.hears("RELOADING=1", 1).await;
    systemd.hears("READY=1", 2).await;
    write_secret(&home.join("config.toml"), "issuer = 5");
    let refused = output_of(command("ExecReload", &house)).await;
    assert_eq!(refused.status.code(), Some(78), "{refused:?}");
    house.sign_in(JEANNE, "").await;
}

/// Runs the command while the fakes serve on this thread.
async fn output_of(mut command: Command) -> Output {
    let ended = tokio::task::spawn_blocking(move || command.output());
    ended.await.unwrap().unwrap()
}

/// The command of `key` with the unit's environment, and the home of `house` as
/// its directory.
fn command(key: &str, house: &House) -> Command {
    let unit = fs::read_to_string(unit()).unwrap();
    let line = values(&unit, key).remove(0);
    let arguments = line.strip_prefix(INSTALLED).unwrap().split_whitespace();
    let mut command = Command::new(env!("CARGO_BIN_EXE_google-to-synology-sso"));
    command.args(arguments);
    let directory = format!("%S/{}", values(&unit, "StateDirectory").remove(0));
    let home = house.home.path().to_str().unwrap();
    for setting in values(&unit, "Environment") {
        let (name, value) = setting.split_once('=').unwrap();
        command.env(name, value.replace(&directory, home));
    }
    command
}
