//! The `client_secret_….json` that the Google console offers: client ID, secret
//! and redirect URIs of an OAuth client.

use serde::Deserialize;

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

    /// Reads the content of a file. An error is what [`Question::check`] would
    /// return, and quotes nothing of the file.
    ///
    /// [`Question::check`]: super::questions::Question::check
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let contents: Contents = serde_json::from_str(text)
            .map_err(|_| "is not the JSON that the Google console offers; download it again")?;
        if contents.installed.is_some() {
            return Err(
                "is for an OAuth client of the type Desktop app: create one of the type Web \
                 application, and download its JSON"
                    .to_owned(),
            );
        }
        if contents.r#type.as_deref() == Some("service_account") {
            return Err(
                "is the key of a service account: create an OAuth client of the type Web \
                 application, and download its JSON"
                    .to_owned(),
            );
        }
        let Some(web) = contents.web else {
            return Err("has no OAuth client of the type Web application".to_owned());
        };
        serde_json::from_value(web).map_err(|_| {
            "lacks the client ID or its secret, which the Google console shows only when the \
             secret is created: add a secret there, and download the JSON again"
                .to_owned()
        })
    }

    /// Returns the client ID and the secret.
    pub(super) fn into_credentials(self) -> [Secret<String>; 2] {
        [self.client_id, self.client_secret].map(Secret::new)
    }

    /// Returns the issuer that the only redirect URI of this service implies.
    pub(super) fn issuer(&self) -> Result<&str, String> {
        let uris = self.redirect_uris.iter();
        let mut issuers: Vec<&str> = uris.filter_map(|uri| uri.strip_suffix(CALLBACK)).collect();
        issuers.sort_unstable();
        issuers.dedup();
        match issuers.as_slice() {
            [issuer] => Ok(issuer),
            [] => Err(
                "has no redirect URI that ends in /callback: add the public URL of this service \
                 with /callback, such as https://login.example.com/callback, to the client in the \
                 Google console, and download the JSON again"
                    .to_owned(),
            ),
            [_, _, ..] => Err(
                "has two redirect URIs that end in /callback: enter the public URL of this \
                 service, too"
                    .to_owned(),
            ),
        }
    }

    /// Checks that the client leads back to `issuer`.
    pub(super) fn leads_back_to(&self, issuer: &str) -> Result<(), String> {
        let expected = format!("{}{CALLBACK}", issuer.trim_end_matches('/'));
        if self.redirect_uris.contains(&expected) {
            return Ok(());
        }
        Err(format!(
            "has no redirect URI {expected}: add it to the client in the Google console, and \
             download the JSON again"
        ))
    }
}
