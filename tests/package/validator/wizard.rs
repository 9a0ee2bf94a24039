//! The questions that Package Center asks.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use regress::Regex;
use serde_json::Value;

use super::package::Package;

const KINDS: [&str; 5] = [
    "textfield",
    "password",
    "singleselect",
    "multiselect",
    "combobox",
];

/// What `setup --from-env` and the scripts read.
const INSTALL: [&str; 8] = [
    "wizard_dsm_account",
    "wizard_dsm_password",
    "wizard_dsm_url",
    "wizard_google_client_id",
    "wizard_google_client_secret",
    "wizard_issuer",
    "wizard_client_secret",
    "wizard_redirect_uri",
];
const UNINSTALL: [&str; 2] = ["wizard_delete_data", "wizard_keep_data"];

/// Of another name, DSM passes over a wizard in silence. Plain JSON: a script
/// that makes it has been seen to fail.
pub(crate) fn are_named_as_dsm_looks_for_them(package: &Package) -> Result<()> {
    let mut names: Vec<&str> = package.under("WIZARD_UIFILES/").map(|it| it.0).collect();
    names.sort_unstable();
    let expected = [
        "install_uifile",
        "install_uifile_fre",
        "uninstall_uifile",
        "uninstall_uifile_fre",
    ];
    ensure!(names == expected, "there are {names:?}");
    Ok(())
}

pub(crate) fn ask_for_what_is_read(package: &Package) -> Result<()> {
    for (name, wizard) in package.under("WIZARD_UIFILES/") {
        let mut keys = BTreeSet::new();
        for field in fields(&wizard.json()?)? {
            let key = field["key"].as_str().context("a field without a key")?;
            ensure!(keys.insert(key.to_owned()), "{name} asks twice for {key}");
        }
        let expected: &[&str] = if name.starts_with("un") {
            &UNINSTALL
        } else {
            &INSTALL
        };
        let expected = expected.iter().map(|it| (*it).to_owned()).collect();
        ensure!(keys == expected, "{name} asks for {keys:?}");
    }
    Ok(())
}

pub(crate) fn have_the_form(package: &Package) -> Result<()> {
    for (name, wizard) in package.under("WIZARD_UIFILES/") {
        let wizard = wizard.json()?;
        for step in wizard.as_array().context("no list of steps")? {
            ensure!(
                step["step_title"].is_string(),
                "{name}: a step has no title"
            );
        }
        for item in items(&wizard)?.iter().filter(|it| !it["type"].is_null()) {
            let kind = item["type"].as_str().unwrap_or_default();
            ensure!(KINDS.contains(&kind), "{name}: DSM knows no {kind}");
        }
        for field in fields(&wizard)? {
            check_field(&field).with_context(|| name.to_owned())?;
        }
    }
    Ok(())
}

fn check_field(field: &Value) -> Result<()> {
    ensure!(
        field["desc"].is_string(),
        "{} is not explained",
        field["key"]
    );
    let regex = &field["validator"]["regex"];
    if regex.is_null() {
        return Ok(());
    }
    ensure!(regex["errorText"].is_string(), "no word on what is wrong");
    let expression = regex["expr"].as_str().context("no expression")?;
    let inner = expression
        .strip_prefix('/')
        .and_then(|it| it.rsplit_once('/'));
    let (inner, _) = inner.with_context(|| format!("{expression} has no slashes"))?;
    // DSM evaluates it in the browser.
    Regex::new(inner).with_context(|| format!("{expression} is not a regular expression"))?;
    Ok(())
}

/// The same questions in the same order, with the same answers beforehand.
pub(crate) fn are_one_in_both_languages(package: &Package) -> Result<()> {
    for name in ["install", "uninstall"] {
        let english = package.member(&format!("WIZARD_UIFILES/{name}_uifile"))?;
        let french = package.member(&format!("WIZARD_UIFILES/{name}_uifile_fre"))?;
        let mut twins = [english.json()?, french.json()?];
        ensure!(twins[0] != twins[1], "{name} is English in French");
        for twin in &mut twins {
            remove_words(twin);
        }
        ensure!(twins[0] == twins[1], "{name} asks otherwise in French");
    }
    Ok(())
}

fn remove_words(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        for key in ["desc", "step_title", "errorText", "emptyText"] {
            object.remove(key);
        }
        object.values_mut().for_each(remove_words);
    }
    if let Some(list) = value.as_array_mut() {
        list.iter_mut().for_each(remove_words);
    }
}

pub(crate) fn know_no_secret(package: &Package) -> Result<()> {
    for (name, wizard) in package.under("WIZARD_UIFILES/") {
        let wizard = wizard.json()?;
        let secret = items(&wizard)?.into_iter();
        let secret = secret.filter(|it| it["type"] == "password");
        for field in secret
            .filter_map(|it| it["subitems"].as_array().cloned())
            .flatten()
        {
            let default = &field["defaultValue"];
            ensure!(default.is_null(), "{name} has one for {}", field["key"]);
        }
        for field in fields(&wizard)? {
            let key = field["key"].as_str().unwrap_or_default();
            let is_secret = key.ends_with("secret") || key.ends_with("password");
            let text = || is_typed_in_the_open(&wizard, key);
            ensure!(
                !is_secret || !text()?,
                "{name} shows {key} while it is typed"
            );
        }
    }
    Ok(())
}

fn is_typed_in_the_open(wizard: &Value, key: &str) -> Result<bool> {
    let is_here = |item: &&Value| {
        let fields = item["subitems"].as_array();
        fields.is_some_and(|it| it.iter().any(|field| field["key"] == key))
    };
    let items = items(wizard)?;
    Ok(items
        .iter()
        .find(is_here)
        .is_some_and(|it| it["type"] != "password"))
}

fn items(wizard: &Value) -> Result<Vec<Value>> {
    let steps = wizard.as_array().context("no list of steps")?;
    let items = steps.iter().filter_map(|step| step["items"].as_array());
    Ok(items.flatten().cloned().collect())
}

fn fields(wizard: &Value) -> Result<Vec<Value>> {
    let items = items(wizard)?;
    let fields = items.iter().filter_map(|item| item["subitems"].as_array());
    Ok(fields.flatten().cloned().collect())
}
