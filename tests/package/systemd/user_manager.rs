//! The package's unit in a user manager.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::container::{Container, Disk};
use super::{in_a_container, signs_in};
use crate::lifecycle::{NAME, PROGRAM, USER, serves, until};
use crate::machine::run;
use crate::neighbours::entered;

const UNIT: &str = "pkguser-google-to-synology-sso.service";
const PLACE: &str = "/var/packages/google-to-synology-sso";

#[test]
fn a_user_manager_runs_the_unit_of_the_package() {
    in_a_container(|disk, package, house| {
        install(disk, package);
        let container = Container::boot(disk);
        container.run(&format!("systemctl start user@{USER}.service"));
        let user = User(&container);
        let answers = entered(house);
        let answers = answers
            .iter()
            .map(|(key, value)| format!("{key}='{value}'"));
        let answers = answers.collect::<Vec<_>>().join(" ");
        let set_up = format!("env {answers} {PROGRAM} --config {PLACE}/home/config.toml setup");
        let set_up = user.output(&format!("{set_up} --from-env"));
        assert!(set_up.status.success(), "{set_up:?}");

        assert_eq!(user.controls("status"), 3);
        assert_eq!(user.controls("start"), 0);
        until("it serves", serves);
        assert_eq!(user.controls("status"), 0);
        assert_eq!(user.asks("get-active-status"), "active");
        signs_in(house);

        let crashed = user.asks("main-pid");
        container.run(&format!("kill -s KILL {crashed}"));
        // DSM may ask for the status at any time, and stops a package that is
        // not running.
        assert_eq!(user.controls("status"), 0);
        until("another one serves", || {
            serves() && user.asks("main-pid") != crashed
        });
        assert_eq!(user.controls("status"), 0);
        signs_in(house);

        assert_eq!(user.controls("stop"), 0);
        assert_eq!(user.controls("status"), 3);
        assert_eq!(user.asks("get-active-status"), "inactive");
        assert!(!serves());
        assert_eq!(user.controls("start"), 0);
        until("it serves again", serves);
        container.power_off();
        assert!(!serves());
    });
}

/// The package's user.
struct User<'c>(&'c Container<'c>);

impl User<'_> {
    fn output(&self, command: &str) -> Output {
        let setpriv = format!("setpriv --reuid={USER} --regid={USER} --clear-groups --");
        self.0.output(&format!("{setpriv} {command}"))
    }

    /// Returns the exit code of `start-stop-status`.
    fn controls(&self, verb: &str) -> i32 {
        let script = format!("{PLACE}/scripts/start-stop-status {verb}");
        self.output(&script).status.code().unwrap()
    }

    /// Returns a property of the unit from the user manager.
    fn asks(&self, verb: &str) -> String {
        let asked = self.output(&format!("/usr/syno/bin/synosystemctl {verb} {UNIT}"));
        String::from_utf8(asked.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }
}

/// Writes the files of Package Center and its workers, and starts a user
/// manager that can be reached as DSM's synosystemctl does.
fn install(disk: &Disk, package: &Path) {
    let place = disk.at(PLACE);
    let units = place.join("home/.config/systemd/user");
    for directory in [&units, &place.join("var")] {
        fs::create_dir_all(directory).unwrap();
    }
    for part in ["scripts", "conf", "target"] {
        run(Command::new("cp")
            .arg("-a")
            .args([package.join(part), place.join(part)]));
    }
    fs::copy(place.join("conf/systemd").join(UNIT), units.join(UNIT)).unwrap();
    let user = USER.to_string();
    let home = format!("{PLACE}/home");
    run(&mut disk.before_boot(&[
        "useradd",
        "--uid",
        &user,
        "--no-create-home",
        "--home-dir",
        &home,
        "--shell",
        "/bin/false",
        NAME,
    ]));
    for part in ["home", "var", "target"] {
        let part = format!("{PLACE}/{part}");
        run(&mut disk.before_boot(&["chown", "-R", NAME, &part]));
    }
    run(&mut disk.before_boot(&["chmod", "700", &home]));
    disk.write("/usr/syno/bin/synosystemctl", include_str!("synosystemctl"));
    run(&mut disk.before_boot(&["chmod", "755", "/usr/syno/bin/synosystemctl"]));
    // On Debian, this comes from libpam-systemd, which may not be installed.
    disk.write(
        "/etc/systemd/system/user@.service.d/runtime.conf",
        "[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n",
    );
}
