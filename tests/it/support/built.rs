//! The built binary in a house, for tests with signals.

use std::path::{Path, PathBuf};
use std::process::Command;

use fakes::browser::{Browser, Shown};
use fakes::dsm::Counts;
use fakes::house::{House, Plan};

use super::control::report;
use super::process::{Process, free_port, until};

/// A house and the binary in it.
pub(crate) struct Built {
    pub(crate) house: House,
    pub(crate) process: Process,
}

impl Built {
    /// Starts the daemon and waits until it serves and has fetched from Google
    /// and DSM.
    pub(crate) async fn new() -> Self {
        let built = Self::planned(Plan::default()).await;
        built.has_saved_users_and_documents().await;
        built
    }

    /// Starts the daemon and waits until it serves.
    pub(crate) async fn planned(plan: Plan) -> Self {
        Self::on(free_port(), plan).await
    }

    /// Starts the daemon on `port`, which a proxy may already know.
    pub(crate) async fn on(port: u16, plan: Plan) -> Self {
        let house = House::for_built_daemon(plan, port).await;
        let process = start(&house);
        Self { house, process }
    }

    /// Starts the daemon with the config that is in `house` already, and waits
    /// until it serves.
    pub(crate) fn configured(house: House) -> Self {
        let home = house.home.path();
        let mut command = run_with(&home.join("config.toml"));
        let process = Process::start(&mut command, house.address.port(), home);
        Self { house, process }
    }

    /// Starts the daemon again and waits until it serves.
    pub(crate) fn start(&mut self) {
        self.process = start(&self.house);
    }

    /// Starts it again with the existing config.
    pub(crate) fn start_as_configured(&mut self) {
        let home = self.house.home.path();
        let mut command = run_with(&home.join("config.toml"));
        self.process = Process::start(&mut command, self.house.address.port(), home);
    }

    /// Kills the daemon and starts it again.
    pub(crate) fn power_cut(&mut self) {
        self.process.cut_off();
        self.start();
    }

    /// Waits until the users and Google's documents are on disk.
    pub(crate) async fn has_saved_users_and_documents(&self) {
        until("users and documents are kept", || {
            self.house.rows("users") > 0 && self.house.rows("documents") == 2
        })
        .await;
    }

    /// Waits for the end of the first refresh: it copies the state and
    /// checkpoints the journal, which is then reused from its beginning.
    pub(crate) async fn is_at_rest(&self) {
        self.has_saved_users_and_documents().await;
        // The power schedule is saved after the users, in the same session.
        let is_over = |counts: &Counts| counts.sign_outs > 0 && counts.open_sessions == 0;
        self.house.dsm.wait_until(is_over).await;
        for _ in 0..1000 {
            let status = report(&self.house, &["status"]).await;
            if !status["directory"]["next_refresh"].is_null() {
                return;
            }
        }
        panic!("the first refresh never ends");
    }

    /// Returns the response for `path`.
    pub(crate) async fn get(&self, path: &str) -> Shown {
        Browser::new().get(&self.house.url(path)).await
    }

    /// The keys that must be the same for the life of the state.
    pub(crate) async fn keys(&self) -> (String, Vec<u8>) {
        let published = self.get("/keys").await.body;
        (published, self.house.look_up("SELECT key FROM seal_key"))
    }
}

/// The path of the state, or with a `suffix` of a file next to it.
pub(crate) fn state(house: &House, suffix: &str) -> PathBuf {
    house.home.path().join(format!("state.sqlite3{suffix}"))
}

/// Starts the daemon without waiting.
pub(crate) fn spawn(house: &House) -> Process {
    Process::spawn(&mut run(house), house.address.port(), house.home.path())
}

/// `run` with the config of `house`.
pub(crate) fn run(house: &House) -> Command {
    run_with(&house.write_config())
}

fn run_with(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_google-to-synology-sso"));
    command.arg("--config").arg(config).arg("run");
    command
}

fn start(house: &House) -> Process {
    Process::start(&mut run(house), house.address.port(), house.home.path())
}
