//! A fake DSM: the part of its web API that the daemon uses, on a port of
//! this machine, with sessions that are counted and bad days on demand.
//!
//! Nobody tried it against a real DSM. Each answer in [`api`] says where its
//! shape comes from: seen on a device by others, or a guess.

pub mod api;

use std::collections::{HashMap, VecDeque};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use google_to_synology_sso::clients::dsm::DsmSettings;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::timeout;

use self::api::{Plain, Session};
use crate::server::{Exchange, Received, Reply, Server, redirect};

/// One of DSM's questions, as a test names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `SYNO.API.Info` query.
    Info,
    /// `SYNO.API.Auth` login.
    SignIn,
    /// `SYNO.API.Auth` logout.
    SignOut,
    /// `SYNO.Core.User` list.
    Users,
    /// `SYNO.Core.Group` list.
    Groups,
    /// `SYNO.Core.Group.Member` list.
    Members,
    /// `SYNO.Core.Hardware.PowerSchedule` load.
    PowerSchedule,
}

/// What comes instead of the usual answer.
#[derive(Clone, Debug)]
pub enum Instead {
    /// `success: false` with this code.
    Code(i64),
    /// Nothing, until [`FakeDsm::release`]; then the usual answer.
    Hang,
    /// A web page with status 200.
    Html,
    /// The first half of the usual answer.
    Cut,
    /// The usual answer after this many blanks.
    Huge(usize),
    /// 302 to here, as a DSM does that wants HTTPS. Guess: that it is 302,
    /// and that it does so for its web API.
    Redirect(String),
    /// This HTTP status and a web page.
    Status(u16),
    /// What nginx answers where HTTP comes in at a port for HTTPS. Recorded
    /// with nginx 1.22.1. Guess: that DSM's nginx has no page of its own.
    PlainToHttps,
    /// This JSON.
    Json(Value),
}

/// A row of the user list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeUser {
    /// Its name.
    pub name: String,
    /// Its address; `None` leaves the key out.
    pub email: Option<String>,
    /// `normal`, `now` or a date; `None` leaves the key out.
    pub expired: Option<String>,
    /// What the administrator noted.
    pub description: String,
    /// Whether it is in the group administrators.
    pub administrator: bool,
}

impl FakeUser {
    /// An active user who is no administrator.
    pub fn new(name: &str, email: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: Some(email.to_owned()),
            expired: Some("normal".to_owned()),
            description: String::new(),
            administrator: false,
        }
    }

    /// The same with another `expired`.
    #[must_use]
    pub fn expired(mut self, expired: &str) -> Self {
        self.expired = Some(expired.to_owned());
        self
    }

    /// The same as an administrator.
    #[must_use]
    pub fn administrator(mut self) -> Self {
        self.administrator = true;
        self
    }
}

/// 2-factor sign-in of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The one-time code of now.
    pub code: String,
    /// How DSM calls the device token in its answer: `device_id` (recorded by
    /// mib) or `did` (Synology's guide).
    pub key: &'static str,
    /// The device tokens that were given out, each with its device's name.
    pub devices: Vec<(String, String)>,
}

impl SecondFactor {
    /// An account whose device shows `code` now.
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            key: "device_id",
            devices: Vec::new(),
        }
    }
}

/// How the fake behaves; a test may change it at any time.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The account that may sign in.
    pub account: String,
    /// Its password.
    pub password: String,
    /// The highest version of `SYNO.API.Auth`. Recorded (mib, schemas): 7 on
    /// DSM 7.
    pub highest_auth_version: u32,
    /// What opens the account beside its password; `None`: nothing does.
    pub second_factor: Option<SecondFactor>,
    /// Whether the account is an administrator, and so may list.
    pub account_is_administrator: bool,
    /// The rows of the user list.
    pub users: Vec<FakeUser>,
    /// At most so many rows in one answer; `None`: all.
    pub page_size: Option<usize>,
    /// When the NAS switches itself off and on, in DSM's own form.
    pub power_schedule: Value,
    next: HashMap<Api, VecDeque<Instead>>,
    always: HashMap<Api, Instead>,
}

impl Default for Behaviour {
    /// A family's NAS, with DSM's own two accounts, which are disabled.
    fn default() -> Self {
        Self {
            account: "sso-reader".to_owned(),
            password: "correct horse battery staple".to_owned(),
            highest_auth_version: 7,
            second_factor: None,
            account_is_administrator: true,
            users: vec![
                FakeUser::new("admin", "").expired("now").administrator(),
                FakeUser::new("guest", "").expired("now"),
                FakeUser::new("sso-reader", "").administrator(),
                FakeUser::new("jeanne", "jeanne@gmail.com"),
                FakeUser::new("mael", "Mael@example.com").administrator(),
            ],
            page_size: None,
            power_schedule: json!({"poweron_tasks": [], "poweroff_tasks": []}),
            next: HashMap::new(),
            always: HashMap::new(),
        }
    }
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sign-ins that DSM granted.
    pub sign_ins: usize,
    /// Sign-ins that it refused.
    pub refused_sign_ins: usize,
    /// Sessions that were ended by a sign-out.
    pub sign_outs: usize,
    /// Sessions that are open now.
    pub open_sessions: usize,
    /// The most sessions that were open at one time.
    pub most_open_sessions: usize,
    /// Requests for the user list, whatever the answer.
    pub user_lists: usize,
    /// Requests that hang now.
    pub hanging: usize,
}

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    counts: Counts,
    requests: Vec<Received>,
    sessions: Vec<Session>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    released: Notify,
}

