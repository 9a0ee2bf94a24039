//! The page that draws the last sign-in: each request between the browser, the
//! NAS, the daemon and Google, with its time and what was decided there.

use std::time::Duration;

use askama::Template;
use fakes::server::{Reply, Server, reply};

use crate::ledger::{Deed, Entry, History, Party};
use crate::story;

const PRODUCT_STYLE: &str = include_str!("../../src/http/pages/style.css");
const ICON: &str = include_str!("../../packaging/icon.svg");
const STYLE: &str = include_str!("picture.css");

#[derive(Template)]
#[template(path = "picture.html")]
struct Picture<'a> {
    /// The NAS's sign-in page.
    nas: &'a str,
    /// The administration page.
    admin: &'a str,
    outcome: String,
    requests: usize,
    /// How long at least one request was in progress.
    working: String,
    total: String,
    hops: Vec<Hop>,
    claims: String,
}

/// A request, or a line of the daemon's log.
struct Hop {
    at: String,
    took: String,
    who: Party,
    server: Party,
    what: String,
    status: u16,
    decided: &'static str,
    /// `None` for a line of the log.
    arrow: Option<Arrow>,
}

/// An arrow between two lanes, in units of the drawing.
struct Arrow {
    from: u16,
    to: u16,
    middle: u16,
    /// From its tip to its base.
    back: i16,
}

/// Serves the page on a free port.
pub(crate) async fn serve(
    history: History,
    nas: String,
    admin: String,
    id_token: impl Fn() -> Option<String> + Clone + Send + 'static,
) -> Server {
    Server::start(move |_| {
        let page = page(&history.last_sign_in(), [&nas, &admin], id_token());
        async move { page }
    })
    .await
}

fn page(entries: &[Entry], [nas, admin]: [&str; 2], id_token: Option<String>) -> Reply {
    let start = entries.first().map(|entry| entry.at).unwrap_or_default();
    let end = entries.iter().map(Entry::end).max().unwrap_or_default();
    let requests = entries.iter().filter(|entry| entry.is_request()).count();
    let outcome = outcome(entries);
    let id_token = id_token.filter(|_| outcome.is_ok());
    let picture = Picture {
        nas,
        admin,
        requests,
        working: span(working(entries)),
        total: span(end.saturating_sub(start)),
        hops: entries.iter().map(|entry| hop(entry, start)).collect(),
        claims: id_token
            .and_then(|token| story::decoded(&token).ok())
            .unwrap_or_default(),
        outcome: outcome.unwrap_or_else(|why| why),
    };
    match picture.render() {
        Ok(html) => reply(200, "text/html; charset=utf-8", html),
        Err(error) => reply(500, "text/plain", error.to_string()),
    }
}

/// Says how the sign-in ended; an error if the user is not signed in.
fn outcome(entries: &[Entry]) -> Result<String, String> {
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}="))?;
        rest.split(' ').next().map(str::to_owned)
    };
    let lines = || entries.iter().filter_map(Entry::log_line);
    let refused = lines().find_map(|line| field(line, "refusal"));
    if let Some(refusal) = refused {
        return Err(format!("The daemon refused this sign-in: {refusal}."));
    }
    let mut signed_in = lines().filter(|line| line.contains(" signed in "));
    match signed_in.find_map(|line| field(line, "user")) {
        Some(user) => Ok(format!("The NAS has signed you in as {user}.")),
        None => Err("This sign-in is not complete.".to_owned()),
    }
}

/// Returns how long at least one of the requests was in progress.
fn working(entries: &[Entry]) -> Duration {
    let mut until = Duration::ZERO;
    let mut sum = Duration::ZERO;
    for entry in entries {
        sum += entry.end().saturating_sub(entry.at.max(until));
        until = until.max(entry.end());
    }
    sum
}

