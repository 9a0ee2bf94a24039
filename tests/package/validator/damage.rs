//! Damages the package so that each rule fails once.

use std::collections::BTreeSet;
use std::fs;

use tar::EntryType;

use super::RULES;
use super::package::{Member, Package};
use crate::built;

type Damage = (&'static str, fn(&mut Package));

const UNIT: &str = "conf/systemd/pkguser-google-to-synology-sso.service";
const PROGRAM: &str = "bin/google-to-synology-sso";
const BASH: &str = "share/bash-completion/completions/google-to-synology-sso";
const ZSH: &str = "share/zsh/site-functions/_google-to-synology-sso";
const FISH: &str = "share/fish/vendor_completions.d/google-to-synology-sso.fish";
const INSTALL: &str = "WIZARD_UIFILES/install_uifile";
const UNINSTALL: &str = "WIZARD_UIFILES/uninstall_uifile";

/// The archives and INFO.
const FRAME: &[Damage] = &[
    ("the archives are ustar", |it| {
        it.payload[1].is_ustar = false;
    }),
    ("names stay inside", |it| rename(it, "INFO", "./INFO")),
    ("names stay inside", |it| rename(it, "INFO", "/INFO")),
    ("names stay inside", |it| {
        rename(it, "LICENSE", "conf/../../x");
    }),
    ("names stay inside", |it| {
        it.payload[1].kind = EntryType::Symlink;
    }),
    ("names stay inside", |it| {
        it.members[0].kind = EntryType::Char;
    }),
    ("members are the expected ones", |it| it.members.swap(0, 1)),
    ("members are the expected ones", |it| {
        rename(it, INSTALL, "WIZARD_UIFILES/install_uifiles");
    }),
    ("members are the expected ones", |it| {
        it.payload.remove(0);
    }),
    ("members are the expected ones", |it| {
        let mut other = it.payload[0].clone();
        "var/".clone_into(&mut other.name);
        it.payload.push(other);
    }),
    ("everything is root's", |it| it.members[3].owner = (0, 1000)),
    ("everything is root's", |it| it.payload[3].owner = (1000, 0)),
    ("modes", |it| member(it, "scripts/postinst").mode = 0o644),
    ("modes", |it| member(it, "conf/privilege").mode = 0o666),
    ("modes", |it| payload(it, PROGRAM).mode = 0o4755),
    ("one time", |it| it.payload[2].time += 1),
    ("one time", |it| member(it, "package.tgz").content[3] = 8),
    ("one time", |it| member(it, "package.tgz").content[4] = 1),
    ("small", |it| it.bytes.resize(6_000_000, 0)),
    ("licence", |it| member(it, "LICENSE").content.clear()),
    ("licence", |it| member(it, "LICENSE").content[7] = 0xff),
    ("authors", |it| {
        replace_payload(it, "share/licenses.txt", "\nrustls ", "\n");
    }),
    ("authors", |it| {
        payload(it, "share/licenses.txt").content.truncate(20_000);
    }),
    ("no secret", |it| {
        append(
            it,
            "scripts/postinst",
            &["GOCS", "PX-aB3_dE6-gH9jK2mN5pQ8rS"].concat(),
        );
    }),
    ("no secret", |it| {
        let key = ["-----BEGIN PRIVATE ", "KEY-----\nMIIEvQIBADANBgkqhkiG9w0B"].concat();
        payload(it, PROGRAM).content.extend(key.bytes());
    }),
    ("manual pages", |it| {
        let page = "share/man/man1/google-to-synology-sso-setup.1";
        replace_payload(it, page, "\n\\fB\\-\\-otp\\fR\n", "\n");
        replace_payload(it, page, "[\\fB\\-\\-otp\\fR]", "");
    }),
    ("manual pages", |it| {
        let page = "share/man/man1/google-to-synology-sso-links.1";
        replace_payload(it, page, "\\-links\\-remove(1)", "(1)");
    }),
    ("manual pages", |it| {
        let page = "share/man/man1/google-to-synology-sso-keys-list.1";
        "share/man/man1/keys.1".clone_into(&mut payload(it, page).name);
    }),
    ("bash", |it| {
        let options = "opts=\"-h --now --json --config";
        replace_payload(it, BASH, options, "opts=\"-h --json --config");
    }),
    ("bash", |it| {
        replace_payload(
            it,
            BASH,
            "opts=\"-h --config --help list",
            "opts=\"-h --config --help",
        );
    }),
    ("zsh", |it| {
        replace_payload(it, ZSH, "'--from-env[", "'--env[");
    }),
    ("zsh", |it| {
        let last = "' \\\n'help:Print this message or the help of the given subcommand(s)' \\\n";
        replace_payload(
            it,
            ZSH,
            &format!("\n'remove:Remove the links of a DSM user{last}"),
            "\n",
        );
    }),
    ("zsh", |it| {
        replace_payload(it, ZSH, "(reload)\n", "(load)\n");
    }),
    ("fish", |it| {
        replace_payload(it, FISH, " -l wait-for-config ", " ");
    }),
    ("fish", |it| {
        let remove = "from list remove help\" -f -a \"remove\"";
        replace_payload(it, FISH, remove, "\"");
    }),
    ("INFO is plain text", |it| {
        member(it, "INFO").content.insert(0, 0xff);
    }),
    ("INFO is plain text", |it| {
        replace(it, "INFO", "package=", "\u{feff}package=");
    }),
    ("INFO is plain text", |it| replace(it, "INFO", "\n", "\r\n")),
    ("INFO is plain text", |it| {
        replace(it, "INFO", "arch=\"", "arch = \"");
    }),
    ("INFO is plain text", |it| {
        replace(it, "INFO", "arch=\"x86_64\"", "arch=x86_64");
    }),
    ("INFO is plain text", |it| {
        replace(it, "INFO", "this NAS", "\"this\" NAS");
    }),
    ("INFO is plain text", |it| {
        append(it, "INFO", "silent_install=\"yes\"");
    }),
    ("INFO has its keys", |it| {
        append(it, "INFO", "arch=\"noarch\"\n");
    }),
    ("INFO has its keys", |it| {
        append(it, "INFO", "startable=\"yes\"\n");
    }),
    ("INFO has its keys", |it| {
        replace(it, "INFO", "maintainer=", "author=");
    }),
    ("INFO names this package", |it| {
        replace(it, "INFO", "package=\"google", "package=\"goggle");
    }),
    ("INFO names this package", |it| {
        replace(it, "INFO", "x86_64", "armv8");
    }),
    ("version", |it| {
        replace(it, "INFO", "version=\"", "version=\"1.");
    }),
    ("os_min_ver", |it| {
        replace(it, "INFO", "7.2-64561", "6.2-64561");
    }),
    ("os_min_ver", |it| replace(it, "INFO", "7.2-64561", "7.2.1")),
    ("os_min_ver", |it| {
        replace(it, "INFO", "7.2-64561", "7.2-40000");
    }),
    ("yes or no", |it| {
        replace(it, "INFO", "ctl_stop=\"yes\"", "ctl_stop=\"true\"");
    }),
    ("checksum", |it| member(it, "package.tgz").content.push(0)),
    ("extractsize", |it| {
        replace(it, "INFO", "extractsize=\"", "extractsize=\"1");
    }),
    ("INFO in French", |it| {
        replace(it, "INFO", "displayname_fre", "displayname_ger");
    }),
    ("INFO in French", |it| {
        replace(it, "INFO", "description=\"", "description=\"Now: ");
    }),
];

/// The other files that Package Center reads.
const REST: &[Damage] = &[
    ("scripts are for /bin/sh", |it| {
        replace(it, "scripts/preinst", "#!/bin/sh", "#!/bin/bash");
    }),
    ("scripts are for /bin/sh", |it| {
        append(it, "scripts/preinst", "true\r\n");
    }),
    ("every shell", |it| {
        append(it, "scripts/preinst", "if true; then\n");
    }),
    // Only bash accepts these; dash or shellcheck must reject each.
    ("every shell", |it| {
        append(it, "scripts/preinst", "list=(1 2)\n");
    }),
    ("every shell", |it| {
        append(it, "scripts/preinst", "[[ -n $HOME ]]\n");
    }),
    ("scripts keep to their place", |it| {
        append(it, "scripts/postinst", "chown root x\n");
    }),
    ("scripts keep to their place", |it| {
        append(it, "scripts/postinst", "set -x\n");
    }),
    ("scripts keep to their place", |it| {
        append(it, "scripts/postinst", ": >/var/run/x\n");
    }),
    ("scripts need no root", |it| {
        append(it, "scripts/postinst", "sudo -n true\n");
    }),
    ("scripts need no root", |it| {
        append(it, "scripts/postinst", "true && exec sudo chown root x\n");
    }),
    ("scripts need no root", |it| {
        append(it, "scripts/start-stop-status", "sudo -n true\n");
    }),
    ("account", |it| {
        replace(it, "conf/privilege", "\"package\"", "\"root\"");
    }),
    ("account", |it| {
        replace(it, "conf/privilege", "google-to-synology-sso", "sso");
    }),
    ("account", |it| append(it, "conf/privilege", ",")),
    ("workers", |it| {
        replace(it, "conf/resource", "bin/google", "bin/goggle");
    }),
    ("workers", |it| {
        replace(it, "conf/resource", "systemd-user-unit", "web-config");
    }),
    ("workers", |it| {
        rename(it, UNIT, "conf/systemd/google-to-synology-sso.service");
    }),
    ("unit for DSM", |it| {
        append(it, UNIT, "ProtectSystem=strict\n");
    }),
    ("unit for DSM", |it| {
        replace(it, UNIT, "Type=simple", "Type=notify");
    }),
    ("unit for DSM", |it| {
        replace(it, UNIT, "Status=78 2", "Status=78");
    }),
    ("unit for DSM", |it| {
        replace(it, UNIT, "ExecStart=/var", "ExecStart=/usr");
    }),
    ("unit for DSM", |it| {
        replace(it, UNIT, " --wait-for-config", "");
    }),
    ("unit for DSM", |it| append(it, UNIT, "[Install]\n")),
    ("unit for systemd", |it| {
        replace(it, UNIT, "RestartSec=1", "RestartSec=soon");
    }),
    ("unit for systemd", |it| {
        replace(it, UNIT, "target/bin/", "target/sbin/");
    }),
    ("wizards' names", |it| {
        rename(it, INSTALL, "WIZARD_UIFILES/install_uifile.json");
    }),
    ("wizards' keys", |it| {
        replace(it, INSTALL, "wizard_issuer", "wizard_url");
    }),
    ("wizards' keys", |it| {
        replace(it, INSTALL, "wizard_issuer", "wizard_redirect_uri");
    }),
    ("wizards' form", |it| append(it, INSTALL, "]")),
    ("wizards' form", |it| {
        replace(it, INSTALL, "\"textfield\"", "\"text\"");
    }),
    ("wizards' form", |it| {
        replace(it, INSTALL, "\"step_title\"", "\"title\"");
    }),
    ("wizards' form", |it| {
        replace(it, INSTALL, "\"errorText\"", "\"error\"");
    }),
    ("wizards' form", |it| {
        replace(it, INSTALL, "\"expr\": \"/^", "\"expr\": \"/^(");
    }),
    ("wizards in French", |it| {
        replace(it, INSTALL, "\"sso-reader\"", "\"sso-writer\"");
    }),
    ("wizards in French", |it| {
        replace(it, UNINSTALL, "true", "false");
    }),
    ("wizards in French", |it| {
        let english = it.member(UNINSTALL).unwrap().content.clone();
        member(it, "WIZARD_UIFILES/uninstall_uifile_fre").content = english;
    }),
    ("wizards know no secret", |it| {
        replace(
            it,
            INSTALL,
            "\"wizard_dsm_password\"",
            "\"wizard_dsm_password\", \"defaultValue\": \"1\"",
        );
    }),
    ("wizards know no secret", |it| {
        replace(it, INSTALL, "\"password\"", "\"textfield\"");
    }),
    ("icons", |it| {
        member(it, "PACKAGE_ICON.PNG").content[19] = 72;
    }),
    ("icons", |it| {
        rename(it, "PACKAGE_ICON_256.PNG", "PACKAGE_ICON_120.PNG");
    }),
    ("application", |it| {
        replace(it, "INFO", "dsmappname=\"", "dsmappname=\"x");
    }),
    ("application", |it| {
        replace_payload(it, "ui/config", "\"allUsers\": false", "\"allUsers\": true");
    }),
    ("application", |it| {
        replace_payload(it, "ui/config", "index.html", "index.cgi");
    }),
    ("application", |it| {
        replace_payload(it, "ui/config", "icon_{0}", "app_{0}");
    }),
    ("application", |it| {
        replace_payload(it, "ui/texts/fre/strings", "desc=", "description=");
    }),
    ("style of DSM's own pages", |it| {
        "ui/style.css".clone_into(&mut payload(it, "ui/help.css").name);
    }),
    ("style of DSM's own pages", |it| {
        "ui/texts/style.css".clone_into(&mut payload(it, "ui/help.css").name);
    }),
    // e_machine is in bytes 18 and 19; this is ARM's.
    ("program is hardened", |it| {
        payload(it, PROGRAM).content[18] = 0xb7;
    }),
    ("program is hardened", |it| {
        payload(it, PROGRAM).content.truncate(1000);
    }),
    ("program is hardened", |it| {
        change_segment(it, 0x6474_e552, 0, 0);
    }),
    ("program is hardened", |it| {
        change_segment(it, 0x6474_e551, 4, 7);
    }),
    ("glibc", |it| {
        replace_payload(it, PROGRAM, "\0GLIBC_2.34\0", "\0GLIBC_2.37\0");
    }),
    ("libraries", |it| {
        replace_payload(it, PROGRAM, "\0libm.so.6\0", "\0libz.so.1\0");
    }),
    ("no path of its builder", |it| {
        payload(it, PROGRAM)
            .content
            .extend(b"/home/me/.cargo/registry/x.rs");
    }),
];

#[test]
fn each_rule_fails_for_a_package_that_breaks_it() {
    let good = Package::read(fs::read(built::package()).unwrap()).unwrap();
    let damages = || FRAME.iter().chain(REST);
    let tried: BTreeSet<&str> = damages().map(|(rule, _)| *rule).collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(tried, rules, "a rule without a damage, or the reverse");

    let mut passed = Vec::new();
    for (at, (name, damage)) in damages().enumerate() {
        let mut broken = good.clone();
        damage(&mut broken);
        let (_, rule) = RULES.iter().find(|it| it.0 == *name).unwrap();
        if rule(&broken).is_ok() {
            passed.push(format!("{name}, by damage {at}"));
        }
    }
    assert!(passed.is_empty(), "\n{}", passed.join("\n"));
}

#[test]
fn a_compressed_file_is_no_package() {
    let bytes = fs::read(built::package()).unwrap();
    let package = Package::read(bytes).unwrap();
    let packed = package.member("package.tgz").unwrap();
    let refused = Package::read(packed.content.clone()).err().unwrap();
    assert_eq!(refused.to_string(), "it is no plain tar");
}

fn member<'a>(package: &'a mut Package, name: &str) -> &'a mut Member {
    let mut members = package.members.iter_mut();
    members.find(|it| it.name == name).unwrap()
}

