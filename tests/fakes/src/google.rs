//! A fake Google: discovery, keys, account chooser and token endpoint on one
//! port of 127.0.0.1. It behaves correctly until told to send wrong tokens or
//! to fail.
//!
//! The discovery document and the key set copy the members of Google's public
//! documents; claims, error codes and redirects follow its "OpenID Connect"
//! guide. Guesses are marked as such.

mod endpoints;
mod face;
mod page;
pub mod token;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::base::clock::Clock;
use google_to_synology_sso::http;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use self::token::{Draft, Lie};
use crate::server::{Exchange, Server};

/// The `client_id` that it accepts.
pub const CLIENT_ID: &str = "1234.apps.googleusercontent.com";

/// The `client_secret` for this client.
pub const CLIENT_SECRET: &str = "GOCSPX-fake:secret/of+the client";

/// A user with a Google account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `sub`
    pub subject: String,
    /// `email`
    pub address: String,
    /// `email_verified`
    pub verified: bool,
    /// `name`
    pub name: String,
    /// `hd`
    pub hosted_domain: Option<String>,
}

impl Person {
    /// Creates a user with a verified address and no Workspace domain.
    pub fn new(subject: &str, address: &str, name: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            address: address.to_owned(),
            verified: true,
            name: name.to_owned(),
            hosted_domain: None,
        }
    }
}

/// The endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/.well-known/openid-configuration`
    Discovery,
    /// `/oauth2/v3/certs`
    Keys,
    /// `/o/oauth2/v2/auth`, the account chooser
    Authorization,
    /// `/chosen`, where the chooser's links go
    Chosen,
    /// `/signin/oauth/error`, where a request that names no valid client or
    /// redirect URI is redirected
    ErrorPage,
    /// `/token`
    Token,
}

/// What an endpoint does instead of its usual response.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Never responds.
    Hang,
    /// Responds when the [`Gate`] is dropped.
    Gated(watch::Receiver<()>),
    /// Responds with this status and a line of text.
    Status(u16),
    /// Responds with 200 and an HTML page.
    Html,
    /// Redirects elsewhere.
    Redirect,
    /// Responds with two megabytes.
    TooLarge,
    /// Responds with 400 and this OAuth error, as the token endpoint does.
    OAuthError(&'static str),
    /// Redirects to Google's own page with this error, as the authorization
    /// endpoint does.
    ErrorPage(&'static str),
    /// Responds with 200 and this JSON.
    Json(Value),
}

/// Delays an endpoint's responses until dropped.
#[derive(Debug)]
pub struct Gate {
    _held: watch::Sender<()>,
}

/// The `iss` in the responses to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseIssuer {
    /// The correct issuer.
    Right,
    /// No `iss`.
    Missing,
    /// Another provider's issuer.
    Other(String),
}

type Tamper = Arc<dyn Fn(&mut Draft) + Send + Sync>;

/// A handle of the fake; all clones share one server.
#[derive(Clone)]
pub struct FakeGoogle {
    state: Arc<State>,
    server: Arc<Server>,
}

struct State {
    url: String,
    clock: Arc<dyn Clock>,
    changing: Mutex<Changing>,
    requests: watch::Sender<HashMap<Endpoint, usize>>,
}

struct Changing {
    people: Vec<Person>,
    signed_in: Option<String>,
    discovery: Value,
    jwks: Option<Value>,
    key: usize,
    cache_control: HashMap<Endpoint, String>,
    date_offset: i64,
    redirect_uris: Option<Vec<String>>,
    response_issuer: ResponseIssuer,
    trouble: HashMap<Endpoint, Trouble>,
    once: HashMap<Endpoint, VecDeque<Trouble>>,
    lie: Option<Lie>,
    tamper: Option<Tamper>,
    codes: HashMap<String, Granted>,
    counter: u64,
}

/// The login for which a code was issued.
#[derive(Clone, Debug)]
struct Granted {
    person: Person,
    nonce: Option<String>,
    redirect_uri: String,
    challenge: Option<String>,
}

