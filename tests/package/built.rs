//! Finds the package that `packaging/build-spk` built from these sources: with
//! the feature `shipped`, the one that ships.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::GzDecoder;
use tar::Archive;
use toml::Table;

/// The inputs of the package. If one is newer than the package, the tests would
/// check an outdated build.
const SOURCES: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "packaging/build-spk",
    "packaging/builder",
    "packaging/icon.svg",
    "packaging/link",
    "spk",
    "src",
];

/// Returns the package in cargo's target directory.
pub(crate) fn package() -> PathBuf {
    let name = format!("google-to-synology-sso-{}.spk", version());
    let (directory, build) = if cfg!(feature = "shipped") {
        ("spk", "packaging/build-spk")
    } else {
        ("spk/quick", "packaging/build-spk --quick")
    };
    let path = target().join(directory).join(name);
    let Ok(made) = path.metadata().and_then(|it| it.modified()) else {
        panic!("no {}: run {build}", path.display());
    };
    for source in SOURCES {
        let (newest, file) = newest(&root().join(source));
        let file = file.display();
        assert!(newest <= made, "older than {file}: run {build}");
    }
    path
}

/// The package version from Cargo.toml.
pub(crate) fn version() -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: Table = manifest.parse().unwrap();
    let package = &manifest["package"];
    let version = package["version"].as_str().unwrap();
    let build = package["metadata"]["spk"]["build"].as_integer().unwrap();
    format!("{version}-{build:04}")
}

/// Unpacks `package` as DSM does: its members into `into`, the payload into
/// `into/target`. Modes are preserved, owners are not.
pub(crate) fn unpack(package: &Path, into: &Path) {
    let open = || Archive::new(File::open(package).unwrap());
    open().unpack(into).unwrap();
    let mut payload = Vec::new();
    File::open(into.join("package.tgz"))
        .unwrap()
        .read_to_end(&mut payload)
        .unwrap();
    Archive::new(GzDecoder::new(&payload[..]))
        .unpack(into.join("target"))
        .unwrap();
}

/// Cargo's target directory.
pub(crate) fn target() -> PathBuf {
    let room = Path::new(env!("CARGO_TARGET_TMPDIR"));
    room.parent().unwrap().to_owned()
}

/// The repository root.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// Returns the most recently changed file at or under `path`.
fn newest(path: &Path) -> (SystemTime, PathBuf) {
    if !path.is_dir() {
        let metadata = path.metadata().unwrap();
        return (metadata.modified().unwrap(), path.to_owned());
    }
    let inside = fs::read_dir(path).unwrap();
    let inside = inside.map(|entry| newest(&entry.unwrap().path()));
    inside
        .max()
        .unwrap_or((SystemTime::UNIX_EPOCH, path.to_owned()))
}
