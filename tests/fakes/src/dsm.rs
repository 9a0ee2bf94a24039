//! A fake DSM: the part of its web API that the daemon uses, on a local port,
//! with counted sessions and failures on demand.
//!
//! It was never compared with a real DSM. Each response in [`api`] says where
//! its shape comes from: recorded on a device by others, or a guess.

pub mod api;
mod call;
pub mod settings;
mod writes;

use std::collections::{HashMap, VecDeque};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use google_to_synology_sso::clients::dsm::DsmSettings;
use google_to_synology_sso::http;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

use self::api::{Plain, Session};
pub use self::call::Api;
use self::settings::Settings;
use crate::server::{Exchange, Received, Reply, Server, redirect};

/// What is sent instead of the usual response.
#[derive(Clone, Debug)]
pub enum Instead {
    /// `success: false` with this code.
    Code(i64),
    /// No response until [`FakeDsm::release`]; then the usual one. A write
    /// whose client disconnects before has no effect.
    Hang,
    /// The usual effect at once, and no response until [`FakeDsm::release`].
    HangAfterwards,
    /// The session ends before the request, as by a restart of DSM.
    SessionLost,
    /// The usual response to a write, after which DSM has these fields in the
    /// place of those that were sent. Guess: that DSM does so.
    Stores(Value),
    /// A web page with status 200.
    Html,
    /// The first half of the usual response.
    Cut,
    /// The usual response after this many spaces.
    Huge(usize),
    /// A 302 redirect to this URL, as from a DSM that requires HTTPS. Guess:
    /// that the status is 302, and that the web API redirects too.
    Redirect(String),
    /// This HTTP status and a web page.
    Status(u16),
    /// nginx's response to HTTP on an HTTPS port. Recorded with nginx 1.22.1.
    /// Guess: that DSM's nginx has no page of its own.
    PlainToHttps,
    /// This JSON value.
    Json(Value),
}

/// A row of the user list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeUser {
    /// The DSM username.
    pub name: String,
    /// The e-mail address; `None` leaves the key out.
    pub email: Option<String>,
    /// `normal`, `now` or a date; `None` leaves the key out.
    pub expired: Option<String>,
    /// The description that the administrator entered.
    pub description: String,
    /// Whether the user is in the group `administrators`.
    pub administrator: bool,
}

impl FakeUser {
    /// Creates an active user who is not an administrator.
    pub fn new(name: &str, email: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: Some(email.to_owned()),
            expired: Some("normal".to_owned()),
            description: String::new(),
            administrator: false,
        }
    }

    /// Sets `expired`.
    #[must_use]
    pub fn expired(mut self, expired: &str) -> Self {
        self.expired = Some(expired.to_owned());
        self
    }

    /// Makes the user an administrator.
    #[must_use]
    pub fn administrator(mut self) -> Self {
        self.administrator = true;
        self
    }
}

/// 2-factor sign-in of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The current one-time code.
    pub code: String,
    /// The key of the device token in the response: `device_id` (recorded by
    /// mib) or `did` (Synology's guide).
    pub key: &'static str,
    /// The issued device tokens, each with its device's name.
    pub devices: Vec<(String, String)>,
}

impl SecondFactor {
    /// Creates a second factor whose current code is `code`.
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            key: "device_id",
            devices: Vec::new(),
        }
    }
}

/// The settings of the fake. A test may change them at any time.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The account that can sign in.
    pub account: String,
    /// The password of the account.
    pub password: String,
    /// The highest version of `SYNO.API.Auth`. Recorded (mib, schemas): 7 on
    /// DSM 7.
    pub highest_auth_version: u32,
    /// The second factor of the account; `None`: a password is enough.
    pub second_factor: Option<SecondFactor>,
    /// Whether the account is an administrator, and can list users.
    pub account_is_administrator: bool,
    /// Whether a session of a version before 7 gets 402 from a change, as on
    /// DSM 7.4.
    pub rejects_writes_of_old_sessions: bool,
    /// The rows of the user list.
    pub users: Vec<FakeUser>,
    /// The most rows in one response; `None`: all rows.
    pub page_size: Option<usize>,
    /// DSM's power schedule, in DSM's own form.
    pub power_schedule: Value,
    /// The SSO client, the reverse proxy, and DSM's own ports.
    pub settings: Settings,
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
            rejects_writes_of_old_sessions: false,
            users: vec![
                FakeUser::new("admin", "").expired("now").administrator(),
                FakeUser::new("guest", "").expired("now"),
                FakeUser::new("sso-reader", "").administrator(),
                FakeUser::new("jeanne", "jeanne@gmail.com"),
                FakeUser::new("mael", "Mael@example.com").administrator(),
            ],
            page_size: None,
            power_schedule: json!({"poweron_tasks": [], "poweroff_tasks": []}),
            settings: Settings::default(),
            next: HashMap::new(),
            always: HashMap::new(),
        }
    }
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Successful sign-ins.
    pub sign_ins: usize,
    /// Rejected sign-ins.
    pub refused_sign_ins: usize,
    /// Sessions closed by a sign-out.
    pub sign_outs: usize,
    /// Sessions that are open now.
    pub open_sessions: usize,
    /// The most sessions that were open at one time.
    pub most_open_sessions: usize,
    /// Requests for the user list, whatever the response.
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

