//! The whole house: the real daemon on a port of its own, between a fake
//! Google and a fake DSM, with a clock that the test moves.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use google_to_synology_sso::app::{AppState, CurrentState};
use google_to_synology_sso::config::Config;
use google_to_synology_sso::daemon::Daemon;
use google_to_synology_sso::daemon::jobs::Jobs;
use google_to_synology_sso::http;
use google_to_synology_sso::machine::clock::SystemClock;
use google_to_synology_sso::machine::random::OsRandom;
use jiff::tz::TimeZone;
use rusqlite::types::FromSql;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::browser::{Browser, Shown};
use crate::dsm::{FakeDsm, FakeUser};
use crate::google::{CLIENT_ID, CLIENT_SECRET, FakeGoogle};
use crate::time::{MONDAY_MORNING, MovedClock};

/// The secret that DSM and we share.
pub const CLIENT_SECRET_OF_DSM: &str = "a secret that DSM knows";

/// Where DSM wants its answers.
pub const REDIRECT_URI: &str = "https://nas.example.com/";

/// What a family answers in Package Center, by the wizard's variables.
pub const ANSWERS: [(&str, &str); 8] = [
    ("wizard_issuer", "https://login.example.com"),
    ("wizard_redirect_uri", "https://nas.example.com/"),
    ("wizard_client_secret", "a secret of twenty-six bytes"),
    ("wizard_google_client_id", "1234.apps.googleusercontent.com"),
    ("wizard_google_client_secret", "GOCSPX-correct-horse"),
    ("wizard_dsm_url", "http://127.0.0.1:5000"),
    ("wizard_dsm_account", "sso-reader"),
    ("wizard_dsm_password", "battery staple"),
];

/// DSM's file with the power schedule; there is none unless a test writes it.
pub const SCHEDULE_FILE: &str = "power_sched.conf";

/// Jeanne as Google knows her.
pub const JEANNE: &str = "Jeanne.Martin@gmail.com";

/// How a house differs from the usual one.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `issuer`; `None`: where the daemon listens, with [`Plan::path`].
    pub issuer: Option<String>,
    /// The issuer's path, such as `/dex`.
    pub path: String,
    /// Lines at the top of the config.
    pub top: String,
    /// `dsm.account`.
    pub account: String,
    /// Lines under `[listen]`, `[google]`, `[dsm]`, `[power]` and in the one
    /// client.
    pub listen: String,
    /// See [`Plan::listen`].
    pub google: String,
    /// See [`Plan::listen`].
    pub dsm: String,
    /// See [`Plan::listen`].
    pub power: String,
    /// See [`Plan::listen`].
    pub client: String,
    /// More tables, at the end.
    pub more: String,
    /// Whether DSM and Google are asked before the first request.
    pub warmed_up: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            issuer: None,
            path: String::new(),
            top: String::new(),
            account: "sso-reader".to_owned(),
            listen: String::new(),
            google: String::new(),
            dsm: String::new(),
            power: format!("file = {SCHEDULE_FILE:?}"),
            client: format!("redirect-uris = [{REDIRECT_URI:?}]"),
            more: String::new(),
            warmed_up: true,
        }
    }
}

/// The daemon and those around it.
#[derive(Debug)]
pub struct House {
    /// Google.
    pub google: FakeGoogle,
    /// DSM's web API.
    pub dsm: FakeDsm,
    /// The time for Google and the daemon.
    pub clock: Arc<MovedClock>,
    /// Where the house is. A change counts when the daemon starts.
    pub time_zone: TimeZone,
    /// Config, secrets and state.
    pub home: TempDir,
    /// Where the daemon listens.
    pub address: SocketAddr,
    plan: Plan,
    running: Option<Running>,
    /// Bound, not listening: while the daemon is stopped, nobody else on this
    /// machine is given its port.
    port: Option<TcpSocket>,
}

