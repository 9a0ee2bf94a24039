use anyhow::{Context, Result, ensure};
use object::Endianness;
use object::elf::{DF_1_PIE, EM_X86_64, FileHeader64};
use object::elf::{DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DynamicTag};
use object::read::elf::{FileHeader, SectionTable};

type Elf = FileHeader64<Endianness>;
type Sections<'a> = SectionTable<'a, Elf>;

/// The glibc of DSM 7.2 and 7.3.
const NEWEST_GLIBC: (u32, u32) = (2, 36);

/// The libraries of glibc, which every NAS has.
const LIBRARIES: [&str; 3] = ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"];

/// Rejects a program that DSM 7.2 cannot run, or that searches for libraries in
/// directories of the build machine.
pub(crate) fn check(program: &[u8]) -> Result<()> {
    Needs::read(program)?.check()
}

/// What a program requires of the machine that runs it.
struct Needs {
    libraries: Vec<String>,
    versions: Vec<String>,
    own_paths: Vec<String>,
    position_independent: bool,
}

impl Needs {
    fn read(program: &[u8]) -> Result<Self> {
        let header = Elf::parse(program).context("it is not a 64-bit program")?;
        let endian = header.endian()?;
        ensure!(
            header.e_machine(endian) == EM_X86_64,
            "it is not for x86-64"
        );
        let sections = header.sections(endian, program)?;
        let dynamic = sections.dynamic_table(endian, program)?;
        let strings = |tags: &[DynamicTag]| {
            let entries = dynamic.iter().filter(|it| tags.contains(&it.tag));
            let texts = entries.map(|entry| text(dynamic.string(entry)?));
            texts.collect::<Result<Vec<_>>>()
        };
        let is_pie = DF_1_PIE.0;
        Ok(Self {
            libraries: strings(&[DT_NEEDED])?,
            versions: versions(endian, program, &sections)?,
            own_paths: strings(&[DT_RPATH, DT_RUNPATH])?,
            position_independent: dynamic
                .iter()
                .any(|it| it.tag == DT_FLAGS_1 && it.val & is_pie != 0),
        })
    }

    fn check(&self) -> Result<()> {
        for library in &self.libraries {
            ensure!(
                LIBRARIES.contains(&library.as_str()),
                "it needs {library}, which DSM may not have"
            );
        }
        for version in &self.versions {
            ensure!(
                glibc(version).is_some_and(|it| it <= NEWEST_GLIBC),
                "it needs {version}, but DSM 7.2 has glibc 2.36"
            );
        }
        ensure!(
            self.own_paths.is_empty(),
            "it searches for libraries in {:?}",
            self.own_paths
        );
        ensure!(
            self.position_independent,
            "it is not position-independent, which makes a flaw easier to exploit"
        );
        Ok(())
    }
}

/// Returns the symbol versions that the program needs, such as `GLIBC_2.34`.
fn versions(endian: Endianness, program: &[u8], sections: &Sections<'_>) -> Result<Vec<String>> {
    let Some((libraries, strings)) = sections.gnu_verneed(endian, program)? else {
        return Ok(Vec::new());
    };
    let strings = sections.strings(endian, program, strings)?;
    let mut found = Vec::new();
    for library in libraries {
        let (_, versions) = library?;
        for version in versions {
            found.push(text(version?.name(endian, strings)?)?);
        }
    }
    Ok(found)
}

fn text(name: &[u8]) -> Result<String> {
    String::from_utf8(name.to_vec()).context("a name in it is not UTF-8")
}

/// Returns (2, 2) for `GLIBC_2.2.5`, `None` for others such as `GLIBC_PRIVATE`.
fn glibc(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("GLIBC_")?.split('.');
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Needs), complaint: &str) {
        let mut needs = Needs {
            libraries: LIBRARIES.map(str::to_owned).to_vec(),
            versions: ["GLIBC_2.2.5", "GLIBC_2.36"].map(str::to_owned).to_vec(),
            own_paths: Vec::new(),
            position_independent: true,
        };
        change(&mut needs);
        let found = needs.check().err().map(|error| error.to_string());
        assert_eq!(found.unwrap_or_default(), complaint);
    }

    #[test]
    fn a_program_that_dsm_cannot_run_is_rejected() {
        check(|_| (), "");
        check(
            |it| it.libraries.push("libssl.so.3".to_owned()),
            "it needs libssl.so.3, which DSM may not have",
        );
        for newer in ["GLIBC_2.37", "GLIBC_3.0", "GLIBC_PRIVATE", "GCC_3.0"] {
            check(
                |it| it.versions.push(newer.to_owned()),
                &format!("it needs {newer}, but DSM 7.2 has glibc 2.36"),
            );
        }
        check(
            |it| it.own_paths.push("/home/me/lib".to_owned()),
            "it searches for libraries in [\"/home/me/lib\"]",
        );
        check(
            |it| it.position_independent = false,
            "it is not position-independent, which makes a flaw easier to exploit",
        );
    }

    #[test]
    fn the_needs_of_a_program_are_read_from_it() {
        // The test program itself.
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let needs = Needs::read(&program).unwrap();
        assert!(needs.position_independent);
        assert!(needs.own_paths.is_empty());
        assert!(needs.libraries.contains(&"libc.so.6".to_owned()));
        assert!(needs.versions.contains(&"GLIBC_2.34".to_owned()));
        // Unlike the package's program, it needs libgcc_s.so.1.
        assert!(super::check(&program).is_err());

        assert!(Needs::read(b"#!/bin/sh\n").is_err());
        assert!(Needs::read(&program[..200]).is_err());
    }
}
