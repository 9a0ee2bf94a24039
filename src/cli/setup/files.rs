//! Writes several files, all of them or none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::TempDir;

/// Whether existing files may be replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Existing {
    Keep,
    Replace,
}

/// New files in a temporary directory, where they can be checked. Dropping this
/// deletes the directory.
pub(super) struct Staging {
    home: PathBuf,
    directory: TempDir,
    names: Vec<String>,
}

impl Staging {
    /// Creates the directory in `home`, so that a rename can move the files.
    pub(super) fn in_directory(home: &Path) -> anyhow::Result<Self> {
        let mut builder = tempfile::Builder::new();
        // Short: the path of a socket can have 107 bytes.
        let builder = builder.prefix(".new-").rand_bytes(4);
        let owner_only = fs::Permissions::from_mode(0o700);
        let directory = builder.permissions(owner_only).tempdir_in(home);
        Ok(Self {
            home: home.to_owned(),
            directory: directory
                .with_context(|| format!("cannot create files in {}", home.display()))?,
            names: Vec::new(),
        })
    }

    /// Writes the new file `name` with mode 0600.
    pub(super) fn add(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path(name);
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Returns the temporary path of the file `name`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Moves the files to their places, in the order in which they were added:
    /// all of them, or after a failure none. They survive a power cut.
    pub(super) fn put_in_place(self, existing: Existing) -> anyhow::Result<Vec<PathBuf>> {
        let mut done = Vec::new();
        for name in &self.names {
            if let Err(error) = self.put(name, existing) {
                self.undo(&done);
                let place = self.home.join(name);
                return Err(error).with_context(|| format!("cannot write {}", place.display()));
            }
            done.push(name.as_str());
        }
        sync_directory(&self.home)?;
        Ok(done.iter().map(|name| self.home.join(name)).collect())
    }

    fn put(&self, name: &str, existing: Existing) -> io::Result<()> {
        let (new, place) = (self.path(name), self.home.join(name));
        match existing {
            // Unlike a rename, this fails if the file exists.
            Existing::Keep => fs::hard_link(new, place),
            Existing::Replace => {
                match fs::hard_link(&place, self.old(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Err(_) | Ok(()) => {}
                }
                fs::rename(new, place)
            }
        }
    }

    fn old(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.old"))
    }

    /// Restores the previous files. The error that led here is reported.
    fn undo(&self, done: &[&str]) {
        for name in done {
            let place = self.home.join(name);
            if fs::rename(self.old(name), &place).is_err() {
                let _ = fs::remove_file(place);
            }
        }
    }
}

/// Returns an error if one of `names` exists in `home` and must be kept.
pub(super) fn look_for(names: &[&str], home: &Path, existing: Existing) -> anyhow::Result<()> {
    if !home.is_dir() {
        bail!(
            "the directory {} does not exist; create it first, owned by the daemon's user",
            home.display()
        );
    }
    let there = names.iter().map(|name| home.join(name));
    let there: Vec<String> = there
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if existing == Existing::Keep && !there.is_empty() {
        bail!(
            "nothing was written, because these files exist: {}; --force replaces them",
            there.join(", ")
        );
    }
    Ok(())
}

/// Removes a file, if it exists.
pub(super) fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Creates or replaces one file atomically.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let home = crate::config::directory_of(path);
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(home)?;
        file.write_all(text.as_bytes())?;
        let permissions = fs::Permissions::from_mode(mode);
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    sync_directory(home)
}

/// Without this, a power cut may undo a rename.
fn sync_directory(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("cannot sync the directory {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `first` and `second`; `second` fails.
    fn fail_half_way(home: &Path, existing: Existing) {
        let mut staging = Staging::in_directory(home).unwrap();
        staging.add("first", "new").unwrap();
        staging.add("second", "new").unwrap();
        fs::remove_file(staging.path("second")).unwrap();
        assert!(staging.put_in_place(existing).is_err());
    }

    fn names(home: &Path) -> Vec<String> {
        let entries = fs::read_dir(home).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn after_a_failure_no_file_is_new() {
        for existing in [Existing::Keep, Existing::Replace] {
            let home = tempfile::tempdir().unwrap();
            fail_half_way(home.path(), existing);
            assert_eq!(names(home.path()), [""; 0]);
        }
    }

    #[test]
    fn after_a_failure_the_previous_files_remain() {
        let home = tempfile::tempdir().unwrap();
        for name in ["first", "second"] {
            fs::write(home.path().join(name), format!("old {name}")).unwrap();
        }
        fail_half_way(home.path(), Existing::Replace);
        assert_eq!(names(home.path()), ["first", "second"]);
        for name in ["first", "second"] {
            let text = fs::read_to_string(home.path().join(name)).unwrap();
            assert_eq!(text, format!("old {name}"));
        }
    }

    #[test]
    fn a_file_created_meanwhile_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let mut staging = Staging::in_directory(home.path()).unwrap();
        staging.add("first", "new").unwrap();
        staging.add("second", "new").unwrap();
        fs::write(home.path().join("second"), "theirs").unwrap();
        assert!(staging.put_in_place(Existing::Keep).is_err());
        assert_eq!(names(home.path()), ["second"]);
        let text = fs::read_to_string(home.path().join("second")).unwrap();
        assert_eq!(text, "theirs");
    }
}