#[derive(Debug)]
struct Running {
    current: Arc<CurrentState>,
    jobs: Jobs,
    stop: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl House {
    /// A family's house, in which everything works.
    pub async fn new() -> Self {
        Self::planned(Plan::default()).await
    }

    /// A house with differences.
    pub async fn planned(plan: Plan) -> Self {
        let clock = Arc::new(MovedClock::at(MONDAY_MORNING));
        let google = FakeGoogle::start(clock.clone()).await;
        let (port, listener) = own_port();
        let address = listener.local_addr().unwrap();
        let mut house = Self::furnished(plan, google, clock, address).await;
        house.port = Some(port);
        house.start_on(listener).await;
        house
    }

    /// A house that keeps `port` for a daemon that the test starts itself,
    /// with this machine's clock.
    pub async fn for_built_daemon(plan: Plan, port: u16) -> Self {
        let google = FakeGoogle::start(Arc::new(SystemClock::new())).await;
        let clock = Arc::new(MovedClock::at(MONDAY_MORNING));
        let address = ([127, 0, 0, 1], port).into();
        Self::furnished(plan, google, clock, address).await
    }

    async fn furnished(
        plan: Plan,
        google: FakeGoogle,
        clock: Arc<MovedClock>,
        address: SocketAddr,
    ) -> Self {
        let dsm = FakeDsm::start().await;
        dsm.set_users(family());
        Self {
            google,
            dsm,
            clock,
            time_zone: TimeZone::UTC,
            home: private_directory(),
            address,
            plan,
            running: None,
            port: None,
        }
    }

    /// Starts the daemon; after [`House::stop`] on the same state and port.
    pub async fn start(&mut self) {
        let listener = listen_again(self.address).await;
        self.start_on(listener).await;
    }

    #[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
    async fn start_on(&mut self, listener: TcpListener) {
        let config = Config::load(&self.write_config()).unwrap();
        let random = Arc::new(OsRandom::default());
        let zone = self.time_zone.clone();
        let daemon = Daemon::prepare(config, self.clock.clone(), random, zone)
            .await
            .unwrap();
        let (current, jobs) = (Arc::clone(daemon.current()), daemon.jobs().clone());
        if self.plan.warmed_up {
            jobs.users.refresh().await.unwrap();
            current.load().upstream.refresh().await.unwrap();
        }
        let stop = CancellationToken::new();
        let serving = tokio::spawn(daemon.serve(listener, stop.clone()));
        self.running = Some(Running {
            current,
            jobs,
            stop,
            serving,
        });
    }

    /// Stops the daemon as SIGTERM does.
    pub async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        drop((running.current, running.jobs));
        running.stop.cancel();
        running.serving.await.unwrap().unwrap();
    }

    /// Waits for a daemon that ends by itself: what it says of its end.
    pub async fn failed(&mut self) -> anyhow::Error {
        let running = self.running.take().unwrap();
        running.serving.await.unwrap().unwrap_err()
    }

    /// What the requests work with now.
    pub fn bridge(&self) -> Arc<AppState> {
        self.current().load()
    }

    /// What the requests work with, whatever it is at the time.
    pub fn current(&self) -> &Arc<CurrentState> {
        &self.running.as_ref().unwrap().current
    }

    /// What runs by itself.
    pub fn jobs(&self) -> &Jobs {
        &self.running.as_ref().unwrap().jobs
    }

    /// The differences; they count at the next start.
    pub fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// `issuer`.
    pub fn issuer(&self) -> String {
        let own = || format!("http://{}{}", self.address, self.plan.path);
        self.plan.issuer.clone().unwrap_or_else(own)
    }

