//! The settings of DSM on which a sign-in depends: its SSO client, its reverse
//! proxy, its own ports.
//!
//! Who saw these APIs, and on which version: docs/development/dsm-facts.md,
//! section 5.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::raw_settings::RawSettings;
use super::{Call, DsmError, DsmSession};
use domain::base::secret::Secret;
use domain::model::dsm_settings::{Endpoint, ProxyRule, Scheme, SsoClient, SsoProfile};

/// The settings of DSM, each read by a request of its own.
#[derive(Debug)]
pub struct SettingsReading {
    /// Which SSO service the login page offers.
    pub profile: Result<SsoProfile, DsmError>,
    /// DSM's OpenID client, as it is set up.
    pub client: Result<SsoClient, DsmError>,
    /// Whether the login page selects SSO by default.
    pub is_default: Result<bool, DsmError>,
    /// The rules of the reverse proxy.
    pub proxy: Result<Vec<ProxyRule>, DsmError>,
    /// The ports and the name of DSM.
    pub web: Result<WebSettings, DsmError>,
    /// The version, such as `DSM 7.2.2-72806 Update 2`.
    pub version: Result<String, DsmError>,
    /// The profile, the client and the rules, as DSM sent them.
    raw: RawSettings,
}

impl SettingsReading {
    /// Returns the profile, the client and the rules, as DSM sent them.
    pub fn into_raw(self) -> Result<RawSettings, DsmError> {
        self.profile.and(self.client.map(drop))?;
        self.proxy?;
        Ok(self.raw)
    }
}

/// How browsers reach DSM itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// The port for http, 5000 by default.
    pub http_port: u16,
    /// The port for https, 5001 by default.
    pub https_port: u16,
    /// Whether DSM redirects http to https.
    pub redirects_to_https: bool,
    /// The name that the administrator gave DSM, if any.
    pub name: Option<String>,
}

impl DsmSession<'_> {
    /// Reads the settings in the session that is open. A failure of one part
    /// does not affect the others.
    #[tracing::instrument(name = "dsm.read_settings", skip_all)]
    pub async fn read_settings(&self) -> SettingsReading {
        let (profile, client, is_default, proxy, web, version) = tokio::join!(
            self.read(Call::ReadSsoProfile),
            self.read(Call::ReadSsoClient),
            self.read::<DefaultWire>(Call::ReadSsoDefault),
            self.read(Call::ListProxyRules),
            self.read::<WebWire>(Call::ReadWebSettings),
            self.read::<VersionWire>(Call::ReadVersion),
        );
        let mut raw = RawSettings::default();
        SettingsReading {
            profile: parsed(profile, &mut raw.profile, sso_profile),
            client: parsed(client, &mut raw.client, sso_client),
            is_default: is_default.map(|setting| setting.sso_default_login),
            proxy: parsed(proxy, &mut raw.rules, proxy_rules),
            web: web.map(WebSettings::from),
            version: version.map(|info| info.version_string),
            raw,
        }
    }
}

/// Stores what was read in `raw`, and returns it parsed.
fn parsed<T>(
    read: Result<Value, DsmError>,
    raw: &mut Value,
    parse: impl FnOnce(&Value) -> Result<T, DsmError>,
) -> Result<T, DsmError> {
    *raw = read?;
    parse(raw)
}

/// Parses the response to [`Call::ReadSsoProfile`].
pub(super) fn sso_profile(raw: &Value) -> Result<SsoProfile, DsmError> {
    data::<ProfileWire>(Call::ReadSsoProfile, raw).map(SsoProfile::from)
}

/// Parses the response to [`Call::ReadSsoClient`].
pub(super) fn sso_client(raw: &Value) -> Result<SsoClient, DsmError> {
    data::<ClientWire>(Call::ReadSsoClient, raw).map(SsoClient::from)
}

/// Parses the response to [`Call::ListProxyRules`].
pub(super) fn proxy_rules(raw: &Value) -> Result<Vec<ProxyRule>, DsmError> {
    let list: RulesWire = data(Call::ListProxyRules, raw)?;
    Ok(list.entries.iter().filter_map(proxy_rule).collect())
}

/// Parses an entry in the response to [`Call::ListProxyRules`]. One of a form
/// that is not known must not hide the others.
pub(super) fn proxy_rule(raw: &Value) -> Option<ProxyRule> {
    let end = |name| EndpointWire::deserialize(raw.get(name)?).ok();
    let description = raw.get("description").and_then(Value::as_str);
    Some(ProxyRule {
        description: description.unwrap_or_default().to_owned(),
        source: endpoint(end("frontend")?)?,
        destination: end("backend")
            .and_then(endpoint)
            .unwrap_or_else(unknown_destination),
    })
}

/// Returns a destination that is not this service.
fn unknown_destination() -> Endpoint {
    Endpoint {
        scheme: Scheme::Http,
        host: "?".to_owned(),
        port: 0,
    }
}

/// Returns the members of `client` in DSM's own form.
pub(super) fn client_members(client: &SsoClient) -> Value {
    serde_json::to_value(ClientWire::from(client)).unwrap_or_default()
}

/// Returns the members of `profile` in DSM's own form.
pub(super) fn profile_members(profile: &SsoProfile) -> Value {
    let wire = ProfileWire {
        sso_enable: profile.enabled,
        sso_profile: Some(profile.profile.clone()),
    };
    serde_json::to_value(wire).unwrap_or_default()
}

