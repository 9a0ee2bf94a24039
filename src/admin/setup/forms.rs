//! The values to enter by hand, by the names of the fields.

use crate::control::{ClientForm, DsmForm, GoogleForm};
use crate::http::Language;

/// A label and a value for each field.
pub(super) type Values = Vec<(&'static str, String)>;

/// The values for one client.
pub(super) struct FormToFill {
    /// The ID of the client, for the form that shows its secret.
    pub(super) client: String,
    pub(super) name: String,
    pub(super) values: Values,
}

impl FormToFill {
    /// Returns the fields of DSM's dialog.
    pub(super) fn of_dsm(form: &DsmForm, language: Language) -> Self {
        let say = |english, french| language.say(english, french);
        let mut values = vec![
            (say("Profile", "Profil"), form.profile.clone()),
            (
                say("Account type", "Type de compte"),
                form.account_type.clone(),
            ),
            (say("Name", "Nom"), form.name.clone()),
            (
                say("Well-known URL", "URL connue (Well-known)"),
                form.well_known_url.clone(),
            ),
            (
                say("Application ID", "ID d’application"),
                form.application_id.clone(),
            ),
        ];
        let uris = form.redirect_uris.iter();
        values.extend(uris.map(|uri| (say("Redirect URI", "URI de redirection"), uri.clone())));
        values.extend([
            (
                say("Authorization scope", "Champ d’autorisation"),
                form.authorization_scope.clone(),
            ),
            (
                say("Username claim", "Revendication du nom d’utilisateur"),
                form.username_claim.clone(),
            ),
        ]);
        Self {
            client: form.application_id.clone(),
            name: form.name.clone(),
            values,
        }
    }

    /// Returns what an OpenID Connect client asks for, by the names of the
    /// standards, which are English.
    pub(super) fn of_client(form: &ClientForm) -> Self {
        let mut values = vec![
            ("Issuer", form.issuer.clone()),
            ("Discovery URL", form.discovery_url.clone()),
            (
                "Authorization endpoint",
                form.authorization_endpoint.clone(),
            ),
            ("Token endpoint", form.token_endpoint.clone()),
            ("Userinfo endpoint", form.userinfo_endpoint.clone()),
            ("JWKS URI", form.jwks_uri.clone()),
            ("Client ID", form.client_id.clone()),
            (
                "Client authentication",
                form.token_endpoint_auth_methods.join(", "),
            ),
        ];
        let uris = form.redirect_uris.iter();
        values.extend(uris.map(|uri| ("Redirect URI", uri.clone())));
        values.extend([
            ("Scopes", form.scope.clone()),
            ("Response type", form.response_type.clone()),
            ("PKCE", form.code_challenge_method.clone()),
            ("ID token signature", form.id_token_signing_alg.clone()),
            ("Username claim", form.username_claim.clone()),
        ]);
        Self {
            client: form.client_id.clone(),
            name: form.name.clone(),
            values,
        }
    }
}

/// Returns the fields of Google's console, or of another provider's.
pub(super) fn of_google(form: &GoogleForm, language: Language) -> Values {
    let say = |english, french| language.say(english, french);
    let uris = form.authorized_redirect_uris.iter();
    let uris = uris.map(|uri| {
        let label = say("Authorized redirect URIs", "URI de redirection autorisés");
        (label, uri.clone())
    });
    let issuer = (say("Provider", "Fournisseur"), form.issuer.clone());
    let mut values = vec![issuer];
    values.extend(uris);
    values.extend([
        (say("Client ID", "ID client"), form.client_id.clone()),
        (say("Scopes", "Champs d’application"), form.scopes.join(" ")),
    ]);
    values
}