    /// Where a browser of this machine reaches `path`, which may have a query.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.address, self.plan.path)
    }

    /// DSM's authorization request, with `more` parameters, such as
    /// `&nonce=n`.
    pub fn authorization_request(&self, more: &str) -> String {
        let redirect = encode(REDIRECT_URI);
        self.url(&format!(
            "/auth?response_type=code&client_id=synology&redirect_uri={redirect}\
             &state=12345678{more}"
        ))
    }

    /// Sends `browser` to Google and lets its user choose `person` there:
    /// the URL on which Google sends it back.
    pub async fn choose(&self, browser: &mut Browser, person: &str, more: &str) -> String {
        let shown = browser.get(&self.authorization_request(more)).await;
        assert_eq!(shown.status, 303, "{shown:?}");
        self.back(self.google.choose(shown.location(), person).as_str())
    }

    /// Google's way back as a browser of this machine can go it, even when
    /// the issuer is elsewhere.
    pub fn back(&self, callback: &str) -> String {
        let callback = callback.strip_prefix(&self.issuer()).unwrap();
        self.url(callback)
    }

    /// The browser's part of a whole login: what `/callback` answers.
    pub async fn arrive(&self, browser: &mut Browser, person: &str, more: &str) -> Shown {
        let callback = self.choose(browser, person, more).await;
        browser.get(&callback).await
    }

    /// A code for `person`.
    pub async fn code(&self, person: &str, more: &str) -> String {
        let shown = self.arrive(&mut Browser::new(), person, more).await;
        let code = shown.answered("code");
        code.unwrap_or_else(|| panic!("{shown:?}"))
    }

    /// DSM's request for tokens, with `more` parameters.
    pub async fn redeem(&self, code: &str, more: &str) -> Shown {
        let form = format!("{}{more}", token_form(code));
        Browser::new().post(&self.url("/token"), &form).await
    }

    /// What userinfo says to the bearer of `access_token`.
    pub async fn userinfo(&self, access_token: &str) -> Shown {
        let bearer = format!("Bearer {access_token}");
        let mut browser = Browser::new().with_header("authorization", &bearer);
        browser.get(&self.url("/userinfo")).await
    }

    /// A whole login: what the ID token claims, and the access token.
    pub async fn sign_in(&self, person: &str, more: &str) -> (Value, String) {
        let code = self.code(person, more).await;
        let tokens = self.redeem(&code, "").await.json();
        let access_token = tokens["access_token"].as_str().unwrap().to_owned();
        (claims(tokens["id_token"].as_str().unwrap()), access_token)
    }

    /// How many rows `table` has.
    pub fn rows(&self, table: &str) -> i64 {
        self.look_up(&format!("SELECT count(*) FROM {table}"))
    }

    /// The first value that `query` finds on disk.
    pub fn look_up<T: FromSql>(&self, query: &str) -> T {
        let state = self.state();
        state.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The state, by a connection beside the daemon's.
    pub fn state(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.home.path().join("state.sqlite3")).unwrap()
    }

    /// Writes the config and the files that it names.
    pub fn write_config(&self) -> PathBuf {
        let home = self.home.path();
        let plan = &self.plan;
        self.dsm.write_password_file(home);
        write_secret(&home.join("google-client-secret"), CLIENT_SECRET);
        write_secret(&home.join("synology-client-secret"), CLIENT_SECRET_OF_DSM);
        let config = format!(
            "issuer = {issuer:?}\n{top}\n\
             [listen]\naddress = \"{address}\"\n{listen}\n\
             [google]\nissuer = {google_issuer:?}\nclient-id = {CLIENT_ID:?}\n\
             client-secret-file = \"google-client-secret\"\n{google}\n\
             [dsm]\nurl = {dsm_url:?}\naccount = {account:?}\n\
             password-file = \"dsm-password\"\n{dsm}\n\
             [power]\n{power}\n\
             [[clients]]\nid = \"synology\"\nname = \"the family's NAS\"\n\
             secret-file = \"synology-client-secret\"\n{client}\n{more}\n",
            issuer = self.issuer(),
            top = plan.top,
            address = self.address,
            listen = plan.listen,
            google_issuer = self.google.issuer(),
            google = plan.google,
            dsm_url = self.dsm.url(),
            account = plan.account,
            dsm = plan.dsm,
            power = plan.power,
            client = plan.client,
            more = plan.more,
        );
        let path = home.join("config.toml");
        write_secret(&path, &config);
        path
    }
}

/// Where a daemon listened until now. A child that another test is starting has
/// that daemon's socket open for a moment, too, until it is its own program.
async fn listen_again(address: SocketAddr) -> TcpListener {
    for _ in 0..12_000 {
        if let Ok(listener) = http::listen(address) {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    http::listen(address).unwrap()
}

/// A port of 127.0.0.1, held twice: the first of them keeps it while the second
/// is gone. Between the two a daemon of another test may have taken it that had
/// chosen it before.
fn own_port() -> (TcpSocket, TcpListener) {
    for _ in 0..100 {
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(([127, 0, 0, 1], 0).into()).unwrap();
        if let Ok(listener) = http::listen(port.local_addr().unwrap()) {
            return (port, listener);
        }
    }
    panic!("every port of this machine is taken");
}

/// The people of the house as DSM lists them.
pub fn family() -> Vec<FakeUser> {
    vec![
        FakeUser::new("admin", "").expired("now").administrator(),
        FakeUser::new("guest", "").expired("now"),
        FakeUser::new("sso-reader", "").administrator(),
        FakeUser::new("jeanne", "jeanne.martin@gmail.com"),
        FakeUser::new("Paul", "Paul@Example.com").administrator(),
        FakeUser::new("lea", "lea@example.net"),
    ]
}

/// The user called `name` among `users`.
pub fn by_name<'a>(users: &'a mut [FakeUser], name: &str) -> &'a mut FakeUser {
    let user = users.iter_mut().find(|user| user.name == name);
    user.unwrap_or_else(|| panic!("no user is called {name}"))
}

/// A directory for a config, which its owner alone can write to, whatever the
/// umask is.
pub fn private_directory() -> TempDir {
    let owner_only = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.permissions(owner_only).tempdir().unwrap()
}

/// Writes a secret as its owner's alone.
pub fn write_secret(path: &Path, secret: &str) {
    fs::write(path, format!("{secret}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// DSM's form for the token endpoint: `client_secret_post`.
pub fn token_form(code: &str) -> String {
    format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}&client_id=synology\
         &client_secret={}",
        encode(REDIRECT_URI),
        encode(CLIENT_SECRET_OF_DSM)
    )
}

/// Percent-encodes `text` for a query or a form.
pub fn encode(text: &str) -> String {
    domain::base::parameters::encode(text)
}

/// What a JWT claims, unverified.
pub fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&engine.decode(part).unwrap()).unwrap()
}
