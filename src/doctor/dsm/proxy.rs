//! `reverse-proxy`: whether DSM leads the public name to this service.

use serde::{Deserialize, Serialize};

use super::words::{shown, unread};
use super::{DsmReport, Inspection};
use crate::doctor::{Finding, Outcome};
use domain::model::dsm_settings::{Needed, Route};

const NAME: &str = "reverse-proxy";
const DIALOG: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

/// Whether DSM's reverse proxy has a rule for the public name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyState {
    /// The public name is the address at which this service listens.
    NotNeeded,
    /// It leads from the public name to this service.
    Right,
    /// It leads elsewhere.
    Elsewhere,
    /// There is none.
    Missing,
    /// The rules were not read.
    Unread,
}

impl DsmReport {
    /// Returns the report for a public name that reaches this daemon: without a
    /// rule of DSM, another proxy does it.
    #[must_use]
    pub fn with_reached_public_name(mut self) -> Self {
        let other = match self.proxy {
            ProxyState::NotNeeded | ProxyState::Right | ProxyState::Unread => return self,
            ProxyState::Elsewhere => "the rule of DSM leads elsewhere",
            ProxyState::Missing => "DSM has no rule",
        };
        let message = format!(
            "{other}, but the public name reaches this daemon, so another proxy leads it here"
        );
        let findings = self.findings.iter_mut();
        for finding in findings.filter(|finding| finding.name == NAME) {
            *finding = Finding::ok(NAME, message.clone());
        }
        self
    }

    /// Returns the report for a public name that does not lead to this daemon,
    /// which is a finding of its own: a wrong rule is the cause, and not a
    /// second fault.
    #[must_use]
    pub fn with_failed_public_name(mut self) -> Self {
        let findings = self.findings.iter_mut();
        let failed = |finding: &&mut Finding| finding.result == Outcome::Fail;
        for finding in findings.filter(|it| it.name == NAME).filter(failed) {
            let why = format!(
                "the public name does not lead to this daemon; {}",
                finding.message
            );
            *finding = Finding::not_tested(NAME, &why);
        }
        self
    }
}

impl Inspection<'_> {
    pub(super) fn proxy(&self, needed: Option<&Needed<'_>>) -> (Finding, ProxyState) {
        let (Some(needed), Some(settings)) = (needed, &self.settings) else {
            let why = self.obstacle().unwrap_or("the settings were not read");
            return (Finding::not_tested(NAME, why), ProxyState::Unread);
        };
        let rules = match &settings.proxy {
            Ok(rules) => rules,
            Err(error) => {
                let message = format!("{}; compare it in {DIALOG}", unread(error));
                return (Finding::warn(NAME, message), ProxyState::Unread);
            }
        };
        let (source, destination) = (needed.source(), needed.destination());
        match needed.route(rules) {
            Route::NotNeeded => (
                Finding::ok(NAME, format!("{source} is this service, without a proxy")),
                ProxyState::NotNeeded,
            ),
            Route::Right(rule) => (
                Finding::ok(
                    NAME,
                    format!(
                        "DSM's rule leads from {} to {}",
                        shown(&rule.source.to_string()),
                        shown(&rule.destination.to_string())
                    ),
                ),
                ProxyState::Right,
            ),
            Route::Elsewhere(rule) => (
                Finding::fail(
                    NAME,
                    format!(
                        "DSM's rule for {source} leads to {}: let it lead to {destination} in {DIALOG}",
                        shown(&rule.destination.to_string())
                    ),
                ),
                ProxyState::Elsewhere,
            ),
            Route::Missing(Some(near)) => (
                Finding::fail(
                    NAME,
                    format!(
                        "DSM's rule to this service is for {}, and there is none for {source}: \
                         correct it in {DIALOG}",
                        shown(&near.source.to_string())
                    ),
                ),
                ProxyState::Missing,
            ),
            Route::Missing(None) => (
                Finding::fail(
                    NAME,
                    format!(
                        "DSM has no rule from {source} to {destination}: create it in {DIALOG}"
                    ),
                ),
                ProxyState::Missing,
            ),
        }
    }
}
