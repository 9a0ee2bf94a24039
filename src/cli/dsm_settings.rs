//! `dsm-settings`: the values for DSM and the Google console, by the names of
//! their fields.

mod compare;
mod diff;
mod write;

use std::fmt::Write;
use std::path::Path;

use super::{complain_of_config, json_line, print_result};
use crate::config::Config;
use crate::config::urls::GOOGLE;
use crate::control::{ClientForm, DsmForm, GoogleForm, ValuesToEnter};

/// The dialogs of DSM.
const SSO_CLIENT: &str = "Control Panel > Domain/LDAP > SSO Client";
const REVERSE_PROXY: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

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
    let settings = ValuesToEnter::of(&config);
    let text = if options.json {
        json_line(&serde_json::json!(settings).to_string())
    } else {
        settings.as_text()
    };
    print_result(&text, 0)
}

impl ValuesToEnter {
    fn as_text(&self) -> String {
        let dsm = self.dsm.iter().map(DsmForm::as_text);
        let clients = self.clients.iter().map(ClientForm::as_text);
        dsm.chain(clients).collect::<String>() + &self.google.as_text()
    }
}

impl DsmForm {
    fn as_text(&self) -> String {
        let mut rows = vec![
            ("Profile", self.profile.as_str()),
            ("Account type", &self.account_type),
            ("Name", &self.name),
            ("Well-known URL", &self.well_known_url),
            ("Application ID", &self.application_id),
            ("Application secret", "the content of the file"),
            ("", &self.application_secret_file),
        ];
        rows.extend(in_rows("Redirect URI", &self.redirect_uris));
        rows.push(("Authorization scope", &self.authorization_scope));
        rows.push(("Username claim", &self.username_claim));
        let title = format!("DSM: {SSO_CLIENT}, OpenID Connect SSO");
        table(&title, &rows) + "\n"
    }
}

impl ClientForm {
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
            ("Scopes", self.scope.as_str()),
            ("Response type", &self.response_type),
            ("PKCE", &self.code_challenge_method),
            ("ID token signature", &self.id_token_signing_alg),
            ("Username claim", &self.username_claim),
        ]);
        let title = format!("{}: an OpenID Connect client", self.name);
        table(&title, &rows) + "\n"
    }
}

/// Returns a row for each value; only the first names the field.
fn in_rows<'a>(field: &'a str, values: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let fields = std::iter::once(field).chain(std::iter::repeat(""));
    fields.zip(values.iter().map(String::as_str))
}

impl GoogleForm {
    fn as_text(&self) -> String {
        let callbacks = self.authorized_redirect_uris.join(" ");
        let client = [
            ("Application type", self.application_type.as_str()),
            ("Authorized JavaScript origins", "none"),
            ("Authorized redirect URIs", &callbacks),
            ("Client ID, shown after creation", &self.client_id),
        ];
        let scopes = self.scopes.join(" ");
        if self.issuer != GOOGLE {
            let title = format!("At the provider {}: a client", self.issuer);
            return table(&title, &[&client[2..], &[("Scopes", &scopes)]].concat());
        }
        let screen = [
            ("Audience", self.audience.as_str()),
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
