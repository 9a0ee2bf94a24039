//! Requests by which an attacker makes the daemon use memory: all the
//! connections that it accepts, each with as much as it reads, all incomplete
//! at once.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The number of connections that the daemon accepts.
pub const CONNECTIONS: usize = 512;

/// The most that the daemon reads of a head and of a body.
const HEAD_BYTES: usize = 16 * 1024;
const BODY_BYTES: usize = 16 * 1024;

/// Placeholder in a request for the state of a login that the same connection
/// began.
const STATE: &str = "{state}";
const COOKIE: &str = "{cookie}";
const ISSUER: &str = "{issuer}";

/// One kind of request, for each of the connections.
#[derive(Clone, Debug)]
pub struct Flood {
    /// The name in a table.
    pub name: &'static str,
    request: String,
}

/// The worst request of each endpoint, for each way in which bytes use more
/// memory.
pub fn floods() -> Vec<Flood> {
    let flood = |name, request| Flood { name, request };
    let bearer = "authorization: Bearer x\r\n";
    let cookies = |more: &str| format!("cookie: {COOKIE}{more}");
    let callback = format!("/callback?code=x&iss={ISSUER}&state={STATE}");
    let many_cookies = cookies(&";login-=".repeat(1800));
    let names = filled("", "a&", BODY_BYTES);
    let forwarded = filled("x-forwarded-for: ", ",", HEAD_BYTES - 500);
    let admin_cookies = filled("cookie: ", "admin=x;", HEAD_BYTES - 500);
    let finish = format!("/admin/callback?code=x&iss={ISSUER}&state={STATE}");
    vec![
        flood("/auth: a query of names", get(&query("/auth?", "a&"))),
        flood("/auth: a form of names", post("/auth", "", &names)),
        flood(
            "/callback: a query of names",
            head("GET", &query(&callback, "&a"), &cookies("")),
        ),
        flood(
            "/callback: 64 values",
            head("GET", &values(&callback, 60, 13_000), &cookies("")),
        ),
        flood("/callback: cookies", head("GET", &callback, &many_cookies)),
        flood("/token: a form of names", post("/token", "", &names)),
        flood("/token: a form in chunks", chunked("/token", "")),
        flood(
            "/userinfo: a form of names",
            post("/userinfo", bearer, &names),
        ),
        flood("/userinfo: a form in chunks", chunked("/userinfo", bearer)),
        flood(
            "/userinfo: the largest request",
            largest("/userinfo", bearer),
        ),
        flood(
            "/keys: 100 headers",
            head("GET", "/keys", &headers(HEAD_BYTES - 500)),
        ),
        flood("/: addresses of proxies", head("GET", "/", &forwarded)),
        flood("/admin: a form of names", post("/admin", "", &names)),
        flood("/admin: a form in chunks", chunked("/admin/keys", "")),
        flood("/admin: cookies", head("GET", "/admin", &admin_cookies)),
        flood(
            "/admin/callback: 64 values",
            head("GET", &values(&finish, 60, 9_000), &admin_cookies[..4_000]),
        ),
        flood(
            "a head without an end",
            filled("GET / HTTP/1.1\r\nx: ", "x", HEAD_BYTES),
        ),
    ]
}

/// Returns `start`, followed by as many of `unit` as fit in this many bytes.
fn filled(start: &str, unit: &str, bytes: usize) -> String {
    let units = (bytes - start.len()) / unit.len();
    format!("{start}{}", unit.repeat(units))
}

fn query(start: &str, unit: &str) -> String {
    filled(start, unit, HEAD_BYTES - 500)
}

/// Returns this many parameters after `start`, of this many bytes together.
fn values(start: &str, count: usize, bytes: usize) -> String {
    let value = "v".repeat(bytes / count - 4);
    let values: Vec<String> = (0..count)
        .map(|number| format!("{number}={value}"))
        .collect();
    format!("{start}&{}", values.join("&"))
}

/// As many headers as hyper reads, without those of [`head`] and [`post`].
fn headers(bytes: usize) -> String {
    let value = "v".repeat(bytes / 96 - 8);
    let lines: Vec<String> = (0..96)
        .map(|number| format!("x{number}: {value}"))
        .collect();
    lines.join("\r\n")
}

fn get(target: &str) -> String {
    head("GET", target, "accept: */*")
}

fn head(method: &str, target: &str, more: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: x\r\n{more}\r\n\r\n")
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

fn post(path: &str, more: &str, form: &str) -> String {
    let length = format!("{more}{FORM}content-length: {}", form.len());
    head("POST", path, &length) + form
}

/// Sends each byte of the form in its own chunk.
fn chunked(path: &str, more: &str) -> String {
    let head = head(
        "POST",
        path,
        &format!("{more}{FORM}transfer-encoding: chunked"),
    );
    format!("{head}{}0\r\n\r\n", "1\r\na\r\n".repeat(BODY_BYTES))
}

fn largest(path: &str, more: &str) -> String {
    let form = values("", 63, BODY_BYTES - 100);
    post(
        path,
        &format!("{more}{}\r\n", headers(HEAD_BYTES - 700)),
        &form,
    )
}

/// Connections, each of which has sent all of its request but the last byte.
#[derive(Debug)]
pub struct Begun {
    connections: Vec<TcpStream>,
    last: u8,
}

/// Connections, each of which waits for a response.
#[derive(Debug)]
pub struct Asked(Vec<TcpStream>);

impl Flood {
    /// Opens all connections and sends all but the last byte of each request.
    /// `login` is the path and query that begins a login.
    pub async fn begin(&self, address: SocketAddr, login: &str) -> Begun {
        let mut request = self.request.clone();
        let last = request.pop().map_or(0, |last| last as u8);
        let begin = head("GET", login, "connection: close");
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            connections.spawn(sent(address, begin.clone(), request.clone()));
        }
        let connections = connections.join_all().await;
        let connections = connections.into_iter().flatten().collect();
        Begun { connections, last }
    }
}

/// A connection that has sent `request`; `None` if the daemon rejected it.
async fn sent(address: SocketAddr, begin: String, mut request: String) -> Option<TcpStream> {
    if request.contains(STATE) {
        let [issuer, state, cookie] = begun(address, &begin).await?;
        request = request.replace(ISSUER, &issuer);
        request = request.replace(STATE, &state).replace(COOKIE, &cookie);
    }
    let mut connection = TcpStream::connect(address).await.ok()?;
    connection.write_all(request.as_bytes()).await.ok()?;
    Some(connection)
}

/// Google's issuer, and the state and the cookie of a login that `request`
/// begins.
async fn begun(address: SocketAddr, request: &str) -> Option<[String; 3]> {
    let mut connection = TcpStream::connect(address).await.ok()?;
    connection.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.ok()?;
    let between = |start: &str, end: &str| {
        let (_, after) = answer.split_once(start)?;
        after.split(end).next().map(str::to_owned)
    };
    Some([
        between("location: ", "/o/oauth2/")?,
        between("&state=", "&")?,
        between("set-cookie: ", ";")?,
    ])
}

impl Begun {
    /// Sends the last byte of each request.
    pub async fn ask(mut self) -> Asked {
        for connection in &mut self.connections {
            // An error means that the daemon has rejected the request.
            let _ = connection.write_all(&[self.last]).await;
        }
        Asked(self.connections)
    }
}

impl Asked {
    /// Waits for all responses.
    pub async fn answers(self) {
        let mut answers = JoinSet::new();
        for mut connection in self.0 {
            answers.spawn(async move { connection.read(&mut [0; 1024]).await.ok() });
        }
        answers.join_all().await;
    }
}
