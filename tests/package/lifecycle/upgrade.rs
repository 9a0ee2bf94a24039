//! Upgrades and downgrades of the package.

use std::fs;
use std::path::Path;

use super::nas::{USER, files};
use super::{answers, choice, log, on_a_nas, serves, setup, until};
use crate::built::root;

/// A package of another version, with another command line in its unit.
fn next_version(package: &Path) {
    let unit = package.join("conf/systemd/pkguser-google-to-synology-sso.service");
    let text = fs::read_to_string(&unit).unwrap();
    fs::write(unit, text.replace("RestartSec=1", "RestartSec=2")).unwrap();
    let info = package.join("INFO");
    let text = fs::read_to_string(&info).unwrap();
    fs::write(info, text.replace("version=\"0.1.0", "version=\"0.2.0")).unwrap();
}

#[test]
fn config_state_and_keys_are_what_they_were() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        let config = nas.file("home", "config.toml");
        let edited =
            fs::read_to_string(&config).unwrap() + "\n# by hand\n[users]\ndeny = [\"lea\"]\n";
        fs::write(&config, edited).unwrap();
        let before = (setup(nas), super::keys());
        next_version(package);

        for broken in [false, true] {
            if broken {
                nas.stop();
                nas.break_units(broken);
                nas.start();
                until("it serves", serves);
            }
            let ran = nas.upgrade(package);

            assert_eq!((ran.code, ran.dialog.as_str()), (0, ""), "{ran:?}");
            until("it serves", serves);
            assert_eq!(nas.daemons().len(), 1);
            assert_eq!((setup(nas), super::keys()), before);
        }
        let units = nas.file("home", ".config/systemd/user");
        let [(unit, user, _)] = &files(&units)[..] else {
            panic!("one unit");
        };
        assert!(fs::read_to_string(unit).unwrap().contains("RestartSec=2"));
        assert_eq!(*user, USER);
    });
}

#[test]
fn a_stopped_package_stays_stopped_after_an_upgrade() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        nas.stop();

        assert_eq!(nas.upgrade(package).code, 0);

        assert_eq!(nas.status(), 3);
        assert!(nas.daemons().is_empty());
        nas.start();
        until("it serves", serves);
    });
}

#[test]
fn a_wizards_left_over_answer_erases_nothing() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        let before = setup(nas);
        nas.with = vec![
            ("wizard_delete_data", "true"),
            ("wizard_issuer", "https://a.example"),
        ];

        let ran = nas.upgrade(package);

        assert_eq!((ran.code, ran.dialog.as_str()), (0, ""), "{ran:?}");
        assert_eq!(setup(nas), before);
        until("it serves", serves);
    });
}

#[test]
fn a_config_of_every_release_still_serves() {
    on_a_nas(|nas, package| {
        let releases = root().join("tests/package/released");
        let releases: Vec<_> = fs::read_dir(releases).unwrap().collect();
        assert!(!releases.is_empty());
        for release in releases {
            nas.install(package, &super::untouched());
            nas.stop();
            for entry in fs::read_dir(release.unwrap().path()).unwrap() {
                let entry = entry.unwrap();
                let place = nas.file("home", entry.file_name().to_str().unwrap());
                fs::copy(entry.path(), &place).unwrap();
                super::nas::set_mode(&place, 0o600);
                std::os::unix::fs::chown(&place, Some(USER), Some(USER)).unwrap();
            }
            let before = setup(nas);

            assert_eq!(nas.upgrade(package).code, 0);
            nas.start();

            until("it serves", serves);
            assert_eq!(setup(nas), before);
            nas.uninstall(&choice(true));
        }
    });
}

/// The offset of SQLite's `user_version` in the file header.
const VERSION: std::ops::Range<usize> = 60..64;

#[test]
fn an_older_package_leaves_a_newer_state_as_it_is() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        nas.stop();
        let state = nas.file("home", "state.sqlite3");
        let ours = fs::read(&state).unwrap();
        let mut newer = ours.clone();
        newer[VERSION].copy_from_slice(&9999_u32.to_be_bytes());
        fs::write(&state, &newer).unwrap();

        nas.upgrade(package);
        assert_eq!(nas.start().code, 0);

        until("it says why", || {
            log(nas).contains("install the newer release again")
        });
        assert!(!serves());
        assert_eq!(fs::read(&state).unwrap(), newer);

        // As the newer release leaves it when it is installed again.
        fs::write(&state, &ours).unwrap();
        until("the next start is good", serves);
    });
}
