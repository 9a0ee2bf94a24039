use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// DSM counts what is unpacked in blocks, as `du` does.
const BLOCK: usize = 4096;

/// What is archived: by name, so in one order on every machine.
#[derive(Default)]
pub(crate) struct Members(BTreeMap<String, Member>);

struct Member {
    content: Vec<u8>,
    mode: Mode,
}

/// What somebody may do with a file.
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

    /// What they take unpacked, in KiB.
    pub(crate) fn unpacked_kib(&self) -> usize {
        let sizes = self.0.values().map(|member| member.content.len());
        let blocks: usize = sizes.map(|size| size.div_ceil(BLOCK)).sum();
        let directories = self.0.keys().flat_map(|name| parents(name));
        let mut directories: Vec<&str> = directories.collect();
        directories.sort_unstable();
        directories.dedup();
        (blocks + directories.len()) * BLOCK / 1024
    }

    /// A plain tar in the form of 1988, which everything reads. DSM wants no
    /// `./` before a name, and refuses an outer archive that is compressed.
    pub(crate) fn tar(&self, date: u64) -> Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        let mut previous = "";
        for (name, member) in &self.0 {
            // Sorted names have a directory's files one after the other.
            for directory in parents(name).filter(|it| !previous.starts_with(*it)) {
                let mut header = header(EntryType::Directory, 0o755, date);
                tar.append_data(&mut header, directory, &[][..])
                    .with_context(|| format!("archive {directory}"))?;
            }
            previous = name;
            let mode = match member.mode {
                Mode::Read => 0o644,
                Mode::Execute => 0o755,
            };
            let mut header = header(EntryType::Regular, mode, date);
            header.set_size(member.content.len() as u64);
            tar.append_data(&mut header, name, &member.content[..])
                .with_context(|| format!("archive {name}"))?;
        }
        tar.into_inner().context("end the archive")
    }
}

/// `a/b/c` is in `a/` and `a/b/`.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(at, _)| at + 1);
    ends.filter_map(|end| name.get(..end))
}

fn header(kind: EntryType, mode: u32, date: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(date);
    // root's; DSM gives the files to the package's user when it installs them.
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// gzip, since it is what DSM has unpacked for longest. Without a name and a
/// time in its head, which would differ between two builds.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(bytes).context("compress")?;
    gzip.finish().context("compress")
}
