use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use md5::{Digest, Md5};
use serde::Deserialize;

/// DSM reads each part of a version as a signed 32-bit number.
const LARGEST: u32 = i32::MAX.cast_unsigned();

/// The version of the package: digits only, because DSM rejects letters.
pub(crate) struct Version {
    release: String,
    build: u32,
}

impl Version {
    /// Reads the version and the build number in Cargo.toml.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let path = root.join("Cargo.toml");
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: ManifestWire =
            toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
        let package = manifest.package;
        Self::new(package.version, package.metadata.spk.build)
    }

    fn new(release: String, build: u32) -> Result<Self> {
        let is_number = |part: &str| part.parse::<u32>().is_ok_and(|it| it <= LARGEST);
        ensure!(
            release.split('.').count() == 3 && release.split('.').all(is_number),
            "version {release} is not three numbers, as DSM requires"
        );
        ensure!(
            (1..=LARGEST).contains(&build),
            "invalid build number {build}"
        );
        Ok(Self { release, build })
    }

    /// Returns the version without the build number.
    pub(crate) fn release(&self) -> &str {
        &self.release
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04}", self.release, self.build)
    }
}

#[derive(Deserialize)]
struct ManifestWire {
    package: PackageWire,
}

#[derive(Deserialize)]
struct PackageWire {
    version: String,
    metadata: MetadataWire,
}

#[derive(Deserialize)]
struct MetadataWire {
    spk: SpkWire,
}

#[derive(Deserialize)]
struct SpkWire {
    build: u32,
}

/// Returns INFO: `written`, then the version, the payload's checksum, which DSM
/// compares, and its unpacked size in KiB.
pub(crate) fn info(written: &str, version: &Version, payload: &[u8], kib: usize) -> String {
    let sum = Md5::digest(payload);
    format!("{written}version=\"{version}\"\nchecksum=\"{sum:x}\"\nextractsize=\"{kib}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_numbers_that_dsm_can_compare() {
        let version =
            |release: &str, build| Version::new(release.to_owned(), build).map(|it| it.to_string());
        assert_eq!(version("0.1.0", 1).unwrap(), "0.1.0-0001");
        assert_eq!(version("2.7.10", 12345).unwrap(), "2.7.10-12345");
        for release in ["1.0.0-rc.1", "1.0", "1.0.0.0", "", "1.0.2147483648"] {
            assert!(version(release, 1).is_err(), "{release}");
        }
        assert!(version("1.0.0", 0).is_err());
    }

    #[test]
    fn generated_keys_follow_the_written_ones() {
        let version = Version::new("0.1.0".to_owned(), 7).unwrap();
        assert_eq!(
            info("arch=\"x86_64\"\n", &version, b"abc", 12),
            "arch=\"x86_64\"\nversion=\"0.1.0-0007\"\n\
             checksum=\"900150983cd24fb0d6963f7d28e17f72\"\nextractsize=\"12\"\n"
        );
    }
}
