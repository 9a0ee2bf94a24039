//! The relying parties: DSM, and other clients in the config's `[[clients]]`.

use std::path::PathBuf;

use crate::base::ids::ClientId;
use crate::base::issuer::Issuer;
use crate::base::secret::Secret;

/// A registered relying party, from `[[clients]]` of the config.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    /// Its `client_id`. No two alike.
    pub id: ClientId,
    /// What people call it; shown on pages.
    pub name: String,
    /// Its `client_secret`.
    pub secret: Secret<String>,
    /// The path of the secret's file, for messages.
    pub secret_file: PathBuf,
    /// Where its logins may come back to, byte for byte as it sends them; one
    /// at least.
    pub redirect_uris: Vec<RegisteredRedirect>,
    /// Whether its authorization requests must have a PKCE challenge.
    pub require_pkce: bool,
}

impl RelyingParty {
    /// The `id` that setup gives DSM.
    pub const ID_OF_DSM: &str = "synology";

    /// The `id` of the administration page. The config rejects a space, so that
    /// no client can have it.
    pub const ID_OF_ADMINISTRATION: &str = "administration page";

    /// Returns the administration page as a client of the service. Its codes
    /// are redeemed in the process: it has no secret, and `/token` does not
    /// know it.
    pub fn administration(issuer: &Issuer) -> Self {
        let redirect = issuer.endpoint("/admin/callback");
        Self {
            id: ClientId::new(Self::ID_OF_ADMINISTRATION),
            name: Self::ID_OF_ADMINISTRATION.to_owned(),
            secret: Secret::new(String::new()),
            secret_file: PathBuf::new(),
            redirect_uris: vec![RegisteredRedirect::private_use(redirect)],
            require_pkce: true,
        }
    }

    /// Returns whether this is [`Self::administration`].
    pub fn is_administration(&self) -> bool {
        self.id.as_str() == Self::ID_OF_ADMINISTRATION
    }

    /// Returns whether this is DSM: by the `id` that setup gives it, or by a
    /// redirect URI without a path. DSM sends the URL of its login page; other
    /// clients have a path of their own.
    pub fn is_dsm(&self) -> bool {
        let mut uris = self.redirect_uris.iter();
        self.id.as_str() == Self::ID_OF_DSM || uris.any(|uri| uri.twin.is_some())
    }

    /// Returns `asked` as a trusted redirect URI if it is registered.
    ///
    /// Compared byte for byte (RFC 9700, section 2.1). A bare origin also
    /// matches with or without the final `/`, which DSM's administrators type
    /// or not.
    pub fn trust(&self, asked: &str) -> Option<TrustedRedirect> {
        self.redirect_uris
            .iter()
            .any(|registered| registered.matches(asked))
            .then(|| TrustedRedirect(asked.to_owned()))
    }
}

/// Returns the IDs of those `parties` that are in the config.
pub fn names(parties: &[RelyingParty]) -> Vec<String> {
    let configured = parties.iter().filter(|party| !party.is_administration());
    let ids = configured.map(|party| party.id.as_str().to_owned());
    ids.collect()
}

/// Lists the first five of `values` for an error message.
pub fn listed(values: &[String]) -> String {
    let quoted = values.iter().take(5).map(|value| format!("{value:?}"));
    let quoted: Vec<String> = quoted.collect();
    let more = if values.len() > 5 { ", …" } else { "" };
    format!("{}{more}", quoted.join(", "))
}

/// A valid redirect URI from the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredRedirect {
    uri: String,
    twin: Option<String>,
    origin: Option<String>,
}

impl RegisteredRedirect {
    /// Takes `uri` as written; the config has validated it.
    pub fn new(uri: String, parsed: &url::Url) -> Self {
        let bare = parsed.path() == "/" && parsed.query().is_none();
        let twin = bare.then(|| match uri.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{uri}/"),
        });
        let origin = Some(parsed.origin().ascii_serialization());
        Self { uri, twin, origin }
    }

    /// Takes the URI of an app with its own scheme (RFC 8252, section 7.1).
    pub fn private_use(uri: String) -> Self {
        Self {
            uri,
            twin: None,
            origin: None,
        }
    }

    /// Returns the URI as the administrator wrote it.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Returns scheme, host and port, where the client's pages are; an app has
    /// none.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    fn matches(&self, asked: &str) -> bool {
        self.uri == asked || self.twin.as_deref() == Some(asked)
    }
}

/// A redirect URI that matched a registered one: the only type to which a
/// response can redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRedirect(String);

impl TrustedRedirect {
    /// Returns the URI, byte for byte as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
