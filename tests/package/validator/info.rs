//! INFO, which Package Center reads first.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use md5::{Digest, Md5};

use super::package::Package;
use crate::built;

const REQUIRED: [&str; 6] = [
    "package",
    "version",
    "os_min_ver",
    "description",
    "arch",
    "maintainer",
];

/// Keys of DSM 6 that DSM 7 removed.
const FORBIDDEN: [&str; 3] = ["firmware", "startable", "support_conf_folder"];

const YES_OR_NO: [&str; 3] = ["ctl_stop", "checkport", "silent_upgrade"];

pub(crate) fn is_plain_text(package: &Package) -> Result<()> {
    let text = package.member("INFO")?.text()?;
    ensure!(!text.starts_with('\u{feff}'), "it has a byte order mark");
    ensure!(!text.contains(['\t', '\r']), "it has a tab or a CR");
    ensure!(text.ends_with('\n'), "its last line does not end");
    for line in text.lines() {
        let parts = line.split_once('=');
        let (key, value) = parts.with_context(|| format!("no key in {line}"))?;
        let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        ensure!(!key.is_empty() && key.chars().all(is_word), "key {key}");
        let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let value = value.with_context(|| format!("{key} is not quoted"))?;
        let unescaped = value.replace("\\\"", "");
        ensure!(!unescaped.contains('"'), "{key} has a quote inside");
    }
    Ok(())
}

pub(crate) fn has_the_keys(package: &Package) -> Result<()> {
    let lines = package.member("INFO")?.text()?.lines();
    let mut keys = BTreeSet::new();
    for line in lines {
        let (key, _) = line.split_once('=').unwrap_or_default();
        ensure!(keys.insert(key), "{key} is there twice");
    }
    let lacks = REQUIRED.iter().find(|it| !keys.contains(*it));
    ensure!(lacks.is_none(), "no {lacks:?}");
    let old = FORBIDDEN.iter().find(|it| keys.contains(*it));
    ensure!(old.is_none(), "{old:?} is DSM 6's");
    Ok(())
}

/// The package name becomes an account and directories, so it never changes.
pub(crate) fn is_this_package(package: &Package) -> Result<()> {
    let name = package.info("package")?;
    ensure!(name == "google-to-synology-sso", "it is {name}");
    let arch = package.info("arch")?;
    ensure!(arch == "x86_64", "it is for {arch}");
    Ok(())
}

pub(crate) fn has_a_version(package: &Package) -> Result<()> {
    let version = package.info("version")?;
    ensure!(version == built::version(), "it is {version}");
    let numbers: Vec<&str> = version.split(['.', '-']).collect();
    let is_number = |it: &&str| it.parse::<i32>().is_ok_and(|it| it >= 0);
    ensure!(
        numbers.iter().all(is_number),
        "{version} has more than numbers"
    );
    ensure!(numbers.len() == 4, "{version} has not four numbers");
    Ok(())
}

/// DSM rejects a package for another major version.
pub(crate) fn is_for_dsm_7_2(package: &Package) -> Result<()> {
    let least = package.info("os_min_ver")?;
    let (release, build) = least.split_once('-').context("it has no build")?;
    ensure!(release == "7.2", "it is for {release}");
    ensure!(
        build.parse().is_ok_and(|it: u32| it >= 64561),
        "build {build}"
    );
    Ok(())
}

pub(crate) fn says_yes_or_no(package: &Package) -> Result<()> {
    for key in YES_OR_NO {
        let value = package.info(key)?;
        ensure!(["yes", "no"].contains(&value), "{key} is {value}");
    }
    Ok(())
}

pub(crate) fn has_the_checksum(package: &Package) -> Result<()> {
    let sum = Md5::digest(&package.member("package.tgz")?.content);
    let sum = format!("{sum:x}");
    ensure!(package.info("checksum")? == sum, "it should be {sum}");
    Ok(())
}

/// Computed like `du` on the file system of a NAS, in blocks of 4 KiB.
pub(crate) fn has_the_size(package: &Package) -> Result<()> {
    let blocks = package.payload.iter().map(|it| {
        let bytes = it.content.len().max(usize::from(it.is_directory()));
        bytes.div_ceil(4096)
    });
    let expected = blocks.sum::<usize>() * 4;
    let said = package.info("extractsize")?;
    ensure!(said == expected.to_string(), "{said} KiB, not {expected}");
    Ok(())
}

pub(crate) fn speaks_french(package: &Package) -> Result<()> {
    for key in ["displayname", "description"] {
        let plain = package.info(key)?;
        let english = package.info(&format!("{key}_enu"))?;
        let french = package.info(&format!("{key}_fre"))?;
        ensure!(plain == english, "{key} differs from its English");
        ensure!(plain != french, "{key} is English in French");
    }
    Ok(())
}
