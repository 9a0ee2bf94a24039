//! The requirements of the program on the NAS.

use anyhow::{Result, ensure};
use object::elf::{DF_1_PIE, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DynamicTag};
use object::elf::{PF_X, PT_GNU_RELRO, PT_GNU_STACK};
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Architecture, Endianness, Object};

use super::package::Package;

const LIBRARIES: [&str; 3] = ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"];

/// DSM 7.2 has glibc 2.36.
const NEWEST_MINOR: u32 = 36;

type Elf<'a> = ElfFile64<'a, Endianness>;

/// Includes exploit mitigations: position independence, read-only relocations,
/// a stack that is not executable.
pub(crate) fn is_hardened_for_x86_64(package: &Package) -> Result<()> {
    let elf = elf(package)?;
    ensure!(
        elf.architecture() == Architecture::X86_64,
        "it is for another"
    );
    let flags = elf.elf_dynamic_table()?;
    let mut flags = flags.iter().filter(|it| it.tag == DT_FLAGS_1);
    ensure!(
        flags.any(|it| it.val & DF_1_PIE.0 != 0),
        "it has fixed addresses"
    );
    let (endian, segments) = (elf.endian(), elf.elf_program_headers());
    let has_relro = segments.iter().any(|it| it.p_type(endian) == PT_GNU_RELRO);
    ensure!(has_relro, "its tables can be written");
    let mut stack = segments
        .iter()
        .filter(|it| it.p_type(endian) == PT_GNU_STACK);
    let plain = stack
        .next()
        .is_some_and(|it| it.p_flags(endian).0 & PF_X.0 == 0);
    ensure!(plain, "its stack runs");
    Ok(())
}

/// Searches the whole file for version names instead of parsing the table.
pub(crate) fn asks_for_no_newer_glibc(package: &Package) -> Result<()> {
    let content = &program(package)?;
    let mark = b"\0GLIBC_";
    let places = content.windows(mark.len()).enumerate();
    let places = places.filter(|(_, it)| it == mark);
    let names = places.map(|(at, _)| &content[at + mark.len()..]);
    let names: Vec<_> = names
        .filter_map(|it| it.split(|byte| *byte == 0).next())
        .collect();
    ensure!(!names.is_empty(), "no version is named");
    for name in names {
        let name = String::from_utf8_lossy(name);
        let minor = name.strip_prefix("2.").and_then(|it| it.split('.').next());
        let minor = minor.and_then(|it| it.parse::<u32>().ok());
        ensure!(minor.is_some_and(|it| it <= NEWEST_MINOR), "GLIBC_{name}");
    }
    Ok(())
}

pub(crate) fn needs_no_other_library(package: &Package) -> Result<()> {
    let elf = elf(package)?;
    let libraries = strings(&elf, DT_NEEDED)?;
    ensure!(!libraries.is_empty(), "it names none");
    let other = libraries
        .iter()
        .find(|it| !LIBRARIES.contains(&it.as_str()));
    ensure!(other.is_none(), "it needs {other:?}");
    let paths = [strings(&elf, DT_RPATH)?, strings(&elf, DT_RUNPATH)?].concat();
    ensure!(paths.is_empty(), "it looks in {paths:?}");
    Ok(())
}

/// A path of the build machine would identify its user, and differ on the next
/// machine.
pub(crate) fn names_no_directory_of_its_builder(package: &Package) -> Result<()> {
    let content = program(package)?;
    for home in ["/.cargo/", "/.rustup/", env!("CARGO_MANIFEST_DIR")] {
        let mut windows = content.windows(home.len());
        ensure!(!windows.any(|it| it == home.as_bytes()), "it names {home}");
    }
    Ok(())
}

fn program(package: &Package) -> Result<&[u8]> {
    Ok(&package.payload("bin/google-to-synology-sso")?.content)
}

fn elf(package: &Package) -> Result<Elf<'_>> {
    Ok(Elf::parse(program(package)?)?)
}

fn strings(elf: &Elf<'_>, tag: DynamicTag) -> Result<Vec<String>> {
    let table = elf.elf_dynamic_table()?;
    let entries = table.iter().filter(|it| it.tag == tag);
    let texts = entries.map(|it| Ok(String::from_utf8(table.string(it)?.to_vec())?));
    texts.collect()
}
