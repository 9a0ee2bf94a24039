//! The requests of a login, sent with little CPU work, so that the measurement
//! is not distorted.

use std::net::SocketAddr;

use fakes::google::FakeGoogle;
use fakes::house::{JEANNE, REDIRECT_URI, encode, token_form};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, LOCATION, SET_COOKIE};
use hyper::http::request::Builder;
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Whether a connection serves all requests or one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    /// As behind a proxy that keeps its connections.
    Kept,
    /// As behind a proxy that opens a connection for each request, which is the
    /// default of nginx and so of DSM.
    OneEach,
}

/// A browser and DSM as a client.
pub(crate) struct Client {
    address: SocketAddr,
    google: FakeGoogle,
    connections: Connections,
    connection: Option<SendRequest<Full<Bytes>>>,
    authorization_request: String,
    account: String,
    user: String,
}

impl Client {
    /// Jeanne, who signs in at `address` with an account of `google`.
    pub(crate) fn new(address: SocketAddr, google: &FakeGoogle, connections: Connections) -> Self {
        Self {
            address,
            google: google.clone(),
            connections,
            connection: None,
            authorization_request: format!(
                "/auth?response_type=code&client_id=synology&redirect_uri={}&state=12345678\
                 &scope=openid&nonce=n-0S6_WzA2Mj",
                encode(REDIRECT_URI)
            ),
            account: JEANNE.to_owned(),
            user: "jeanne".to_owned(),
        }
    }

    /// Another user: with this Google account, as this DSM user.
    pub(crate) fn of(self, account: String, user: String) -> Self {
        Self {
            account,
            user,
            ..self
        }
    }

    /// Runs a whole login: discovery twice, `/auth`, `/callback`, in which the
    /// daemon calls Google, `/token`, `/userinfo` and `/keys`. `Err`: an
    /// unexpected response.
    pub(crate) async fn sign_in(&mut self) -> Result<(), String> {
        self.get(Request::get(DISCOVERY)).await?;
        let begun = self.get(Request::get(&self.authorization_request)).await?;
        let cookie = before(begun.header(&SET_COOKIE), ';').to_owned();
        // In this process, because the daemon is not involved.
        let back = self.google.choose(begun.header(&LOCATION), &self.account);
        let callback = Request::get(&back[url::Position::BeforePath..]);
        let arrived = self.get(callback.header(COOKIE, cookie)).await?;
        let code = before(after(arrived.header(&LOCATION), "code="), '&');

        self.get(Request::get(DISCOVERY)).await?;
        let form =
            Request::post("/token").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let tokens = self.send(form, token_form(code)).await?;
        let access_token = before(after(tokens.body(), r#""access_token":""#), '"');
        let bearer = format!("Bearer {access_token}");
        let user = self
            .get(Request::get("/userinfo").header(AUTHORIZATION, bearer))
            .await?;
        let expected = format!(r#""username":"{}""#, self.user);
        assert!(user.body().contains(&expected), "{}", user.body());
        self.get(Request::get("/keys")).await?;
        Ok(())
    }

    async fn get(&mut self, request: Builder) -> Result<Answer, String> {
        self.send(request, String::new()).await
    }

    async fn send(&mut self, request: Builder, body: String) -> Result<Answer, String> {
        let request = request.header(HOST, "login.example.com");
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.address).await,
        };
        connection.ready().await.unwrap();
        let answer = connection.send_request(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        if self.connections == Connections::Kept {
            self.connection = Some(connection);
        }
        if !head.status.is_success() && !head.status.is_redirection() {
            return Err(format!(
                "{}: {}",
                head.status,
                String::from_utf8_lossy(&body)
            ));
        }
        Ok(Answer {
            headers: head.headers,
            body,
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench's tasks end with it")]
async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (connection, driver) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(driver);
    connection
}

struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &HeaderName) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        value.to_str().unwrap()
    }

    fn body(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let found = text.split_once(mark);
    found.unwrap_or_else(|| panic!("no {mark} in {text}")).1
}

fn before(text: &str, mark: char) -> &str {
    text.split(mark).next().unwrap_or_default()
}
