//! The sign-in of an administrator: the page is a client of its own service.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::AdministrationPage;
use super::cookies::Cookie;
use super::message::Message;
use super::request::{broken, refuse};
use super::session::Session;
use crate::flow;
use crate::http::pages::Page;
use crate::http::{Reply, Visit, is_prefetch, see_other, with_cookies};
use domain::base::clock::UnixTime;
use domain::base::parameters::{Parameters, encode, with_query};
use domain::base::seal::SealError;
use domain::base::secret::Secret;
use domain::model::login::{GrantedCode, LOGIN_LIFE};
use domain::model::relying_party::RelyingParty;

/// Separates this cookie from all else that the key seals.
const PURPOSE: &[u8] = b"administration sign-in";

/// The session is judged again at once, so its cookie needs no leeway.
const CLOCK_LEEWAY: Duration = Duration::from_mins(5);

/// Whether the user is asked, if Google already knows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    IfNeeded,
    Again,
}

/// The content of the cookie of a sign-in in progress.
#[derive(Serialize, Deserialize)]
struct SignInWire {
    state: [u8; 32],
    nonce: [u8; 32],
    verifier: [u8; 32],
    started: i64,
}

/// Sends the browser to our own `/auth`.
pub(super) fn begin(page: &AdministrationPage, visit: &Visit<'_>, ask: Ask) -> Reply {
    match try_begin(page, visit, ask) {
        Ok(reply) => reply,
        Err(error) => broken(visit, &error),
    }
}

fn try_begin(page: &AdministrationPage, visit: &Visit<'_>, ask: Ask) -> Result<Reply, SealError> {
    let (app, issuer) = (visit.app, &visit.app.config.issuer);
    let random = &*app.random;
    let wire = SignInWire {
        state: random.bytes()?,
        nonce: random.bytes()?,
        verifier: random.bytes()?,
        started: app.clock.now().seconds(),
    };
    let plain = postcard::to_allocvec(&wire).map_err(|_| SealError::Failed)?;
    let sealed = page.key.seal(PURPOSE, plain, random)?;
    let verifier = URL_SAFE_NO_PAD.encode(wire.verifier);
    let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
    let mut pairs = vec![
        ("response_type", "code".to_owned()),
        ("client_id", encode(RelyingParty::ID_OF_ADMINISTRATION)),
        ("redirect_uri", encode(&issuer.endpoint("/admin/callback"))),
        ("scope", encode("openid email")),
        ("state", URL_SAFE_NO_PAD.encode(wire.state)),
        ("nonce", URL_SAFE_NO_PAD.encode(wire.nonce)),
        ("code_challenge", URL_SAFE_NO_PAD.encode(challenge)),
        ("code_challenge_method", "S256".to_owned()),
    ];
    if ask == Ask::Again {
        pairs.push(("prompt", "login".to_owned()));
    }
    let location = with_query(&issuer.endpoint("/auth"), pairs);
    let cookie = Cookie::SignIn.set(issuer, &sealed, LOGIN_LIFE);
    Ok(with_cookies(see_other(&location), [cookie]))
}

/// `/admin/callback`: our own code → a session, and the page.
pub(super) async fn finish(
    page: &AdministrationPage,
    visit: &Visit<'_>,
    query: &Parameters,
) -> Reply {
    let (app, responder) = (visit.app, visit.responder);
    let issuer = &app.config.issuer;
    if is_prefetch(&visit.head.headers) {
        return responder.page(StatusCode::SERVICE_UNAVAILABLE, &Page::TooMany);
    }
    let now = app.clock.now();
    let message = |message: Message| {
        let reply = message.reply(&app.config, responder.language);
        with_cookies(reply, [Cookie::SignIn.delete(issuer)])
    };
    let Some(wire) = begun(page, visit, query, now) else {
        return message(Message::NoSuchSignIn);
    };
    let Ok(Some(code)) = query.text("code") else {
        return message(Message::NotSignedIn);
    };
    let code = Secret::new(code.to_owned());
    let verifier = Secret::new(URL_SAFE_NO_PAD.encode(wire.verifier));
    let granted = match flow::redeem_here(app, code, verifier).await {
        Ok(granted) => granted,
        Err(error) => {
            let client = RelyingParty::administration(issuer).id;
            flow::report_token(app, visit.client.source(), &client, &error);
            return message(Message::NotSignedIn);
        }
    };
    // Of this sign-in, not of another one of ours (OpenID Connect Core, section
    // 3.1.3.7, point 11).
    if granted.nonce != Some(URL_SAFE_NO_PAD.encode(wire.nonce)) {
        return message(Message::NoSuchSignIn);
    }
    if let Err(why) = flow::administrator(app, &granted.identity, &granted.user).await {
        let reply = refuse(visit, &granted.identity, &granted.user, &why);
        return with_cookies(reply, [Cookie::SignIn.delete(issuer)]);
    }
    match open_session(page, visit, granted, now) {
        Ok(reply) => reply,
        Err(error) => broken(visit, &error),
    }
}

/// Returns the sign-in that this browser began, if the answer is to it.
fn begun(
    page: &AdministrationPage,
    visit: &Visit<'_>,
    query: &Parameters,
    now: UnixTime,
) -> Option<SignInWire> {
    let issuer = &visit.app.config.issuer;
    // RFC 9207, section 2.4.
    if query.text("iss") != Ok(Some(issuer.as_str())) {
        return None;
    }
    let state = query.text("state").ok().flatten()?;
    let values = Cookie::SignIn.values(&visit.head.headers, issuer);
    let mut begun = values.filter_map(|value| {
        let plain = page.key.open(PURPOSE, value)?;
        postcard::from_bytes::<SignInWire>(&plain).ok()
    });
    begun.find(|wire| {
        let started = UnixTime::from_seconds(wire.started);
        let is_current = now.since(started) <= LOGIN_LIFE && started.since(now) <= CLOCK_LEEWAY;
        let expected = Secret::new(URL_SAFE_NO_PAD.encode(wire.state));
        is_current && expected.matches(state.as_bytes())
    })
}

/// Begins a new session, always with a new ID, and ends the browser's previous
/// one.
fn open_session(
    page: &AdministrationPage,
    visit: &Visit<'_>,
    granted: GrantedCode,
    now: UnixTime,
) -> Result<Reply, SealError> {
    let (app, issuer) = (visit.app, &visit.app.config.issuer);
    if let Some(before) = page
        .sessions
        .find(&page.key, &visit.head.headers, issuer, now)
    {
        page.sessions.end(&before, now);
    }
    let session = Session::begin(granted, now, &*app.random)?;
    let cookies = [
        session.cookie(&page.key, issuer, now, &*app.random)?,
        Cookie::SignIn.delete(issuer),
    ];
    Ok(with_cookies(see_other(&issuer.endpoint("/admin")), cookies))
}
