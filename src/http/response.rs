//! Responses and their headers, by kind.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde_json::json;

use domain::base::oauth::OAuthError;

pub(crate) type Reply = Response<Full<Bytes>>;

/// A response that is not to be stored, with more `headers`.
pub(super) fn response<const N: usize>(
    status: StatusCode,
    body: impl Into<Full<Bytes>>,
    headers: [(HeaderName, &'static str); N],
) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = status;
    let mut insert = |(name, value)| {
        reply
            .headers_mut()
            .insert(name, HeaderValue::from_static(value))
    };
    insert((CACHE_CONTROL, "no-store"));
    for header in headers {
        insert(header);
    }
    reply
}

pub(super) fn with_header(mut reply: Reply, name: HeaderName, value: &'static str) -> Reply {
    reply
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
    reply
}

pub(crate) fn with_retry_after(mut reply: Reply, seconds: u64) -> Reply {
    reply.headers_mut().insert(RETRY_AFTER, seconds.into());
    reply
}

pub(crate) fn with_cookies(mut reply: Reply, lines: impl IntoIterator<Item = String>) -> Reply {
    // A cookie name that an attacker set may not be valid in a header.
    let values = lines.into_iter().filter_map(|line| line.try_into().ok());
    for value in values {
        reply.headers_mut().append(SET_COOKIE, value);
    }
    reply
}

pub(super) fn plain(status: StatusCode, text: impl Into<Full<Bytes>>) -> Reply {
    response(status, text, [(CONTENT_TYPE, "text/plain; charset=utf-8")])
}

pub(super) fn json(status: StatusCode, body: impl Into<Full<Bytes>>) -> Reply {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    response(status, body, headers)
}

/// An OAuth error in JSON (RFC 6749, section 5.2).
pub(super) fn oauth(status: StatusCode, error: &OAuthError) -> Reply {
    let body = json!({"error": error.code, "error_description": description(error)});
    json(status, body.to_string())
}

/// RFC 6749 allows neither quotes, backslashes nor anything beyond ASCII in an
/// `error_description`.
pub(super) fn description(error: &OAuthError) -> String {
    let allowed = |c| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    error.description.chars().map(allowed).collect()
}

/// 303, so that no browser repeats a POST (RFC 9700, section 4.12).
pub(crate) fn see_other(location: &str) -> Reply {
    let Ok(location) = HeaderValue::from_str(location) else {
        return response(StatusCode::INTERNAL_SERVER_ERROR, "", []);
    };
    let headers = [(REFERRER_POLICY, "no-referrer")];
    let mut reply = response(StatusCode::SEE_OTHER, "", headers);
    reply.headers_mut().insert(LOCATION, location);
    reply
}

/// `methods` are the allowed ones.
pub(super) fn not_allowed(methods: &'static str) -> Reply {
    let reply = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    with_header(reply, ALLOW, methods)
}

pub(super) fn challenge(status: StatusCode, challenge: &'static str) -> Reply {
    response(status, "", [(WWW_AUTHENTICATE, challenge)])
}

/// Lets scripts of any page read the response: for discovery, keys and userinfo
/// only (docs/reference/http.md).
pub(super) fn readable_by_scripts(reply: Reply) -> Reply {
    with_header(reply, ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

/// Lets scripts send a Bearer token (Fetch, section 4.8).
pub(super) fn preflight() -> Reply {
    let reply = plain(StatusCode::NO_CONTENT, "");
    let reply = with_header(reply, ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    let headers = "Authorization, Content-Type";
    readable_by_scripts(with_header(reply, ACCESS_CONTROL_ALLOW_HEADERS, headers))
}
