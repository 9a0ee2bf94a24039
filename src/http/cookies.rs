//! The cookies of logins in progress: one for each, few, and small together.

use hyper::HeaderMap;
use hyper::header::COOKIE;

use crate::app::AppState;
use crate::flow::GoogleRedirect;
use domain::base::clock::UnixTime;
use domain::model::login::{LOGIN_LIFE, LoginId};

/// How many logins one browser may have in progress, in several tabs.
const MAX_COOKIES: usize = 4;

/// Names and values together: half of what nginx accepts as a header line of a
/// request.
const MAX_COOKIE_BYTES: usize = 4096;

/// A browser to which we send no more than [`MAX_COOKIES`] never has more.
const MOST_COOKIES_READ: usize = 64;

/// nginx reads the headers of a response into one buffer of 4 kB; those that
/// the server itself adds (status, date, length) need some of it.
const MAX_HEADER_BYTES: usize = 4096 - 512;

/// The headers of a page, and the line that deletes the cookie of a callback.
const PAGE_HEADER_BYTES: usize = 1024;

/// Names and attributes of our cookies. They depend on the issuer, not on the
/// connection: TLS ends at a proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct CookieJar {
    https: bool,
}

#[derive(Debug)]
pub(super) struct LoginCookie<'a> {
    name: &'a str,
    id: Option<LoginId>,
    value: &'a str,
}

/// A request has more than [`MOST_COOKIES_READ`] of our cookies. Carries
/// `Set-Cookie` lines that delete the first of them, so that the next attempt
/// succeeds.
#[derive(Debug)]
pub(super) struct TooManyCookies(pub(super) Vec<String>);

impl CookieJar {
    pub(super) fn of(app: &AppState) -> Self {
        Self {
            https: app.config.issuer.is_https(),
        }
    }

    /// The login cookies of a request.
    pub(super) fn read(self, headers: &HeaderMap) -> Result<Vec<LoginCookie<'_>>, TooManyCookies> {
        let mut cookies = self.cookies(headers);
        let first: Vec<_> = cookies.by_ref().take(MOST_COOKIES_READ).collect();
        if cookies.next().is_none() {
            return Ok(first);
        }
        let delete = first.iter().map(|cookie| self.delete_named(cookie.name));
        let left = MAX_HEADER_BYTES - PAGE_HEADER_BYTES;
        Err(TooManyCookies(as_many_as_fit(left, delete)))
    }

    fn cookies(self, headers: &HeaderMap) -> impl Iterator<Item = LoginCookie<'_>> {
        headers
            .get_all(COOKIE)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b';'))
            .filter_map(move |pair| {
                // Another service's cookie may not be UTF-8; ours is.
                let pair = std::str::from_utf8(pair).ok()?;
                let (name, value) = pair.trim().split_once('=')?;
                let id = name.strip_prefix(self.prefix())?;
                Some(LoginCookie {
                    name,
                    id: LoginId::parse(id),
                    value,
                })
            })
    }

    /// `Set-Cookie` lines for a new login: its own, then those that delete
    /// others to make room for it, as many as fit beside `location`.
    pub(super) fn begin(
        self,
        redirect: &GoogleRedirect,
        present: &[LoginCookie<'_>],
        app: &AppState,
    ) -> Vec<String> {
        let own = format!(
            "{}{}={}; Path=/; {}HttpOnly; SameSite=Lax; Max-Age={}",
            self.prefix(),
            redirect.id,
            redirect.sealed,
            self.secure(),
            LOGIN_LIFE.as_secs()
        );
        let own_bytes = self.prefix().len() + 16 + redirect.sealed.len();
        let left = MAX_HEADER_BYTES.saturating_sub(redirect.location.len() + own.len());
        let superfluous = superfluous(present, own_bytes, app).into_iter();
        let delete = superfluous.map(|cookie| self.delete_named(cookie.name));
        let mut lines = vec![own];
        lines.extend(as_many_as_fit(left, delete));
        lines
    }

    /// A `Set-Cookie` line that ends the login `id`.
    pub(super) fn delete(self, id: LoginId) -> String {
        self.delete_named(&format!("{}{id}", self.prefix()))
    }

    fn delete_named(self, name: &str) -> String {
        format!(
            "{name}=; Path=/; {}HttpOnly; SameSite=Lax; Max-Age=0",
            self.secure()
        )
    }

    fn prefix(self) -> &'static str {
        if self.https {
            "__Host-login-"
        } else {
            "login-"
        }
    }

    fn secure(self) -> &'static str {
        if self.https { "Secure; " } else { "" }
    }
}

/// The first of `lines`, as many as fit into `bytes` of headers.
fn as_many_as_fit(bytes: usize, lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut left = Some(bytes);
    let fits = |line: &String| {
        left = left.and_then(|left| left.checked_sub(line.len() + "set-cookie: \r\n".len()));
        left.is_some()
    };
    lines.take_while(fits).collect()
}

/// The values of the cookies of `login`.
pub(super) fn values_of<'a>(cookies: &[LoginCookie<'a>], login: Option<LoginId>) -> Vec<&'a str> {
    let own = |cookie: &&LoginCookie<'_>| cookie.id.is_some() && cookie.id == login;
    cookies.iter().filter(own).map(|it| it.value).collect()
}

/// Returns the cookies to delete for a new one of `own_bytes`: all that do not
/// open, then the oldest.
fn superfluous<'a, 'b>(
    present: &'a [LoginCookie<'b>],
    own_bytes: usize,
    app: &AppState,
) -> Vec<&'a LoginCookie<'b>> {
    let now = app.clock.now();
    let mut by_age: Vec<(Option<UnixTime>, &LoginCookie<'_>)> = present
        .iter()
        .map(|cookie| (begun(cookie, app, now), cookie))
        .collect();
    by_age.sort_by_key(|(begun, _)| *begun);
    let size = |cookie: &LoginCookie<'_>| cookie.name.len() + cookie.value.len() + "=; ".len();
    let mut count = by_age.len() + 1;
    let mut bytes = own_bytes + present.iter().map(size).sum::<usize>();
    let mut superfluous = Vec::new();
    for (begun, cookie) in by_age {
        if begun.is_some() && count <= MAX_COOKIES && bytes <= MAX_COOKIE_BYTES {
            break;
        }
        count -= 1;
        bytes -= size(cookie);
        superfluous.push(cookie);
    }
    superfluous
}

/// Returns when the login began; `None` if the cookie does not open.
fn begun(cookie: &LoginCookie<'_>, app: &AppState, now: UnixTime) -> Option<UnixTime> {
    let clients = &app.parties;
    let login = app.sealer.open(cookie.id?, cookie.value, clients, now);
    Some(login.ok()?.started)
}
