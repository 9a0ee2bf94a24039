//! A NAS with DSM, as far as a package sees it: directories, an account, and
//! which script runs when, as which user, with which environment. From
//! Synology's developer guide for DSM 7.2 ("Scripts", "Script environment
//! variables", "FHS"), and otherwise from what other packages rely on.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{mount, run, under};

/// The name of the package and of its account.
pub(crate) const NAME: &str = "google-to-synology-sso";

/// DSM numbers the accounts of packages from about here on.
pub(crate) const USER: u32 = 297_536;

/// The directories of the installed package, of an unpacked one, and of the
/// status.
const INSTALLED: &str = "/var/packages/google-to-synology-sso";
const TEMPORARY: &str = "/volume1/@tmp/synopkg/install.Xy12";
const DIALOG: &str = "/tmp/dialog";

/// Exists while our synosystemctl supervises a unit.
const SUPERVISOR: &str = "/run/user-units/supervisor";

const UNIT: &str = "pkguser-google-to-synology-sso.service";

/// The persistent directories of a package, their real paths, and DSM's mode.
const DIRECTORIES: [(&str, &str, u32); 3] = [
    ("home", "/volume1/@apphome", 0o700),
    ("etc", "/volume1/@appconf", 0o755),
    ("var", "/volume1/@appdata", 0o755),
];

/// The answers in a wizard, by the keys of its fields.
pub(crate) type Answers = BTreeMap<String, String>;

/// A simulated NAS.
pub(crate) struct Nas {
    disk: PathBuf,
    /// `SYNOPKG_DSM_LANGUAGE`
    pub(crate) language: &'static str,
    /// A variable that is missing, although the guide lists it.
    pub(crate) without: Option<String>,
    /// Additional variables.
    pub(crate) with: Vec<(&'static str, &'static str)>,
}

/// The result of a script, or of several.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// The exit code of the last script.
    pub(crate) code: i32,
    /// The text that Package Center shows.
    pub(crate) dialog: String,
    /// The text in Package Center's log.
    pub(crate) log: String,
}

impl Nas {
    /// Sets DSM up on `disk`.
    pub(crate) fn on(disk: &Path) -> Self {
        for directory in ["etc/ssl/certs", "volume1/@tmp", "var/packages", "root"] {
            fs::create_dir_all(disk.join(directory)).unwrap();
        }
        for directory in ["tmp", "run/user-units"] {
            fs::create_dir_all(disk.join(directory)).unwrap();
            set_mode(&disk.join(directory), 0o1777);
        }
        for name in ["bin", "sbin", "lib", "lib64"] {
            symlink(Path::new("usr").join(name), disk.join(name)).unwrap();
        }
        let account = format!("x:{USER}:{USER}");
        let text = |name: &str, text: &str| fs::write(disk.join(name), text).unwrap();
        text(
            "etc/passwd",
            &format!(
                "root:x:0:0::/root:/bin/sh\n{NAME}:{account}::/var/packages/{NAME}/home:/bin/false\n"
            ),
        );
        text("etc/group", &format!("root:x:0:\n{NAME}:x:{USER}:\n"));
        text("etc/hosts", "127.0.0.1 localhost accounts.google.com\n");
        // DSM's programs come before those of this machine.
        let own = disk.join("volume1/@dsm");
        for (place, program) in [
            ("bin/sudo", include_str!("sudo")),
            ("syno/bin/synosystemctl", include_str!("synosystemctl")),
        ] {
            let place = own.join(place);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(&place, program).unwrap();
            set_mode(&place, 0o755);
        }
        let both = format!("lowerdir={}:/usr", own.display());
        mount(
            &["-t", "overlay", "-o", &both, "overlay"],
            &disk.join("usr"),
        );
        mount(&["-t", "proc", "proc"], &disk.join("proc"));
        // Not this machine's /dev, which only root may be able to use.
        fs::create_dir(disk.join("dev")).unwrap();
        for (name, number) in [("null", "3"), ("zero", "5"), ("urandom", "9")] {
            let node = disk.join("dev").join(name);
            run(Command::new("mknod")
                .args(["--mode=666".as_ref(), node.as_os_str()])
                .args(["c", "1", number]));
        }
        Self {
            disk: disk.to_owned(),
            language: "enu",
            without: None,
            with: Vec::new(),
        }
    }

