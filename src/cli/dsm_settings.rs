//! `dsm-settings`: the values for DSM and the Google console, by the names of
//! their fields.

mod compare;
mod diff;
mod write;

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::{complain_of_config, json_line, print_result};
use crate::config::Config;
use crate::config::urls::GOOGLE;
use domain::model::dsm_settings::{ACCOUNT_TYPE, BUTTON, PROFILE, SCOPE};
use domain::model::relying_party::RelyingParty;

/// The dialogs of DSM.
const SSO_CLIENT: &str = "Control Panel > Domain/LDAP > SSO Client";
const REVERSE_PROXY: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

/// The output of `--json`.
#[derive(Serialize)]
struct Settings {
    dsm: Vec<DsmForm>,
    clients: Vec<ClientForm>,
    google: GoogleForm,
}

/// The values for a client that is not DSM, by the names of the standards
/// (`OpenID` Connect Discovery, section 3; RFC 7591, section 2).
#[derive(Serialize)]
struct ClientForm {
    name: String,
    issuer: String,
    discovery_url: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    client_id: String,
    client_secret_file: String,
    redirect_uris: Vec<String>,
    scope: &'static str,
    response_type: &'static str,
    token_endpoint_auth_methods: [&'static str; 2],
    code_challenge_method: &'static str,
    id_token_signing_alg: &'static str,
    username_claim: String,
}

/// Control Panel > Domain/LDAP > SSO Client.
#[derive(Serialize)]
struct DsmForm {
    profile: &'static str,
    account_type: &'static str,
    name: &'static str,
    well_known_url: String,
    application_id: String,
    /// The path of the file: secrets do not belong on a terminal.
    application_secret_file: String,
    redirect_uris: Vec<String>,
    authorization_scope: &'static str,
    username_claim: String,
}

/// APIs & Services > Credentials, and the consent screen.
#[derive(Serialize)]
struct GoogleForm {
    issuer: String,
    client_id: String,
    application_type: &'static str,
    authorized_javascript_origins: [String; 0],
    authorized_redirect_uris: [String; 1],
    scopes: [&'static str; 3],
    audience: &'static str,
}

/// Prints the values for the config in `path`, compares or writes them; returns
/// the exit code.
pub(super) fn dsm_settings(path: &Path, options: &arguments::DsmSettings) -> u8 {
    if options.apply || options.undo {
        return write::write(path, options);
    }
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => return complain_of_config(&error),
    };
    if options.compare {
        return compare::compare(&config, options.json);
    }
    let settings = Settings::of(&config);
    let text = if options.json {
        json_line(&serde_json::json!(settings).to_string())
    } else {
        settings.as_text()
    };
    print_result(&text, 0)
}

impl Settings {
    fn of(config: &Config) -> Self {
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
                application_type: "Web application",
                authorized_javascript_origins: [],
                authorized_redirect_uris: [config.issuer.endpoint("/callback")],
                scopes: ["openid", "email", "profile"],
                audience: "External",
            },
        }
    }

    fn as_text(&self) -> String {
        let dsm = self.dsm.iter().map(DsmForm::as_text);
        let clients = self.clients.iter().map(ClientForm::as_text);
        dsm.chain(clients).collect::<String>() + &self.google.as_text()
    }
}

impl DsmForm {
    fn of(client: &RelyingParty, config: &Config) -> Self {
        let needed = config.needed_by_dsm(client);
        Self {
            profile: PROFILE,
            account_type: ACCOUNT_TYPE,
            name: BUTTON,
            well_known_url: needed.well_known_url(),
            application_id: client.id.as_str().to_owned(),
            application_secret_file: secret_file(client),
            redirect_uris: redirect_uris(client),
            authorization_scope: SCOPE,
            username_claim: needed.username_claim.to_owned(),
        }
    }

    fn as_text(&self) -> String {
        let mut rows = vec![
            ("Profile", self.profile),
            ("Account type", self.account_type),
            ("Name", self.name),
            ("Well-known URL", &self.well_known_url),
            ("Application ID", &self.application_id),
            ("Application secret", "the content of the file"),
            ("", &self.application_secret_file),
        ];
        rows.extend(in_rows("Redirect URI", &self.redirect_uris));
        rows.push(("Authorization scope", self.authorization_scope));
        rows.push(("Username claim", &self.username_claim));
        let title = format!("DSM: {SSO_CLIENT}, OpenID Connect SSO");
        table(&title, &rows) + "\n"
    }
}

impl ClientForm {
    fn of(client: &RelyingParty, config: &Config) -> Self {
        let endpoint = |path| config.issuer.endpoint(path);
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
            scope: SCOPE,
            response_type: "code",
            token_endpoint_auth_methods: ["client_secret_basic", "client_secret_post"],
            code_challenge_method: "S256",
            id_token_signing_alg: "RS256",
            username_claim: config.username_claim.clone(),
        }
    }

    fn as_text(&self) -> String {
        let methods = self.token_endpoint_auth_methods.join(" or ");
        let mut rows = vec![
            ("Issuer", self.issuer.as_str()),
            ("Discovery URL", &self.discovery_url),
            ("Authorization endpoint", &self.authorization_endpoint),
            ("Token endpoint", &self.token_endpoint),
            ("Userinfo endpoint", &self.userinfo_endpoint),
            ("JWKS URI", &self.jwks_uri),
            ("Client ID", &self.client_id),
            ("Client secret", "the content of the file"),
            ("", &self.client_secret_file),
            ("Client authentication", &methods),
        ];
        rows.extend(in_rows("Redirect URI", &self.redirect_uris));
        rows.extend([
            ("Scopes", self.scope),
            ("Response type", self.response_type),
            ("PKCE", self.code_challenge_method),
            ("ID token signature", self.id_token_signing_alg),
            ("Username claim", &self.username_claim),
        ]);
        let title = format!("{}: an OpenID Connect client", self.name);
        table(&title, &rows) + "\n"
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

/// Returns a row for each value; only the first names the field.
fn in_rows<'a>(field: &'a str, values: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let fields = std::iter::once(field).chain(std::iter::repeat(""));
    fields.zip(values.iter().map(String::as_str))
}

impl GoogleForm {
    fn as_text(&self) -> String {
        let [callback] = &self.authorized_redirect_uris;
        let client = [
            ("Application type", self.application_type),
            ("Authorized JavaScript origins", "none"),
            ("Authorized redirect URIs", callback),
            ("Client ID, shown after creation", &self.client_id),
        ];
        let scopes = self.scopes.join(" ");
        if self.issuer != GOOGLE {
            let title = format!("At the provider {}: a client", self.issuer);
            return table(&title, &[&client[2..], &[("Scopes", &scopes)]].concat());
        }
        let screen = [
            ("Audience", self.audience),
            ("", "while it is in testing, add all users as test users"),
            ("Scopes", &scopes),
        ];
        let credentials = "Google console: APIs & Services > Credentials, an OAuth client ID";
        let consent = "Google console: OAuth consent screen";
        table(credentials, &client) + "\n" + &table(consent, &screen)
    }
}

fn table(title: &str, rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(field, _)| field.len()).max();
    let width = width.unwrap_or_default();
    let mut text = format!("{title}\n");
    for (field, value) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {field:width$}  {value}");
    }
    text
}
