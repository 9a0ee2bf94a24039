//! A container that boots this machine's own Debian; changes go to memory only.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::lifecycle::until;
use crate::machine::{mount, run};

/// The prefix of container names, also in the control group tree.
const PREFIX: &str = "google-to-synology-sso-test-";

const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Waits until the new control group is ready, joins it, and boots.
const BOOT: &str = r#"
tries=100
until mkdir -p "$1" && echo $$ >"$1/cgroup.procs"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
done
exec systemd-nspawn --quiet --boot --directory="$2" --machine=gateway \
    --register=no --keep-unit --resolv-conf=off --console=pipe
"#;

/// The root directory of a container.
pub(super) struct Disk {
    root: PathBuf,
    console: PathBuf,
    group: PathBuf,
}

/// A container with systemd as its first process. It uses the network of the
/// test.
pub(super) struct Container<'d> {
    disk: &'d Disk,
    nspawn: Child,
    /// The process id of its systemd on the host.
    systemd: String,
}

impl Disk {
    /// Mounts this machine's root directory below `directory`, an empty tmpfs,
    /// which receives all changes.
    pub(super) fn below(directory: &Path) -> Self {
        let [upper, work, root] = ["upper", "work", "root"].map(|name| directory.join(name));
        for part in [&upper, &work] {
            fs::create_dir(part).unwrap();
        }
        let layers = format!(
            "lowerdir=/,upperdir={},workdir={}",
            upper.display(),
            work.display()
        );
        mount(&["-t", "overlay", "-o", &layers, "overlay"], &root);
        // Only control groups version 2, even if the machine uses version 1.
        let groups = Path::new(CONTROL_GROUPS);
        if !groups.join("cgroup.controllers").exists() {
            mount(&["-t", "cgroup2", "cgroup2"], groups);
        }
        let name = directory.file_name().unwrap().to_string_lossy();
        let disk = Self {
            root,
            console: directory.join("console"),
            group: Path::new(CONTROL_GROUPS).join(format!("{PREFIX}{name}")),
        };
        disk.forget_services();
        disk.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        disk.write("/etc/hostname", "gateway\n");
        disk.write(
            "/etc/hosts",
            "127.0.0.1 localhost gateway accounts.google.com\n",
        );
        disk
    }

    /// Disables all services that this machine starts at boot, and removes our
    /// own.
    fn forget_services(&self) {
        let script = "rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires \
            /etc/systemd/system/google-to-synology-sso.service \
            /usr/local/bin/google-to-synology-sso /var/lib/google-to-synology-sso \
            /var/packages /usr/syno
            ! id google-to-synology-sso >/dev/null 2>&1 || userdel google-to-synology-sso";
        run(&mut self.before_boot(&["sh", "-c", script]));
    }

    /// Runs a command in the root directory of the container before it is
    /// booted.
    pub(super) fn before_boot(&self, command: &[&str]) -> Command {
        let mut chroot = Command::new("/usr/sbin/chroot");
        chroot.arg(&self.root).args(command);
        chroot.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        chroot
    }

    /// Returns `path`, which is absolute in the container, as a path on the
    /// host.
    pub(super) fn at(&self, path: &str) -> PathBuf {
        crate::machine::under(&self.root, path)
    }

    /// Writes a file and creates its directory.
    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl<'d> Container<'d> {
    /// Boots the container, and returns when systemd has started all units.
    pub(super) fn boot(disk: &'d Disk) -> Self {
        let nspawn = Path::new("/usr/bin/systemd-nspawn");
        assert!(
            nspawn.exists(),
            "{} is missing: run tests/prepare",
            nspawn.display()
        );
        sweep();
        let console = File::create(&disk.console).unwrap();
        let mut command = Command::new("sh");
        command.args(["-euc", BOOT, "boot"]);
        command.arg(&disk.group).arg(&disk.root);
        command.stdin(Stdio::null());
        command.stdout(console.try_clone().unwrap()).stderr(console);
        let mut container = Self {
            disk,
            nspawn: command.spawn().unwrap(),
            systemd: String::new(),
        };
        let is_up = |container: &mut Self| {
            let ended = container.nspawn.try_wait().unwrap();
            assert!(ended.is_none(), "systemd-nspawn ended: {ended:?}");
            container.systemd = first_child(container.nspawn.id());
            !container.systemd.is_empty() && container.has_booted()
        };
        until("systemd is up", || is_up(&mut container));
        container
    }

    /// Prepares the shell command `command` as root of the container.
    pub(super) fn command(&self, command: &str) -> Command {
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--target", &self.systemd]);
        nsenter.args(["--mount", "--uts", "--ipc", "--pid", "--cgroup"]);
        nsenter.args(["--root", "--wd", "--", "sh", "-c", command]);
        // The environment of an administrator's shell, without a pager.
        nsenter.env_clear().env("LC_ALL", "C.UTF-8");
        nsenter.env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        nsenter
    }

    /// Returns the output of the shell command `command`.
    pub(super) fn output(&self, command: &str) -> Output {
        self.command(command).output().unwrap()
    }

    /// Returns the standard output of `command`, which must succeed.
    pub(super) fn run(&self, command: &str) -> String {
        let done = self.output(command);
        assert!(done.status.success(), "{command}: {done:?}");
        String::from_utf8(done.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// "Degraded" is accepted: a unit of this machine may not start in a
    /// container.
    fn has_booted(&self) -> bool {
        let state = self.output("systemctl is-system-running").stdout;
        matches!(state.trim_ascii(), b"running" | b"degraded")
    }

    /// Powers the container off by systemd and waits for its end.
    pub(super) fn power_off(mut self) {
        // The connection may break before the response.
        let _ = self.output("systemctl poweroff");
        until("it is off", || self.nspawn.try_wait().unwrap().is_some());
    }
}

impl Drop for Container<'_> {
    #[expect(clippy::print_stderr, reason = "the test has failed: here is why")]
    fn drop(&mut self) {
        if thread::panicking() {
            let console = fs::read_to_string(&self.disk.console).unwrap_or_default();
            let journal = self.command("journalctl --no-pager -o short-precise -n 200");
            let journal = { journal }.output().map(|it| it.stdout).unwrap_or_default();
            let journal = String::from_utf8_lossy(&journal);
            eprintln!("== console\n{console}\n== journal\n{journal}");
        }
        // An error means that it has ended by itself.
        let _ = self.nspawn.kill();
        let _ = self.nspawn.wait();
        // Its processes end a moment later.
        for _ in 0..1000 {
            remove(&self.disk.group);
            if !self.disk.group.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Returns the first child of process `id`; empty if it has none.
fn first_child(id: u32) -> String {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let children = children.unwrap_or_default();
    children.split(' ').next().unwrap_or_default().to_owned()
}

/// Removes the control groups of containers whose test was killed; nothing else
/// of those remains.
fn sweep() {
    for entry in fs::read_dir(CONTROL_GROUPS).unwrap() {
        let path = entry.unwrap().path();
        let is_ours = path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(PREFIX);
        let events = fs::read_to_string(path.join("cgroup.events")).unwrap_or_default();
        if is_ours && events.contains("populated 0") {
            remove(&path);
        }
    }
}

/// Removes the empty control groups of a tree.
fn remove(group: &Path) {
    let mut find = Command::new("find");
    find.arg(group)
        .args(["-depth", "-type", "d", "-exec", "rmdir", "{}", "+"]);
    let _ = find.stderr(Stdio::null()).status();
}
