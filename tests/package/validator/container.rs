//! The two archives: their members, types and modes.

use anyhow::{Context, Result, ensure};
use tar::EntryType;

use super::package::{Member, Package};

/// The exact members of the package.
const MEMBERS: [&str; 23] = [
    "INFO",
    "LICENSE",
    "PACKAGE_ICON.PNG",
    "PACKAGE_ICON_256.PNG",
    "WIZARD_UIFILES/",
    "WIZARD_UIFILES/install_uifile",
    "WIZARD_UIFILES/install_uifile_fre",
    "WIZARD_UIFILES/uninstall_uifile",
    "WIZARD_UIFILES/uninstall_uifile_fre",
    "conf/",
    "conf/privilege",
    "conf/resource",
    "conf/systemd/",
    "conf/systemd/pkguser-google-to-synology-sso.service",
    "package.tgz",
    "scripts/",
    "scripts/postinst",
    "scripts/postuninst",
    "scripts/postupgrade",
    "scripts/preinst",
    "scripts/preuninst",
    "scripts/preupgrade",
    "scripts/start-stop-status",
];

const PAYLOAD: [&str; 53] = [
    "bin/",
    "bin/google-to-synology-sso",
    "share/",
    "share/bash-completion/",
    "share/bash-completion/completions/",
    "share/bash-completion/completions/google-to-synology-sso",
    "share/fish/",
    "share/fish/vendor_completions.d/",
    "share/fish/vendor_completions.d/google-to-synology-sso.fish",
    "share/licenses.txt",
    "share/man/",
    "share/man/man1/",
    "share/man/man1/google-to-synology-sso-check.1",
    "share/man/man1/google-to-synology-sso-completions.1",
    "share/man/man1/google-to-synology-sso-doctor.1",
    "share/man/man1/google-to-synology-sso-dsm-settings.1",
    "share/man/man1/google-to-synology-sso-explain.1",
    "share/man/man1/google-to-synology-sso-import-dex.1",
    "share/man/man1/google-to-synology-sso-keys-list.1",
    "share/man/man1/google-to-synology-sso-keys-rotate.1",
    "share/man/man1/google-to-synology-sso-keys.1",
    "share/man/man1/google-to-synology-sso-links-list.1",
    "share/man/man1/google-to-synology-sso-links-remove.1",
    "share/man/man1/google-to-synology-sso-links.1",
    "share/man/man1/google-to-synology-sso-man.1",
    "share/man/man1/google-to-synology-sso-reload.1",
    "share/man/man1/google-to-synology-sso-run.1",
    "share/man/man1/google-to-synology-sso-setup.1",
    "share/man/man1/google-to-synology-sso-status.1",
    "share/man/man1/google-to-synology-sso-users.1",
    "share/man/man1/google-to-synology-sso.1",
    "share/zsh/",
    "share/zsh/site-functions/",
    "share/zsh/site-functions/_google-to-synology-sso",
    "ui/",
    "ui/config",
    "ui/fr.html",
    "ui/help.css",
    "ui/images/",
    "ui/images/icon_16.png",
    "ui/images/icon_24.png",
    "ui/images/icon_256.png",
    "ui/images/icon_32.png",
    "ui/images/icon_48.png",
    "ui/images/icon_64.png",
    "ui/images/icon_72.png",
    "ui/index.html",
    "ui/service.html",
    "ui/texts/",
    "ui/texts/enu/",
    "ui/texts/enu/strings",
    "ui/texts/fre/",
    "ui/texts/fre/strings",
];

/// The limit in bytes for the whole file, which a NAS may load over a slow
/// line.
const LARGEST: usize = 6_000_000;
const LARGEST_LICENSE: usize = 1_000_000;

pub(crate) fn is_ustar(package: &Package) -> Result<()> {
    let other = package.all().find(|it| !it.is_ustar);
    ensure!(
        other.is_none(),
        "{} is in another form",
        other.map_or("", |it| &it.name)
    );
    Ok(())
}

/// Sorted, so that two builds have the same order; and nothing else, such as
/// the `var` of a developer's NAS.
pub(crate) fn has_the_members(package: &Package) -> Result<()> {
    same(&package.members, &MEMBERS)?;
    same(&package.payload, &PAYLOAD).context("package.tgz")
}

