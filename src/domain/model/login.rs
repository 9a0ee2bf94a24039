//! The types of a login. Each step takes the previous type by value:
//!
//! [`AuthorizationRequest`] → [`PendingLogin`] → [`GoogleIdentity`] →
//! [`DsmUser`] → [`GrantedCode`] → [`IdToken`]

pub mod cookie;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::address::CanonicalAddress;
use crate::base::clock::UnixTime;
use crate::base::ids::{ClientId, DsmUsername, GoogleIssuer, GoogleSubject};
use crate::base::secret::Secret;
use crate::model::relying_party::TrustedRedirect;

/// How long a user may take at Google.
pub const LOGIN_LIFE: Duration = Duration::from_mins(15);

/// A valid authorization request with a trusted redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The client that sent the request.
    pub client: ClientId,
    /// The URI to which the browser returns.
    pub redirect: TrustedRedirect,
    /// Returned to the client byte for byte.
    pub state: Option<Vec<u8>>,
    /// Repeated in the ID token byte for byte.
    pub nonce: Option<String>,
    /// The requested scopes that we know.
    pub scope: Scope,
    /// The PKCE challenge (RFC 7636), S256 only.
    pub challenge: Option<CodeChallenge>,
    /// `max_age`, in seconds: the ID token then needs an `auth_time`.
    pub max_age: Option<u32>,
    /// What Google asks the user.
    pub prompt: Prompt,
    /// The account that Google offers first. Not in the cookie.
    pub login_hint: Option<String>,
    /// The user of an `id_token_hint`, which is read only with `prompt=none`.
    pub hinted: Option<HintedUser>,
}

/// The `sub` of an `id_token_hint`, as a hash: a `sub` can be longer than what
/// a cookie has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HintedUser(pub [u8; 16]);

impl HintedUser {
    /// Returns the hash of `subject`, one of our own `sub`.
    pub fn of(subject: &str) -> Self {
        let hash = digest(&SHA256, subject.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(hash.as_ref().split_at(16).0);
        Self(half)
    }
}

/// The requested scopes that we know. The claims do not depend on them; the
/// token response repeats them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The scope `openid` was requested.
    pub openid: bool,
    /// The scope `email` was requested.
    pub email: bool,
    /// The scope `profile` was requested.
    pub profile: bool,
}

impl Scope {
    /// Parses `text`; unknown scopes are ignored, because DSM's scope is free
    /// text (docs/development/dsm-facts.md, section 1.2).
    pub fn parse(text: &str) -> Self {
        let named = |scope| text.split(' ').any(|word| word == scope);
        Self {
            openid: named("openid"),
            email: named("email"),
            profile: named("profile"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (self.openid, "openid"),
            (self.email, "email"),
            (self.profile, "profile"),
        ];
        let words: Vec<&str> = named
            .into_iter()
            .filter_map(|(named, word)| named.then_some(word))
            .collect();
        f.write_str(&words.join(" "))
    }
}

/// The SHA-256 of a code verifier (RFC 7636, section 4.2, S256).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeChallenge(pub [u8; 32]);

/// What the client wants the user to be asked (OpenID Connect Core, section
/// 3.1.2.1, `prompt` and `max_age`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// No `prompt`: the config's `google.prompt` is used.
    Unspecified,
    /// `none`: neither Google nor we may show a page.
    Silent,
    /// One of these, or several.
    Ask {
        /// Google asks for the password again.
        login: bool,
        /// Google shows its list of accounts.
        select_account: bool,
        /// Google asks for consent again.
        consent: bool,
    },
}

/// The ID of a login in progress: part of its cookie's name and of the state
/// sent to Google.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginId([u8; 12]);

