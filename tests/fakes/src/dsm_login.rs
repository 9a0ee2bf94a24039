//! The login page of a fake DSM: an OpenID client that acts as DSM's does.
//!
//! DSM's client is not published; its behaviour was pieced together from
//! what others saw. Each step here says which:
//!
//! - The well-known URL is fetched by the NAS at each click, twice within a
//!   second, with an empty User-Agent (pocket-id #1587, DSM 7.4).
//! - The login runs in a pop-up (reports of "not privilege" when pop-ups are
//!   blocked: authentik PR #12681).
//! - The token endpoint gets the secret in its form (authelia PR #7028).
//! - The name comes from userinfo by GET with a Bearer header, not from the
//!   ID token (tailscale/tsidp #146, #158).
//! - A key that is not RSA ends the login (authentik #26091).
//! - The button is there only if the SSO profile is enabled and is `oidc`. DSM
//!   sends the browser to the stored authorization endpoint, and without one
//!   the SSO is "not properly configured"; the keys and userinfo are looked up
//!   (KastnerRG/krg-infra, DSM 7.3). Guess: the code is sent to the stored
//!   token endpoint.
//!
//! The order of the last three requests is a guess, and so is how the pop-up
//! tells the page below it.

mod page;
mod provider;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::base::random::Random;
use google_to_synology_sso::clients::http_client::{HttpClient, Trust};
use google_to_synology_sso::machine::random::OsRandom;
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded;

use self::provider::Provider;
use crate::dsm::FakeDsm;
use crate::dsm::settings::Settings;
use crate::server::{Exchange, Received, Reply, Server, redirect, reply};

/// The fields in Control Panel > Domain/LDAP > SSO Client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SsoSettings {
    /// The well-known URL.
    pub well_known: String,
    /// The application ID.
    pub client_id: String,
    /// The application secret.
    pub client_secret: String,
    /// The redirect URI, sent byte for byte as typed; [`DsmLogin::url`] with or
    /// without a final slash returns the browser to this page.
    pub redirect_uri: String,
    /// The scope. Often left empty; `openid` is sent then.
    pub scope: String,
    /// The userinfo claim with the DSM username.
    pub username_claim: String,
    /// What DSM stores without a field in the dialog.
    pub stored: Stored,
}

/// The part of DSM's settings that its dialog looks up or does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// The dialog looked up the endpoints, and the button is shown.
    #[default]
    ByTheDialog,
    /// The SSO service is off, or offers another profile.
    NotOffered,
    /// A program stored these endpoints, each of which may be empty.
    Endpoints {
        /// The authorization endpoint.
        authorization: String,
        /// The token endpoint.
        token: String,
    },
}

impl SsoSettings {
    /// Returns what `dsm` has stored.
    fn stored_by(dsm: &FakeDsm) -> Self {
        let Settings {
            profile, client, ..
        } = dsm.behaviour().settings;
        let text = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
        let is_offered = profile["sso_enable"] == true && profile["sso_profile"] == "oidc";
        let endpoints = || Stored::Endpoints {
            authorization: text("oidc_authorization_endpoint"),
            token: text("oidc_token_endpoint"),
        };
        Self {
            well_known: text("oidc_wellknown"),
            client_id: text("oidc_client_id"),
            client_secret: text("oidc_client_secret"),
            redirect_uri: text("oidc_redirect_uri"),
            scope: text("oidc_scope"),
            username_claim: text("oidc_user_claim"),
            stored: if is_offered {
                endpoints()
            } else {
                Stored::NotOffered
            },
        }
    }
}

/// One logged event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Time since the start.
    pub at: Duration,
    /// What happened, usually one request. Contains no secrets.
    pub what: String,
}

/// How a login fails, in DSM's words where they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The well-known URL returned no metadata (authelia discussion #4160).
    NoMetadata,
    /// The provider has no RSA key, or did not sign the ID token with it
    /// (authentik #26091). Guess: also for a token endpoint that rejects the
    /// request.
    BadProvider,
    /// The response belongs to no login, is an error, or contains no username
    /// (authelia discussion #6902). Guess: which of the known texts belongs to
    /// which case.
    NotPrivileged,
}

impl Failure {
    /// Returns the text that the user sees.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoMetadata => "Unable to get the URL for SSO authentication",
            Self::BadProvider => {
                "Your SSO is not properly configured. Please check your settings or contact your \
                 system administrator."
            }
            Self::NotPrivileged => "not privilege",
        }
    }
}

#[derive(Debug)]
struct Page {
    settings: Mutex<SsoSettings>,
    /// The DSM whose settings take precedence.
    dsm: Mutex<Option<FakeDsm>>,
    /// Logins that have begun and not returned.
    states: Mutex<HashSet<String>>,
    events: Mutex<Vec<Event>>,
    /// From the last successful login.
    id_token: Mutex<Option<String>>,
    /// Where the front page goes after a sign-in.
    next: Mutex<Option<String>>,
    started: Instant,
    http: HttpClient,
}

/// A handle; all clones share one page, served until the last is dropped.
#[derive(Clone, Debug)]
pub struct DsmLogin {
    page: Arc<Page>,
    server: Arc<Server>,
}

impl DsmLogin {
    /// Starts the server on a free port of 127.0.0.1. Logins fail before
    /// [`configure`](Self::configure).
    pub async fn start() -> Self {
        Self::trusting(Trust::SystemAuthorities).await
    }

