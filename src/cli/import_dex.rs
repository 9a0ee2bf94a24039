//! `import-dex`: creates a config from that of the Dex fork which this service
//! replaces. The issuer, the clients and every `sub` stay the same, so that the
//! settings that DSM has saved remain valid.

mod conversion;
mod variables;
mod yaml;

use std::path::{Path, PathBuf};

use anyhow::Context;
use arguments::ImportDex;

use self::conversion::{Converted, convert};
use self::variables::Variables;
use super::input::Input;
use super::setup::{self, EntersInDsm, Existing, GOOGLE_SECRET, PASSWORD};
use super::{complain, package};

/// The files that the arguments name, opened before root switches to the owner
/// of the config.
#[derive(Default)]
pub(super) struct Inputs {
    dex: Option<Input>,
    env_file: Option<Input>,
    compose: Option<Input>,
}

impl Inputs {
    /// Opens the files.
    pub(super) fn open(options: &ImportDex) -> anyhow::Result<Self> {
        let optional = |path: &Option<PathBuf>| path.as_deref().map(Input::open).transpose();
        Ok(Self {
            dex: Some(Input::open(&options.dex)?),
            env_file: optional(&options.env_file)?,
            compose: optional(&options.compose)?,
        })
    }
}

/// Writes the config in `path` and its secrets from `inputs`; returns the exit
/// code.
pub(super) fn import(path: &Path, inputs: Inputs, force: bool) -> u8 {
    let existing = if force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    setup::tell(import_into(path, inputs, existing))
}

fn import_into(path: &Path, inputs: Inputs, existing: Existing) -> anyhow::Result<String> {
    let mut variables = Variables::default();
    if let Some(file) = inputs.env_file {
        file.read(|text| variables.add_env_file(text))?;
    }
    if let Some(file) = inputs.compose {
        file.read(|text| variables.add_compose(text))?;
    }
    let dex = inputs.dex.context("dex.yaml is not open")?;
    let dex = dex.read(|text| convert(text, &mut variables))?;
    let text = config_text(&dex, package::log(path).as_deref())?;
    let secrets: Vec<_> = dex
        .secrets
        .iter()
        .map(|(file, secret)| (file.as_str(), secret))
        .collect();
    let written = setup::write_files(path, &secrets, &text, existing, EntersInDsm::Person)?;
    if !dex.left.is_empty() {
        complain("some settings have no counterpart; the output names them");
    }
    Ok(format!("{}\n{written}", account_of(&dex)))
}

fn config_text(dex: &Converted, log: Option<&Path>) -> anyhow::Result<String> {
    let mut config = dex.config.clone();
    if let Some(file) = log {
        let section = config
            .entry("log")
            .or_insert_with(|| toml::Table::new().into());
        let file = file.to_string_lossy().into_owned();
        section
            .as_table_mut()
            .map(|section| section.insert("file".to_owned(), file.into()));
    }
    let text = toml::to_string(&config)?;
    Ok(format!(
        "# Created by import-dex. docs/reference/config.md describes all keys.\n\n{text}"
    ))
}

/// Says what became of each setting.
fn account_of(dex: &Converted) -> String {
    let line = |from: &str, to: &str| format!("  {from:<36} {to}\n");
    let mut text = "Carried over:\n".to_owned();
    text.extend(dex.carried.iter().map(|(from, to)| line(from, to)));
    if !dex.left.is_empty() {
        text.push_str("\nNot carried over:\n");
    }
    text.extend(dex.left.iter().map(|(from, note)| line(from, note)));
    text
}
