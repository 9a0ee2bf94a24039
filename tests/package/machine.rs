//! A machine of its own for each story: its own network, processes and disks,
//! so that every daemon has port 5556, and that nothing is left on the machine
//! that tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, process};

/// Plays `story` with an empty disk, as root of a machine without a network:
/// this test, run once more as the first process there. With that process all
/// others end, and every mount goes.
///
/// The test's name is that of the closure `T` in it.
pub(crate) fn on_a_machine<T>(story: impl FnOnce(&Path)) {
    if process::id() == 1 {
        let disk = env::current_dir().unwrap();
        mount(&["-t", "tmpfs", "-o", "mode=755", "tmpfs"], &disk);
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        return story(&disk);
    }
    let disk = tempfile::tempdir().unwrap();
    // Whatever hangs there, nobody waits for it for ever.
    let mut unshare = as_root("timeout");
    unshare.args([
        "600", "unshare", "--mount", "--net", "--pid", "--ipc", "--fork",
    ]);
    unshare.args(["--kill-child", "--mount-proc", "--"]);
    unshare.arg(env::current_exe().unwrap());
    unshare.args(["--exact", &name_of::<T>(), "--nocapture"]);
    let played = unshare.current_dir(&disk).output().unwrap();
    let told = String::from_utf8_lossy(&played.stdout);
    let complaint = String::from_utf8_lossy(&played.stderr);
    let is_good = played.status.success() && told.contains("1 passed");
    assert!(is_good, "{told}\n{complaint}");
}

fn name_of<T>() -> String {
    let path = std::any::type_name::<T>();
    let (_, path) = path.split_once("::").unwrap();
    path.split("::{{closure}}").next().unwrap().to_owned()
}

/// By sudo, for who is not root.
fn as_root(program: &str) -> Command {
    // Somebody else's directory can be read by root alone.
    let is_root = std::fs::read_dir("/root").is_ok();
    if is_root {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", program]);
    sudo
}

/// `mount`, with the mount point last.
pub(crate) fn mount(arguments: &[&str], on: &Path) {
    std::fs::create_dir_all(on).unwrap();
    run(Command::new("mount").args(arguments).arg(on));
}

/// Has to go well.
pub(crate) fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {done:?}");
}

/// `path`, which is absolute on the NAS, as seen from the machine.
pub(crate) fn under(disk: &Path, path: &str) -> PathBuf {
    disk.join(path.trim_start_matches('/'))
}
