//! Faults of this machine: its clock, disk, port and config.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use google_to_synology_sso::doctor::GROUPS;
use rustix::process::Signal;

use super::{Fault, play};
use crate::doctor::stage::OURS;
use crate::doctor::stage::network::on_a_nas;

/// The checks that need the daemon's answer at the public name.
const BEHIND_DAEMON: &[&[&str]] = &[&["public.daemon", "public.forwarded"]];

/// All other checks: without a config, nothing is known about them.
const BEHIND_CONFIG: &[&[&str]] = &[
    GROUPS[0].1.split_at(1).1,
    GROUPS[1].1,
    GROUPS[2].1,
    GROUPS[3].1,
    GROUPS[4].1,
];

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("config", "listen.trusted-proxy: is unknown")
        .when("a key of the config is misspelt", |stage| {
            stage.edit("[listen]\n", "[listen]\ntrusted-proxy = []\n");
        })
        .hides(BEHIND_CONFIG),
    Fault::fail("config", "dsm.password-file: ")
        .when("the password file is missing", |stage| {
            fs::remove_file(stage.house.home.path().join("dsm-password")).unwrap();
        })
        .hides(BEHIND_CONFIG),
    Fault::fail("config", "chmod 600")
        .when("other users can read a secret file", |stage| {
            let path = stage.house.home.path().join("synology-client-secret");
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        })
        .hides(BEHIND_CONFIG),
    Fault::fail("machine.clock", "Control Panel > Regional Options > Time").when(
        "the clock is an hour ahead",
        |stage| {
            stage.house.google.set_date_offset(-3600);
        },
    ),
    Fault::fail("machine.clock", "Control Panel > Regional Options > Time").when(
        "the clock is two minutes behind",
        |stage| {
            stage.house.google.set_date_offset(120);
        },
    ),
    Fault::fail("machine.disk", "delete files on this volume")
        .when("the disk is nearly full", |stage| stage.fill_disk()),
    Fault::fail("machine.disk", "Storage Manager")
        .when("the disk is read-only", |stage| stage.make_disk_read_only()),
    Fault::fail("daemon", "start the package in Package Center")
        .when("the daemon does not run", |stage| stage.daemon = None)
        .hides(BEHIND_DAEMON),
    Fault::fail("daemon", "Package Center")
        .when("the daemon hangs", |stage| {
            let daemon = stage.daemon.as_ref().unwrap();
            daemon.signal(Signal::STOP);
        })
        .hides(&[&[
            "machine.port",
            "public.reach",
            "public.daemon",
            "public.forwarded",
        ]]),
    Fault::fail("machine.port", "stop that program")
        .when("another program has the port of the daemon", |stage| {
            stage.daemon = None;
            stage.add_on_the_nas(OURS);
        })
        .hides(&[&["public.daemon", "public.forwarded"]]),
];

#[test]
fn a_fault_of_this_machine_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
