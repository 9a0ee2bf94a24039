//! A file system of its own for the files of a daemon.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use fakes::house::House;
use tempfile::TempDir;

use super::command_line::as_root;
use super::process::Process;

/// A small file system, mounted over a directory.
pub(crate) struct Disk {
    directory: PathBuf,
    /// On another disk, so that messages about the full disk are stored.
    pub(crate) logs: TempDir,
}

impl Disk {
    pub(crate) fn over(directory: &Path) -> Self {
        let owner = format!(
            "size=2m,mode=700,uid={},gid={}",
            rustix::process::getuid(),
            rustix::process::getgid()
        );
        let disk = Self {
            directory: directory.to_owned(),
            logs: tempfile::tempdir().unwrap(),
        };
        disk.mount(&["-t", "tmpfs", "-o", &owner, "tmpfs"]);
        disk
    }

    pub(crate) fn mount(&self, arguments: &[&str]) {
        let mut mount = as_root(Path::new("mount"));
        let done = mount.args(arguments).arg(&self.directory).status().unwrap();
        assert!(done.success(), "mount {arguments:?}");
    }

    /// Fills the disk to the last byte.
    pub(crate) fn fill(&self) {
        let mut filler = fs::File::create(self.filler()).unwrap();
        for size in [4096, 1] {
            while filler.write_all(&vec![1; size]).is_ok() {}
        }
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Starts `command`, the daemon of `house`.
    pub(crate) fn start(&self, house: &House, command: &mut Command) -> Process {
        Process::start(command, house.address.port(), self.logs.path())
    }

    fn filler(&self) -> PathBuf {
        self.directory.join("holiday-film")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut umount = as_root(Path::new("umount"));
        // Also unmounts what the daemon still has open.
        let _ = umount.arg("--lazy").arg(&self.directory).status();
        let _ = fs::remove_dir(&self.directory);
    }
}