/// The default accounts, unless [`FakeGoogle::set_people`] replaces them: a
/// family, and a user unknown to the NAS.
pub fn family() -> Vec<Person> {
    vec![
        Person::new(
            "103547991597142817347",
            "Jeanne.Martin@gmail.com",
            "Jeanne Martin",
        ),
        Person {
            hosted_domain: Some("example.com".to_owned()),
            ..Person::new("114025187463509912886", "paul@example.com", "Paul Martin")
        },
        Person {
            verified: false,
            ..Person::new("108816695103348721175", "lea@example.net", "Léa Martin")
        },
        Person::new("117700123456789012345", "inconnu@gmail.com", "Igor Inconnu"),
    ]
}

impl FakeGoogle {
    /// Starts on a free port. Times in tokens and `Date` headers come from
    /// `clock`.
    #[expect(
        clippy::unused_async,
        reason = "its callers have a runtime, which it needs"
    )]
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = http::listen(([127, 0, 0, 1], 0).into()).unwrap();
        Self::on(listener, clock)
    }

    /// Starts on an existing listener.
    pub fn on(listener: TcpListener, clock: Arc<dyn Clock>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::behind(&url, listener, clock)
    }

    /// Starts behind a proxy that serves it at `url`.
    pub fn behind(url: &str, listener: TcpListener, clock: Arc<dyn Clock>) -> Self {
        let state = Arc::new(State {
            changing: Mutex::new(Changing {
                people: family(),
                signed_in: None,
                discovery: page::discovery(url),
                jwks: None,
                key: 0,
                cache_control: HashMap::new(),
                date_offset: 0,
                redirect_uris: None,
                response_issuer: ResponseIssuer::Right,
                trouble: HashMap::new(),
                once: HashMap::new(),
                lie: None,
                tamper: None,
                codes: HashMap::new(),
                counter: 0,
            }),
            url: url.to_owned(),
            clock,
            requests: watch::Sender::new(HashMap::new()),
        });
        let shared = Arc::clone(&state);
        let server = Server::on(listener, move |request| {
            let state = Arc::clone(&shared);
            async move { state.answer(request).await }
        });
        Self {
            state,
            server: Arc::new(server),
        }
    }

    /// Returns the issuer, which is also the base URL.
    pub fn issuer(&self) -> &str {
        &self.state.url
    }

    /// Replaces the accounts.
    pub fn set_people(&self, people: Vec<Person>) {
        self.changing().people = people;
    }

    /// Sets the account in which the browser is already signed in. Without
    /// `prompt`, or with `none`, the chooser is skipped. That Google does so
    /// was observed, but is not documented.
    pub fn sign_in(&self, subject: Option<&str>) {
        self.changing().signed_in = subject.map(str::to_owned);
    }

    /// Replaces the registered redirect URIs.
    pub fn register_redirect_uris(&self, uris: &[&str]) {
        let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        self.changing().redirect_uris = Some(uris);
    }

    /// Changes the discovery document.
    pub fn edit_discovery(&self, edit: impl FnOnce(&mut Value)) {
        edit(&mut self.changing().discovery);
    }

    /// Publishes these keys, whichever key signs.
    pub fn set_jwks(&self, jwks: Value) {
        self.changing().jwks = Some(jwks);
    }

    /// Signs with another key from now on, and publishes it together with the
    /// previous one, as Google does.
    pub fn rotate_keys(&self) {
        let mut changing = self.changing();
        changing.key += 1;
        assert!(changing.key < token::KEYS, "no more keys");
    }

    /// Returns the `kid` of the signing key.
    pub fn kid(&self) -> String {
        token::kid(self.changing().key)
    }

    /// Sets the `Cache-Control` of an endpoint's responses; empty for none.
    pub fn set_cache_control(&self, endpoint: Endpoint, value: &str) {
        let mut changing = self.changing();
        changing.cache_control.insert(endpoint, value.to_owned());
    }

    /// Sets the difference between Google's clock and ours in seconds, for the
    /// `Date` header and the tokens.
    pub fn set_date_offset(&self, seconds: i64) {
        self.changing().date_offset = seconds;
    }

    /// Sets the `iss` in the responses to the browser.
    pub fn set_response_issuer(&self, issuer: ResponseIssuer) {
        self.changing().response_issuer = issuer;
    }

    /// Falsifies ID tokens in this way from now on.
    pub fn lie(&self, lie: Option<Lie>) {
        self.changing().lie = lie;
    }

    /// Applies `change` to ID tokens before they are signed, from now on.
    pub fn tamper(&self, with: impl Fn(&mut Draft) + Send + Sync + 'static) {
        self.changing().tamper = Some(Arc::new(with));
    }

    /// Makes the endpoint fail in this way from now on.
    pub fn fail(&self, endpoint: Endpoint, trouble: Trouble) {
        self.changing().trouble.insert(endpoint, trouble);
    }

    /// Makes the endpoint's next request fail in this way.
    pub fn fail_once(&self, endpoint: Endpoint, trouble: Trouble) {
        let mut changing = self.changing();
        changing
            .once
            .entry(endpoint)
            .or_default()
            .push_back(trouble);
    }

    /// Makes the endpoint work again.
    pub fn mend(&self, endpoint: Endpoint) {
        self.changing().trouble.remove(&endpoint);
    }

    /// Delays the endpoint's responses until the gate is dropped.
    pub fn hold(&self, endpoint: Endpoint) -> Gate {
        let (held, waits) = watch::channel(());
        self.fail(endpoint, Trouble::Gated(waits));
        Gate { _held: held }
    }

    /// Returns how many requests the endpoint has received.
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.state
            .requests
            .borrow()
            .get(&endpoint)
            .copied()
            .unwrap_or(0)
    }

    /// Waits until the endpoint has received `count` requests.
    pub async fn requested(&self, endpoint: Endpoint, count: usize) {
        let mut requests = self.state.requests.subscribe();
        let reached = |requests: &HashMap<Endpoint, usize>| {
            requests.get(&endpoint).is_some_and(|seen| *seen >= count)
        };
        let waiting = requests.wait_for(reached);
        let in_time = tokio::time::timeout(Duration::from_mins(2), waiting).await;
        in_time.expect("the requests never came").unwrap();
    }

    /// Calls `watch` for every exchange from now on.
    pub fn watch(&self, watch: impl Fn(Exchange) + Send + Sync + 'static) {
        self.server.watch(watch);
    }

    /// Returns the callback URL to which the browser is sent after its user
    /// chose the account with this subject or address at `authorization_url`.
    pub fn choose(&self, authorization_url: &str, person: &str) -> Url {
        let query = self.authorization_query(authorization_url);
        let changing = self.changing();
        let found = changing.people.iter();
        let person = found
            .clone()
            .find(|found| found.subject == person || found.address == person)
            .cloned()
            .expect("unknown account");
        drop(changing);
        self.state.grant(&query, person).expect("a good request")
    }

    /// Returns the callback URL after Google refused or the user went back.
    pub fn refuse(&self, authorization_url: &str, error: &str) -> Url {
        let query = self.authorization_query(authorization_url);
        self.state.refusal(&query, error).expect("a good request")
    }

    fn authorization_query(&self, authorization_url: &str) -> String {
        let url = Url::parse(authorization_url).unwrap();
        let endpoint = format!("{}/o/oauth2/v2/auth?", self.state.url);
        assert!(
            authorization_url.starts_with(&endpoint),
            "{url} is not ours"
        );
        url.query().unwrap_or_default().to_owned()
    }

    fn changing(&self) -> MutexGuard<'_, Changing> {
        self.state.changing.lock().unwrap()
    }
}

impl fmt::Debug for FakeGoogle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeGoogle")
            .field("issuer", &self.state.url)
            .finish_non_exhaustive()
    }
}
