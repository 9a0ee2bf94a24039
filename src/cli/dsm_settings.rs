//! `dsm-settings`: what to paste into DSM and into the Google console, by the
//! names that their forms have.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::{code_of, complain, describe, json_line, print_result};
use crate::config::Config;
use crate::relying_party::RelyingParty;

/// Its forms are not another provider's.
const GOOGLE: &str = "https://accounts.google.com";

/// `--json` prints it as it is.
#[derive(Serialize)]
struct Settings {
    dsm: Vec<DsmForm>,
    google: GoogleForm,
}

/// Control Panel > Domain/LDAP > SSO Client.
#[derive(Serialize)]
struct DsmForm {
    profile: &'static str,
    account_type: &'static str,
    name: &'static str,
    well_known_url: String,
    application_id: String,
    /// The file: a terminal's history is no place for a secret.
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

/// Prints what belongs to the config in `path`.
pub(super) fn dsm_settings(path: &Path, json: bool) -> u8 {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            complain(&describe(&error));
            return code_of(&error);
        }
    };
    let settings = Settings::of(&config);
    let text = if json {
        json_line(&serde_json::json!(settings).to_string())
    } else {
        settings.as_text()
    };
    print_result(&text, 0)
}

impl Settings {
    fn of(config: &Config) -> Self {
        let clients = config.clients.iter();
        Self {
            dsm: clients.map(|client| DsmForm::of(client, config)).collect(),
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
        let forms = self.dsm.iter().map(DsmForm::as_text);
        forms.collect::<String>() + &self.google.as_text()
    }
}

impl DsmForm {
    fn of(client: &RelyingParty, config: &Config) -> Self {
        let uris = client.redirect_uris.iter();
        // It is read elsewhere than where the command was typed.
        let secret_file = std::path::absolute(&client.secret_file);
        let secret_file = secret_file.unwrap_or_else(|_| client.secret_file.clone());
        Self {
            profile: "OIDC",
            account_type: "Domain/LDAP/local",
            name: "Google",
            well_known_url: config.issuer.endpoint("/.well-known/openid-configuration"),
            application_id: client.id.as_str().to_owned(),
            application_secret_file: secret_file.display().to_string(),
            redirect_uris: uris.map(|uri| uri.as_str().to_owned()).collect(),
            authorization_scope: "openid email profile",
            username_claim: config.username_claim.clone(),
        }
    }

    fn as_text(&self) -> String {
        let mut rows = vec![
            ("Profile", self.profile),
            ("Account type", self.account_type),
            ("Name", self.name),
            ("Well-known URL", &self.well_known_url),
            ("Application ID", &self.application_id),
            ("Application secret", "what is in the file"),
            ("", &self.application_secret_file),
        ];
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            rows.push((if index == 0 { "Redirect URI" } else { "" }, uri));
        }
        rows.push(("Authorization scope", self.authorization_scope));
        rows.push(("Username claim", &self.username_claim));
        let title = "DSM: Control Panel > Domain/LDAP > SSO Client, OpenID Connect SSO";
        table(title, &rows) + "\n"
    }
}

impl GoogleForm {
    fn as_text(&self) -> String {
        let [callback] = &self.authorized_redirect_uris;
        let client = [
            ("Application type", self.application_type),
            ("Authorized JavaScript origins", "none"),
            ("Authorized redirect URIs", callback),
            ("Client ID, which it shows then", &self.client_id),
        ];
        let scopes = self.scopes.join(" ");
        if self.issuer != GOOGLE {
            let title = format!("At the provider {}: a client", self.issuer);
            return table(&title, &[&client[2..], &[("Scopes", &scopes)]].concat());
        }
        let screen = [
            ("Audience", self.audience),
            ("", "while it is in testing, list everybody as a test user"),
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
        // A String takes whatever is written.
        let _ = writeln!(text, "  {field:width$}  {value}");
    }
    text
}
