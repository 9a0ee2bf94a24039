//! The settings of the fake DSM on which a sign-in depends, and the source of
//! each response. The keys of the sources are those of [`api`](super::api);
//! besides:
//!
//! - krg: KastnerRG/krg-infra, its `synology_sso` and `synology_dsm_web` roles,
//!   live on DSM 7.3
//! - provider: synology-community/terraform-provider-synology
//! - dsmctl: derekvery666/dsmctl, live on DSM 7.3
//! - helper: the Dart client `dsm_helper`
//! - ccsync: the installation guide of a program of this name, whose author
//!   listed a rule on a device in August 2026

use serde_json::{Value, json};

use super::State;
use super::api::Plain;
use crate::server::Received;

/// What the APIs of DSM's dialogs return, in DSM's own form.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `SYNO.Core.Directory.SSO.Profile`.
    pub profile: Value,
    /// `SYNO.Core.Directory.OIDC.SSO`.
    pub client: Value,
    /// `SYNO.Core.Directory.SSO.Setting`.
    pub default: Value,
    /// The entries of `SYNO.Core.AppPortal.ReverseProxy`.
    pub proxy: Vec<Value>,
    /// `SYNO.Core.Web.DSM`.
    pub web: Value,
    /// `SYNO.DSM.Info`.
    pub info: Value,
}

impl Default for Settings {
    /// A DSM without SSO. Recorded (N4S4): `sso_enable` false and an empty
    /// `sso_profile`. Recorded (krg): every field of the client is empty.
    /// Recorded (helper): the ports and the switches; `fqdn` is null. Recorded
    /// (mib): the fields of `getinfo`.
    fn default() -> Self {
        Self {
            profile: json!({"sso_enable": false, "sso_profile": ""}),
            client: json!({
                "oidc_allow_local_user": false,
                "oidc_authorization_endpoint": "",
                "oidc_client_id": "",
                "oidc_client_secret": "",
                "oidc_name": "",
                "oidc_redirect_uri": "",
                "oidc_scope": "",
                "oidc_token_endpoint": "",
                "oidc_user_claim": "",
                "oidc_wellknown": "",
            }),
            default: json!({"sso_default_login": false}),
            proxy: Vec::new(),
            web: json!({
                "enable_avahi": true,
                "enable_custom_domain": false,
                "enable_hsts": false,
                "enable_https_redirect": false,
                "enable_spdy": true,
                "enable_ssdp": true,
                "fqdn": null,
                "http_port": 5000,
                "https_port": 5001,
            }),
            info: json!({
                "model": "DS220+",
                "ram": 2048,
                "serial": "0000000000000",
                "temperature": 40,
                "temperature_warn": false,
                "time": "Mon Mar  2 10:00:00 2026",
                "uptime": 3600,
                "version": "72806",
                "version_string": "DSM 7.2.2-72806 Update 2",
            }),
        }
    }
}

impl Settings {
    /// Returns the settings after a correct set-up for the provider `issuer`,
    /// with the ID `synology`. Recorded (krg, provider): the fields, the secret
    /// in clear text, and that DSM stores both endpoints.
    pub fn of(issuer: &str, secret: &str, redirect_uri: &str) -> Self {
        let issuer = issuer.trim_end_matches('/');
        Self {
            profile: json!({"sso_enable": true, "sso_profile": "oidc"}),
            client: json!({
                "oidc_allow_local_user": true,
                "oidc_authorization_endpoint": format!("{issuer}/auth"),
                "oidc_client_id": "synology",
                "oidc_client_secret": secret,
                "oidc_name": "Google",
                "oidc_redirect_uri": redirect_uri,
                "oidc_scope": "openid email profile",
                "oidc_token_endpoint": format!("{issuer}/token"),
                "oidc_user_claim": "username",
                "oidc_wellknown": format!("{issuer}/.well-known/openid-configuration"),
            }),
            ..Self::default()
        }
    }
}

/// Returns a rule of the reverse proxy, from https at `host` to http at `port`
/// of this machine. Recorded (ccsync): a whole entry. Guess: the form of
/// `UUID` and `_key`.
pub fn proxy_rule(host: &str, port: u16) -> Value {
    json!({
        "UUID": "4d4d2f0e-0000-4000-8000-000000000001",
        "_key": "4d4d2f0e-0000-4000-8000-000000000001",
        "description": host,
        "frontend": {
            "acl": null, "fqdn": host, "https": {"hsts": false}, "port": 443, "protocol": 1,
        },
        "backend": {"fqdn": "localhost", "port": port, "protocol": 0},
        "customize_headers": [],
        "proxy_connect_timeout": 60,
        "proxy_http_version": 1,
        "proxy_intercept_errors": false,
        "proxy_read_timeout": 60,
        "proxy_send_timeout": 60,
    })
}

impl State {
    /// Recorded (probed, N4S4, krg): `get`, and its two fields.
    pub(super) fn sso_profile(&self, _: &Received) -> Plain {
        Plain::success(&self.behaviour.settings.profile)
    }

    /// Recorded (schemas, probed, krg): `get`, and its ten fields.
    pub(super) fn sso_client(&self, _: &Received) -> Plain {
        Plain::success(&self.behaviour.settings.client)
    }

    /// Recorded (probed, N4S4): `get`, and its one field.
    pub(super) fn sso_default(&self, _: &Received) -> Plain {
        Plain::success(&self.behaviour.settings.default)
    }

    /// Recorded (ccsync, dsm-mini, dsmctl): `entries`.
    pub(super) fn proxy_rules(&self, _: &Received) -> Plain {
        Plain::success(&json!({"entries": self.behaviour.settings.proxy}))
    }

    /// Recorded (helper, krg): `get` of version 2.
    pub(super) fn web(&self, _: &Received) -> Plain {
        Plain::success(&self.behaviour.settings.web)
    }

    /// Recorded (mib): `getinfo` of version 2. Recorded, but not done here:
    /// accounts that are not administrators may read it, too.
    pub(super) fn version(&self, _: &Received) -> Plain {
        Plain::success(&self.behaviour.settings.info)
    }
}