/// Returns the members of one side of a rule in DSM's own form.
pub(super) fn endpoint_members(endpoint: &Endpoint) -> Value {
    let wire = EndpointWire {
        fqdn: Some(endpoint.host.clone()),
        port: Some(endpoint.port),
        protocol: Some(i64::from(endpoint.scheme == Scheme::Https)),
    };
    serde_json::to_value(wire).unwrap_or_default()
}

fn data<T: DeserializeOwned>(call: Call, raw: &Value) -> Result<T, DsmError> {
    T::deserialize(raw).map_err(|source| DsmError::from_json(call, source))
}

#[derive(Serialize, Deserialize)]
struct ProfileWire {
    sso_enable: bool,
    sso_profile: Option<String>,
}

impl From<ProfileWire> for SsoProfile {
    fn from(wire: ProfileWire) -> Self {
        Self {
            enabled: wire.sso_enable,
            profile: wire.sso_profile.unwrap_or_default(),
        }
    }
}

/// Not `Debug`, because it has the secret.
#[derive(Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of DSM")]
struct ClientWire {
    /// Missing before DSM 7.2, which has no account type with local users.
    oidc_allow_local_user: Option<bool>,
    oidc_name: Option<String>,
    oidc_wellknown: Option<String>,
    oidc_authorization_endpoint: Option<String>,
    oidc_token_endpoint: Option<String>,
    oidc_client_id: Option<String>,
    oidc_client_secret: Option<String>,
    oidc_redirect_uri: Option<String>,
    oidc_scope: Option<String>,
    oidc_user_claim: Option<String>,
}

impl From<ClientWire> for SsoClient {
    fn from(wire: ClientWire) -> Self {
        Self {
            local_users: wire.oidc_allow_local_user.unwrap_or(false),
            name: wire.oidc_name.unwrap_or_default(),
            well_known_url: wire.oidc_wellknown.unwrap_or_default(),
            authorization_endpoint: wire.oidc_authorization_endpoint.unwrap_or_default(),
            token_endpoint: wire.oidc_token_endpoint.unwrap_or_default(),
            application_id: wire.oidc_client_id.unwrap_or_default(),
            application_secret: wire.oidc_client_secret.map(Secret::new),
            redirect_uri: wire.oidc_redirect_uri.unwrap_or_default(),
            scope: wire.oidc_scope.unwrap_or_default(),
            username_claim: wire.oidc_user_claim.unwrap_or_default(),
        }
    }
}

impl From<&SsoClient> for ClientWire {
    fn from(client: &SsoClient) -> Self {
        let text = |value: &String| Some(value.clone());
        let secret = client.application_secret.as_ref();
        Self {
            oidc_allow_local_user: Some(client.local_users),
            oidc_name: text(&client.name),
            oidc_wellknown: text(&client.well_known_url),
            oidc_authorization_endpoint: text(&client.authorization_endpoint),
            oidc_token_endpoint: text(&client.token_endpoint),
            oidc_client_id: text(&client.application_id),
            oidc_client_secret: secret.map(|secret| secret.expose().clone()),
            oidc_redirect_uri: text(&client.redirect_uri),
            oidc_scope: text(&client.scope),
            oidc_user_claim: text(&client.username_claim),
        }
    }
}

#[derive(Deserialize)]
struct DefaultWire {
    sso_default_login: bool,
}

#[derive(Deserialize)]
struct RulesWire {
    entries: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
struct EndpointWire {
    fqdn: Option<String>,
    port: Option<u16>,
    /// 1 is https.
    protocol: Option<i64>,
}

fn endpoint(wire: EndpointWire) -> Option<Endpoint> {
    let scheme = match wire.protocol.unwrap_or(0) {
        0 => Scheme::Http,
        1 => Scheme::Https,
        _ => return None,
    };
    Some(Endpoint {
        scheme,
        host: wire.fqdn.unwrap_or_default(),
        port: wire.port?,
    })
}

#[derive(Deserialize)]
pub(super) struct WebWire {
    http_port: u16,
    https_port: u16,
    enable_https_redirect: Option<bool>,
    fqdn: Option<String>,
}

impl From<WebWire> for WebSettings {
    fn from(wire: WebWire) -> Self {
        Self {
            http_port: wire.http_port,
            https_port: wire.https_port,
            redirects_to_https: wire.enable_https_redirect.unwrap_or(false),
            name: wire.fqdn.filter(|name| !name.is_empty()),
        }
    }
}

#[derive(Deserialize)]
struct VersionWire {
    version_string: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire;
    use super::*;

    fn client(body: &[u8]) -> Result<SsoClient, DsmError> {
        sso_client(&wire::data(Call::ReadSsoClient, body)?)
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            let _ = client(&body);
            let _ = wire::data(Call::ListProxyRules, &body).and_then(|raw| proxy_rules(&raw));
        }

        #[test]
        fn the_secret_is_never_quoted(secret in "[a-z]{12}") {
            let body = format!(r#"{{"success":true,"data":{{"oidc_client_secret":"{secret}"}}}}"#);
            let shown = format!("{:?}", client(body.as_bytes()));
            prop_assert!(!shown.contains(&secret));
            for data in [
                format!(r#""{secret}""#),
                format!(r#"{{"oidc_client_secret":{{"{secret}":1}}}}"#),
                format!(r#"{{"oidc_client_secret":["{secret}"]}}"#),
                format!(r#"{{"oidc_allow_local_user":"{secret}"}}"#),
            ] {
                let body = format!(r#"{{"success":true,"data":{data}}}"#);
                let error = client(body.as_bytes()).unwrap_err();
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
        }
    }
}