fn same(members: &[Member], expected: &[&str]) -> Result<()> {
    let found: Vec<&str> = members.iter().map(|it| it.name.as_str()).collect();
    ensure!(found == expected, "has {found:?}");
    Ok(())
}

/// DSM does not find INFO if names begin with `./`; the other forms would let a
/// package write elsewhere.
pub(crate) fn stays_inside(package: &Package) -> Result<()> {
    for member in package.all() {
        let name = &member.name;
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        let path = name.strip_suffix('/').unwrap_or(name);
        ensure!(path.split('/').all(is_plain), "{name} is no plain name");
        let is_file = member.kind == EntryType::Regular;
        ensure!(
            is_file || member.is_directory(),
            "{name} is a {:?}",
            member.kind
        );
    }
    Ok(())
}

pub(crate) fn is_roots(package: &Package) -> Result<()> {
    for member in package.all() {
        let owner = member.owner;
        ensure!(owner == (0, 0), "{} is {owner:?}'s", member.name);
    }
    Ok(())
}

pub(crate) fn has_the_modes(package: &Package) -> Result<()> {
    for member in package.all() {
        let runs = ["scripts/", "bin/"]
            .iter()
            .any(|it| member.name.starts_with(it));
        let expected = if runs || member.is_directory() {
            0o755
        } else {
            0o644
        };
        ensure!(
            member.mode == expected,
            "{} is {:o}",
            member.name,
            member.mode
        );
    }
    Ok(())
}

pub(crate) fn is_of_one_time(package: &Package) -> Result<()> {
    let times: Vec<u64> = package.all().map(|it| it.time).collect();
    ensure!(
        times.windows(2).all(|it| it[0] == it[1]),
        "two files differ in time"
    );
    // gzip's header has a time and a name, which would differ between builders.
    let head = package.member("package.tgz")?.content.get(..8);
    let head = head.context("package.tgz is cut off")?;
    ensure!(head[3] == 0, "package.tgz has a name in its head");
    ensure!(head[4..8] == [0; 4], "package.tgz has a time in its head");
    Ok(())
}

pub(crate) fn is_small(package: &Package) -> Result<()> {
    let size = package.bytes.len();
    ensure!(size < LARGEST, "{size} bytes");
    Ok(())
}

pub(crate) fn has_a_license(package: &Package) -> Result<()> {
    let license = package.member("LICENSE")?;
    ensure!(license.content.len() < LARGEST_LICENSE, "too long for DSM");
    ensure!(license.text()?.contains("Apache License"), "another one");
    Ok(())
}

/// Names the crates in the program with the text of their licences; a few
/// indispensable crates are checked.
pub(crate) fn names_its_authors(package: &Package) -> Result<()> {
    let notices = package.payload("share/licenses.txt")?.text()?;
    for name in ["aws-lc-sys", "hyper", "rustls", "tokio"] {
        let start = format!("{name} ");
        let is_named = notices.lines().any(|it| it.starts_with(&start));
        ensure!(is_named, "{name} is in the program");
    }
    let texts = ["Permission is hereby granted", "Apache License", "ISC"];
    let lacks = texts.iter().find(|it| !notices.contains(*it));
    ensure!(lacks.is_none(), "no {lacks:?}");
    Ok(())
}

/// Searches all files for Google client secrets and private keys.
pub(crate) fn has_no_secret(package: &Package) -> Result<()> {
    for member in package.all().filter(|it| it.name != "package.tgz") {
        let holds = |mark: &str, is_secret: fn(u8) -> bool| {
            let content = &member.content;
            let ends = content.windows(mark.len()).enumerate();
            let ends = ends.filter(|(_, it)| *it == mark.as_bytes());
            let mut after = ends.map(|(at, _)| &content[at + mark.len()..]);
            after.any(|it| it.len() >= 20 && it[..20].iter().copied().all(is_secret))
        };
        let is_key = |it: u8| it.is_ascii_alphanumeric() || b"+/=\n\r".contains(&it);
        let is_word = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
        let name = &member.name;
        ensure!(
            !holds("GOCSPX-", is_word),
            "{name} has a secret of Google's"
        );
        ensure!(!holds("PRIVATE KEY-----", is_key), "{name} has a key");
    }
    Ok(())
}
