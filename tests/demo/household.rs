//! The participants: the fake DSM, the fake Google, and the daemon with a
//! config for both.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use fakes::dsm::FakeDsm;
use fakes::dsm_login::{DsmLogin, SsoSettings, Stored};
use fakes::google::{CLIENT_ID, CLIENT_SECRET, Endpoint, FakeGoogle};
use fakes::house::{CLIENT_SECRET_OF_DSM, family, write_secret};
use fakes::server::Server;
use google_to_synology_sso::app::AppState;
use google_to_synology_sso::config::Config;
use google_to_synology_sso::daemon::Daemon;
use google_to_synology_sso::machine::clock::SystemClock;
use google_to_synology_sso::machine::random::OsRandom;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::ledger::Ledger;
use crate::picture;

pub(crate) const JEANNE: &str = fakes::house::JEANNE;

/// Far longer than the daemon takes to read a few documents on this machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything but the daemon, and a record of what happened.
#[derive(Debug)]
pub(crate) struct Household {
    pub(crate) login: DsmLogin,
    pub(crate) ledger: Ledger,
    /// Draws the last sign-in.
    pub(crate) picture: Server,
    dsm: FakeDsm,
    google: FakeGoogle,
    bridge: Arc<AppState>,
    home: TempDir,
}

impl Household {
    /// Starts the fakes, and prepares a daemon that serves on the listener.
    pub(crate) async fn prepare() -> anyhow::Result<(Self, Daemon, TcpListener)> {
        let clock = Arc::new(SystemClock::new());
        let dsm = FakeDsm::start().await;
        dsm.set_users(family());
        let google = FakeGoogle::start(clock.clone()).await;
        let login = DsmLogin::start().await;
        let ledger = Ledger::open(clock.clone(), &dsm, &google, &login)?;

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        google.register_redirect_uris(&[&format!("{issuer}/callback")]);
        login.configure(SsoSettings {
            well_known: format!("{issuer}/.well-known/openid-configuration"),
            client_id: "synology".to_owned(),
            client_secret: CLIENT_SECRET_OF_DSM.to_owned(),
            redirect_uri: format!("{}/", login.url()),
            scope: String::new(),
            username_claim: "username".to_owned(),
            stored: Stored::default(),
        });

        let (page, nas) = (login.clone(), login.url());
        let admin = format!("{issuer}/admin");
        let picture =
            picture::serve(ledger.history.clone(), nas, admin, move || page.id_token()).await;
        login.lead_to(&format!("{}/", picture.url()));

        let home = tempfile::tempdir().context("make a directory for the daemon's state")?;
        let config = config(&issuer, &dsm, &google, &login);
        let config = write_config(&home, &dsm, &config)?;
        let random = Arc::new(OsRandom::default());
        let daemon = Daemon::prepare(config, clock, random, TimeZone::UTC).await?;
        let household = Self {
            login,
            ledger,
            picture,
            dsm,
            google,
            bridge: daemon.current.load(),
            home,
        };
        Ok((household, daemon, listener))
    }

    /// Waits until the daemon has read the users.
    pub(crate) async fn warmed_up(&self) -> anyhow::Result<()> {
        let ready = async {
            self.google.requested(Endpoint::Keys, 1).await;
            self.dsm.wait_until(|counts| counts.sign_outs > 0).await;
            while self.bridge.snapshot.load().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, ready).await;
        in_time.context("the daemon has not read DSM's users and Google's documents")
    }

    /// The addresses of all servers.
    pub(crate) fn addresses(&self) -> String {
        format!(
            "  DSM     {login}   a fake: its login page; its web API is at {dsm}
  daemon  {daemon}   {name} {version}, state in {home}
  Google  {google}   a fake, with an account chooser",
            login = self.login.url(),
            dsm = self.dsm.url(),
            daemon = self.bridge.config.issuer,
            name = env!("CARGO_PKG_NAME"),
            version = env!("CARGO_PKG_VERSION"),
            home = self.home.path().display(),
            google = self.google.issuer(),
        )
    }

    /// The URL of the administration page.
    pub(crate) fn admin(&self) -> String {
        format!("{}/admin", self.bridge.config.issuer)
    }

    /// The time of day in a readable form.
    pub(crate) fn time_of_day(&self) -> String {
        let now = jiff::Timestamp::from_second(self.bridge.clock.now().seconds());
        let zone = self.bridge.time_zone.clone();
        let now = now.unwrap_or_default().to_zoned(zone);
        now.strftime("%H:%M:%S").to_string()
    }
}

/// A usual config, with addresses on this machine.
fn config(issuer: &str, dsm: &FakeDsm, google: &FakeGoogle, login: &DsmLogin) -> String {
    format!(
        r#"issuer = "{issuer}"

[google]
issuer = "{google_issuer}"
client-id = "{CLIENT_ID}"
client-secret-file = "google-client-secret"

[dsm]
url = "{dsm_url}"
account = "{account}"
password-file = "dsm-password"

[[clients]]
id = "synology"
name = "the family's NAS"
secret-file = "synology-client-secret"
redirect-uris = ["{login_url}/"]
"#,
        google_issuer = google.issuer(),
        dsm_url = dsm.url(),
        account = dsm.behaviour().account,
        login_url = login.url(),
    )
}

fn write_config(home: &TempDir, dsm: &FakeDsm, text: &str) -> anyhow::Result<Config> {
    let home = home.path();
    dsm.write_password_file(home);
    write_secret(&home.join("google-client-secret"), CLIENT_SECRET);
    write_secret(&home.join("synology-client-secret"), CLIENT_SECRET_OF_DSM);
    let path = home.join("config.toml");
    write_secret(&path, text);
    Ok(Config::load(&path)?)
}