fn hop(entry: &Entry, start: Duration) -> Hop {
    let at = span(entry.at.saturating_sub(start));
    let who = entry.who;
    match &entry.deed {
        Deed::Asked {
            server,
            what,
            status,
            took,
        } => Hop {
            at,
            took: span(*took),
            who,
            server: *server,
            what: what.clone(),
            status: *status,
            decided: decided(*server, what, *status),
            arrow: Some(Arrow::between(who, *server)),
        },
        Deed::Logged(line) => Hop {
            at,
            took: String::new(),
            who,
            server: who,
            what: line.clone(),
            status: 0,
            decided: "",
            arrow: None,
        },
    }
}

impl Arrow {
    fn between(from: Party, to: Party) -> Self {
        let (from, to) = (from.lane(), to.lane());
        Self {
            from,
            to,
            middle: u16::midpoint(from, to),
            back: if from < to { -9 } else { 9 },
        }
    }
}

impl Party {
    /// The middle of the party's lane.
    fn lane(self) -> u16 {
        match self {
            Self::Browser => 40,
            Self::Dsm => 120,
            Self::Daemon => 200,
            Self::Google => 280,
        }
    }
}

/// `4.2 ms` or `2.4 s`.
fn span(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        return format!("{:.1} ms", span.as_secs_f64() * 1000.0);
    }
    format!("{:.1} s", span.as_secs_f64())
}

/// What the server decided, or what the answer is for.
fn decided(server: Party, what: &str, status: u16) -> &'static str {
    let is_ok = status < 400;
    match (server, what, is_ok) {
        (Party::Dsm, "GET /sso/start", true) => {
            "The button. The NAS makes up a state for this sign-in, and sends its pop-up to the \
             daemon."
        }
        (Party::Daemon, "GET /.well-known/openid-configuration", true) => {
            "Where the daemon’s endpoints are. DSM asks each time."
        }
        (Party::Daemon, "GET /auth", true) => {
            "The client and its redirect URI are the registered ones, byte for byte. The request \
             is sealed into a cookie, and nothing is stored; on to Google, with a nonce and PKCE."
        }
        (Party::Daemon, "GET /auth", false) => "The request is not one of a registered client.",
        (Party::Google, "GET /o/oauth2/v2/auth", true) => {
            "Google knows the daemon and its redirect URI, and asks the user which account."
        }
        (Party::Google, "GET /chosen", true) => {
            "The user has chosen. Back to the daemon, with a code that only it can redeem."
        }
        (Party::Daemon, "GET /callback", true) => {
            "The cookie belongs to this state. The account has a DSM user by the seven rules, and \
             its link is valid. Back to the NAS, with a code that is valid once, for 60 s."
        }
        (Party::Daemon, "GET /callback", false) => {
            "The account may not sign in. The page says why; the NAS gets nothing."
        }
        (Party::Google, "POST /token", true) => {
            "The code and the PKCE verifier are right, so Google says in a signed ID token who \
             it is."
        }
        (Party::Google, "GET /oauth2/v3/certs", true) => {
            "Google’s public keys, for the signature of its ID token."
        }
        (Party::Dsm, "GET /?code=…", true) => {
            "The state is the one that the NAS made up. Now it asks the daemon who it is."
        }
        (Party::Daemon, "POST /token", true) => {
            "The secret is right and the code unused. The rules are checked again, and the \
             sign-in is saved before the answer is sent."
        }
        (Party::Daemon, "GET /userinfo", true) => {
            "The rules are checked for the third time. The answer names the DSM user."
        }
        (Party::Daemon, "GET /keys", true) => {
            "The daemon’s public key. With it the NAS checks the ID token, and signs the user in."
        }
        (Party::Dsm, "POST SYNO.API.Auth login", true) => "The daemon’s own account of the NAS.",
        (Party::Dsm, "POST SYNO.Core.User list", true) => {
            "Newer users, before the daemon refuses the account."
        }
        (Party::Dsm, "POST SYNO.Core.Group.Member list", true) => "Who is an administrator.",
        (Party::Dsm, "POST SYNO.Core.Hardware.PowerSchedule load", true) => {
            "When the NAS switches itself off and on."
        }
        (Party::Dsm, "POST SYNO.API.Auth logout", true) => "The daemon’s session in DSM ends.",
        _ => "",
    }
}