fn payload<'a>(package: &'a mut Package, name: &str) -> &'a mut Member {
    let mut members = package.payload.iter_mut();
    members.find(|it| it.name == name).unwrap()
}

fn rename(package: &mut Package, name: &str, new: &str) {
    new.clone_into(&mut member(package, name).name);
}

fn append(package: &mut Package, name: &str, text: &str) {
    member(package, name).content.extend(text.bytes());
}

fn replace(package: &mut Package, name: &str, from: &str, to: &str) {
    exchange(&mut member(package, name).content, from, to);
}

fn replace_payload(package: &mut Package, name: &str, from: &str, to: &str) {
    exchange(&mut payload(package, name).content, from, to);
}

/// Replaces the first `from`, which must exist: an undamaged package would look
/// like a rule that never fails.
fn exchange(content: &mut Vec<u8>, from: &str, to: &str) {
    let mut windows = content.windows(from.len());
    let at = windows.position(|it| it == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("nowhere: {from:?}"));
    content.splice(at..at + from.len(), to.bytes());
}

/// Writes one byte into the program's segment of the type `kind`. A 64-bit
/// program header has 56 bytes, the type first; the headers begin at byte 64.
fn change_segment(package: &mut Package, kind: u32, at: usize, byte: u8) {
    let content = &mut payload(package, PROGRAM).content;
    let starts = (64..64 + 56 * 30).step_by(56);
    let mut starts = starts.filter(|it| content[*it..it + 4] == kind.to_le_bytes());
    let start = starts.next().unwrap();
    content[start + at] = byte;
}
