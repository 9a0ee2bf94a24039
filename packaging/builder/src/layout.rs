use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::archive::{Members, Mode, gzip};
use crate::icons::{DESKTOP, Icon};
use crate::info::{Version, info};
use crate::manual::manual;
use crate::notices::notices;
use crate::program;

/// The sources of the package.
pub(crate) struct Sources<'a> {
    pub(crate) root: &'a Path,
    pub(crate) program: &'a Path,
    pub(crate) check: Check,
}

/// Whether to check that DSM can run the program.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    ForDsm,
    Skip,
}

/// Returns the package, reproducibly for the same `date`.
pub(crate) fn package(sources: &Sources<'_>, version: &Version, date: u64) -> Result<Vec<u8>> {
    let root = sources.root;
    let icon = Icon::read(&text(&root.join("packaging/icon.svg"))?)?;
    let parts = parts(&root.join("spk"))?;

    let payload = payload(sources, version, &parts, &icon)?;
    let packed = gzip(&payload.tar(date)?)?;
    let written = text(&root.join("spk/INFO"))?;
    let info = info(&written, version, &packed, payload.unpacked_kib());

    let mut members = Members::default();
    members.add("INFO", Mode::Read, info.into_bytes());
    members.add("LICENSE", Mode::Read, bytes(&root.join("LICENSE"))?);
    members.add("PACKAGE_ICON.PNG", Mode::Read, icon.png(64)?);
    members.add("PACKAGE_ICON_256.PNG", Mode::Read, icon.png(256)?);
    members.add("package.tgz", Mode::Read, packed);
    for part in parts.iter().filter(|part| part.place == Place::Package) {
        members.add(&part.name, part.mode, part.content.clone());
    }
    members.tar(date)
}

/// Returns the files that DSM unpacks into the package's `target`.
fn payload(
    sources: &Sources<'_>,
    version: &Version,
    parts: &[Part],
    icon: &Icon,
) -> Result<Members> {
    let program = bytes(sources.program)?;
    match sources.check {
        Check::ForDsm => program::check(&program)
            .with_context(|| format!("cannot use {}", sources.program.display()))?,
        Check::Skip => {}
    }
    let mut members = Members::default();
    members.add("bin/google-to-synology-sso", Mode::Execute, program);
    let notices = notices(sources.root)?;
    members.add("share/licenses.txt", Mode::Read, notices.into_bytes());
    for (name, content) in manual(version.release())? {
        members.add(&format!("share/{name}"), Mode::Read, content);
    }
    for pixels in DESKTOP {
        let name = format!("ui/images/icon_{pixels}.png");
        members.add(&name, Mode::Read, icon.png(pixels)?);
    }
    for part in parts.iter().filter(|part| part.place == Place::Payload) {
        members.add(&part.name, part.mode, part.content.clone());
    }
    Ok(members)
}

/// A file of `spk`, copied verbatim.
struct Part {
    name: String,
    place: Place,
    mode: Mode,
    content: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Next to INFO, for Package Center.
    Package,
    /// In package.tgz, for the NAS.
    Payload,
}

/// Returns all files in `spk` but INFO. An unknown directory is an error, so
/// that no file is left out silently.
fn parts(spk: &Path) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for name in names(spk)? {
        let (place, mode) = match name.as_str() {
            "INFO" => continue,
            "conf" | "WIZARD_UIFILES" => (Place::Package, Mode::Read),
            "scripts" => (Place::Package, Mode::Execute),
            "ui" => (Place::Payload, Mode::Read),
            _ => bail!("unknown directory spk/{name}"),
        };
        for file in files(spk, &name)? {
            let content = bytes(&spk.join(&file))?;
            parts.push(Part {
                name: file,
                place,
                mode,
                content,
            });
        }
    }
    Ok(parts)
}

/// Returns the files at or under `name`, by their paths from `root`.
fn files(root: &Path, name: &str) -> Result<Vec<String>> {
    let path = root.join(name);
    if !path.is_dir() {
        return Ok(vec![name.to_owned()]);
    }
    let inside = names(&path)?.into_iter();
    let inside = inside.map(|inner| files(root, &format!("{name}/{inner}")));
    let inside: Result<Vec<_>> = inside.collect();
    Ok(inside?.concat())
}

fn names(directory: &Path) -> Result<Vec<String>> {
    let context = || format!("cannot list {}", directory.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).with_context(context)? {
        let name = entry.with_context(context)?.file_name();
        let name = name.to_str().with_context(context)?;
        names.push(name.to_owned());
    }
    Ok(names)
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
