//! DSM's SSO client and reverse proxy, compared with what this service needs.
//!
//! The values of DSM may have any length and any characters: escape them before
//! they are shown.

mod before;
mod plan;
mod proxy;

use std::net::SocketAddr;

use url::Url;

pub use self::before::{Before, IDENTITY, Undo, has_all_of, is_same};
pub use self::plan::{Part, Settings};
pub use self::proxy::{Endpoint, ProxyRule, Route, Scheme};
use crate::base::issuer::Issuer;
use crate::base::secret::Secret;
use crate::model::relying_party::{RegisteredRedirect, RelyingParty};

/// The profile, by the name in DSM's dialog and by that in its API.
pub const PROFILE: &str = "OIDC";
const PROFILE_IN_API: &str = "oidc";

/// The account type with local users, by its name in DSM's dialog, and the one
/// without them.
pub const ACCOUNT_TYPE: &str = "Domain/LDAP/local";
const WITHOUT_LOCAL_USERS: &str = "Domain/LDAP";

/// The text on the button of DSM's login page.
pub const BUTTON: &str = "Google";

/// The scope to enter. Every other one works, too.
pub const SCOPE: &str = "openid email profile";

/// The claim that has the user name besides the configured one.
const SECOND_CLAIM: &str = "preferred_username";

/// Which SSO service DSM offers on its login page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoProfile {
    /// Whether the login page has an SSO button.
    pub enabled: bool,
    /// The name of the profile in the API, such as `oidc` or `azure`; empty if
    /// none was ever chosen.
    pub profile: String,
}

/// The settings of DSM's OpenID client, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoClient {
    /// Whether local users can sign in, and not only those of a domain.
    pub local_users: bool,
    /// The text on the button.
    pub name: String,
    /// The URL of the discovery document.
    pub well_known_url: String,
    /// The authorization endpoint, which DSM does not read again.
    pub authorization_endpoint: String,
    /// The token endpoint, which DSM does not read again.
    pub token_endpoint: String,
    /// The `client_id` of this client.
    pub application_id: String,
    /// The `client_secret`; `None` if DSM does not show it.
    pub application_secret: Option<Secret<String>>,
    /// One redirect URI, or several: how DSM separates them is not known.
    pub redirect_uri: String,
    /// The scope; may be empty.
    pub scope: String,
    /// The claim that has the user name.
    pub username_claim: String,
}

/// What this service needs in DSM's dialogs.
#[derive(Clone, Copy, Debug)]
pub struct Needed<'a> {
    /// The public URL of this service.
    pub issuer: &'a Issuer,
    /// DSM, as a client of this service.
    pub client: &'a RelyingParty,
    /// The config's `username-claim`.
    pub username_claim: &'a str,
    /// The address at which this service listens.
    pub listener: SocketAddr,
    /// How this service is reached at that address.
    pub scheme: Scheme,
}

/// A field of one of DSM's two dialogs, by its name in the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the dialogs")]
pub enum Field {
    Enabled,
    Profile,
    AccountType,
    WellKnownUrl,
    AuthorizationEndpoint,
    TokenEndpoint,
    ApplicationId,
    ApplicationSecret,
    RedirectUri,
    Scope,
    UsernameClaim,
    Source,
    Destination,
}

/// A value of DSM beside ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The field of the dialog.
    pub field: Field,
    /// The value of DSM; `None` if there is none, and for the secret.
    pub dsm: Option<String>,
    /// The value to enter; `None` for the secret.
    pub ours: Option<String>,
    /// Whether the value of DSM works as ours does.
    pub same: bool,
}

/// How many of DSM's redirect URIs are registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// All of them, at least one.
    Registered,
    /// Some; this one is not.
    NotAll(String),
    /// None of them is registered.
    Unknown,
}

impl Field {
    /// The fields of the SSO client, in the order of the dialog.
    pub const OF_SSO_CLIENT: [Self; 11] = [
        Self::Enabled,
        Self::Profile,
        Self::AccountType,
        Self::WellKnownUrl,
        Self::AuthorizationEndpoint,
        Self::TokenEndpoint,
        Self::ApplicationId,
        Self::ApplicationSecret,
        Self::RedirectUri,
        Self::Scope,
        Self::UsernameClaim,
    ];

    /// Returns the name in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Profile => "profile",
            Self::AccountType => "account_type",
            Self::WellKnownUrl => "well_known_url",
            Self::AuthorizationEndpoint => "authorization_endpoint",
            Self::TokenEndpoint => "token_endpoint",
            Self::ApplicationId => "application_id",
            Self::ApplicationSecret => "application_secret",
            Self::RedirectUri => "redirect_uri",
            Self::Scope => "scope",
            Self::UsernameClaim => "username_claim",
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    /// Returns the place in the JSON.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Source | Self::Destination => "reverse-proxy",
            Self::Enabled
            | Self::Profile
            | Self::AccountType
            | Self::WellKnownUrl
            | Self::AuthorizationEndpoint
            | Self::TokenEndpoint
            | Self::ApplicationId
            | Self::ApplicationSecret
            | Self::RedirectUri
            | Self::Scope
            | Self::UsernameClaim => "sso-client",
        }
    }
}

