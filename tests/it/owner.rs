//! The user as which a command runs. These tests change file owners, as root or
//! by sudo.

/// Files and directories of other users.
mod others;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use crate::support::command_line::as_root;
use crate::support::command_line::{EXAMPLE, text};
use crate::support::process::{tool, until};

/// The user and group `nobody`, which is neither root nor the user who runs the
/// tests.
const OWNER: u32 = 65534;

/// A config's directory that belongs to [`OWNER`], and a copy of the program,
/// since the build directory may be closed to that user.
struct Estate(tempfile::TempDir);

impl Estate {
    fn with(config: &str) -> Self {
        let estate = Self(tempfile::tempdir().unwrap());
        let root = estate.0.path();
        fs::set_permissions(root, Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(estate.home()).unwrap();
        fs::set_permissions(estate.home(), Permissions::from_mode(0o755)).unwrap();
        fakes::house::write_secret(&estate.home().join("config.toml"), config);
        for name in [
            "google-client-secret",
            "dsm-password",
            "synology-client-secret",
        ] {
            fakes::house::write_secret(&estate.home().join(name), "correct-horse-battery-staple");
        }
        let program = env!("CARGO_BIN_EXE_google-to-synology-sso");
        // In a separate process: a child that another test starts while we have
        // the copy open for writing would make it impossible to run.
        let mut copy = Command::new("cp");
        let copied = copy.arg(program).arg(root.join("program"));
        assert!(copied.status().unwrap().success());
        estate.give("--recursive", OWNER, "");
        estate
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// Changes the owner of `name` in the home, or of the home itself.
    fn give(&self, option: &str, user: u32, name: &str) {
        let mut chown = as_root(Path::new("chown"));
        chown.args([option, &format!("{user}:{user}")]);
        let done = chown.arg(self.home().join(name)).status().unwrap();
        assert!(done.success());
    }

    fn chmod(&self, mode: &str) {
        let mut chmod = as_root(Path::new("chmod"));
        let done = chmod.arg(mode).arg(self.home()).status().unwrap();
        assert!(done.success());
    }

    /// Our program as root, with its config in this home.
    fn root(&self, arguments: &[&str]) -> Output {
        self.root_with(&[], arguments)
    }

    /// As root with more environment variables, which sudo would drop.
    fn root_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = as_root(Path::new("env"));
        command.args(
            variables
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        command.arg(self.0.path().join("program"));
        self.run(command, arguments)
    }

    /// As `user`, with `group` as the only other group.
    fn user(&self, user: u32, group: u32, arguments: &[&str]) -> Output {
        self.run(self.command_of(user, group), arguments)
    }

    fn command_of(&self, user: u32, group: u32) -> Command {
        let mut command = as_root(Path::new("setpriv"));
        command.args([format!("--reuid={user}"), format!("--regid={user}")]);
        command.arg(format!("--groups={group}"));
        command.arg(self.0.path().join("program"));
        command
    }

    /// Root's daemon without a config, once it waits for one; its output is in
    /// a file.
    async fn waiting(&self) -> Waiting {
        fs::remove_file(self.home().join("config.toml")).unwrap();
        let mut command = as_root(&self.0.path().join("program"));
        command.args(["run", "--wait-for-config=127.0.0.1:0", "--config"]);
        let said = self.0.path().join("said");
        let daemon = command
            .arg(self.home().join("config.toml"))
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let waiting = "waiting for a config";
        until(waiting, || {
            fs::read_to_string(&said).unwrap().contains(waiting)
        })
        .await;
        let process = self.process().unwrap();
        Waiting {
            daemon,
            process,
            said,
        }
    }

    fn run(&self, mut command: Command, arguments: &[&str]) -> Output {
        command.args(arguments).arg("--config");
        command.arg(self.home().join("config.toml"));
        command.output().unwrap()
    }

    /// The process that runs our program: under sudo it is not a child of the
    /// test.
    fn process(&self) -> Option<String> {
        let program = self.0.path().join("program");
        let program = program.to_str().unwrap().as_bytes();
        let processes = fs::read_dir("/proc").unwrap();
        let mut processes = processes.map(|process| process.unwrap());
        let found = processes.find(|process| {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).next() == Some(program)
        });
        Some(found?.file_name().into_string().unwrap())
    }

    /// All files in the home, with their owners.
    fn owners(&self) -> Vec<(String, u32, u32)> {
        let entries = fs::read_dir(self.home()).unwrap();
        let entries = entries.map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, metadata.uid(), metadata.gid())
        });
        entries.collect()
    }

    fn all_belongs_to_the_owner(&self) {
        let owners = self.owners();
        let strange = owners
            .iter()
            .filter(|(_, user, group)| (*user, *group) != (OWNER, OWNER));
        assert_eq!(strange.count(), 0, "{owners:?}");
    }
}

