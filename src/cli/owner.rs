//! Switches root to the owner of the config's directory, as which the daemon
//! runs.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User, setgid, setgroups, setuid};

use super::package;
use crate::config::{directory_of, writable_by_others};

/// Switches root permanently to the owner of the directory of `config`, so that
/// no command leaves a file that the daemon cannot open. Any other user gets an
/// error that says how to run the command.
///
/// A missing directory is not an error here; the command itself reports it.
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
        .with_context(|| {
            format!(
                "cannot switch to the owner of {} (uid {user})",
                directory.display()
            )
        })
}

/// Returns how to run a command as `user`, the owner of the directory of
/// `config`. Empty for root, which must not run this program on a NAS: the
/// package's user can replace it.
fn how_to_be(user: Uid, config: &Path) -> String {
    let name = User::from_uid(user).ok().flatten().map(|user| user.name);
    if package::owns(config) && name.as_deref() != Some(arguments::NAME) {
        return format!(
            "; if it is from a previous installation, run: sudo chown -R {0}:{0} {1}/",
            arguments::NAME,
            directory_of(config).display()
        );
    }
    if user.is_root() {
        return String::new();
    }
    let name = name.unwrap_or_else(|| format!("'#{user}'"));
    format!("; run this as that user: sudo -u {name} google-to-synology-sso …")
}

/// Checks that this process runs as the owner of the directory of `config`,
/// which may not have existed at the start.
pub(super) fn still_owns(config: &Path) -> anyhow::Result<()> {
    let directory = directory_of(config);
    let Ok(metadata) = fs::metadata(directory) else {
        return Ok(());
    };
    let ours = Uid::effective();
    if metadata.uid() != ours.as_raw() {
        bail!(
            "{} belongs to another user (uid {}) than this daemon (uid {ours}); restart the daemon",
            directory.display(),
            metadata.uid()
        );
    }
    Ok(())
}

/// Returns the directory's group, or the owner's own group if that is root's: a
/// `chown` without a group leaves root's, whose files the owner must not read.
fn group_of(user: Uid, directory: Gid) -> anyhow::Result<Gid> {
    let roots = Gid::from_raw(0);
    if directory != roots {
        return Ok(directory);
    }
    let user = User::from_uid(user).context("cannot look up the owner")?;
    let own = user.map(|user| user.gid).filter(|own| *own != roots);
    own.context("its group is root, and the owner has no other group; run chgrp on it")
}

/// Changes the user last, because only root may change the groups. Called by
/// root, each call also sets the saved IDs, so there is no way back.
fn give_up_root(user: Uid, group: Gid) -> nix::Result<()> {
    setgroups(&[])?;
    setgid(group)?;
    setuid(user)
}