    /// Returns `path` on the NAS as a path that the test can open; the test
    /// must follow links itself.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        under(&self.disk, path)
    }

    /// Returns a file in one of the package's persistent directories.
    pub(crate) fn file(&self, directory: &str, name: &str) -> PathBuf {
        let mut places = DIRECTORIES.iter();
        let (_, place, _) = places.find(|found| found.0 == directory).unwrap();
        self.at(place).join(NAME).join(name)
    }

    /// Package Center installs and starts `package`; if `preinst` rejects it,
    /// nothing changes.
    pub(crate) fn install(&self, package: &Path, answers: &Answers) -> Ran {
        let mut ran = Ran::default();
        self.unpack(package);
        let environment = self.environment("INSTALL");
        let environment = environment.into_iter().chain(answers.clone()).collect();
        if self.hook(&mut ran, TEMPORARY, "preinst", &environment) {
            self.place();
            // Otherwise the package is "damaged", and DSM offers to repair it.
            let is_well = self.hook(&mut ran, INSTALLED, "postinst", &environment);
            assert!(is_well, "postinst: {ran:?}");
            self.acquire_unit();
            self.start_up(&mut ran, "INSTALL");
        }
        fs::remove_dir_all(self.at(TEMPORARY)).unwrap();
        ran
    }

    /// Package Center replaces the installed package by `package`, and starts
    /// it if the old one ran.
    pub(crate) fn upgrade(&self, package: &Path) -> Ran {
        let mut ran = Ran::default();
        let ran_before = self.status() == 0;
        if ran_before {
            self.shut_down(&mut ran, "UPGRADE");
        }
        self.unpack(package);
        let environment = self.environment("UPGRADE");
        for (from, script) in [
            (TEMPORARY, "preupgrade"),
            // These two scripts are still those of the old package.
            (INSTALLED, "preuninst"),
            (INSTALLED, "postuninst"),
            (TEMPORARY, "preinst"),
        ] {
            let is_well = self.hook(&mut ran, from, script, &environment);
            assert!(is_well, "{script}: {ran:?}");
        }
        self.place();
        for script in ["postinst", "postupgrade"] {
            let is_well = self.hook(&mut ran, INSTALLED, script, &environment);
            assert!(is_well, "{script}: {ran:?}");
        }
        self.acquire_unit();
        if ran_before {
            self.start_up(&mut ran, "UPGRADE");
        }
        fs::remove_dir_all(self.at(TEMPORARY)).unwrap();
        ran
    }

    /// Package Center, or `synopkg`, which has no wizard, removes the package.
    pub(crate) fn uninstall(&self, answers: &Answers) -> Ran {
        let mut ran = Ran::default();
        if self.status() == 0 {
            self.shut_down(&mut ran, "UNINSTALL");
        }
        let environment = self.environment("UNINSTALL");
        let environment = environment.into_iter().chain(answers.clone()).collect();
        for script in ["preuninst", "postuninst"] {
            let is_well = self.hook(&mut ran, INSTALLED, script, &environment);
            assert!(is_well, "{script}: {ran:?}");
        }
        let unit = self.file("home", &format!(".config/systemd/user/{UNIT}"));
        // Already removed if all of home was erased.
        let _ = fs::remove_file(unit);
        fs::remove_dir_all(self.at(INSTALLED)).unwrap();
        fs::remove_dir_all(self.at("/volume1/@appstore").join(NAME)).unwrap();
        ran
    }

    /// Simulates a power cut: DSM starts the packages that ran before.
    pub(crate) fn power_cycle(&self) -> Ran {
        let supervisor = self.at(SUPERVISOR);
        if let Ok(pid) = fs::read_to_string(&supervisor) {
            run(Command::new("kill").args(["-s", "KILL", pid.trim()]));
            fs::remove_file(supervisor).unwrap();
            let _ = fs::remove_file(self.at("/run/user-units/resting"));
        }
        self.kill("KILL");
        let mut ran = Ran::default();
        self.start_up(&mut ran, "");
        ran
    }

    /// Whether a unit is started, or will be restarted.
    pub(crate) fn is_supervised(&self) -> bool {
        self.at(SUPERVISOR).exists()
    }

    /// Sets whether units can be started.
    pub(crate) fn break_units(&self, broken: bool) {
        self.change_units("broken", broken);
    }

    /// Makes our synosystemctl behave as on another DSM: `broken`, `ignorant`
    /// or `stuck`.
    pub(crate) fn change_units(&self, flaw: &str, there: bool) {
        let file = self.at("/run/user-units").join(flaw);
        if there {
            fs::write(file, "").unwrap();
        } else {
            let _ = fs::remove_file(file);
        }
    }

    /// Sends `signal` to every process of the daemon.
    pub(crate) fn kill(&self, signal: &str) {
        for pid in self.daemons() {
            run(Command::new("kill").args(["-s", signal, &pid]));
        }
    }

    /// Returns the processes of the daemon.
    #[expect(clippy::unused_self, reason = "they are this NAS's, and no other's")]
    pub(crate) fn daemons(&self) -> Vec<String> {
        let processes = fs::read_dir("/proc").unwrap();
        let names = processes.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let ours = names.filter(|pid| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let program = format!("/var/packages/{NAME}/target/bin/{NAME}\0");
            line.starts_with(&program) && line.contains("\0run\0")
        });
        ours.collect()
    }

    /// Clicks Package Center's start button.
    pub(crate) fn start(&self) -> Ran {
        let mut ran = Ran::default();
        self.start_up(&mut ran, "START");
        ran
    }

    /// Clicks Package Center's stop button.
    pub(crate) fn stop(&self) -> Ran {
        let mut ran = Ran::default();
        self.shut_down(&mut ran, "STOP");
        ran
    }

    /// Returns the status that Package Center shows.
    pub(crate) fn status(&self) -> i32 {
        self.control("status", "").code
    }

    /// Runs `start-stop-status` as DSM does.
    pub(crate) fn control(&self, verb: &str, status: &str) -> Ran {
        let script = format!("{INSTALLED}/scripts/start-stop-status");
        self.run_as(USER, &[&script, verb], &self.environment(status))
    }

    /// Runs a command over SSH, as root or as the package's user.
    pub(crate) fn ssh(&self, user: u32, command: &[&str]) -> Ran {
        let environment = [
            ("PATH", "/usr/sbin:/usr/bin:/usr/syno/bin"),
            ("HOME", "/root"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.run_as(user, command, &environment.into())
    }

    fn start_up(&self, ran: &mut Ran, status: &str) {
        for verb in ["prestart", "start"] {
            ran.add(&self.control(verb, status));
        }
    }

    fn shut_down(&self, ran: &mut Ran, status: &str) {
        for verb in ["prestop", "stop"] {
            ran.add(&self.control(verb, status));
        }
    }

    /// Runs one of the package's other scripts; returns whether it succeeded.
    fn hook(&self, ran: &mut Ran, from: &str, script: &str, environment: &Answers) -> bool {
        let script = format!("{from}/scripts/{script}");
        ran.add(&self.run_as(USER, &[&script], environment));
        ran.code == 0
    }

    /// The variables that the guide promises to a script.
    pub(crate) fn variables(&self) -> Vec<String> {
        self.environment("").into_keys().collect()
    }

    fn environment(&self, status: &str) -> Answers {
        let variables = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/root"),
            ("SYNOPKG_PKGNAME", NAME),
            ("SYNOPKG_PKGVER", "0.1.0-0001"),
            ("SYNOPKG_OLD_PKGVER", "0.1.0-0001"),
            ("SYNOPKG_PKGDEST", &format!("{INSTALLED}/target")),
            ("SYNOPKG_PKGDEST_VOL", "/volume1"),
            ("SYNOPKG_PKGPORT", ""),
            ("SYNOPKG_PKGINST_TEMP_DIR", &format!("{TEMPORARY}/target")),
            ("SYNOPKG_TEMP_LOGFILE", DIALOG),
            ("SYNOPKG_TEMP_UPGRADE_FOLDER", "/volume1/@tmp/upgrade"),
            ("SYNOPKG_TEMP_SPKFILE", "/volume1/@tmp/upload.spk"),
            ("SYNOPKG_DSM_LANGUAGE", self.language),
            ("SYNOPKG_DSM_VERSION_MAJOR", "7"),
            ("SYNOPKG_DSM_VERSION_MINOR", "2"),
            ("SYNOPKG_DSM_VERSION_BUILD", "72806"),
            ("SYNOPKG_DSM_ARCH", "r1000"),
            ("SYNOPKG_PKG_STATUS", status),
            ("SYNOPKG_PKG_PROGRESS_PATH", "/tmp/progress"),
            ("SYNOPKG_USERNAME", "admin"),
            ("SYNOPKG_PKGVAR", &format!("{INSTALLED}/var")),
            ("SYNOPKG_PKGTMP", &format!("{INSTALLED}/tmp")),
            ("SYNOPKG_PKGHOME", &format!("{INSTALLED}/home")),
        ];
        let variables = variables.iter().chain(&self.with);
        let wanted = variables.filter(|(name, _)| Some(*name) != self.without.as_deref());
        let owned = wanted.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    fn run_as(&self, user: u32, command: &[&str], environment: &Answers) -> Ran {
        let dialog = self.at(DIALOG);
        fs::write(&dialog, "").unwrap();
        set_mode(&dialog, 0o666);
        let mut chroot = Command::new("/usr/sbin/chroot");
        chroot.arg(format!("--userspec={user}:{user}"));
        chroot.arg(format!("--groups={user}"));
        chroot.arg(&self.disk).args(command);
        // The log is a file, as on DSM: a daemon would hold a pipe open.
        let log = self.at("/tmp/log");
        let file = fs::File::create(&log).unwrap();
        chroot.stdout(file.try_clone().unwrap()).stderr(file);
        let status = chroot.env_clear().envs(environment).status().unwrap();
        Ran {
            code: status.code().unwrap(),
            dialog: fs::read_to_string(dialog).unwrap(),
            log: fs::read_to_string(log).unwrap(),
        }
    }

    /// Runs the steps before `preinst`.
    fn unpack(&self, package: &Path) {
        let place = self.at(TEMPORARY);
        fs::create_dir_all(&place).unwrap();
        copy(&package.join("."), &place);
        give(&place);
    }

    /// Moves the unpacked files to their places.
    fn place(&self) {
        let (from, here) = (self.at(TEMPORARY), self.at(INSTALLED));
        fs::create_dir_all(&here).unwrap();
        for name in ["scripts", "conf", "INFO"] {
            run(Command::new("rm").arg("-rf").arg(here.join(name)));
            copy(&from.join(name), &here);
        }
        let target = self.at("/volume1/@appstore").join(NAME);
        run(Command::new("rm").arg("-rf").arg(&target));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        copy(&from.join("target"), &target);
        let fleeting = [
            ("target", "/volume1/@appstore", 0o755),
            ("tmp", "/volume1/@apptemp", 0o755),
        ];
        for (name, real, mode) in DIRECTORIES.into_iter().chain(fleeting) {
            let real = format!("{real}/{NAME}");
            fs::create_dir_all(self.at(&real)).unwrap();
            set_mode(&self.at(&real), mode);
            chown(self.at(&real), Some(USER), Some(USER)).unwrap();
            let _ = symlink(real, here.join(name));
        }
    }

    /// The worker systemd-user-unit.
    fn acquire_unit(&self) {
        let units = self.file("home", ".config/systemd/user");
        fs::create_dir_all(&units).unwrap();
        let unit = self.at(INSTALLED).join("conf/systemd").join(UNIT);
        fs::copy(unit, units.join(UNIT)).unwrap();
        give(&self.file("home", ".config"));
    }
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").args([from, to]));
}

/// Changes the owner to the package's user.
fn give(place: &Path) {
    let owner = format!("{USER}:{USER}");
    run(Command::new("chown").args(["-R", &owner]).arg(place));
}

impl Drop for Nas {
    #[expect(clippy::print_stderr, reason = "the test has failed: here is why")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let var = self.file("var", "google-to-synology-sso.log");
        let units = ["calls", "journal"].map(|name| self.at("/run/user-units").join(name));
        for path in units.iter().chain([&self.at("/tmp/log"), &var]) {
            let text = fs::read(path).unwrap_or_default();
            eprintln!("== {}\n{}", path.display(), String::from_utf8_lossy(&text));
        }
    }
}

impl Ran {
    fn add(&mut self, next: &Self) {
        self.code = next.code;
        self.dialog += &next.dialog;
        self.log += &next.log;
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Every file at or below `directory` that is not a directory, with its owner
/// and its mode.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, u32, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path, metadata.uid(), metadata.mode() & 0o7777));
        }
    }
    found
}