/// A daemon started by root that waits for its config.
struct Waiting {
    daemon: Child,
    /// The process itself, or the child of sudo.
    process: String,
    said: PathBuf,
}

impl Waiting {
    async fn says(&self, words: &str) {
        until(words, || {
            fs::read_to_string(&self.said).unwrap().contains(words)
        })
        .await;
    }

    fn kill(&self, signal: &str) -> bool {
        let mut kill = as_root(Path::new("kill"));
        kill.args([signal, &self.process])
            .status()
            .unwrap()
            .success()
    }

    fn end(mut self) {
        assert!(self.kill("-TERM"));
        assert!(self.daemon.wait().unwrap().success());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.daemon.try_wait().unwrap().is_none() {
            self.kill("-KILL");
        }
    }
}

#[test]
fn the_daemon_can_open_the_files_that_root_created() {
    // A documentation address (RFC 5737), which cannot be bound: `run` creates
    // its state and ends.
    let estate = Estate::with(&EXAMPLE.replace("127.0.0.1:5556", "192.0.2.1:5556"));
    let ran = estate.root(&["run"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(text(&ran.stderr).contains("listen on 192.0.2.1"), "{ran:?}");
    let made = estate.home().join("state.sqlite3");
    assert!(made.exists(), "{ran:?}");
    estate.all_belongs_to_the_owner();
}

#[test]
fn the_daemon_can_read_the_setup_of_root() {
    let estate = Estate::with(EXAMPLE);
    let arguments = ["setup", "--from-env", "--force"];
    let done = estate.root_with(&fakes::house::ANSWERS, &arguments);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let config = estate.home().join("config.toml");
    assert_ne!(fs::read_to_string(config).unwrap_or_default(), EXAMPLE);
    estate.all_belongs_to_the_owner();
}

#[test]
fn root_sees_what_the_owner_sees() {
    let estate = Estate::with(EXAMPLE);
    assert_eq!(estate.root(&["check"]).status.code(), Some(0));
    estate.give("--no-dereference", 0, "dsm-password");
    let checked = estate.root(&["check"]);
    assert_eq!(checked.status.code(), Some(78));
    let found = text(&checked.stdout);
    assert!(found.starts_with("fail dsm.password-file"), "{found}");
    assert!(found.contains("Permission denied"), "{found}");

    // Nor by a group that root is in.
    let config = estate.home().join("config.toml");
    let mut chown = as_root(Path::new("chown"));
    assert!(chown.arg("0:7").arg(&config).status().unwrap().success());
    let mut chmod = as_root(Path::new("chmod"));
    assert!(chmod.arg("640").arg(&config).status().unwrap().success());
    let checked = estate.user(0, 7, &["check"]);
    let found = text(&checked.stdout);
    assert!(found.contains("Permission denied"), "{found}");
    assert!(found.contains("owner of its directory"), "{found}");
}

#[test]
fn any_other_user_is_told_as_which_user_to_run_it() {
    let estate = Estate::with(EXAMPLE);
    let stranger = OWNER - 1;
    for mode in ["755", "700"] {
        estate.chmod(mode);
        for command in ["check", "run"] {
            let output = estate.user(stranger, 7, &[command]);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert_eq!(text(&output.stdout), "");
            let complaint = text(&output.stderr);
            let how = "sudo -u nobody google-to-synology-sso …";
            assert!(complaint.contains(how), "{complaint}");
        }
        let output = estate.user(OWNER, OWNER, &["check"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    // The user cannot even read the directory, since its parent is now closed.
    let mut command = estate.command_of(stranger, 7);
    command.args(["check", "--config"]);
    command.arg(estate.home().join("inner").join("config.toml"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let how = "sudo -u google-to-synology-sso google-to-synology-sso …";
    assert!(text(&output.stderr).contains(how), "{output:?}");

    // Files of root are not readable for the owner.
    estate.chmod("755");
    estate.give("--recursive", 0, "");
    let output = estate.user(OWNER, OWNER, &["check"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let complaint = text(&output.stderr);
    assert!(complaint.contains("(uid 0)"), "{complaint}");
    assert!(!complaint.contains("sudo"), "{complaint}");
}

#[test]
fn a_group_of_roots_is_none_of_the_owners() {
    let estate = Estate::with(EXAMPLE);
    // As after an installer that changed the user but not the group.
    let mut chgrp = as_root(Path::new("chgrp"));
    assert!(
        chgrp
            .arg("0")
            .arg(estate.home())
            .status()
            .unwrap()
            .success()
    );
    let theirs = estate.home().join("fullchain.pem");
    fs::write(&theirs, "root's").unwrap();
    let listen = "[listen]\ntls-certificate = \"fullchain.pem\"\ntls-private-key = \"none\"";
    let config = EXAMPLE.replacen("[listen]", listen, 1);
    fs::write(estate.home().join("config.toml"), config).unwrap();
    for (program, argument) in [("chown", "0:0"), ("chmod", "640")] {
        let mut command = as_root(Path::new(program));
        assert!(
            command
                .arg(argument)
                .arg(&theirs)
                .status()
                .unwrap()
                .success()
        );
    }

    let checked = estate.root(&["check"]);

    let found = text(&checked.stdout);
    assert!(found.contains("Permission denied"), "{found}");
}

#[test]
fn root_runs_no_program_that_another_user_can_write() {
    let estate = Estate::with(EXAMPLE);
    // As in a directory in which everyone can create files.
    estate.give("--no-dereference", 0, "");
    for command in ["check", "run", "status"] {
        let output = estate.root(&[command]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = format!("{output:?}");
        assert!(told.contains("config.toml: it belongs to"), "{told}");
    }
    // Nor behind a link that belongs to root.
    let config = estate.home().join("config.toml");
    fs::rename(&config, estate.home().join("theirs.toml")).unwrap();
    std::os::unix::fs::symlink("theirs.toml", &config).unwrap();
    estate.give("--no-dereference", 0, "config.toml");
    assert_eq!(estate.root(&["status"]).status.code(), Some(1));

    estate.give("--no-dereference", 0, "theirs.toml");
    let output = estate.root(&["status"]);
    assert_eq!(output.status.code(), Some(75), "{output:?}");
}

#[tokio::test]
async fn root_that_waits_for_a_config_is_its_owner_already() {
    let estate = Estate::with(EXAMPLE);
    let waiting = estate.waiting().await;
    let status = fs::read_to_string(format!("/proc/{}/status", waiting.process)).unwrap();
    assert!(
        status.contains("\nUid:\t65534\t65534\t65534\t65534\n"),
        "{status}"
    );

    let config = estate.home().join("config.toml");
    let text = EXAMPLE.replace("127.0.0.1:5556", "127.0.0.1:0");
    fakes::house::write_secret(&config, &text);
    estate.give("--no-dereference", OWNER, "config.toml");

    waiting.says(" serving ").await;
    estate.all_belongs_to_the_owner();
    waiting.end();
}

#[tokio::test]
async fn root_rejects_a_config_that_another_user_wrote_meanwhile() {
    let estate = Estate::with(EXAMPLE);
    estate.give("--no-dereference", 0, "");
    let waiting = estate.waiting().await;

    // As in a directory in which everyone can create files.
    fakes::house::write_secret(&estate.home().join("config.toml"), EXAMPLE);
    estate.give("--no-dereference", OWNER, "config.toml");
    waiting
        .says("it belongs to another user (uid 65534) than root")
        .await;

    // The directory now belongs to the owner, so its files are not trusted by
    // root.
    estate.give("--recursive", OWNER, "");
    waiting
        .says("home belongs to another user (uid 65534)")
        .await;
    waiting.end();
    assert!(!estate.home().join("state.sqlite3").exists());
}

/// A package whose home is missing leaves the directory of its log to its
/// former user.
#[test]
fn root_writes_no_log_where_another_user_may_plant_a_link() {
    let estate = Estate::with(EXAMPLE);
    let package = estate.home().join("google-to-synology-sso");
    let passwords = estate.0.path().join("passwords");
    fs::create_dir_all(package.join("var")).unwrap();
    fs::write(&passwords, "root's").unwrap();
    let log = package.join("var/google-to-synology-sso.log");
    std::os::unix::fs::symlink(&passwords, log).unwrap();
    let before = fs::metadata(&passwords).unwrap().mode();

    let mut command = as_root(&estate.0.path().join("program"));
    // An address that cannot be bound ends it at once.
    command.args(["run", "--wait-for-config=192.0.2.1:5556", "--config"]);
    let ran = command.arg(package.join("home/config.toml")).output();

    let ran = ran.unwrap();
    let said = text(&ran.stderr);
    assert!(said.contains("listen on 192.0.2.1"), "{said}");
    assert_eq!(fs::read_to_string(&passwords).unwrap(), "root's");
    assert_eq!(fs::metadata(&passwords).unwrap().mode(), before);
}

#[tokio::test]
async fn no_core_file_gets_the_secrets_of_the_daemon() {
    let estate = Estate::with(&EXAMPLE.replace("127.0.0.1:5556", "127.0.0.1:0"));
    let mut command = estate.command_of(OWNER, OWNER);
    command.args(["run", "--config"]);
    let mut daemon = command
        .arg(estate.home().join("config.toml"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let socket = estate.home().join("control.sock");
    until("the daemon runs", || socket.exists()).await;

    // A process that cannot be dumped or traced belongs to root in /proc
    // (proc(5)).
    let process = estate.process().unwrap();
    let owner = fs::metadata(format!("/proc/{process}/environ"))
        .unwrap()
        .uid();

    let mut kill = as_root(Path::new("kill"));
    assert!(kill.arg(process).status().unwrap().success());
    daemon.wait().unwrap();
    assert_eq!(owner, 0);
}

/// The kernel resets it when the user changes (prctl(2)); the new value is a
/// setting of the machine.
#[test]
fn no_core_file_either_once_root_became_the_owner() {
    let estate = Estate::with(EXAMPLE);
    let trace = estate.0.path().join("trace");
    let mut command = as_root(tool("strace").as_ref());
    command.args(["-qq", "-e", "trace=prctl,setuid", "-o"]);
    command.arg(&trace).arg(estate.0.path().join("program"));

    let checked = estate.run(command, &["check"]);

    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let calls = fs::read_to_string(trace).unwrap();
    let (_, after) = calls.split_once("setuid(65534)").expect(&calls);
    assert!(
        after.contains("PR_SET_DUMPABLE, SUID_DUMP_DISABLE"),
        "{calls}"
    );
}
