//! A parsed package.

use std::io::Read;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use serde_json::Value;
use tar::{Archive, EntryType};

/// A package that the rules check and that a test damages.
#[derive(Clone)]
pub(crate) struct Package {
    /// The bytes of the whole file.
    pub(crate) bytes: Vec<u8>,
    /// The members of the outer archive, which Package Center reads.
    pub(crate) members: Vec<Member>,
    /// The files that are unpacked on the NAS.
    pub(crate) payload: Vec<Member>,
}

/// A file or a directory in an archive.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) kind: EntryType,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) time: u64,
    pub(crate) is_ustar: bool,
    pub(crate) content: Vec<u8>,
}

impl Package {
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self> {
        let members = members(&bytes[..])?;
        let packed = members.iter().find(|it| it.name == "package.tgz");
        let packed = packed.context("no package.tgz")?;
        let payload = members_of(GzDecoder::new(&packed.content[..]))?;
        Ok(Self {
            bytes,
            members,
            payload,
        })
    }

    /// The members of both archives.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().chain(&self.payload)
    }

    pub(crate) fn member(&self, name: &str) -> Result<&Member> {
        find(&self.members, name)
    }

    pub(crate) fn payload(&self, name: &str) -> Result<&Member> {
        find(&self.payload, name)
    }

    /// The files under `directory`, with `directory` in their names.
    pub(crate) fn under<'a>(
        &'a self,
        directory: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Member)> {
        let files = self.members.iter();
        let named = files.filter_map(move |it| Some((it.name.strip_prefix(directory)?, it)));
        named.filter(|(name, _)| !name.is_empty())
    }

    /// Returns INFO's value of `key`.
    pub(crate) fn info(&self, key: &str) -> Result<&str> {
        let lines = self.member("INFO")?.text()?.lines();
        let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix("=\""));
        let value = values.next().and_then(|it| it.strip_suffix('"'));
        value.with_context(|| format!("INFO lacks {key}"))
    }
}

impl Member {
    pub(crate) fn is_directory(&self) -> bool {
        self.kind == EntryType::Directory
    }

    pub(crate) fn text(&self) -> Result<&str> {
        let text = std::str::from_utf8(&self.content);
        text.with_context(|| format!("{} is no UTF-8", self.name))
    }

    pub(crate) fn json(&self) -> Result<Value> {
        let json = serde_json::from_slice(&self.content);
        json.with_context(|| format!("{} is no JSON", self.name))
    }
}

fn find<'a>(members: &'a [Member], name: &str) -> Result<&'a Member> {
    let found = members.iter().find(|it| it.name == name);
    found.with_context(|| format!("no {name}"))
}

fn members(bytes: &[u8]) -> Result<Vec<Member>> {
    // Checked first, since DSM reports only "invalid file format".
    ensure!(bytes.get(257..262) == Some(b"ustar"), "it is no plain tar");
    members_of(bytes)
}

fn members_of(archive: impl Read) -> Result<Vec<Member>> {
    let mut archive = Archive::new(archive);
    let mut members = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        let header = entry.header();
        members.push(Member {
            name: String::from_utf8(entry.path_bytes().into_owned())?,
            kind: header.entry_type(),
            mode: header.mode()?,
            owner: (header.uid()?, header.gid()?),
            time: header.mtime()?,
            is_ustar: header.as_ustar().is_some(),
            content,
        });
    }
    Ok(members)
}