/// Returns which of `clients` is the DSM whose SSO client has the ID `stored`:
/// the one with that ID, else the one that setup made, else the first.
pub fn client_of_dsm<'a>(
    clients: &'a [RelyingParty],
    stored: Option<&str>,
) -> Option<&'a RelyingParty> {
    let named = |id: &str| clients.iter().find(|client| client.id.as_str() == id);
    stored
        .and_then(named)
        .filter(|client| client.is_dsm())
        .or_else(|| named(RelyingParty::ID_OF_DSM))
        .or_else(|| clients.iter().find(|client| client.is_dsm()))
        .or(clients.first())
}

impl<'a> Needed<'a> {
    /// Returns the URL of the discovery document.
    pub fn well_known_url(&self) -> String {
        self.issuer.endpoint("/.well-known/openid-configuration")
    }

    /// Returns the URL of the authorization endpoint.
    pub fn authorization_endpoint(&self) -> String {
        self.issuer.endpoint("/auth")
    }

    /// Returns the URL of the token endpoint.
    pub fn token_endpoint(&self) -> String {
        self.issuer.endpoint("/token")
    }

    /// Returns the registered redirect URIs, as written in the config.
    pub fn redirect_uris(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let uris = self.client.redirect_uris.iter();
        uris.map(RegisteredRedirect::as_str)
    }

    /// Compares what DSM offers on its login page: `enabled` and `profile`.
    pub fn compare_profile(&self, dsm: &SsoProfile) -> [Row; 2] {
        let same = dsm.profile.eq_ignore_ascii_case(PROFILE_IN_API);
        let profile = if same { PROFILE } else { &dsm.profile };
        [
            row(
                Field::Enabled,
                &dsm.enabled.to_string(),
                "true",
                dsm.enabled,
            ),
            row(Field::Profile, profile, PROFILE, same),
        ]
    }

    /// Compares the settings of DSM's OpenID client.
    pub fn compare_client(&self, dsm: &SsoClient) -> [Row; 9] {
        let account_type = account_type(dsm.local_users);
        let url = |field, dsm: &str, ours: &str| row(field, dsm, ours, is_same_url(dsm, ours));
        let id = self.client.id.as_str();
        let ours: Vec<&str> = self.redirect_uris().collect();
        let claim = dsm.username_claim.as_str();
        [
            row(
                Field::AccountType,
                account_type,
                ACCOUNT_TYPE,
                dsm.local_users,
            ),
            url(
                Field::WellKnownUrl,
                &dsm.well_known_url,
                &self.well_known_url(),
            ),
            url(
                Field::AuthorizationEndpoint,
                &dsm.authorization_endpoint,
                &self.authorization_endpoint(),
            ),
            url(
                Field::TokenEndpoint,
                &dsm.token_endpoint,
                &self.token_endpoint(),
            ),
            row(
                Field::ApplicationId,
                &dsm.application_id,
                id,
                dsm.application_id == id,
            ),
            Row {
                field: Field::ApplicationSecret,
                dsm: None,
                ours: None,
                same: dsm.application_secret.as_ref() == Some(&self.client.secret),
            },
            row(
                Field::RedirectUri,
                &dsm.redirect_uri,
                &ours.join(", "),
                self.redirects(&dsm.redirect_uri) == Redirects::Registered,
            ),
            // The authorization endpoint ignores the scopes that it does not
            // know, and a missing `openid`.
            row(Field::Scope, &dsm.scope, SCOPE, true),
            row(
                Field::UsernameClaim,
                claim,
                self.username_claim,
                claim == self.username_claim || claim == SECOND_CLAIM,
            ),
        ]
    }

    /// Returns whether the redirect URIs in `stored` are registered.
    ///
    /// How DSM separates several is a guess (docs/development/dsm-facts.md,
    /// section 5.1): white space, a comma or a semicolon. A URI may contain the
    /// last two, so that the whole text is tried first.
    pub fn redirects(&self, stored: &str) -> Redirects {
        let is_registered = |uri: &str| self.client.trust(uri).is_some();
        if is_registered(stored) {
            return Redirects::Registered;
        }
        let separates = |character: char| character.is_whitespace() || ",;".contains(character);
        let uris = stored.split(separates).filter(|uri| !uri.is_empty());
        let (known, unknown): (Vec<&str>, Vec<&str>) = uris.partition(|uri| is_registered(uri));
        match (known.is_empty(), unknown.first()) {
            (false, None) => Redirects::Registered,
            (false, Some(first)) => Redirects::NotAll((*first).to_owned()),
            (true, _) => Redirects::Unknown,
        }
    }
}

fn account_type(local_users: bool) -> &'static str {
    if local_users {
        ACCOUNT_TYPE
    } else {
        WITHOUT_LOCAL_USERS
    }
}

fn row(field: Field, dsm: &str, ours: &str, same: bool) -> Row {
    Row {
        field,
        dsm: Some(dsm.to_owned()),
        ours: Some(ours.to_owned()),
        same,
    }
}

/// Whether a browser opens the same page: the case of the host and a default
/// port do not matter.
fn is_same_url(dsm: &str, ours: &str) -> bool {
    let parsed = |text: &str| Url::parse(text).ok();
    dsm == ours || parsed(dsm).is_some_and(|url| parsed(ours) == Some(url))
}

#[cfg(test)]
mod tests;
