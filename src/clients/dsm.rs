//! DSM's web API: the users, the administrators, and the power schedule.
//!
//! One [`DsmSession`] signs in, reads and signs out. Its account has to be an
//! administrator, because DSM does not list its users to other accounts.

mod call;
mod code;
mod error;
mod first_contact;
mod raw_settings;
mod schedule_file;
mod session;
mod settings;
mod url_advice;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::request;
use hyper::{Request, StatusCode};
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;

pub use self::call::Call;
pub use self::code::{Code, Reaction};
pub use self::error::{DsmError, ListRefusal};
pub use self::first_contact::{FIRST_TIMEOUT, FirstVisit, find};
pub use self::raw_settings::RawSettings;
pub use self::schedule_file::{ScheduleFileError, read_schedule_file};
pub use self::session::DsmSession;
pub use self::settings::{SettingsReading, WebSettings};
use self::wire::{Row, Rows, SignedInWire};
use crate::clients::http_client::{HttpClient, Trust};
use crate::machine::secret_file::read_secret_file;
use domain::base::ids::DsmUsername;
use domain::base::secret::Secret;
use domain::model::power;
use domain::model::user_list::{ListedUser, UserList};

/// More users than any NAS can have.
const MAX_ROWS: usize = 1_000_000;

/// The name of this daemon in the device list of the account. A device token is
/// valid only with the name for which it was issued.
const DEVICE_NAME: &str = "google-to-synology-sso";

/// As far as is known, DSM sends a list in one page.
const MAX_PAGES: usize = 1000;

/// The address of DSM, and the account for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsmSettings {
    /// The base URL, such as `http://127.0.0.1:5000`.
    pub url: String,
    /// The name of an account in the group administrators.
    pub account: String,
    /// The file whose only line is the account's password.
    pub password_file: PathBuf,
    /// The file whose only line is the device token, with which an account with
    /// 2-factor sign-in signs in without a code.
    pub device_token_file: Option<PathBuf>,
    /// The time-out of a request, from connecting to the last byte.
    pub timeout: Duration,
    /// Whether any certificate is accepted; for a loopback address only.
    pub accept_invalid_certificate: bool,
}

impl From<&crate::config::Dsm> for DsmSettings {
    fn from(config: &crate::config::Dsm) -> Self {
        Self {
            url: config.url.clone(),
            account: config.account.clone(),
            password_file: config.password_file.clone(),
            device_token_file: config.device_token_file.clone(),
            timeout: config.timeout,
            accept_invalid_certificate: config.accept_invalid_certificate,
        }
    }
}

/// The complete, plausible lists of one session.
#[derive(Debug)]
pub struct Reading {
    /// The users, in DSM's order; `None` if they have not changed.
    pub users: Option<Vec<ListedUser>>,
    /// The members of the group administrators, by name; `None` if they have
    /// not changed. If only this list fails, the users are still useful.
    pub administrators: Result<Option<Vec<DsmUsername>>, DsmError>,
}

/// Reads users and the power schedule from DSM, in one session at a time.
#[derive(Debug)]
pub struct DsmClient {
    settings: DsmSettings,
    http: HttpClient,
    endpoint: String,
    /// Whether DSM has accepted or rejected a sign-in.
    has_answered: AtomicBool,
    /// Locked by the task that reads from DSM. A login waits for it only if it
    /// needs newer users.
    ///
    /// Contains the open session, or that of a task that was cancelled; the
    /// next task ends it first. Without this, sessions accumulate until DSM
    /// stops answering.
    session: Mutex<Option<Session>>,
}

#[derive(Debug)]
struct Session {
    sid: Secret<String>,
    token: Option<Secret<String>>,
    version: AuthVersion,
}

/// The version of `SYNO.API.Auth` that opened a session, and closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuthVersion {
    /// Needed for a session with all rights on DSM 7.4, where a session of
    /// version 6 gets 402 for changes to users and groups.
    Seven,
    /// The highest version on older releases of DSM 7.
    Six,
}

impl AuthVersion {
    fn parameter(self) -> (&'static str, &'static str) {
        let version = match self {
            Self::Seven => "7",
            Self::Six => "6",
        };
        ("version", version)
    }
}