    /// Starts a page that trusts the certificates in `trust` if the provider
    /// uses https.
    pub async fn trusting(trust: Trust) -> Self {
        let page = Arc::new(Page {
            settings: Mutex::default(),
            dsm: Mutex::default(),
            states: Mutex::default(),
            events: Mutex::default(),
            id_token: Mutex::default(),
            next: Mutex::default(),
            started: Instant::now(),
            http: HttpClient::new(trust, Duration::from_secs(30)),
        });
        let answering = Arc::clone(&page);
        let server = Server::start(move |request| {
            let page = Arc::clone(&answering);
            async move { page.answer(request).await }
        })
        .await;
        Self {
            page,
            server: Arc::new(server),
        }
    }

    /// Returns the base URL, without a final slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Saves the dialog, from the next click on.
    pub fn configure(&self, settings: SsoSettings) {
        *locked(&self.page.settings) = settings;
    }

    /// Uses what `dsm` has stored at each click, from now on.
    pub fn belongs_to(&self, dsm: &FakeDsm) {
        *locked(&self.page.dsm) = Some(dsm.clone());
    }

    /// Calls `watch` for every exchange from now on.
    pub fn watch(&self, watch: impl Fn(Exchange) + Send + Sync + 'static) {
        self.server.watch(watch);
    }

    /// Makes the front page go to `url` after a sign-in, in place of a desktop.
    pub fn lead_to(&self, url: &str) {
        *locked(&self.page.next) = Some(url.to_owned());
    }

    /// Returns the ID token of the last successful login.
    pub fn id_token(&self) -> Option<String> {
        locked(&self.page.id_token).clone()
    }

    /// Returns the events so far.
    pub fn events(&self) -> Vec<Event> {
        locked(&self.page.events).clone()
    }
}

impl Page {
    fn settings(&self) -> SsoSettings {
        let dsm = locked(&self.dsm).clone();
        let stored = dsm.as_ref().map(SsoSettings::stored_by);
        stored.unwrap_or_else(|| locked(&self.settings).clone())
    }

    async fn answer(&self, request: Received) -> Reply {
        let query: HashMap<_, _> = request.query().into_iter().collect();
        let ended = query.contains_key("code") || query.contains_key("error");
        let is_offered = self.settings().stored != Stored::NotOffered;
        match request.uri.path() {
            "/" if ended => self.come_back(&query).await,
            "/" => self.front(is_offered),
            "/sso/start" if is_offered => self.start().await,
            _ => reply(404, "text/html", page::failure("There is nothing here.")),
        }
    }

    fn front(&self, is_offered: bool) -> Reply {
        self.note("browser: GET /");
        let page = if is_offered {
            page::front(locked(&self.next).as_deref())
        } else {
            page::without_sso()
        };
        reply(200, "text/html; charset=utf-8", page)
    }

    async fn start(&self) -> Reply {
        self.note("browser: GET /sso/start (the button was clicked)");
        match self.authorization_url().await {
            Ok(url) => {
                self.note("browser: sent to the authorization endpoint");
                redirect(&url)
            }
            Err(failure) => self.fail(failure),
        }
    }

    async fn authorization_url(&self) -> Result<String, Failure> {
        let settings = self.settings();
        let provider = Provider::new(self, &settings);
        // Fetched twice, as by DSM: perhaps for the code of the dialog and that
        // of the login.
        provider.metadata().await?;
        let metadata = provider.metadata().await?;
        let endpoint = provider.authorization_endpoint(&metadata)?;
        let chance: &dyn Random = &OsRandom::default();
        // Guess: its length; Authelia accepts it, and rejects fewer than 8.
        let state = chance.token::<12>().unwrap();
        locked(&self.states).insert(state.clone());
        let scope = match settings.scope.as_str() {
            "" => "openid",
            typed => typed,
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &settings.redirect_uri)
            .append_pair("scope", scope)
            .append_pair("state", &state)
            .finish();
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{joint}{query}"))
    }

    async fn come_back(&self, query: &HashMap<String, String>) -> Reply {
        let what = query.get("error").map_or("code", String::as_str);
        self.note(format!("browser: came back with {what}"));
        match self.sign_in(query).await {
            Ok(user) => {
                self.note(format!("DSM: signed in as {user}"));
                reply(200, "text/html; charset=utf-8", page::signed_in(&user))
            }
            Err(failure) => self.fail(failure),
        }
    }

    async fn sign_in(&self, query: &HashMap<String, String>) -> Result<String, Failure> {
        let state = query.get("state").ok_or(Failure::NotPrivileged)?;
        if !locked(&self.states).remove(state) {
            return Err(Failure::NotPrivileged);
        }
        let code = query.get("code").ok_or(Failure::NotPrivileged)?;
        let settings = self.settings();
        let provider = Provider::new(self, &settings);
        let metadata = provider.metadata().await?;
        let tokens = provider.redeem(&metadata, code).await?;
        let userinfo = provider.userinfo(&metadata, &tokens).await?;
        provider.verify(&metadata, &tokens).await?;
        let user = userinfo.get(&settings.username_claim);
        match user.and_then(Value::as_str) {
            Some(user) if !user.is_empty() => {
                let id_token = tokens["id_token"].as_str();
                *locked(&self.id_token) = id_token.map(str::to_owned);
                Ok(user.to_owned())
            }
            _ => {
                self.note("DSM: User [] failed to log in (no name in userinfo)");
                Err(Failure::NotPrivileged)
            }
        }
    }

    fn fail(&self, failure: Failure) -> Reply {
        let text = failure.text();
        self.note(format!("DSM: {text}"));
        reply(200, "text/html; charset=utf-8", page::failure(text))
    }

    fn note(&self, what: impl Into<String>) {
        let what = what.into();
        let at = self.started.elapsed();
        locked(&self.events).push(Event { at, what });
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
