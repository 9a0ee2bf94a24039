//! The `client_secret_….json` that the Google console offers: client ID, secret
//! and redirect URIs of an OAuth client.

use serde::Deserialize;

use super::dialog::Rejection;
use domain::base::secret::Secret;

/// The end of the redirect URI that this service registers at Google.
const CALLBACK: &str = "/callback";

/// A client of the type Web application.
#[derive(Deserialize)]
pub(super) struct GoogleFile {
    client_id: String,
    client_secret: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
}

#[derive(Deserialize)]
struct Contents {
    web: Option<serde_json::Value>,
    installed: Option<serde_json::Value>,
    r#type: Option<String>,
}

impl GoogleFile {
    /// Returns whether `text` is the content of a file, not a client ID.
    pub(super) fn is_one(text: &str) -> bool {
        text.trim_start().starts_with('{')
    }

    /// Returns whether the end of the content of a file is missing.
    pub(super) fn is_cut_off(text: &str) -> bool {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(text);
        parsed.is_err_and(|error| error.is_eof())
    }

    /// Reads the content of a file. An error is what [`Question::check`] would
    /// return, and quotes nothing of the file.
    ///
    /// [`Question::check`]: super::questions::Question::check
    pub(super) fn parse(text: &str) -> Result<Self, Rejection> {
        if Self::is_cut_off(text) {
            return Err(Rejection::new(
                "is the JSON of the Google console without its end: copy the whole file, from { \
                 to the last }",
                "est le JSON de la console Google sans sa fin : copiez tout le fichier, de { \
                 jusqu'au dernier }",
            ));
        }
        let contents: Contents = serde_json::from_str(text).map_err(|_| {
            Rejection::new(
                "is not the JSON that the Google console offers; download it again",
                "n'est pas le JSON que propose la console Google ; téléchargez-le de nouveau",
            )
        })?;
        if contents.installed.is_some() {
            return Err(Rejection::new(
                "is for an OAuth client of the type Desktop app: create one of the type Web \
                 application, and download its JSON",
                "est celui d'un client OAuth de type Application de bureau : créez-en un de type \
                 Application Web, et téléchargez son JSON",
            ));
        }
        if contents.r#type.as_deref() == Some("service_account") {
            return Err(Rejection::new(
                "is the key of a service account: create an OAuth client of the type Web \
                 application, and download its JSON",
                "est la clé d'un compte de service : créez un client OAuth de type Application \
                 Web, et téléchargez son JSON",
            ));
        }
        let Some(web) = contents.web else {
            return Err(Rejection::new(
                "has no OAuth client of the type Web application",
                "ne contient pas de client OAuth de type Application Web",
            ));
        };
        serde_json::from_value(web).map_err(|_| {
            Rejection::new(
                "lacks the client ID or its secret, which the Google console shows only when the \
                 secret is created: add a secret there, and download the JSON again",
                "ne contient pas l'ID client ou son code secret, que la console Google n'affiche \
                 qu'à sa création : ajoutez-y un code secret, et téléchargez de nouveau le JSON",
            )
        })
    }

    /// Returns the client ID and the secret.
    pub(super) fn credentials(&self) -> [Secret<String>; 2] {
        [&self.client_id, &self.client_secret].map(|text| Secret::new(text.clone()))
    }

    /// Returns the issuer that the only redirect URI of this service implies.
    pub(super) fn issuer(&self) -> Result<&str, Rejection> {
        let uris = self.redirect_uris.iter();
        let mut issuers: Vec<&str> = uris.filter_map(|uri| uri.strip_suffix(CALLBACK)).collect();
        issuers.sort_unstable();
        issuers.dedup();
        match issuers.as_slice() {
            [issuer] => Ok(issuer),
            [] => Err(Rejection::new(
                "has no redirect URI that ends in /callback: add the public URL of this service \
                 with /callback, such as https://login.example.com/callback, to the client in the \
                 Google console, and download the JSON again",
                "ne contient pas d'URI de redirection qui se termine par /callback : ajoutez au \
                 client, dans la console Google, l'URL publique de ce service suivie de \
                 /callback, par exemple https://login.example.com/callback, et téléchargez de \
                 nouveau le JSON",
            )),
            [_, _, ..] => Err(Rejection::new(
                "has two redirect URIs that end in /callback: enter the public URL of this \
                 service, too",
                "contient deux URI de redirection qui se terminent par /callback : saisissez \
                 aussi l'URL publique de ce service",
            )),
        }
    }

    /// Checks that the client leads back to `issuer`.
    pub(super) fn leads_back_to(&self, issuer: &str) -> Result<(), Rejection> {
        let expected = format!("{}{CALLBACK}", issuer.trim_end_matches('/'));
        if self.redirect_uris.contains(&expected) {
            return Ok(());
        }
        let (other, autre) = match self.issuer() {
            Ok(other) => (
                format!(", only that of {other}. If this is the URL of DSM, swap the two; else"),
                format!(
                    ", seulement celle de {other}. Si cette adresse est celle de DSM, échangez \
                     les deux ; sinon"
                ),
            ),
            Err(_) => (":".to_owned(), " :".to_owned()),
        };
        Err(Rejection::new(
            format!(
                "is not in the JSON, which has no redirect URI {expected}{other} add it to the \
                 client in the Google console, and download the JSON again"
            ),
            format!(
                "n'est pas dans le JSON, qui ne contient pas l'URI de redirection \
                 {expected}{autre} ajoutez-la au client dans la console Google, et téléchargez \
                 de nouveau le JSON"
            ),
        ))
    }
}

/// Rejects what is not a client ID, but another value from the Google console.
pub(super) fn not_another_value(text: &str) -> Result<(), Rejection> {
    if text.contains("\"client_id\"") || text.contains("\"client_secret\"") {
        return Err(Rejection::new(
            "is a part of the JSON of the Google console: copy the whole file, from { to the last }",
            "est une partie du JSON de la console Google : copiez tout le fichier, de { jusqu'au \
             dernier }",
        ));
    }
    if text.starts_with("GOCSPX-") {
        return Err(Rejection::new(
            "does not end in .apps.googleusercontent.com, as every client ID of Google's does, and \
             looks like the client secret: enter the whole content of the JSON file, which has \
             both",
            "est le code secret du client : saisissez tout le contenu du fichier JSON, qui \
             contient aussi l'ID",
        ));
    }
    if text.starts_with("AIza") {
        return Err(Rejection::new(
            "is an API key: create an OAuth client of the type Web application, and enter its JSON",
            "est une clé API : créez un client OAuth de type Application Web, et saisissez son JSON",
        ));
    }
    Ok(())
}
