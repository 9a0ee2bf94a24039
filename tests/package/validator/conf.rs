//! The package's account, its resources on the NAS, and its unit.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::package::Package;

const UNIT: &str = "conf/systemd/pkguser-google-to-synology-sso.service";
const TARGET: &str = "/var/packages/google-to-synology-sso/target/";

/// The directives that systemd 219 knows. It ignores newer ones, although a
/// reader of the unit would rely on them.
const DIRECTIVES: [&str; 13] = [
    "Description",
    "Type",
    "Slice",
    "ExecStart",
    "Restart",
    "RestartSec",
    "RestartPreventExitStatus",
    "StartLimitInterval",
    "TimeoutStopSec",
    "UMask",
    "LimitCORE",
    "NoNewPrivileges",
    "Environment",
];

/// Settings that must not change.
const SETTINGS: [(&str, &str); 7] = [
    ("Type", "simple"),
    ("Restart", "always"),
    // A temporary failure, which is 1, must not keep the daemon stopped.
    ("RestartPreventExitStatus", "78 2"),
    // DSM asks for the status, and stops a package that is not running.
    ("RestartSec", "1"),
    ("StartLimitInterval", "0"),
    ("UMask", "0077"),
    ("LimitCORE", "0"),
];

/// Compared as a whole: DSM rejects any other account in a third-party package,
/// and the account name must not change later.
pub(crate) fn has_its_own_account(package: &Package) -> Result<()> {
    let privilege = package.member("conf/privilege")?.json()?;
    let expected = json!({
        "defaults": { "run-as": "package" },
        "username": "google-to-synology-sso",
        "groupname": "google-to-synology-sso",
    });
    ensure!(privilege == expected, "it is {privilege}");
    Ok(())
}

/// A worker that fails prevents the package from starting.
pub(crate) fn asks_for_what_is_there(package: &Package) -> Result<()> {
    let resource = package.member("conf/resource")?.json()?;
    let workers = resource.as_object().context("it is no object")?;
    let known = ["systemd-user-unit", "usr-local-linker"];
    let unknown = workers.keys().find(|it| !known.contains(&it.as_str()));
    ensure!(unknown.is_none(), "{unknown:?} is not needed");
    let has_unit = package.members.iter().any(|it| it.name == UNIT);
    ensure!(has_unit && workers.contains_key(known[0]), "no unit");
    let links = resource[known[1]]["bin"].as_array();
    for link in links.context("no command is linked")? {
        let path = link.as_str().context("a link is no text")?;
        ensure!(package.payload(path)?.mode == 0o755, "{path} does not run");
    }
    Ok(())
}

pub(crate) fn has_a_unit_for_dsm(package: &Package) -> Result<()> {
    let unit = package.member(UNIT)?.text()?;
    let is_setting = |line: &&str| !line.is_empty() && !line.starts_with(['#', '[']);
    for line in unit.lines().filter(is_setting) {
        let (key, _) = line
            .split_once('=')
            .with_context(|| format!("line {line}"))?;
        ensure!(DIRECTIVES.contains(&key), "systemd 219 has no {key}");
    }
    for (key, value) in SETTINGS {
        let line = format!("{key}={value}");
        ensure!(unit.lines().any(|it| it == line), "no {line}");
    }
    let mut sections = unit.lines().filter(|it| it.starts_with('['));
    ensure!(
        sections.all(|it| ["[Unit]", "[Service]"].contains(&it)),
        "a section"
    );

    let command = unit.lines().find_map(|it| it.strip_prefix("ExecStart="));
    let command = command.context("it starts nothing")?;
    let mut words = command.split(' ');
    let program = words.next().and_then(|it| it.strip_prefix(TARGET));
    let program = program.context("it starts what is not the package's")?;
    ensure!(
        package.payload(program)?.mode == 0o755,
        "{program} does not run"
    );
    let waits = command.ends_with(" run --wait-for-config");
    ensure!(waits, "it does not wait for a config");
    Ok(())
}

/// Uses a newer systemd than DSM's; both parse every line in the same way.
pub(crate) fn has_a_unit_that_systemd_understands(package: &Package) -> Result<()> {
    let room = tempfile::tempdir()?;
    let target = room.path().join("target/");
    // systemd checks that the program exists.
    let program = target.join("bin/google-to-synology-sso");
    fs::create_dir_all(target.join("bin"))?;
    fs::write(&program, "")?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    let unit = package.member(UNIT)?.text()?;
    let unit = unit.replace(TARGET, target.to_str().context("a path")?);
    let path = room.path().join("pkguser-google-to-synology-sso.service");
    fs::write(&path, unit)?;

    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--user", "--man=no"]).arg(&path);
    verify
        .env("LC_ALL", "C")
        .env("XDG_RUNTIME_DIR", room.path());
    let done = verify.output().context("run tests/prepare")?;
    let said = String::from_utf8_lossy(&done.stderr);
    let ours = said.lines().find(|it| it.contains("pkguser-google"));
    ensure!(done.status.success() && ours.is_none(), "{said}");
    Ok(())
}
