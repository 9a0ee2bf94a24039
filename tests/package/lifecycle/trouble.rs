//! Full disks, taken ports, missing environment variables.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::nas::{Nas, USER};
use super::{ADDRESS, answers, choice, log, on_a_nas, serves, setup, until, untouched, waits};
use crate::machine::{mount, run};

/// Installs, uses, upgrades and removes the package.
fn live(nas: &Nas, package: &Path) {
    let what = format!("without {:?}", nas.without);
    let ran = nas.install(package, &answers(&[]));
    assert_eq!(ran.code, 0, "{what}: {ran:?}");
    until("it serves", serves);
    let before = setup(nas);
    assert_eq!(nas.upgrade(package).code, 0, "{what}");
    until("it serves", serves);
    assert_eq!(setup(nas), before, "{what}");
    let ran = nas.uninstall(&choice(true));
    assert_eq!(ran.code, 0, "{what}: {ran:?}");
    assert!(nas.daemons().is_empty(), "{what}");
    // Without this variable the script cannot tell a removal from an upgrade.
    let is_kept = nas.without.as_deref() == Some("SYNOPKG_PKG_STATUS");
    assert_eq!(nas.file("home", "config.toml").exists(), is_kept, "{what}");
    run(Command::new("rm").arg("-rf").arg(nas.file("home", "")));
}

#[test]
fn any_variable_may_be_missing() {
    on_a_nas(|nas, package| {
        let all = nas.variables();
        assert!(all.len() > 20, "{all:?}");
        for name in all.iter().filter(|name| *name != "PATH") {
            nas.without = Some(name.clone());
            live(nas, package);
        }
    });
}

#[test]
fn the_locale_does_not_matter() {
    on_a_nas(|nas, package| {
        for locale in ["C", "fr_FR.UTF-8", "none.such"] {
            nas.with = vec![("LC_ALL", locale), ("LANG", locale)];
            live(nas, package);
        }
    });
}

#[test]
fn a_full_disk_is_logged_and_loses_nothing_that_was_there() {
    on_a_nas(|nas, package| {
        // The parent of the package's home, before home exists.
        let volume = nas.at("/volume1/@apphome");
        mount(
            &["-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs"],
            &volume,
        );
        let film = fs::File::create(volume.join("film")).unwrap();
        while (&film).write_all(&[1; 4096]).is_ok() {}
        // Two pages: enough for DSM's copy of the unit, but not for four files.
        film.set_len(film.metadata().unwrap().len() - 2 * 4096)
            .unwrap();

        nas.language = "fre";
        let ran = nas.install(package, &answers(&[]));

        assert_eq!(ran.code, 0, "{ran:?}");
        let french = "n'est pas configuré. Message du programme, en anglais : google-to-";
        assert!(ran.dialog.contains(french), "{ran:?}");
        assert!(ran.dialog.contains("No space left"), "{ran:?}");
        assert!(!nas.file("home", "config.toml").exists());
        assert!(!nas.file("home", "dsm-password").exists());
    });
}

#[test]
fn a_home_that_cannot_be_written_is_said_and_tried_again() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        let before = setup(nas);
        nas.stop();
        let home = nas.file("home", "");
        mount(&["--bind", home.to_str().unwrap()], &home);
        mount(&["-o", "remount,bind,ro"], &home);

        assert_eq!(nas.start().code, 0);

        until("it says why", || log(nas).contains("cannot write"));
        assert!(nas.is_supervised() && !serves());
        assert_eq!(setup(nas), before);

        // A temporary failure does not stop the daemon permanently.
        mount(&["-o", "remount,bind,rw"], &home);
        until("it serves", serves);
        assert_eq!(nas.status(), 0);
    });
}

#[test]
fn a_port_that_is_taken_is_waited_for() {
    on_a_nas(|nas, package| {
        for given in [untouched(), answers(&[])] {
            let taken = TcpListener::bind(ADDRESS).unwrap();

            let ran = nas.install(package, &given);

            assert_eq!(ran.code, 0, "{ran:?}");
            assert_eq!(nas.status(), 0);
            drop(taken);
            until("it answers", || serves() || waits());
            nas.uninstall(&choice(true));
        }
    });
}

#[test]
fn no_interface_at_all_is_no_reason_to_fail() {
    on_a_nas(|nas, package| {
        run(Command::new("ip").args(["link", "set", "lo", "down"]));
        let ran = nas.install(package, &answers(&[]));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(nas.file("home", "config.toml").exists());
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        until("it serves", serves);
        assert_eq!(nas.ssh(USER, &[super::PROGRAM, "check"]).code, 0);
    });
}
