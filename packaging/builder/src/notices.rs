use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Returns the licences of all crates that are compiled into the program, as
/// their licences require; each text once.
pub(crate) fn notices(root: &Path) -> Result<String> {
    let metadata = metadata(root)?;
    let used = used(&metadata);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut list =
        String::from("The program contains these crates, each under its own licence:\n\n");
    for package in metadata
        .packages
        .iter()
        .filter(|it| it.source.is_some() && used.contains(it.id.as_str()))
    {
        let name = format!("{} {}", package.name, package.version);
        let license = package.license.as_deref().unwrap_or("see below");
        writeln!(list, "{name}: {license}")?;
        for text in license_texts(package)? {
            texts.entry(text).or_default().push(name.clone());
        }
    }
    for (text, names) in texts {
        let line = "-".repeat(80);
        writeln!(
            list,
            "\n{line}\n{}\n{line}\n\n{}",
            names.join(", "),
            text.trim_end()
        )?;
    }
    Ok(list)
}

/// Returns cargo's list of dependencies, for the platform of a NAS.
fn metadata(root: &Path) -> Result<MetadataWire> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version=1", "--locked"]);
    cargo.arg("--filter-platform=x86_64-unknown-linux-gnu");
    cargo.arg("--manifest-path").arg(root.join("Cargo.toml"));
    let done = cargo.output().context("cannot run cargo metadata")?;
    let complaint = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{complaint}");
    serde_json::from_slice(&done.stdout).context("cannot read the list of dependencies")
}

/// Returns the ids of the crates that are compiled into the daemon: without
/// build dependencies, procedural macros and the daemon itself.
fn used(metadata: &MetadataWire) -> BTreeSet<&str> {
    let is_macro = |id: &str| {
        let mut packages = metadata.packages.iter().filter(|it| it.id == id);
        packages.any(|it| {
            it.targets
                .iter()
                .any(|it| it.kind.iter().any(|it| it == "proc-macro"))
        })
    };
    let mut used = BTreeSet::new();
    let mut to_do = vec![metadata.resolve.root.as_str()];
    while let Some(id) = to_do.pop() {
        let node = metadata.resolve.nodes.iter().find(|it| it.id == id);
        let needed = node.into_iter().flat_map(|it| &it.deps);
        let needed = needed.filter(|it| it.dep_kinds.iter().any(|it| it.kind.is_none()));
        let new = needed.map(|it| it.pkg.as_str()).filter(|it| !is_macro(it));
        to_do.extend(new.filter(|it| used.insert(*it)));
    }
    used
}

/// Returns the licence files beside a crate's manifest.
fn license_texts(package: &PackageWire) -> Result<Vec<String>> {
    let directory = package
        .manifest_path
        .parent()
        .context("a crate has no directory")?;
    let mut texts = Vec::new();
    for entry in fs::read_dir(directory).context("cannot search for licence files")? {
        let path = entry.context("cannot search for licence files")?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_uppercase();
        let names = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];
        if path.is_file() && names.iter().any(|it| name.starts_with(it)) {
            let text =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            texts.push(String::from_utf8_lossy(&text).replace('\r', ""));
        }
    }
    Ok(texts)
}

#[derive(Deserialize)]
struct MetadataWire {
    packages: Vec<PackageWire>,
    resolve: ResolveWire,
}

#[derive(Deserialize)]
struct PackageWire {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// The registry; `None` for our own crates.
    source: Option<String>,
    manifest_path: Box<Path>,
    targets: Vec<TargetWire>,
}

#[derive(Deserialize)]
struct TargetWire {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct ResolveWire {
    root: String,
    nodes: Vec<NodeWire>,
}

#[derive(Deserialize)]
struct NodeWire {
    id: String,
    deps: Vec<DependencyWire>,
}

#[derive(Deserialize)]
struct DependencyWire {
    pkg: String,
    dep_kinds: Vec<KindWire>,
}

#[derive(Deserialize)]
struct KindWire {
    kind: Option<String>,
}
