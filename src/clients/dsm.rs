//! DSM's web API: who the users of this NAS are, which of them are its
//! administrators, and when the NAS is on.
//!
//! One [`DsmSession`] signs in, reads and signs out. Its account has to be an
//! administrator: DSM lists its users to no other account.

mod code;
mod error;
mod session;
mod url_advice;
mod wire;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::request;
use hyper::{Request, StatusCode};
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;

pub use self::code::Code;
pub use self::error::{DsmError, ListRefusal, Reaction};
pub use self::session::DsmSession;
use self::wire::{MAX_ROWS, Row, Rows, SignedInWire};
use crate::clients::http_client::{HttpClient, Trust};
use crate::machine::secret_file::read_secret_file;
use domain::base::ids::DsmUsername;
use domain::base::secret::Secret;
use domain::model::power;
use domain::model::user_list::{ListedUser, UserList};

/// [`MAX_ROWS`] rows of 130 bytes, about twice what DSM sends for one.
const MAX_LIST_BYTES: usize = 128 * 1024 * 1024;

/// Ten times a power schedule of 400 tasks, which is read as any JSON: in
/// memory that takes twenty times as much.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// By what DSM is to know this daemon among the devices of the account. With a
/// device token it has to be the name under which the token was given out.
const DEVICE_NAME: &str = "google-to-synology-sso";

/// DSM gives a whole list at once, as far as is known. A server that hands it
/// out in smaller parts than this allows is not worth waiting for.
const MAX_PAGES: usize = 1000;

/// Where DSM is, and as whom to ask it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsmSettings {
    /// Its base URL, such as `http://127.0.0.1:5000`.
    pub url: String,
    /// An account in the group administrators.
    pub account: String,
    /// The account's password: one line in a file of its own.
    pub password_file: PathBuf,
    /// What lets an account with 2-factor sign-in in without a code: one line
    /// in a file of its own.
    pub device_token_file: Option<PathBuf>,
    /// For one request, from connecting to the last byte.
    pub timeout: Duration,
    /// Whether to take any certificate; for a loopback address only.
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

/// What we ask of DSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `SYNO.API.Auth` login.
    SignIn,
    /// `SYNO.Core.User` list.
    ListUsers,
    /// `SYNO.Core.Group.Member` list.
    ListAdministrators,
    /// `SYNO.Core.Hardware.PowerSchedule` load.
    LoadPowerSchedule,
    /// `SYNO.API.Auth` logout.
    SignOut,
}

/// What DSM listed in one session, each list whole and plausible.
#[derive(Debug)]
pub struct Reading {
    /// The users of this NAS, in DSM's order; `None`: those of before.
    pub users: Option<Vec<ListedUser>>,
    /// The members of the group administrators, by name; `None`: those of
    /// before. This list may fail alone: without it the users are still worth
    /// having.
    pub administrators: Result<Option<Vec<DsmUsername>>, DsmError>,
}

/// Reads users and the power schedule from DSM, in one session at a time.
#[derive(Debug)]
pub struct DsmClient {
    settings: DsmSettings,
    http: HttpClient,
    endpoint: String,
    /// A turnstile: who reads from DSM holds it, and others queue. No login
    /// waits for it, only whoever wants a list that is newer than the last.
    ///
    /// Inside is the session of now, or of a reading that was dropped half
    /// way: the next one ends it first, since sessions that nobody ends pile
    /// up until DSM stops answering.
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
    /// Needed for a session with all rights on DSM 7.4. A session of version
    /// 6 gets 402 there from changes to users and groups.
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
    /// A client; nothing is read, opened or sent yet.
    pub fn new(settings: DsmSettings) -> Self {
        let trust = if settings.accept_invalid_certificate {
            Trust::DangerousAnyCertificate
        } else {
            Trust::SystemAuthorities
        };
        Self {
            http: HttpClient::new(trust, settings.timeout),
            endpoint: format!("{}/webapi/entry.cgi", settings.url.trim_end_matches('/')),
            session: Mutex::new(None),
            settings,
        }
    }

    /// Where DSM is, and as whom it is asked.
    pub fn settings(&self) -> &DsmSettings {
        &self.settings
    }

