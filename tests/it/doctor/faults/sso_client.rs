//! DSM's own sign-in is not set up for this service.

use fakes::dsm::settings::Settings;

use super::{Fault, play};
use crate::doctor::stage::network::on_a_nas;

const SSO_CLIENT: &str = "Control Panel > Domain/LDAP > SSO Client";

/// All checks of it.
pub(super) const ALL: &[&str] = &[
    "sso-client.enabled",
    "sso-client.profile",
    "sso-client.account_type",
    "sso-client.well_known_url",
    "sso-client.authorization_endpoint",
    "sso-client.token_endpoint",
    "sso-client.application_id",
    "sso-client.application_secret",
    "sso-client.redirect_uri",
    "sso-client.scope",
    "sso-client.username_claim",
];

/// A field of DSM's dialog has another value.
macro_rules! field {
    ($check:expr, $what:expr, $part:ident, $key:expr, $value:expr) => {
        Fault::fail($check, SSO_CLIENT).when($what, |stage| {
            stage
                .house
                .dsm
                .change(|dsm| dsm.settings.$part[$key] = $value.into());
        })
    };
}

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("sso-client.enabled", SSO_CLIENT)
        .when("DSM's sign-in was never set up", |stage| {
            stage.house.dsm.change(|dsm| {
                let proxy = std::mem::take(&mut dsm.settings.proxy);
                dsm.settings = Settings {
                    proxy,
                    ..Settings::default()
                };
            });
        })
        .hides(&[ALL.split_at(1).1]),
    field!(
        "sso-client.enabled",
        "DSM's sign-in is off",
        profile,
        "sso_enable",
        false
    ),
    field!(
        "sso-client.profile",
        "the profile is Azure",
        profile,
        "sso_profile",
        "azure"
    ),
    field!(
        "sso-client.account_type",
        "local users cannot use it",
        client,
        "oidc_allow_local_user",
        false
    ),
    field!(
        "sso-client.well_known_url",
        "the well-known URL is that of Google",
        client,
        "oidc_wellknown",
        "https://accounts.google.com/.well-known/openid-configuration"
    ),
    field!(
        "sso-client.authorization_endpoint",
        "DSM has an authorization endpoint of Dex",
        client,
        "oidc_authorization_endpoint",
        "https://login.example.com/dex/auth"
    ),
    field!(
        "sso-client.token_endpoint",
        "DSM has a token endpoint of Dex",
        client,
        "oidc_token_endpoint",
        "https://login.example.com/dex/token"
    ),
    field!(
        "sso-client.application_id",
        "the ID is another",
        client,
        "oidc_client_id",
        "nas"
    ),
    field!(
        "sso-client.application_secret",
        "the secret is another",
        client,
        "oidc_client_secret",
        "GOCSPX-correct-horse"
    ),
    field!(
        "sso-client.redirect_uri",
        "DSM sends another redirect URI",
        client,
        "oidc_redirect_uri",
        "https://nas.example.com:5001/"
    ),
    field!(
        "sso-client.username_claim",
        "the claim is another",
        client,
        "oidc_user_claim",
        "email"
    ),
];

#[test]
fn a_field_of_dsm_that_differs_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
