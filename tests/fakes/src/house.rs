//! Runs the real daemon on its own port between a fake Google and a fake DSM,
//! with a clock that the test moves.

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
use crate::dsm::settings::{Settings, proxy_rule};
use crate::dsm::{FakeDsm, FakeUser};
use crate::google::{CLIENT_ID, CLIENT_SECRET, FakeGoogle};
use crate::time::{MONDAY_MORNING, MovedClock};

/// The client secret that DSM and the daemon share.
pub const CLIENT_SECRET_OF_DSM: &str = "a secret that DSM knows";

/// DSM's redirect URI.
pub const REDIRECT_URI: &str = "https://nas.example.com/";

/// A family's answers in Package Center, by the wizard's variables.
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

/// The name of DSM's file with the power schedule, which exists only if a test
/// writes it.
pub const SCHEDULE_FILE: &str = "power_sched.conf";

/// Jeanne's address at Google.
pub const JEANNE: &str = "Jeanne.Martin@gmail.com";

/// The settings in which a house differs from the default one.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `issuer`; `None`: the daemon's address, with [`Plan::path`].
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
    /// Whether the documents of DSM and Google are fetched before the first
    /// request.
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

/// The daemon with its fakes.
#[derive(Debug)]
pub struct House {
    /// The fake Google.
    pub google: FakeGoogle,
    /// The fake DSM.
    pub dsm: FakeDsm,
    /// The clock of Google and the daemon.
    pub clock: Arc<MovedClock>,
    /// The time zone of the NAS. A change takes effect when the daemon starts.
    pub time_zone: TimeZone,
    /// The directory of config, secrets and state.
    pub home: TempDir,
    /// The address at which the daemon listens.
    pub address: SocketAddr,
    plan: Plan,
    running: Option<Running>,
    /// Bound but not listening: while the daemon is stopped, the system does
    /// not give its port to another program.
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
    /// Creates a house with the default settings.
    pub async fn new() -> Self {
        Self::planned(Plan::default()).await
    }

    /// Creates a house with the settings of `plan`.
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

