//! Who the commands run as: the owner of the config's directory, as the
//! daemon does.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User, setgid, setgroups, setuid};

use super::package;
use crate::config::{directory_of, writable_by_others};

/// Lets root become the owner of the directory of `config`, for good, so that
/// a command typed as root leaves no file that the daemon cannot open.
/// Any other user gets an error that says how to run the command.
///
/// A directory that is not there has no owner: the command itself tells what
/// that means for it.
pub(super) fn become_owner(config: &Path) -> anyhow::Result<()> {
    let directory = directory_of(config);
    let metadata = match fs::metadata(directory) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            bail!(
                "cannot open {}: {error}; run this as the user who owns it, such as: {} …",
                directory.display(),
                package::PROGRAM
            )
        }
        Err(_) => return Ok(()),
    };
    let (user, group) = (metadata.uid().into(), metadata.gid().into());
    let ours = Uid::effective();
    if ours == user && !user.is_root() {
        return Ok(());
    }
    if !ours.is_root() {
        bail!(
            "{} belongs to another user (uid {user}){}",
            directory.display(),
            how_to_be(user, config)
        );
    }
    if let Some(mode) = writable_by_others(&metadata) {
        bail!(
            "group or others can write to {} (mode {mode:04o}), so root does not work with a \
             config there; run chmod 700 on it{}",
            directory.display(),
            how_to_be(user, config)
        );
    }
    if user.is_root() {
        return Ok(());
    }
    group_of(user, group)
        .and_then(|group| Ok(give_up_root(user, group)?))
        .with_context(|| format!("become the owner of {} (uid {user})", directory.display()))
}

/// What to type to run a command as `user`, the owner of the directory of
/// `config`. Nothing for root: on a NAS it must not run this program, which the
/// package's user can replace.
fn how_to_be(user: Uid, config: &Path) -> String {
    let name = User::from_uid(user).ok().flatten().map(|user| user.name);
    if package::owns(config) && name.as_deref() != Some(package::USER) {
        return format!(
            "; a previous installation may have left it, then run: sudo chown -R {0}:{0} {1}/",
            package::USER,
            directory_of(config).display()
        );
    }
    if user.is_root() {
        return String::new();
    }
    let name = name.unwrap_or_else(|| format!("'#{user}'"));
    format!("; run this as that user: sudo -u {name} google-to-synology-sso …")
}

/// Whether what is in the directory of `config` is ours to read: to be asked
/// again of a config that was not there at the start.
pub(super) fn still_owns(config: &Path) -> anyhow::Result<()> {
    let directory = directory_of(config);
    let Ok(metadata) = fs::metadata(directory) else {
        return Ok(());
    };
    let ours = Uid::effective();
    if metadata.uid() != ours.as_raw() {
        bail!(
            "{} belongs to another user (uid {}) than this daemon (uid {ours}), which has to be \
             started again",
            directory.display(),
            metadata.uid()
        );
    }
    Ok(())
}

/// The directory's group, but never root's: whoever gave the directory away
/// may have given its user alone, and what root's group can read is not for
/// its owner. Then the owner's own one.
fn group_of(user: Uid, directory: Gid) -> anyhow::Result<Gid> {
    let roots = Gid::from_raw(0);
    if directory != roots {
        return Ok(directory);
    }
    let user = User::from_uid(user).context("look the owner up")?;
    let own = user.map(|user| user.gid).filter(|own| *own != roots);
    own.context("its group is root's, and the owner has no other: run chgrp on it")
}

/// The user last: only root may change the others. From root's hands, each
/// of them changes the saved one too, so that there is no way back.
fn give_up_root(user: Uid, group: Gid) -> nix::Result<()> {
    setgroups(&[])?;
    setgid(group)?;
    setuid(user)
}
