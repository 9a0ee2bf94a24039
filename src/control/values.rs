//! The values that an administrator enters in DSM, in the Google console and
//! in other clients.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use domain::model::dsm_settings::{ACCOUNT_TYPE, BUTTON, PROFILE, SCOPE};
use domain::model::relying_party::RelyingParty;

/// The values to enter, as `dsm-settings --json` prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ValuesToEnter {
    pub(crate) dsm: Vec<DsmForm>,
    pub(crate) clients: Vec<ClientForm>,
    pub(crate) google: GoogleForm,
}

/// Control Panel > Domain/LDAP > SSO Client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DsmForm {
    pub(crate) profile: String,
    pub(crate) account_type: String,
    pub(crate) name: String,
    pub(crate) well_known_url: String,
    pub(crate) application_id: String,
    /// The path of the file: secrets do not belong on a terminal.
    pub(crate) application_secret_file: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) authorization_scope: String,
    pub(crate) username_claim: String,
}

/// The values for a client that is not DSM, by the names of the standards
/// (`OpenID` Connect Discovery, section 3; RFC 7591, section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientForm {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) discovery_url: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) userinfo_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) client_id: String,
    pub(crate) client_secret_file: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scope: String,
    pub(crate) response_type: String,
    pub(crate) token_endpoint_auth_methods: Vec<String>,
    pub(crate) code_challenge_method: String,
    pub(crate) id_token_signing_alg: String,
    pub(crate) username_claim: String,
}

/// APIs & Services > Credentials, and the consent screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GoogleForm {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) application_type: String,
    pub(crate) authorized_javascript_origins: Vec<String>,
    pub(crate) authorized_redirect_uris: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) audience: String,
}

impl ValuesToEnter {
    /// Returns the values for `config`.
    pub(crate) fn of(config: &Config) -> Self {
        let clients = config.clients.iter();
        let (dsm, others): (Vec<_>, Vec<_>) = clients.partition(|client| client.is_dsm());
        let dsm = dsm.into_iter();
        let others = others.into_iter();
        Self {
            dsm: dsm.map(|client| DsmForm::of(client, config)).collect(),
            clients: others
                .map(|client| ClientForm::of(client, config))
                .collect(),
            google: GoogleForm {
                issuer: config.google.issuer.as_str().to_owned(),
                client_id: config.google.client_id.clone(),
                application_type: "Web application".to_owned(),
                authorized_javascript_origins: Vec::new(),
                authorized_redirect_uris: vec![config.issuer.endpoint("/callback")],
                scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
                audience: "External".to_owned(),
            },
        }
    }
}

impl DsmForm {
    fn of(client: &RelyingParty, config: &Config) -> Self {
        let needed = config.needed_by_dsm(client);
        Self {
            profile: PROFILE.to_owned(),
            account_type: ACCOUNT_TYPE.to_owned(),
            name: BUTTON.to_owned(),
            well_known_url: needed.well_known_url(),
            application_id: client.id.as_str().to_owned(),
            application_secret_file: secret_file(client),
            redirect_uris: redirect_uris(client),
            authorization_scope: SCOPE.to_owned(),
            username_claim: needed.username_claim.to_owned(),
        }
    }
}

impl ClientForm {
    fn of(client: &RelyingParty, config: &Config) -> Self {
        let endpoint = |path| config.issuer.endpoint(path);
        let methods = ["client_secret_basic", "client_secret_post"];
        Self {
            name: client.name.clone(),
            issuer: config.issuer.as_str().to_owned(),
            discovery_url: endpoint("/.well-known/openid-configuration"),
            authorization_endpoint: endpoint("/auth"),
            token_endpoint: endpoint("/token"),
            userinfo_endpoint: endpoint("/userinfo"),
            jwks_uri: endpoint("/keys"),
            client_id: client.id.as_str().to_owned(),
            client_secret_file: secret_file(client),
            redirect_uris: redirect_uris(client),
            scope: SCOPE.to_owned(),
            response_type: "code".to_owned(),
            token_endpoint_auth_methods: methods.map(str::to_owned).into(),
            code_challenge_method: "S256".to_owned(),
            id_token_signing_alg: "RS256".to_owned(),
            username_claim: config.username_claim.clone(),
        }
    }
}

/// Returns the absolute path.
fn secret_file(client: &RelyingParty) -> String {
    let path = std::path::absolute(&client.secret_file);
    let path = path.unwrap_or_else(|_| client.secret_file.clone());
    path.display().to_string()
}

fn redirect_uris(client: &RelyingParty) -> Vec<String> {
    let uris = client.redirect_uris.iter();
    uris.map(|uri| uri.as_str().to_owned()).collect()
}
