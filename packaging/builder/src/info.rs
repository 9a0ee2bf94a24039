use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use md5::{Digest, Md5};
use serde::Deserialize;

/// DSM reads each part of a version into 32 bits.
const LARGEST: u32 = i32::MAX.cast_unsigned();

/// Digits alone, as DSM's installer refuses everything else.
pub(crate) struct Version(String);

impl Version {
    pub(crate) fn read(manifest: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(manifest).with_context(|| format!("read {}", manifest.display()))?;
        let manifest: ManifestWire =
            toml::from_str(&text).with_context(|| format!("read {}", manifest.display()))?;
        let package = manifest.package;
        Self::new(&package.version, package.metadata.spk.build)
    }

    fn new(release: &str, build: u32) -> Result<Self> {
        let is_number = |part: &str| part.parse::<u32>().is_ok_and(|it| it <= LARGEST);
        ensure!(
            release.split('.').count() == 3 && release.split('.').all(is_number),
            "{release} is no version for DSM, which knows three numbers and no words"
        );
        ensure!((1..=LARGEST).contains(&build), "{build} is no build number");
        Ok(Self(format!("{release}-{build:04}")))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

/// `written` and what is known only now: the version, and of the payload its
/// sum, which DSM compares, and the room that it needs.
pub(crate) fn info(written: &str, version: &Version, payload: &[u8], kib: usize) -> String {
    let sum = Md5::digest(payload);
    format!("{written}version=\"{version}\"\nchecksum=\"{sum:x}\"\nextractsize=\"{kib}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_numbers_that_dsm_can_compare() {
        let version = |release, build| Version::new(release, build).map(|it| it.to_string());
        assert_eq!(version("0.1.0", 1).unwrap(), "0.1.0-0001");
        assert_eq!(version("2.7.10", 12345).unwrap(), "2.7.10-12345");
        for release in ["1.0.0-rc.1", "1.0", "1.0.0.0", "", "1.0.2147483648"] {
            assert!(version(release, 1).is_err(), "{release}");
        }
        assert!(version("1.0.0", 0).is_err());
    }

    #[test]
    fn what_is_made_follows_what_is_written() {
        let version = Version::new("0.1.0", 7).unwrap();
        assert_eq!(
            info("arch=\"x86_64\"\n", &version, b"abc", 12),
            "arch=\"x86_64\"\nversion=\"0.1.0-0007\"\n\
             checksum=\"900150983cd24fb0d6963f7d28e17f72\"\nextractsize=\"12\"\n"
        );
    }
}
