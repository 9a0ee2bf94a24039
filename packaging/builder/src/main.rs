//! Builds the package for Synology's Package Center from `spk`, the program and
//! one SVG. The output does not depend on the machine.

/// The two archives.
mod archive;

/// The icons in each size that DSM shows.
mod icons;

/// INFO: the written part, the version, checksum and size.
mod info;

/// Which file goes where.
mod layout;

/// Manual pages and shell completions.
mod manual;

/// The licences of the dependencies.
mod notices;

/// Checks whether DSM can run the program.
mod program;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

use crate::info::Version;
use crate::layout::{Check, Sources};

/// Build the package; use packaging/build-spk to call it
#[derive(Parser)]
#[command(args_override_self = true)]
struct Options {
    /// The checkout
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The program that goes into the package
    #[arg(long)]
    binary: PathBuf,
    /// The directory for the package
    #[arg(long)]
    out: PathBuf,
    /// Accept a program that DSM cannot run, for tests
    #[arg(long)]
    unchecked: bool,
    /// The modification time of all files, in seconds since 1970
    #[arg(long, env = "SOURCE_DATE_EPOCH")]
    date: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let version = Version::read(&options.root)?;
    let sources = Sources {
        root: &options.root,
        program: &options.binary,
        check: if options.unchecked {
            Check::Skip
        } else {
            Check::ForDsm
        },
    };
    let package = layout::package(&sources, &version, options.date)?;
    let path = options
        .out
        .join(format!("google-to-synology-sso-{version}.spk"));
    write(&path, &package)?;
    let size = package.len().div_ceil(1000);
    say(&format!("{}, {size} kB", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, content))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn say(text: &str) -> Result<()> {
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")
}
