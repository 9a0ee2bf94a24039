//! The two cookies of the page: the session, and the sign-in in progress.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::COOKIE;

use domain::base::issuer::Issuer;

/// A browser has one cookie of each name, except on http, where another program
/// of the same host may have set one, too.
const MOST_OF_A_NAME: usize = 4;

/// A cookie of ours, by what it is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cookie {
    Session,
    SignIn,
}

impl Cookie {
    /// With `__Host-`, no other host of the domain can set it (RFC 6265bis,
    /// section 4.1.3.2).
    fn name(self, issuer: &Issuer) -> &'static str {
        match (self, issuer.is_https()) {
            (Self::Session, true) => "__Host-admin",
            (Self::Session, false) => "admin",
            (Self::SignIn, true) => "__Host-admin-sign-in",
            (Self::SignIn, false) => "admin-sign-in",
        }
    }

    /// Returns its values in a request, a few at most.
    pub(super) fn values<'a>(
        self,
        headers: &'a HeaderMap,
        issuer: &Issuer,
    ) -> impl Iterator<Item = &'a str> {
        let name = self.name(issuer);
        let lines = headers.get_all(COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
        let ours = pairs.filter_map(move |pair| {
            let (found, value) = std::str::from_utf8(pair).ok()?.trim().split_once('=')?;
            (found == name).then_some(value)
        });
        ours.take(MOST_OF_A_NAME)
    }

    /// Returns a `Set-Cookie` line that stores `value` for `life`.
    pub(super) fn set(self, issuer: &Issuer, value: &str, life: Duration) -> String {
        let secure = if issuer.is_https() { "Secure; " } else { "" };
        let (name, life) = (self.name(issuer), life.as_secs());
        format!("{name}={value}; Path=/; {secure}HttpOnly; SameSite=Lax; Max-Age={life}")
    }

    /// Returns a `Set-Cookie` line that deletes the cookie.
    pub(super) fn delete(self, issuer: &Issuer) -> String {
        self.set(issuer, "", Duration::ZERO)
    }
}
