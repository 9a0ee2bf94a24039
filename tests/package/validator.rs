//! Checks the package before a NAS reads it: DSM reports most errors as
//! "invalid file format", and others not at all. Shares no code with the
//! builder.

mod conf;
mod container;
mod damage;
mod desktop;
mod info;
mod manual;
mod package;
mod program;
mod scripts;
mod wizard;

use std::fs;
use std::process::Command;

use anyhow::Result;

use self::package::Package;
use crate::built;

/// The name of a rule, and the function that checks it.
type Rule = (&'static str, fn(&Package) -> Result<()>);

const RULES: [Rule; 43] = [
    ("the archives are ustar", container::is_ustar),
    ("names stay inside", container::stays_inside),
    ("members are the expected ones", container::has_the_members),
    ("everything is root's", container::is_roots),
    ("modes", container::has_the_modes),
    ("one time", container::is_of_one_time),
    ("small", container::is_small),
    ("licence", container::has_a_license),
    ("authors", container::names_its_authors),
    ("no secret", container::has_no_secret),
    ("manual pages", manual::has_a_page_for_each_command),
    ("bash", manual::completes_each_command_in_bash),
    ("zsh", manual::completes_each_command_in_zsh),
    ("fish", manual::completes_each_command_in_fish),
    ("INFO is plain text", info::is_plain_text),
    ("INFO has its keys", info::has_the_keys),
    ("INFO names this package", info::is_this_package),
    ("version", info::has_a_version),
    ("os_min_ver", info::is_for_dsm_7_2),
    ("yes or no", info::says_yes_or_no),
    ("checksum", info::has_the_checksum),
    ("extractsize", info::has_the_size),
    ("INFO in French", info::speaks_french),
    ("scripts are for /bin/sh", scripts::are_posix_scripts),
    ("every shell", scripts::are_understood_by_every_shell),
    ("scripts keep to their place", scripts::keep_to_their_place),
    ("scripts need no root", scripts::need_no_root),
    ("account", conf::has_its_own_account),
    ("workers", conf::asks_for_what_is_there),
    ("unit for DSM", conf::has_a_unit_for_dsm),
    (
        "unit for systemd",
        conf::has_a_unit_that_systemd_understands,
    ),
    ("wizards' names", wizard::are_named_as_dsm_looks_for_them),
    ("wizards' keys", wizard::ask_for_what_is_read),
    ("wizards' form", wizard::have_the_form),
    ("wizards in French", wizard::are_one_in_both_languages),
    ("wizards know no secret", wizard::know_no_secret),
    ("icons", desktop::has_icons),
    ("application", desktop::has_an_application),
    ("style of DSM's own pages", desktop::leaves_dsm_its_style),
    ("program is hardened", program::is_hardened_for_x86_64),
    ("glibc", program::asks_for_no_newer_glibc),
    ("libraries", program::needs_no_other_library),
    (
        "no path of its builder",
        program::names_no_directory_of_its_builder,
    ),
];

/// Rules that the tests' own build need not fulfil: it is larger, links
/// dynamically, and contains the paths of its sources.
const OF_THE_SHIPPED: [&str; 3] = ["small", "libraries", "no path of its builder"];

#[test]
fn it_is_what_dsm_asks_for() {
    let package = Package::read(fs::read(built::package()).unwrap()).unwrap();
    let is_shipped = cfg!(feature = "shipped");
    let rules = RULES
        .iter()
        .filter(|(name, _)| is_shipped || !OF_THE_SHIPPED.contains(name));
    let checked = rules.map(|(name, rule)| (name, rule(&package)));
    let complaints = checked.filter_map(|(name, result)| Some((name, result.err()?)));
    let complaints: Vec<_> = complaints
        .map(|(name, error)| format!("{name}: {error:#}"))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The most used package server can read the package.
#[test]
fn spkrepo_reads_it() {
    let target = built::target();
    let python = target.join("spkrepo/bin/python");
    let script = built::root().join("tests/package/validator/read_spk.py");
    let mut read = Command::new(python);
    let done = read.arg(script).arg(built::package()).output();
    let done = done.expect("no spkrepo: run tests/prepare");
    let said = String::from_utf8_lossy(&done.stdout);
    let complaints = String::from_utf8_lossy(&done.stderr);
    let version = built::version();
    let expected = format!(
        "google-to-synology-sso {version} x86_64\n\
         icons 256 72\nwizards install uninstall\nlicensed\n"
    );
    assert_eq!(said, expected, "{complaints}");
}