/// A handle; all clones share one DSM, which serves until the last is dropped.
#[derive(Clone, Debug)]
pub struct FakeDsm {
    shared: Arc<Shared>,
    server: Arc<Server>,
}

impl FakeDsm {
    /// Starts the server on a free port of 127.0.0.1.
    #[expect(
        clippy::unused_async,
        reason = "its callers have a runtime, which it needs"
    )]
    pub async fn start() -> Self {
        Self::on(http::listen(([127, 0, 0, 1], 0).into()).unwrap())
    }

    /// Serves on an existing listener.
    pub fn on(listener: TcpListener) -> Self {
        let shared = Arc::new(Shared::default());
        let answering = Arc::clone(&shared);
        let server = Server::on(listener, move |request| {
            answer(Arc::clone(&answering), request)
        });
        Self {
            shared,
            server: Arc::new(server),
        }
    }

    /// Returns the base URL, for `dsm.url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns the settings of a client, and writes the password to a file in
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

    /// Writes the password to `directory/dsm-password`, mode 0600.
    pub fn write_password_file(&self, directory: &Path) -> PathBuf {
        let path = directory.join("dsm-password");
        fs::write(&path, self.behaviour().password + "\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Calls `watch` for every exchange from now on.
    pub fn watch(&self, watch: impl Fn(Exchange) + Send + Sync + 'static) {
        self.server.watch(watch);
    }

    /// Returns the current settings.
    pub fn behaviour(&self) -> Behaviour {
        self.shared.lock().behaviour.clone()
    }

    /// Changes the settings, from the next request on.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.lock().behaviour);
    }

    /// Replaces the rows of the user list.
    pub fn set_users(&self, users: impl Into<Vec<FakeUser>>) {
        let users = users.into();
        self.change(|behaviour| behaviour.users = users);
    }

    /// Replaces one response of `api`; several calls are queued.
    pub fn next(&self, api: Api, instead: Instead) {
        self.change(|behaviour| behaviour.next.entry(api).or_default().push_back(instead));
    }

    /// Replaces all responses of `api` after the queue is empty.
    pub fn always(&self, api: Api, instead: Instead) {
        self.change(|behaviour| drop(behaviour.always.insert(api, instead)));
    }

    /// Restores the usual responses of `api`.
    pub fn as_usual(&self, api: Api) {
        self.change(|behaviour| {
            behaviour.next.remove(&api);
            behaviour.always.remove(&api);
        });
    }

    /// Releases all requests that hang now.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }

    /// Ends all sessions, as a restart of DSM does.
    pub fn forget_sessions(&self) {
        self.shared.lock().forget_sessions();
    }

    /// Returns the counts so far.
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }

    /// Returns all requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.lock().requests.clone()
    }

    /// Returns the name of each request so far.
    pub fn calls(&self) -> Vec<Api> {
        self.requests().iter().filter_map(Api::of).collect()
    }

    /// The calls so far that change settings, in their order.
    pub fn writes(&self) -> Vec<Api> {
        let is_write = |call: &Api| {
            matches!(
                call,
                Api::SetSsoClient
                    | Api::SetSsoProfile
                    | Api::CreateProxyRule
                    | Api::UpdateProxyRule
                    | Api::DeleteProxyRule
            )
        };
        self.calls().into_iter().filter(is_write).collect()
    }

    /// Waits until `wanted` accepts the counts. Panics after a time longer than
    /// any test should take.
    pub async fn wait_until(&self, wanted: impl Fn(&Counts) -> bool) {
        let outcome = timeout(Duration::from_mins(2), self.counts_are(wanted)).await;
        assert!(outcome.is_ok(), "still {:?}", self.counts());
    }

    async fn counts_are(&self, wanted: impl Fn(&Counts) -> bool) {
        // Created before each check, so that no change is missed in between.
        let mut changed = self.shared.changed.notified();
        while !wanted(&self.counts()) {
            changed.await;
            changed = self.shared.changed.notified();
        }
    }
}

impl State {
    fn forget_sessions(&mut self) {
        self.sessions.clear();
        self.counts.open_sessions = 0;
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

/// Counts a request as hanging until it is released or its client disconnects.
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
    if matches!(instead, Some(Instead::SessionLost)) {
        shared.lock().forget_sessions();
    }
    let reply = match instead {
        None | Some(Instead::Hang | Instead::SessionLost) => shared.lock().usual(&request).reply(),
        Some(Instead::HangAfterwards) => {
            let reply = shared.lock().usual(&request).reply();
            shared.hang().await;
            reply
        }
        Some(Instead::Stores(fields)) => shared.lock().stores(&request, &fields).reply(),
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
