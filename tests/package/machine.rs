//! Runs each test in its own network, process and mount namespaces, so that
//! every daemon can use port 5556 and nothing is left on the host.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use fakes::namespaces;

/// Runs `story` with an empty disk, as root of a machine without a network, by
/// running this test again as the first process in new namespaces. When that
/// process ends, all others end, and every mount is removed.
///
/// The test's name is that of the closure `T`.
pub(crate) fn on_a_machine<T>(story: impl FnOnce(&Path)) {
    if namespaces::is_first_process() {
        let disk = env::current_dir().unwrap();
        mount(&["-t", "tmpfs", "-o", "mode=755", "tmpfs"], &disk);
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        return story(&disk);
    }
    let disk = tempfile::tempdir().unwrap();
    // A limit in case a process in it hangs.
    let mut unshare = as_root("timeout");
    unshare.args(["--signal=KILL", "600"]);
    unshare.args(["unshare", "--mount", "--net", "--ipc"]);
    unshare.current_dir(&disk);
    namespaces::run_again::<T>(unshare);
}

/// Runs `program` as root, by sudo if necessary.
fn as_root(program: &str) -> Command {
    // Only root can read another user's directory.
    let is_root = std::fs::read_dir("/root").is_ok();
    if is_root {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", program]);
    sudo
}

/// Runs `mount` with the mount point as last argument.
pub(crate) fn mount(arguments: &[&str], on: &Path) {
    std::fs::create_dir_all(on).unwrap();
    run(Command::new("mount").args(arguments).arg(on));
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {done:?}");
}

/// Returns `path`, which is absolute on the NAS, as a path on the host.
pub(crate) fn under(disk: &Path, path: &str) -> PathBuf {
    disk.join(path.trim_start_matches('/'))
}
