//! The variables of the Dex container: from a file, from a compose file, else
//! from the environment.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use anyhow::{Context, bail};
use serde_json::Value;

use super::yaml::{parse, text_of};

/// Looks variables up, and notes those that are not set.
#[derive(Default)]
pub(super) struct Variables {
    given: BTreeMap<String, String>,
    pub(super) unset: BTreeSet<String>,
}

impl Variables {
    /// Adds those of a file for `docker run --env-file`: `NAME=value` lines. A
    /// value is literal; quotes around it are removed, as compose does.
    pub(super) fn add_env_file(&mut self, text: &str) -> anyhow::Result<()> {
        let lines = text.lines().map(str::trim).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let line = line.strip_prefix("export ").unwrap_or(line);
            // Docker takes a name without a value from the environment.
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let name = name.trim();
            if name.is_empty() || name.contains(char::is_whitespace) {
                // The line may contain a secret.
                bail!("line {} is not NAME=value", index + 1);
            }
            self.add(name, unquoted(value.trim()))?;
        }
        Ok(())
    }

    /// Adds those of all services in a compose file, or of a container that
    /// DSM's Container Manager has exported.
    pub(super) fn add_compose(&mut self, text: &str) -> anyhow::Result<()> {
        let file = parse(text)?;
        let services = file.get("services").and_then(Value::as_object);
        let services = services.into_iter().flat_map(|services| services.values());
        let environments: Vec<&Value> = services.filter_map(|it| it.get("environment")).collect();
        let exported = file.get("env_variables").and_then(Value::as_array);
        if environments.is_empty() && exported.is_none() {
            bail!("it has no services with environment, and no env_variables");
        }
        for environment in environments {
            self.add_environment(environment)?;
        }
        // Container Manager replaces nothing in a value.
        for variable in exported.into_iter().flatten() {
            let member = |key: &str| variable.get(key).and_then(text_of);
            let name = member("key").context("a variable in env_variables has no key")?;
            self.add(&name, &member("value").unwrap_or_default())?;
        }
        Ok(())
    }

    /// A name without a value is taken from the environment.
    fn add_environment(&mut self, environment: &Value) -> anyhow::Result<()> {
        let members = environment.as_object().into_iter().flatten();
        for (name, value) in members {
            let value = text_of(value);
            value.map_or(Ok(()), |value| self.add_expanded(name, &value))?;
        }
        for item in environment.as_array().into_iter().flatten() {
            let text = text_of(item).context("an item of environment is not NAME=value")?;
            let pair = text.split_once('=');
            pair.map_or(Ok(()), |(name, value)| self.add_expanded(name, value))?;
        }
        Ok(())
    }

    fn add_expanded(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let value = self.expand(value);
        self.add(name, &value)
    }

    /// Two containers of one file may differ; it is unknown which of them is
    /// Dex.
    fn add(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let before = self.given.insert(name.to_owned(), value.to_owned());
        if before.is_some_and(|before| before != value) {
            bail!("{name} has two values");
        }
        Ok(())
    }

    /// Returns the value of `name`, and notes it if it is not set.
    pub(super) fn get(&mut self, name: &str) -> Option<String> {
        let value = self.find(name);
        if value.is_none() {
            self.unset.insert(name.to_owned());
        }
        value
    }

    /// Returns the value of `name`; an empty one is not a value.
    #[expect(
        clippy::disallowed_methods,
        reason = "clap cannot read a variable whose name is in a file"
    )]
    pub(super) fn find(&self, name: &str) -> Option<String> {
        let given = self.given.get(name).cloned();
        let value = given.or_else(|| std::env::var(name).ok());
        value.filter(|value| !value.is_empty())
    }

    /// Replaces `$NAME`, `${NAME}` and `${NAME:-default}` in `text`. What is
    /// not set and has no default becomes empty, and is noted.
    pub(super) fn expand(&mut self, text: &str) -> String {
        let look_up = |name: &str| {
            let has_default = text.contains(&format!("${{{name}:-"));
            let found = if has_default {
                self.find(name)
            } else {
                Some(self.get(name).unwrap_or_default())
            };
            Ok::<_, Infallible>(found)
        };
        let expanded = shellexpand::env_with_context(text, look_up);
        expanded.map_or_else(|_| text.to_owned(), Cow::into_owned)
    }
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}