/// A handle; all clones are one DSM, which serves until the last is dropped.
#[derive(Clone, Debug)]
pub struct FakeDsm {
    shared: Arc<Shared>,
    server: Arc<Server>,
}

impl FakeDsm {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let answering = Arc::clone(&shared);
        let server = Server::start(move |request| answer(Arc::clone(&answering), request)).await;
        Self {
            shared,
            server: Arc::new(server),
        }
    }

    /// Its base URL, for `dsm.url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The settings for a client of it, with its password in a file in
    /// `directory`.
    pub fn settings(&self, directory: &Path) -> DsmSettings {
        DsmSettings {
            url: self.url(),
            account: self.behaviour().account,
            password_file: self.write_password_file(directory),
            device_token_file: None,
            timeout: Duration::from_secs(30),
            accept_invalid_certificate: false,
        }
    }

    /// Writes its password into `directory/dsm-password`, mode 0600.
    pub fn write_password_file(&self, directory: &Path) -> PathBuf {
        let path = directory.join("dsm-password");
        fs::write(&path, self.behaviour().password + "\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// From now on `watch` sees every exchange.
    pub fn watch(&self, watch: impl Fn(Exchange) + Send + Sync + 'static) {
        self.server.watch(watch);
    }

    /// How it behaves now.
    pub fn behaviour(&self) -> Behaviour {
        self.shared.lock().behaviour.clone()
    }

    /// Changes how it behaves, from the next request on.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.lock().behaviour);
    }

    /// Replaces the rows of the user list.
    pub fn set_users(&self, users: impl Into<Vec<FakeUser>>) {
        let users = users.into();
        self.change(|behaviour| behaviour.users = users);
    }

    /// One answer of `api` is replaced; several calls queue up.
    pub fn next(&self, api: Api, instead: Instead) {
        self.change(|behaviour| behaviour.next.entry(api).or_default().push_back(instead));
    }

    /// All answers of `api` are replaced, once the queue is empty.
    pub fn always(&self, api: Api, instead: Instead) {
        self.change(|behaviour| drop(behaviour.always.insert(api, instead)));
    }

    /// `api` answers as usual again.
    pub fn as_usual(&self, api: Api) {
        self.change(|behaviour| {
            behaviour.next.remove(&api);
            behaviour.always.remove(&api);
        });
    }

    /// Lets all go on that hang now.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }

    /// Ends all sessions, as a restart of DSM does.
    pub fn forget_sessions(&self) {
        let mut state = self.shared.lock();
        state.sessions.clear();
        state.counts.open_sessions = 0;
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.lock().requests.clone()
    }

    /// The requests so far, each by name.
    pub fn calls(&self) -> Vec<Api> {
        self.requests().iter().filter_map(Api::of).collect()
    }

    /// Waits until the counts are as `wanted`; panics when that takes longer
    /// than any test should.
    pub async fn wait_until(&self, wanted: impl Fn(&Counts) -> bool) {
        let outcome = timeout(Duration::from_mins(2), self.counts_are(wanted)).await;
        assert!(outcome.is_ok(), "still {:?}", self.counts());
    }

    async fn counts_are(&self, wanted: impl Fn(&Counts) -> bool) {
        // Made before each look, so that no change is missed in between.
        let mut changed = self.shared.changed.notified();
        while !wanted(&self.counts()) {
            changed.await;
            changed = self.shared.changed.notified();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hang(&self) {
        let released = self.released.notified();
        let _hanging = Hanging::new(self);
        released.await;
    }
}

/// Counts a request that hangs, until it is released or its client is gone.
struct Hanging<'a>(&'a Shared);

impl<'a> Hanging<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.lock().counts.hanging += 1;
        shared.changed.notify_waiters();
        Self(shared)
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.lock().counts.hanging -= 1;
        self.0.changed.notify_waiters();
    }
}

async fn answer(shared: Arc<Shared>, request: Received) -> Reply {
    let instead = shared.lock().begin(&request);
    if matches!(instead, Some(Instead::Hang)) {
        shared.hang().await;
    }
    let reply = match instead {
        None | Some(Instead::Hang) => shared.lock().usual(&request).reply(),
        Some(Instead::Cut) => shared.lock().usual(&request).cut().reply(),
        Some(Instead::Huge(blanks)) => shared.lock().usual(&request).after(blanks).reply(),
        Some(Instead::Code(code)) => Plain::failure(code).reply(),
        Some(Instead::Json(json)) => Plain::json(&json).reply(),
        Some(Instead::Html) => Plain::page(200).reply(),
        Some(Instead::Status(status)) => Plain::page(status).reply(),
        Some(Instead::PlainToHttps) => Plain::plain_to_https().reply(),
        Some(Instead::Redirect(location)) => redirect(&location),
    };
    shared.changed.notify_waiters();
    reply
}
