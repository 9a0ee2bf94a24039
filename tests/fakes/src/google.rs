//! A fake Google: discovery, keys, account chooser and token endpoint on one
//! port of 127.0.0.1. It is honest until it is told to lie or to fail.
//!
//! Discovery document and key set mirror Google's public documents, member by
//! member; claims, error codes and the redirects follow its "OpenID Connect"
//! guide. Guesses are marked as such.

mod endpoints;
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

/// The `client_id` that it knows.
pub const CLIENT_ID: &str = "1234.apps.googleusercontent.com";

/// The `client_secret` that goes with it.
pub const CLIENT_SECRET: &str = "GOCSPX-fake:secret/of+the client";

/// Somebody with a Google account.
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
    /// Somebody with a verified address and no Workspace.
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

/// Where a request can go.
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
    /// `/token`
    Token,
}

/// What an endpoint does instead of its work.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It never answers.
    Hang,
    /// It answers as soon as the [`Gate`] is dropped.
    Gated(watch::Receiver<()>),
    /// It answers with this status and a line of text.
    Status(u16),
    /// It answers 200 with an HTML page.
    Html,
    /// It redirects elsewhere.
    Redirect,
    /// It answers with two megabytes.
    TooLarge,
    /// It answers 400 with this OAuth error, as the token endpoint does.
    OAuthError(&'static str),
    /// It answers 200 with this JSON.
    Json(Value),
}

/// Holds an endpoint's answers back until dropped.
#[derive(Debug)]
pub struct Gate {
    _held: watch::Sender<()>,
}

/// What `iss` in the answers to the browser is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseIssuer {
    /// The issuer.
    Right,
    /// Not there.
    Missing,
    /// Another provider.
    Other(String),
}

type Tamper = Arc<dyn Fn(&mut Draft) + Send + Sync>;

/// The fake. Its clones are handles to the same one.
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

/// What a code stands for.
#[derive(Clone, Debug)]
struct Granted {
    person: Person,
    nonce: Option<String>,
    redirect_uri: String,
    challenge: Option<String>,
}

/// Who has an account unless [`FakeGoogle::set_people`] says otherwise: a
/// family, and somebody whom no NAS knows.
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

    /// The same on a listener that exists already.
    pub fn on(listener: TcpListener, clock: Arc<dyn Clock>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::behind(&url, listener, clock)
    }

    /// The same behind a proxy, under whose `url` it is known.
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

    /// Its issuer, which is also its base URL.
    pub fn issuer(&self) -> &str {
        &self.state.url
    }

    /// Who has an account.
    pub fn set_people(&self, people: Vec<Person>) {
        self.changing().people = people;
    }

    /// The account in which the browser is signed in already: without
    /// `prompt`, or with `none`, it is taken without a question. That Google
    /// skips its chooser then is seen, not documented.
    pub fn sign_in(&self, subject: Option<&str>) {
        self.changing().signed_in = subject.map(str::to_owned);
    }

    /// Only these redirect URIs are registered from now on.
    pub fn register_redirect_uris(&self, uris: &[&str]) {
        let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        self.changing().redirect_uris = Some(uris);
    }

    /// Changes the discovery document.
    pub fn edit_discovery(&self, edit: impl FnOnce(&mut Value)) {
        edit(&mut self.changing().discovery);
    }

    /// Publishes these keys, whatever signs.
    pub fn set_jwks(&self, jwks: Value) {
        self.changing().jwks = Some(jwks);
    }

    /// Signs with another key from now on, and publishes it and the one
    /// before, as Google does.
    pub fn rotate_keys(&self) {
        let mut changing = self.changing();
        changing.key += 1;
        assert!(changing.key < token::KEYS, "no more keys");
    }

    /// The `kid` that signs.
    pub fn kid(&self) -> String {
        token::kid(self.changing().key)
    }

    /// The `Cache-Control` of an endpoint's answers; empty for none.
    pub fn set_cache_control(&self, endpoint: Endpoint, value: &str) {
        let mut changing = self.changing();
        changing.cache_control.insert(endpoint, value.to_owned());
    }

    /// Google's clock against ours, in seconds, as the `Date` header and the
    /// tokens show it.
    pub fn set_date_offset(&self, seconds: i64) {
        self.changing().date_offset = seconds;
    }

    /// What `iss` in the answers to the browser is.
    pub fn set_response_issuer(&self, issuer: ResponseIssuer) {
        self.changing().response_issuer = issuer;
    }

    /// From now on ID tokens lie in this way.
    pub fn lie(&self, lie: Option<Lie>) {
        self.changing().lie = lie;
    }

    /// From now on this is done to ID tokens before they are signed.
    pub fn tamper(&self, with: impl Fn(&mut Draft) + Send + Sync + 'static) {
        self.changing().tamper = Some(Arc::new(with));
    }

    /// From now on the endpoint fails in this way.
    pub fn fail(&self, endpoint: Endpoint, trouble: Trouble) {
        self.changing().trouble.insert(endpoint, trouble);
    }

    /// The endpoint's next request fails in this way.
    pub fn fail_once(&self, endpoint: Endpoint, trouble: Trouble) {
        let mut changing = self.changing();
        changing
            .once
            .entry(endpoint)
            .or_default()
            .push_back(trouble);
    }

    /// The endpoint works again.
    pub fn mend(&self, endpoint: Endpoint) {
        self.changing().trouble.remove(&endpoint);
    }

    /// The endpoint's requests wait until the gate is dropped.
    pub fn hold(&self, endpoint: Endpoint) -> Gate {
        let (held, waits) = watch::channel(());
        self.fail(endpoint, Trouble::Gated(waits));
        Gate { _held: held }
    }

    /// How many requests came to the endpoint.
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        self.state
            .requests
            .borrow()
            .get(&endpoint)
            .copied()
            .unwrap_or(0)
    }

    /// Waits until `count` requests came to the endpoint.
    pub async fn requested(&self, endpoint: Endpoint, count: usize) {
        let mut requests = self.state.requests.subscribe();
        let reached = |requests: &HashMap<Endpoint, usize>| {
            requests.get(&endpoint).is_some_and(|seen| *seen >= count)
        };
        let waiting = requests.wait_for(reached);
        let in_time = tokio::time::timeout(Duration::from_mins(2), waiting).await;
        in_time.expect("the requests never came").unwrap();
    }

    /// From now on `watch` sees every exchange.
    pub fn watch(&self, watch: impl Fn(Exchange) + Send + Sync + 'static) {
        self.server.watch(watch);
    }

    /// What a browser gets that was sent to `authorization_url` and whose
    /// user chose the account with this subject or address: our callback's
    /// URL.
    pub fn choose(&self, authorization_url: &str, person: &str) -> Url {
        let query = self.authorization_query(authorization_url);
        let changing = self.changing();
        let found = changing.people.iter();
        let person = found
            .clone()
            .find(|found| found.subject == person || found.address == person)
            .cloned()
            .expect("nobody has this account");
        drop(changing);
        self.state.grant(&query, person).expect("a good request")
    }

    /// What a browser gets when Google refuses or the user goes back.
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