impl LoginId {
    /// Makes an ID of random bytes.
    pub fn new(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// Parses the text that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Returns the bytes, which the seal of the cookie covers.
    pub fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A login that waits for Google. It is stored only in a sealed cookie of the
/// browser that began it.
#[derive(Clone, Debug)]
pub struct PendingLogin {
    /// The ID in the name of the cookie.
    pub id: LoginId,
    /// The unguessable half of the state sent to Google.
    pub state_secret: Secret<[u8; 16]>,
    /// The nonce sent to Google.
    pub google_nonce: Secret<[u8; 32]>,
    /// The PKCE verifier, which Google sees when the code is exchanged.
    pub google_verifier: Secret<[u8; 32]>,
    /// The provider to which the browser was sent (mix-up attacks: RFC 9700,
    /// section 4.4.2).
    pub google_issuer: GoogleIssuer,
    /// When the login began.
    pub started: UnixTime,
    /// The request of the client.
    pub request: AuthorizationRequest,
}

impl PendingLogin {
    /// Returns the `state` sent to Google: the login's ID and its secret.
    pub fn google_state(&self) -> String {
        let secret = URL_SAFE_NO_PAD.encode(self.state_secret.expose());
        format!("{}.{secret}", self.id)
    }

    /// Returns the `nonce` sent to Google.
    pub fn google_nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.google_nonce.expose())
    }

    /// Returns the PKCE `code_verifier` for Google (RFC 7636, section 4.1).
    pub fn google_verifier(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.google_verifier.expose()))
    }
}

/// A Google account, which identifies a user; an address can get another owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GoogleAccount {
    /// Google's issuer identifier, as configured.
    pub issuer: GoogleIssuer,
    /// The `sub` of the account at Google.
    pub subject: GoogleSubject,
}

/// An identity that Google has asserted: the claims of a verified ID token, or
/// those of a code or access token that such a verification led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleIdentity {
    /// The account, by issuer and `sub`.
    pub account: GoogleAccount,
    /// The e-mail address, which Google has verified.
    pub address: VerifiedAddress,
    /// The `hd` claim, the Workspace domain.
    pub hosted_domain: Option<String>,
    /// The `name` claim, for pages and tokens.
    pub name: Option<String>,
    /// When the user signed in at Google, if Google sends it.
    pub auth_time: Option<UnixTime>,
}

/// An address for which Google sent `email_verified`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAddress {
    written: String,
    canonical: Option<CanonicalAddress>,
}

impl VerifiedAddress {
    /// Only for code that has seen Google's `email_verified`.
    pub fn vouched_for(written: String) -> Self {
        let canonical = CanonicalAddress::of(&written);
        Self { written, canonical }
    }

    /// Returns the address as Google writes it.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// Returns the form that is compared; `None` for an invalid address, which
    /// matches no user.
    pub fn canonical(&self) -> Option<&CanonicalAddress> {
        self.canonical.as_ref()
    }
}

/// The DSM user for a Google identity. Only the directory makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsmUser {
    name: DsmUsername,
}

impl DsmUser {
    /// Only for the directory, after every rule of
    /// docs/concepts/who-may-sign-in.md.
    pub fn admitted(name: DsmUsername) -> Self {
        Self { name }
    }

    /// Returns the name, exactly as DSM lists it.
    pub fn name(&self) -> &DsmUsername {
        &self.name
    }
}

/// The data of an authorization code. Only a hash of the code itself is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedCode {
    /// The client that may redeem the code.
    pub client: ClientId,
    /// The redirect URI, which the token request has to repeat.
    pub redirect_uri: String,
    /// The PKCE challenge of the authorization request.
    pub challenge: Option<CodeChallenge>,
    /// The nonce for the ID token.
    pub nonce: Option<String>,
    /// The scopes for the token response.
    pub scope: Scope,
    /// The `auth_time` for the ID token.
    pub auth_time: Option<UnixTime>,
    /// The Google identity for which it was granted.
    pub identity: GoogleIdentity,
    /// The DSM user; evaluated again when the code is redeemed.
    pub user: DsmUsername,
    /// When the code was granted.
    pub granted: UnixTime,
}

/// The data of an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessGrant {
    /// The client for which it was issued.
    pub client: ClientId,
    /// The Google identity for which it was issued.
    pub identity: GoogleIdentity,
    /// The DSM user; evaluated again at each use.
    pub user: DsmUsername,
    /// When the token expires.
    pub expires: UnixTime,
}

/// A signed ID token in compact form (RFC 7515, section 3.1).
#[derive(Clone, Debug)]
pub struct IdToken(pub Secret<String>);

impl IdToken {
    /// Returns the compact form.
    pub fn as_str(&self) -> &str {
        self.0.expose()
    }
}
