//! The types that flow. Each step of a login takes the one before by value:
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

/// How long a person may take at Google.
pub const LOGIN_LIFE: Duration = Duration::from_mins(15);

/// What a relying party asked for, once its redirect URI is trusted and every
/// parameter is of good form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Who asked.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect: TrustedRedirect,
    /// Opaque to us; goes back byte for byte.
    pub state: Option<Vec<u8>>,
    /// Goes into the ID token byte for byte.
    pub nonce: Option<String>,
    /// Which of our scopes were named.
    pub scope: Scope,
    /// PKCE (RFC 7636), S256 only.
    pub challenge: Option<CodeChallenge>,
    /// `max_age`, in seconds: the ID token then needs an `auth_time`.
    pub max_age: Option<u32>,
    /// What the person is asked at Google.
    pub prompt: Prompt,
    /// Whom Google should offer first. Not kept while the login is pending.
    pub login_hint: Option<String>,
    /// The user whom an `id_token_hint` of ours names. Read only with
    /// `prompt=none`.
    pub hinted: Option<HintedUser>,
}

/// The `sub` of an `id_token_hint`, as a hash: a `sub` can be longer than what
/// a cookie has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HintedUser(pub [u8; 16]);

impl HintedUser {
    /// The user with this `sub` of ours.
    pub fn of(subject: &str) -> Self {
        let hash = digest(&SHA256, subject.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(hash.as_ref().split_at(16).0);
        Self(half)
    }
}

/// Our scopes that an authorization request named. Claims do not depend on
/// them; the token answer repeats them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// `openid`
    pub openid: bool,
    /// `email`
    pub email: bool,
    /// `profile`
    pub profile: bool,
}

impl Scope {
    /// The scopes in `text`; unknown ones are ignored, since DSM's scope is
    /// free text (docs/development/dsm-facts.md, section 1.2).
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

/// What the relying party wants the person to be asked (OpenID Connect Core,
/// section 3.1.2.1, `prompt` and `max_age`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// It did not say: the config's prompt holds.
    Unspecified,
    /// Nothing may be shown; neither Google's page nor ours.
    Silent,
    /// At least one of the three.
    Ask {
        /// Ask for the password again.
        login: bool,
        /// Let the person choose an account.
        select_account: bool,
        /// Ask for consent again.
        consent: bool,
    },
}

/// Names one login in progress: part of its cookie's name and of the state
/// sent to Google.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginId([u8; 12]);

impl LoginId {
    /// From random bytes.
    pub fn new(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The bytes.
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

/// A login that waits for Google. It lives in a sealed cookie of the browser
/// that began it, and nowhere else.
#[derive(Clone, Debug)]
pub struct PendingLogin {
    /// Its name.
    pub id: LoginId,
    /// The unguessable half of the state sent to Google.
    pub state_secret: Secret<[u8; 16]>,
    /// The nonce sent to Google.
    pub google_nonce: Secret<[u8; 32]>,
    /// The PKCE verifier kept from Google until the code is exchanged.
    pub google_verifier: Secret<[u8; 32]>,
    /// Whom the browser was sent to (RFC 9700, section 4.4.2: mix-up).
    pub google_issuer: GoogleIssuer,
    /// When it began.
    pub started: UnixTime,
    /// What it is to answer.
    pub request: AuthorizationRequest,
}

impl PendingLogin {
    /// The `state` sent to Google: the login's id and its secret.
    pub fn google_state(&self) -> String {
        let secret = URL_SAFE_NO_PAD.encode(self.state_secret.expose());
        format!("{}.{secret}", self.id)
    }

    /// The `nonce` sent to Google.
    pub fn google_nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.google_nonce.expose())
    }

    /// The PKCE `code_verifier` for Google (RFC 7636, section 4.1).
    pub fn google_verifier(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.google_verifier.expose()))
    }
}

/// A Google account: the key of a person. The address is not, since addresses
/// change hands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GoogleAccount {
    /// Google's issuer, as configured.
    pub issuer: GoogleIssuer,
    /// Google's `sub`.
    pub subject: GoogleSubject,
}

/// A person for whom Google vouched, just now or when a code was granted.
///
/// Made by verifying an ID token, or read back from a code or access token
/// that such a verification led to; in no other way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleIdentity {
    /// Who it is.
    pub account: GoogleAccount,
    /// The address, which Google has verified.
    pub address: VerifiedAddress,
    /// The `hd` claim: the Workspace domain.
    pub hosted_domain: Option<String>,
    /// The `name` claim.
    pub name: Option<String>,
    /// When the person signed in at Google, if Google says so.
    pub auth_time: Option<UnixTime>,
}

/// An address whose `email_verified` Google affirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAddress {
    written: String,
    canonical: Option<CanonicalAddress>,
}

impl VerifiedAddress {
    /// Only for who has seen Google's `email_verified`.
    pub fn vouched_for(written: String) -> Self {
        let canonical = CanonicalAddress::of(&written);
        Self { written, canonical }
    }

    /// As Google writes it.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// As it is compared; `None` for what is no address: it matches nobody.
    pub fn canonical(&self) -> Option<&CanonicalAddress> {
        self.canonical.as_ref()
    }
}

/// The DSM user as whom a Google identity signs in. Only the directory makes
/// one.
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

    /// The name, exactly as DSM lists it.
    pub fn name(&self) -> &DsmUsername {
        &self.name
    }
}

/// What an authorization code stands for. Its code is known to nobody but the
/// relying party: only a hash of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedCode {
    /// Who may redeem it.
    pub client: ClientId,
    /// The redirect URI of the authorization request, to be repeated.
    pub redirect_uri: String,
    /// The PKCE challenge to be answered, if one was sent.
    pub challenge: Option<CodeChallenge>,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// Goes into the token answer.
    pub scope: Scope,
    /// Goes into the ID token.
    pub auth_time: Option<UnixTime>,
    /// The person.
    pub identity: GoogleIdentity,
    /// As whom the person signs in; judged again when the code is redeemed.
    pub user: DsmUsername,
    /// When it was granted.
    pub granted: UnixTime,
}

/// What an access token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessGrant {
    /// The person.
    pub identity: GoogleIdentity,
    /// As whom the person signed in; judged again at each use.
    pub user: DsmUsername,
    /// Until when it is good.
    pub expires: UnixTime,
}

/// A signed ID token in compact form (RFC 7515, section 3.1).
#[derive(Clone)]
pub struct IdToken(pub String);

impl IdToken {
    /// The compact form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdToken([redacted])")
    }
}
