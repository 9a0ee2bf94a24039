//! The settings of DSM in its own form, so that what is not understood survives
//! a write, and an undo restores all of it.
//!
//! Who saw these APIs, and on which version: docs/development/dsm-facts.md,
//! section 5.

use std::fmt;

use serde_json::{Value, json};

use super::settings::{
    client_members, endpoint_members, profile_members, proxy_rule, proxy_rules, sso_client,
    sso_profile,
};
use super::{Call, DsmError, DsmSession, wire};
use domain::model::dsm_settings::{
    Endpoint, IDENTITY, Part, ProxyRule, Settings, SsoClient, SsoProfile,
};

/// The name of the rules that are created.
const DESCRIPTION: &str = "google-to-synology-sso";

/// The profile, the client and the rules, as DSM sent them.
#[derive(Clone, Default)]
pub struct RawSettings {
    pub(super) profile: Value,
    pub(super) client: Value,
    /// An object with the member `entries`.
    pub(super) rules: Value,
}

/// The client has a secret.
impl fmt::Debug for RawSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawSettings").finish_non_exhaustive()
    }
}

impl RawSettings {
    /// Returns which SSO service the login page offers.
    pub fn profile(&self) -> Result<SsoProfile, DsmError> {
        sso_profile(&self.profile)
    }

    /// Returns DSM's OpenID client.
    pub fn client(&self) -> Result<SsoClient, DsmError> {
        sso_client(&self.client)
    }

    /// Returns the rules of the reverse proxy.
    pub fn rules(&self) -> Result<Vec<ProxyRule>, DsmError> {
        proxy_rules(&self.rules)
    }

    /// Returns the JSON of one part; null if there is no rule for `source`.
    pub fn part(&self, part: Part, source: Option<&Endpoint>) -> &Value {
        match part {
            Part::OidcClient => &self.client,
            Part::SsoProfile => &self.profile,
            Part::ReverseProxy => {
                let entries = self.rules.get("entries").and_then(Value::as_array);
                let mut entries = entries.into_iter().flatten();
                let is_for = |rule: &ProxyRule| source.is_some_and(|it| rule.source.is_same(it));
                let rule = entries.find(|entry| proxy_rule(entry).as_ref().is_some_and(is_for));
                rule.unwrap_or(&Value::Null)
            }
        }
    }

    /// Returns the JSON of one part, parsed.
    pub fn parsed(part: Part, raw: &Value) -> Result<Settings, DsmError> {
        Ok(match part {
            Part::OidcClient => Settings::OidcClient(sso_client(raw)?),
            Part::SsoProfile => Settings::SsoProfile(sso_profile(raw)?),
            Part::ReverseProxy => Settings::ReverseProxy(proxy_rule(raw)),
        })
    }

    /// Returns the client with the values of `client`.
    pub fn with_client(&self, client: &SsoClient) -> Value {
        merged(&self.client, client_members(client))
    }

    /// Returns the profile with the values of `profile`.
    pub fn with_profile(&self, profile: &SsoProfile) -> Value {
        merged(&self.profile, profile_members(profile))
    }

    /// Returns the rule for `source`, or a new one, leading to `destination`.
    pub fn with_rule(&self, source: &Endpoint, destination: &Endpoint) -> Value {
        let present = self.part(Part::ReverseProxy, Some(source));
        if present.is_null() {
            let other_members = json!({"acl": null, "https": {"hsts": false}});
            return json!({
                "description": DESCRIPTION,
                "frontend": merged(&other_members, endpoint_members(source)),
                "backend": endpoint_members(destination),
                "customize_headers": [],
                "proxy_connect_timeout": 60,
                "proxy_http_version": 1,
                "proxy_intercept_errors": false,
                "proxy_read_timeout": 60,
                "proxy_send_timeout": 60,
            });
        }
        let backend = present.get("backend").unwrap_or(&Value::Null);
        let backend = merged(backend, endpoint_members(destination));
        merged(present, json!({ "backend": backend }))
    }
}

/// Returns the object `present` with the members of `new`.
fn merged(present: &Value, new: Value) -> Value {
    let mut members = present.as_object().cloned().unwrap_or_default();
    if let Value::Object(new) = new {
        members.extend(new);
    }
    Value::Object(members)
}

impl DsmSession<'_> {
    /// Reads one part again, into `raw`.
    pub async fn read_part(&self, part: Part, raw: &mut RawSettings) -> Result<(), DsmError> {
        match part {
            Part::OidcClient => raw.client = self.read(Call::ReadSsoClient).await?,
            Part::SsoProfile => raw.profile = self.read(Call::ReadSsoProfile).await?,
            Part::ReverseProxy => raw.rules = self.read(Call::ListProxyRules).await?,
        }
        Ok(())
    }

    /// Replaces the `present` settings of one part by `target`. For a rule,
    /// null means that there is none.
    #[tracing::instrument(name = "dsm.write_settings", skip_all)]
    pub async fn write_part(
        &self,
        part: Part,
        present: &Value,
        target: &Value,
    ) -> Result<(), DsmError> {
        let (call, parameters) = match part {
            Part::OidcClient => (Call::SetSsoClient, target.clone()),
            Part::SsoProfile => (Call::SetSsoProfile, target.clone()),
            Part::ReverseProxy if target.is_null() => (
                Call::DeleteProxyRule,
                json!({"uuids": [present.get("UUID")]}),
            ),
            Part::ReverseProxy if present.is_null() => (
                Call::CreateProxyRule,
                json!({"entry": without_identity(target)}),
            ),
            Part::ReverseProxy => {
                let identity = IDENTITY.map(|name| {
                    (
                        name.to_owned(),
                        present.get(name).cloned().unwrap_or_default(),
                    )
                });
                let entry = merged(target, identity.into_iter().collect());
                (Call::UpdateProxyRule, json!({ "entry": entry }))
            }
        };
        let members = parameters.as_object().into_iter().flatten();
        let parameters: Vec<(&str, String)> = members
            .map(|(name, value)| (name.as_str(), value.to_string()))
            .collect();
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = self.post(call, &parameters).await?;
        wire::success(call, &body)
    }
}

fn without_identity(rule: &Value) -> Value {
    let mut members = rule.as_object().cloned().unwrap_or_default();
    members.retain(|name, _| !IDENTITY.contains(&name.as_str()));
    Value::Object(members)
}
