use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// The block size of file systems; DSM measures sizes as `du` does.
const BLOCK: usize = 4096;

/// The files of an archive, sorted by name, so in the same order everywhere.
#[derive(Default)]
pub(crate) struct Members(BTreeMap<String, Member>);

struct Member {
    content: Vec<u8>,
    mode: Mode,
}

#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Read,
    Execute,
}

impl Members {
    pub(crate) fn add(&mut self, name: &str, mode: Mode, content: Vec<u8>) {
        let member = Member { content, mode };
        self.0.insert(name.to_owned(), member);
    }

    /// Returns the unpacked size in KiB, directories included.
    pub(crate) fn unpacked_kib(&self) -> usize {
        let sizes = self.0.values().map(|member| member.content.len());
        let blocks: usize = sizes.map(|size| size.div_ceil(BLOCK)).sum();
        let directories = self.0.keys().flat_map(|name| parents(name));
        let mut directories: Vec<&str> = directories.collect();
        directories.sort_unstable();
        directories.dedup();
        (blocks + directories.len()) * BLOCK / 1024
    }

    /// Returns an uncompressed USTAR archive. DSM expects names without `./`,
    /// and rejects a compressed outer archive.
    pub(crate) fn tar(&self, date: u64) -> Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        let mut previous = "";
        for (name, member) in &self.0 {
            // The files of a directory are adjacent, because names are sorted.
            for directory in parents(name).filter(|it| !previous.starts_with(*it)) {
                let mut header = header(EntryType::Directory, 0o755, date);
                tar.append_data(&mut header, directory, &[][..])
                    .with_context(|| format!("cannot archive {directory}"))?;
            }
            previous = name;
            let mode = match member.mode {
                Mode::Read => 0o644,
                Mode::Execute => 0o755,
            };
            let mut header = header(EntryType::Regular, mode, date);
            header.set_size(member.content.len() as u64);
            tar.append_data(&mut header, name, &member.content[..])
                .with_context(|| format!("cannot archive {name}"))?;
        }
        tar.into_inner().context("cannot finish the archive")
    }
}

/// Returns the directories above a name: `a/` and `a/b/` for `a/b/c`.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(at, _)| at + 1);
    ends.filter_map(|end| name.get(..end))
}

fn header(kind: EntryType, mode: u32, date: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(date);
    // Owned by root; DSM gives the files to the package's user.
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// Compresses with gzip, without a name and time in the header, which would
/// differ between two builds.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(bytes)
        .context("cannot compress the payload")?;
    gzip.finish().context("cannot compress the payload")
}