impl DsmClient {
    /// Makes a client; does not read a file or send a request.
    pub fn new(settings: DsmSettings) -> Self {
        let trust = if settings.accept_invalid_certificate {
            Trust::DangerousAnyCertificate
        } else {
            Trust::SystemAuthorities
        };
        Self {
            http: HttpClient::new(trust, settings.timeout),
            endpoint: format!("{}/webapi/entry.cgi", settings.url.trim_end_matches('/')),
            has_answered: AtomicBool::new(false),
            session: Mutex::new(None),
            settings,
        }
    }

    /// Returns the settings of this client.
    pub fn settings(&self) -> &DsmSettings {
        &self.settings
    }

    /// Returns whether DSM has accepted or rejected a sign-in of this client.
    pub fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Waits for exclusive access to DSM. Does not send a request.
    pub async fn session(&self) -> DsmSession<'_> {
        DsmSession::begin(self, self.session.lock().await)
    }

    /// Calls [`DsmSession::list_users`] in a session of its own.
    pub async fn list_users(&self, before: &Arc<UserList>) -> Result<Reading, DsmError> {
        let mut session = self.session().await;
        let done = session.list_users(before).await;
        session.end().await;
        done
    }

    /// Calls [`DsmSession::power_schedule`] in a session of its own.
    pub async fn power_schedule(&self) -> Result<power::Reading, DsmError> {
        let mut session = self.session().await;
        let done = session.power_schedule_anew().await;
        session.end().await;
        done
    }

    /// Ends the session that a cancelled task has left open. Does nothing while
    /// another task reads.
    pub async fn end_session(&self) {
        if let Ok(session) = self.session.try_lock() {
            DsmSession::begin(self, session).end().await;
        }
    }

    async fn sign_in(&self) -> Result<Session, DsmError> {
        let password = self.password()?;
        self.open(&password).await
    }

    /// Opens a session, with the device token if there is one.
    async fn open(&self, password: &Secret<String>) -> Result<Session, DsmError> {
        let token = self.device_token()?;
        let second_factor: &[(&str, &str)] = match &token {
            None => &[],
            Some(token) => &[("device_id", token.expose()), ("device_name", DEVICE_NAME)],
        };
        let (session, _) = self.sign_in_with(password, second_factor).await?;
        Ok(session)
    }

    /// Signs in once with a one-time `code`, and out again. Returns the device
    /// token, with which later sign-ins need no code; `None` for an account
    /// without 2-factor sign-in.
    #[tracing::instrument(name = "dsm.trust_this_device", skip_all)]
    pub async fn trust_this_device(
        &self,
        code: &Secret<String>,
    ) -> Result<Option<Secret<String>>, DsmError> {
        let second_factor = [
            ("otp_code", code.expose().as_str()),
            ("enable_device_token", "yes"),
            ("device_name", DEVICE_NAME),
        ];
        let password = self.password()?;
        let (session, token) = self.sign_in_with(&password, &second_factor).await?;
        session::end(self, &session, None).await;
        Ok(token)
    }

    fn device_token(&self) -> Result<Option<Secret<String>>, DsmError> {
        let Some(path) = &self.settings.device_token_file else {
            return Ok(None);
        };
        let token = read_secret_file(path).map_err(DsmError::DeviceTokenFile)?;
        Ok(Some(token))
    }

    fn password(&self) -> Result<Secret<String>, DsmError> {
        let path = &self.settings.password_file;
        read_secret_file(path).map_err(|source| DsmError::PasswordFile {
            path: path.clone(),
            source,
        })
    }

    async fn sign_in_with(
        &self,
        password: &Secret<String>,
        second_factor: &[(&str, &str)],
    ) -> Result<(Session, Option<Secret<String>>), DsmError> {
        // Without `session`, which DSM 7.2 denies to some accounts, and without
        // `format`, which broke device tokens in 7.0.1.
        let mut parameters = vec![
            ("account", self.settings.account.as_str()),
            ("passwd", password.expose()),
            ("enable_syno_token", "yes"),
        ];
        parameters.extend(second_factor);
        // DSM checks the version before account and password, so Auto Block
        // does not count the first attempt.
        match self.open_session(AuthVersion::Seven, &parameters).await {
            Err(DsmError::Refused { code, .. }) if code.number() == Code::NO_SUCH_VERSION => {
                self.open_session(AuthVersion::Six, &parameters).await
            }
            done => done,
        }
    }

    /// Also returns the device token, if DSM sends one.
    async fn open_session(
        &self,
        version: AuthVersion,
        parameters: &[(&str, &str)],
    ) -> Result<(Session, Option<Secret<String>>), DsmError> {
        let parameters = [&[version.parameter()], parameters].concat();
        let body = self.post(Call::SignIn, None, &parameters).await?;
        let signed_in: Result<SignedInWire, _> = wire::data(Call::SignIn, &body);
        if matches!(signed_in, Ok(_) | Err(DsmError::Refused { .. })) {
            self.has_answered.store(true, Ordering::Relaxed);
        }
        let signed_in = signed_in?;
        // An empty file would make the next sign-in fail.
        let mut tokens = [signed_in.device_id, signed_in.did].into_iter().flatten();
        let token = tokens.find(|token| !token.is_empty());
        let session = Session {
            sid: Secret::new(signed_in.sid),
            token: signed_in.synotoken.map(Secret::new),
            version,
        };
        Ok((session, token.map(Secret::new)))
    }

    /// Reads all pages of a list; returns `None` if it equals that of `before`.
    async fn read_rows<R: Row>(
        &self,
        call: Call,
        session: &Session,
        before: &Arc<UserList>,
    ) -> Result<Option<Vec<R>>, DsmError> {
        let mut rows = Rows::new();
        let mut total = 0;
        for _ in 0..MAX_PAGES {
            let had = rows.len();
            let offset = had.to_string();
            let parameters = [("offset", offset.as_str()), ("limit", "-1")];
            let body = self.post(call, Some(session), &parameters).await?;
            let list = Arc::clone(before);
            let page = aside(call, move || {
                let total = rows.add_page(call, &body, R::of(&list))?;
                Ok((rows, total))
            });
            let announced;
            (rows, announced) = page.await?;
            total = announced.unwrap_or(rows.len());
            if rows.len() > MAX_ROWS {
                break;
            }
            if rows.len() >= total {
                let list = Arc::clone(before);
                return aside(call, move || Ok(rows.finish(R::of(&list))?)).await;
            }
            if rows.len() == had {
                return Err(ListRefusal::Short { rows: had, total }.into());
            }
        }
        let rows = rows.len();
        Err(ListRefusal::Endless { rows, total }.into())
    }

    async fn sign_out(&self, session: &Session) -> Result<(), DsmError> {
        let call = Call::SignOut;
        let version = session.version.parameter();
        let body = self.post(call, Some(session), &[version]).await?;
        wire::success(call, &body)
    }

    async fn post(
        &self,
        call: Call,
        session: Option<&Session>,
        parameters: &[(&str, &str)],
    ) -> Result<Bytes, DsmError> {
        let (request, form) = self.request(call, session, parameters);
        let answer = self
            .http
            .post_form(request, form, call.max_answer_bytes())
            .await
            .map_err(|source| DsmError::from_http(call, &self.settings, source))?;
        if answer.status == StatusCode::BAD_REQUEST && url_advice::wants_https(&answer.body) {
            let advice = url_advice::on_other_scheme(&self.settings);
            return Err(DsmError::OtherScheme {
                call,
                advice,
                source: None,
            });
        }
        if answer.status != StatusCode::OK {
            let status = answer.status;
            return Err(DsmError::Status { call, status });
        }
        Ok(answer.body)
    }

    /// Sends session and token in headers and in the form: it is not documented
    /// which of them an API reads.
    fn request(
        &self,
        call: Call,
        session: Option<&Session>,
        parameters: &[(&str, &str)],
    ) -> (request::Builder, Secret<String>) {
        let mut request = Request::builder().uri(&self.endpoint);
        let mut form = Serializer::new(String::new());
        form.extend_pairs(call.parameters())
            .extend_pairs(parameters);
        if let Some(session) = session {
            let sid = session.sid.expose();
            form.append_pair("_sid", sid);
            request = request.header("cookie", format!("id={sid}"));
        }
        if let Some(token) = session.and_then(|session| session.token.as_ref()) {
            form.append_pair("SynoToken", token.expose());
            request = request.header("x-syno-token", token.expose());
        }
        (request, Secret::new(form.finish()))
    }
}

/// Parses on a blocking thread: a login would wait for a list of 100,000 rows.
async fn aside<T: Send + 'static>(
    call: Call,
    work: impl FnOnce() -> Result<T, DsmError> + Send + 'static,
) -> Result<T, DsmError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|source| Err(DsmError::Abandoned { call, source }))
}
