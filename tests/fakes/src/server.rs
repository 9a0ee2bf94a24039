//! A small HTTP server on a free port, whose responses come from one function.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use google_to_synology_sso::http;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A complete request.
#[derive(Clone, Debug)]
pub struct Received {
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The request headers.
    pub headers: HeaderMap,
    /// The request body.
    pub body: Bytes,
}

impl Received {
    /// Returns the parameters of the query.
    pub fn query(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect()
    }

    /// Returns the parameters of a form body.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body)
            .into_owned()
            .collect()
    }

    /// Returns one parameter, from the query or else the form.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut both = self.query().into_iter().chain(self.form());
        both.find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// The response of a fake.
pub type Reply = Response<Full<Bytes>>;

/// Creates a response with a content type.
pub fn reply(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Full::new(body.into()))
        .unwrap()
}

/// Creates a 302 redirect.
pub fn redirect(location: &str) -> Reply {
    let mut reply = reply(302, "text/plain", "");
    let location = location.parse().unwrap();
    reply.headers_mut().insert("location", location);
    reply
}

/// One request and its response.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request.
    pub request: Received,
    /// The status of the response.
    pub status: u16,
    /// How long it took to create the response.
    pub took: Duration,
}

/// A server that runs until dropped.
#[derive(Debug)]
pub struct Server {
    /// The address of the listener.
    pub address: SocketAddr,
    task: JoinHandle<()>,
    watcher: Watcher,
}

/// The observer of all exchanges, if one is set.
#[derive(Clone, Default)]
struct Watcher(Arc<OnceLock<Watch>>);

type Watch = Box<dyn Fn(Exchange) + Send + Sync>;

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

impl Server {
    /// Listens on a free port of 127.0.0.1; `answer` handles every request.
    #[expect(
        clippy::unused_async,
        reason = "its callers have a runtime, which it needs"
    )]
    pub async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Received) -> A + Clone + Send + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let listener = http::listen(([127, 0, 0, 1], 0).into()).unwrap();
        Self::on(listener, answer)
    }

    /// Serves on an existing listener.
    #[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
    pub fn on<F, A>(listener: TcpListener, answer: F) -> Self
    where
        F: Fn(Received) -> A + Clone + Send + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let watcher = Watcher::default();
        let shared = watcher.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (answer, seen_by) = (answer.clone(), shared.clone());
                let service =
                    service_fn(move |request| respond(answer.clone(), request, seen_by.clone()));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self {
            address,
            task,
            watcher,
        }
    }

    /// Returns the base URL, without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Calls `watch` for every exchange, before its response is sent. Only the
    /// first call has an effect.
    pub fn watch(&self, watch: impl Fn(Exchange) + Send + Sync + 'static) {
        let first = self.watcher.0.set(Box::new(watch));
        assert!(first.is_ok(), "this server already has an observer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn respond<F, A>(
    answer: F,
    request: Request<Incoming>,
    watcher: Watcher,
) -> Result<Reply, Infallible>
where
    F: Fn(Received) -> A,
    A: Future<Output = Reply>,
{
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes);
    let received = Received {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: body.unwrap_or_default(),
    };
    let Some(watch) = watcher.0.get() else {
        return Ok(answer(received).await);
    };
    let reply = answer(received.clone()).await;
    watch(Exchange {
        request: received,
        status: reply.status().as_u16(),
        took: began.elapsed(),
    });
    Ok(reply)
}