    /// Creates a house that reserves `port` for a daemon that the test starts
    /// itself, with the machine's clock.
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
        let house = Self {
            google,
            dsm,
            clock,
            time_zone: TimeZone::UTC,
            home: private_directory(),
            address,
            plan,
            running: None,
            port: None,
        };
        house.set_up_dsm();
        house
    }

    /// Enters in DSM's dialogs what `dsm-settings` prints.
    fn set_up_dsm(&self) {
        let issuer = self.issuer();
        let mut settings = Settings::of(&issuer, CLIENT_SECRET_OF_DSM, REDIRECT_URI);
        let host = issuer.strip_prefix("https://");
        if let Some(host) = host.and_then(|rest| rest.split('/').next()) {
            settings.proxy = vec![proxy_rule(host, self.address.port())];
        }
        self.dsm.change(|dsm| dsm.settings = settings);
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
        let (current, jobs) = (Arc::clone(&daemon.current), daemon.jobs.clone());
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

    /// Waits until a daemon ends by itself, and returns its error.
    pub async fn failed(&mut self) -> anyhow::Error {
        let running = self.running.take().unwrap();
        running.serving.await.unwrap().unwrap_err()
    }

    /// Returns what requests currently work with.
    pub fn bridge(&self) -> Arc<AppState> {
        self.current().load()
    }

    /// Returns the handle to what requests work with, which follows reloads.
    pub fn current(&self) -> &Arc<CurrentState> {
        &self.running.as_ref().unwrap().current
    }

    /// Returns the scheduled jobs.
    pub fn jobs(&self) -> &Jobs {
        &self.running.as_ref().unwrap().jobs
    }

    /// Returns the settings; changes take effect at the next start.
    pub fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// `issuer`.
    pub fn issuer(&self) -> String {
        let own = || format!("http://{}{}", self.address, self.plan.path);
        self.plan.issuer.clone().unwrap_or_else(own)
    }

    /// Returns the local URL of `path`, which may have a query.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.address, self.plan.path)
    }

    /// DSM's authorization request with the parameters in `more`, such as
    /// `&nonce=n`.
    pub fn authorization_request(&self, more: &str) -> String {
        let redirect = encode(REDIRECT_URI);
        self.url(&format!(
            "/auth?response_type=code&client_id=synology&redirect_uri={redirect}\
             &state=12345678{more}"
        ))
    }

    /// Sends `browser` to Google, where its user chooses `person`, and returns
    /// the URL of the callback.
    pub async fn choose(&self, browser: &mut Browser, person: &str, more: &str) -> String {
        let shown = browser.get(&self.authorization_request(more)).await;
        assert_eq!(shown.status, 303, "{shown:?}");
        self.back(self.google.choose(shown.location(), person).as_str())
    }

    /// Returns Google's redirect with the local address, even if the issuer is
    /// elsewhere.
    pub fn back(&self, callback: &str) -> String {
        let callback = callback.strip_prefix(&self.issuer()).unwrap();
        self.url(callback)
    }

    /// Runs the browser's part of a login and returns the response of
    /// `/callback`.
    pub async fn arrive(&self, browser: &mut Browser, person: &str, more: &str) -> Shown {
        let callback = self.choose(browser, person, more).await;
        browser.get(&callback).await
    }

    /// Returns a code for `person`.
    pub async fn code(&self, person: &str, more: &str) -> String {
        let shown = self.arrive(&mut Browser::new(), person, more).await;
        let code = shown.answered("code");
        code.unwrap_or_else(|| panic!("{shown:?}"))
    }

    /// Sends DSM's token request with the parameters in `more`.
    pub async fn redeem(&self, code: &str, more: &str) -> Shown {
        let form = format!("{}{more}", token_form(code));
        Browser::new().post(&self.url("/token"), &form).await
    }

    /// Returns the userinfo response for `access_token`.
    pub async fn userinfo(&self, access_token: &str) -> Shown {
        let bearer = format!("Bearer {access_token}");
        let mut browser = Browser::new().with_header("authorization", &bearer);
        browser.get(&self.url("/userinfo")).await
    }

    /// Runs a whole login and returns the claims of the ID token, and the
    /// access token.
    pub async fn sign_in(&self, person: &str, more: &str) -> (Value, String) {
        let code = self.code(person, more).await;
        let tokens = self.redeem(&code, "").await.json();
        let access_token = tokens["access_token"].as_str().unwrap().to_owned();
        (claims(tokens["id_token"].as_str().unwrap()), access_token)
    }

    /// Returns the number of rows in `table`.
    pub fn rows(&self, table: &str) -> i64 {
        self.look_up(&format!("SELECT count(*) FROM {table}"))
    }

    /// Returns the first value that `query` finds in the database.
    pub fn look_up<T: FromSql>(&self, query: &str) -> T {
        let state = self.state();
        state.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// Opens the state by a second connection.
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

/// Listens on the port of a stopped daemon. A child process that another test
/// is starting may have the socket open for a moment.
async fn listen_again(address: SocketAddr) -> TcpListener {
    for _ in 0..12_000 {
        if let Ok(listener) = http::listen(address) {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    http::listen(address).unwrap()
}

/// Binds a port of 127.0.0.1 with two sockets: the first reserves it while the
/// second is closed. A daemon of another test that had chosen the port before
/// may have taken it in between.
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

/// Returns the family as DSM lists it.
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

/// Returns the user called `name` among `users`.
pub fn by_name<'a>(users: &'a mut [FakeUser], name: &str) -> &'a mut FakeUser {
    let user = users.iter_mut().find(|user| user.name == name);
    user.unwrap_or_else(|| panic!("no user is called {name}"))
}

/// Creates a directory for a config that only its owner can write to, whatever
/// the umask is.
pub fn private_directory() -> TempDir {
    let owner_only = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.permissions(owner_only).tempdir().unwrap()
}

/// Writes a secret file with mode 0600.
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

/// Returns the claims of a JWT without verifying it.
pub fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&engine.decode(part).unwrap()).unwrap()
}