    /// Waits for our turn at DSM. Nothing is sent yet.
    pub async fn visit(&self) -> DsmSession<'_> {
        DsmSession::begin(self, self.session.lock().await)
    }

    /// A visit for [`DsmSession::list_users`] alone.
    pub async fn list_users(&self, before: &Arc<UserList>) -> Result<Reading, DsmError> {
        let mut visit = self.visit().await;
        let done = visit.list_users(before).await;
        visit.end().await;
        done
    }

    /// A visit for [`DsmSession::power_schedule`] alone.
    pub async fn power_schedule(&self) -> Result<power::Reading, DsmError> {
        let mut visit = self.visit().await;
        let done = visit.power_schedule_anew().await;
        visit.end().await;
        done
    }

    /// Ends the session that a reading has left which was broken off. Does
    /// nothing while another one reads.
    pub async fn end_session(&self) {
        if let Ok(session) = self.session.try_lock() {
            DsmSession::begin(self, session).end().await;
        }
    }

    async fn sign_in(&self) -> Result<Session, DsmError> {
        let token = self.device_token()?;
        let second_factor: &[(&str, &str)] = match &token {
            None => &[],
            Some(token) => &[("device_id", token.expose()), ("device_name", DEVICE_NAME)],
        };
        let (session, _) = self.sign_in_with(second_factor).await?;
        Ok(session)
    }

    /// Signs in once with a one-time `code`, and out again. The device token
    /// that DSM gives for it opens later sign-ins without a code; `None`: DSM
    /// gave none, as to an account without 2-factor sign-in.
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
        let (session, token) = self.sign_in_with(&second_factor).await?;
        self.sign_out(&session).await;
        Ok(token)
    }

    /// Read at each sign-in, as the password is.
    fn device_token(&self) -> Result<Option<Secret<String>>, DsmError> {
        let Some(path) = &self.settings.device_token_file else {
            return Ok(None);
        };
        let token = read_secret_file(path).map_err(DsmError::DeviceTokenFile)?;
        Ok(Some(token))
    }

    async fn sign_in_with(
        &self,
        second_factor: &[(&str, &str)],
    ) -> Result<(Session, Option<Secret<String>>), DsmError> {
        let path = &self.settings.password_file;
        let password = read_secret_file(path).map_err(|source| DsmError::PasswordFile {
            path: path.clone(),
            source,
        })?;
        // No `session`, which DSM 7.2 denies to some accounts, and no
        // `format`, which broke device tokens in 7.0.1.
        let mut parameters = vec![
            ("account", self.settings.account.as_str()),
            ("passwd", password.expose()),
            ("enable_syno_token", "yes"),
        ];
        parameters.extend(second_factor);
        // DSM checks the version before account and password, so Auto Block
        // does not count the first of the two.
        match self.open_session(AuthVersion::Seven, &parameters).await {
            Err(DsmError::Refused {
                code: Code::NoSuchVersion,
                ..
            }) => self.open_session(AuthVersion::Six, &parameters).await,
            done => done,
        }
    }

    /// Signs in with this version; also returns the device token, if DSM
    /// sends one.
    async fn open_session(
        &self,
        version: AuthVersion,
        parameters: &[(&str, &str)],
    ) -> Result<(Session, Option<Secret<String>>), DsmError> {
        let parameters = [&[version.parameter()], parameters].concat();
        let body = self.post(Call::SignIn, None, &parameters).await?;
        let signed_in: SignedInWire = wire::data(Call::SignIn, &body)?;
        // An empty one would keep the next sign-in from being tried at all.
        let mut tokens = [signed_in.device_id, signed_in.did].into_iter().flatten();
        let token = tokens.find(|token| !token.is_empty());
        let session = Session {
            sid: Secret::new(signed_in.sid),
            token: signed_in.synotoken.map(Secret::new),
            version,
        };
        Ok((session, token.map(Secret::new)))
    }

    async fn read_lists(
        &self,
        session: &Session,
        before: &Arc<UserList>,
    ) -> Result<Reading, DsmError> {
        let users = self.read_rows(Call::ListUsers, session, before).await?;
        let members = self.read_rows(Call::ListAdministrators, session, before);
        let administrators = members.await.map(|changed: Option<Vec<DsmUsername>>| {
            let mut administrators = changed?;
            // DSM may list them in any order.
            administrators.sort();
            Some(administrators).filter(|names| before.administrators.as_ref() != Some(names))
        });
        Ok(Reading {
            users,
            administrators,
        })
    }

    /// All rows of a list, in as many parts as DSM hands them out; `None`:
    /// those of `before`.
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
            let told;
            (rows, told) = page.await?;
            total = told.unwrap_or(rows.len());
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

    /// Its failure changes nothing for the caller, who has the lists already
    /// or another error to tell.
    async fn sign_out(&self, session: &Session) {
        let call = Call::SignOut;
        let version = session.version.parameter();
        let answer = self.post(call, Some(session), &[version]).await;
        let answer = answer.and_then(|body| wire::success(call, &body));
        if let Err(error) = answer {
            let error: &dyn Error = &error;
            tracing::warn!(error, "a session stays open in DSM until it times out");
        }
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

    /// Session and token go both ways, always: which one an API of DSM looks
    /// at is not written anywhere.
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

/// Works on a thread of its own: a hundred thousand rows take long enough that
/// somebody's login would wait for them.
async fn aside<T: Send + 'static>(
    call: Call,
    work: impl FnOnce() -> Result<T, DsmError> + Send + 'static,
) -> Result<T, DsmError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|source| Err(DsmError::Abandoned { call, source }))
}

impl Call {
    /// The parameters that are the same each time. Values are JSON, quoted,
    /// but for `SYNO.API.Auth`, which takes text, and whose version varies.
    fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::SignIn => &[("api", "SYNO.API.Auth"), ("method", "login")],
            Self::SignOut => &[("api", "SYNO.API.Auth"), ("method", "logout")],
            Self::ListUsers => &[
                ("api", "SYNO.Core.User"),
                ("version", "1"),
                ("method", "list"),
                ("type", r#""local""#),
                ("additional", r#"["email","expired"]"#),
            ],
            // The group with gid 101 has this name in every language.
            Self::ListAdministrators => &[
                ("api", "SYNO.Core.Group.Member"),
                ("version", "1"),
                ("method", "list"),
                ("group", r#""administrators""#),
                ("ingroup", "true"),
            ],
            Self::LoadPowerSchedule => &[
                ("api", "SYNO.Core.Hardware.PowerSchedule"),
                ("version", "1"),
                ("method", "load"),
            ],
        }
    }

    fn max_answer_bytes(self) -> usize {
        match self {
            Self::ListUsers | Self::ListAdministrators => MAX_LIST_BYTES,
            Self::SignIn | Self::LoadPowerSchedule | Self::SignOut => MAX_ANSWER_BYTES,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "sign in to DSM",
            Self::ListUsers => "list the users of DSM",
            Self::ListAdministrators => "list the administrators of DSM",
            Self::LoadPowerSchedule => "read the power schedule of DSM",
            Self::SignOut => "sign out of DSM",
        })
    }
}
