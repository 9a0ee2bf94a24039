//! Makes the package for Synology's Package Center: of what lies in `spk`, the
//! program and one drawing, and of nothing that differs between two machines.

/// From the parts to the two archives.
mod archive;

/// One drawing, in each size that DSM shows.
mod icons;

/// INFO: what we wrote, and what only the builder knows.
mod info;

/// What goes where.
mod layout;

/// Whose work is in it.
mod notices;

/// Whether DSM can run the program.
mod program;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use crate::info::Version;
use crate::layout::{Check, Sources};

/// `packaging/build-spk` knows what to give.
#[derive(Parser)]
#[command(args_override_self = true)]
struct Arguments {
    /// The checkout.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The program that goes into the package.
    #[arg(long)]
    binary: PathBuf,
    /// Where the package is put.
    #[arg(long)]
    out: PathBuf,
    /// Take the program as it is, whether DSM can run it or not: for tests.
    #[arg(long)]
    unchecked: bool,
    /// The time that every file in it has, in seconds since 1970.
    #[arg(long, env = "SOURCE_DATE_EPOCH")]
    date: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let version = Version::read(&arguments.root.join("Cargo.toml"))?;
    let sources = Sources {
        root: &arguments.root,
        program: &arguments.binary,
        check: if arguments.unchecked {
            Check::Skip
        } else {
            Check::ForDsm
        },
    };
    let package = layout::package(&sources, &version, arguments.date)?;

    let name = format!("google-to-synology-sso-{version}.spk");
    let path = arguments.out.join(name);
    fs::create_dir_all(&arguments.out)
        .and_then(|()| fs::write(&path, &package))
        .with_context(|| format!("write {}", path.display()))?;
    let said = writeln!(
        io::stdout(),
        "{}, {} kB",
        path.display(),
        package.len().div_ceil(1000)
    );
    said.context("say where it is")
}
