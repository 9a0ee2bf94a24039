//! The server: accept, TLS, limits, time-outs, one log line a request.

mod cookies;
mod documents;
mod error;
mod limits;
mod liveness;
mod pages;
mod request;
mod routes;
mod setup_mode;
mod write_timeout;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::app::CurrentState;
use crate::logging::{self, Budget};
use crate::machine::tls::TlsSource;
use domain::base::clock::Clock;
use domain::base::random::Random;
use limits::Limits;
use liveness::Pulse;
pub use pages::WAITING_MARK;
pub use setup_mode::{ConfigProblem, Waiting};
use write_timeout::Impatient;

pub(crate) type Reply = Response<Full<Bytes>>;

/// A family has a dozen; who needs more is an attack.
const MAX_CONNECTIONS: usize = 512;

/// With fewer connections left, each response closes its connection. Otherwise
/// one client could hold all of them with a small request now and then.
const FEW_CONNECTIONS: usize = MAX_CONNECTIONS / 4;

/// A head, a body or the taking of an answer that takes longer is held back on
/// purpose.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// nginx accepts 8 kB a header line; our cookies have 4 kB at most. With more,
/// 512 connections would use much memory.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// An accept that fails (no file descriptors left) would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// As many as may come at once wait in the system's queue: of those that find
/// it full, each waits a second and tries again. tokio's own would have 128.
const QUEUE: u32 = 1024;

/// Binds `address`, where nobody may be listening.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // What a daemon of before had open to browsers does not hold the address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Answers requests.
#[derive(Debug)]
pub struct Server {
    serves: Serves,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Limits,
    log_budget: Arc<Budget>,
    /// One permit for each connection that may still be accepted.
    places: Arc<Semaphore>,
    tls: Option<TlsSource>,
    read_timeout: Duration,
    served: AtomicU64,
    pulse: Pulse,
}

/// What the answers are made of.
#[derive(Debug)]
enum Serves {
    /// What new requests work with.
    Logins(Arc<CurrentState>),
    /// That there is no config to make one of.
    Waiting(Arc<Waiting>),
}

/// What the loop that accepts has to do next.
enum Next {
    Connection(TcpStream, SocketAddr),
    Beat,
}

impl Server {
    /// A server; nothing is bound yet. `tls`: serve HTTPS.
    pub fn new(current: Arc<CurrentState>, tls: Option<TlsSource>) -> Self {
        let app = current.load();
        let (clock, random) = (Arc::clone(&app.clock), Arc::clone(&app.random));
        Self {
            tls,
            ..Self::of(Serves::Logins(current), clock, random)
        }
    }

    /// A server that tells that there is no config, and does nothing else.
    pub fn waiting(waiting: Arc<Waiting>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self::of(Serves::Waiting(waiting), clock, random)
    }

    fn of(serves: Serves, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            serves,
            limits: Limits::new(&clock),
            log_budget: Arc::new(Budget::new(Arc::clone(&clock))),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            clock,
            random,
            tls: None,
            read_timeout: READ_TIMEOUT,
            served: AtomicU64::new(0),
            pulse: Pulse::default(),
        }
    }

    /// Returns when it is sure that connections are accepted and served: at
    /// once, or never.
    pub async fn answers(&self) {
        self.pulse.feel().await;
    }

    /// The same with another patience for a request's head and body, and for
    /// who does not read the answer.
    #[must_use]
    pub fn with_read_timeout(self, read_timeout: Duration) -> Self {
        Self {
            read_timeout,
            ..self
        }
    }

    /// Serves until `stop`; then accepts nothing more and returns when the
    /// requests in flight are answered.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let budget = Arc::clone(&self.log_budget);
        tokio::select! {
            () = self.serve_connections(listener, stop) => {}
            () = budget.report_when_exceeded() => {}
        }
        budget.report();
    }

    async fn serve_connections(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let budget = &self.log_budget;
        let connections = TaskTracker::new();
        let graceful = GracefulShutdown::new();
        while let Some(next) = budget.around(self.next(&listener, &stop)).await {
            let server = Arc::clone(&self);
            let Next::Connection(stream, peer) = next else {
                connections.spawn(server.beat());
                continue;
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                continue;
            };
            let watcher = graceful.watcher();
            connections.spawn(async move {
                let budget = Arc::clone(&server.log_budget);
                let connection = server.connection(stream, peer, watcher);
                budget.around(connection).await;
                drop(place);
            });
        }
        drop(listener);
        connections.close();
        graceful.shutdown().await;
        connections.wait().await;
    }

    #[expect(clippy::unused_async, reason = "a task, for whoever runs those")]
    async fn beat(self: Arc<Self>) {
        self.pulse.beat();
    }

    /// What to do next: with a connection once there is room for one; `None`
    /// when it is time to stop.
    async fn next(&self, listener: &TcpListener, stop: &CancellationToken) -> Option<Next> {
        loop {
            let connection = async {
                let _room = self.places.acquire().await;
                listener.accept().await
            };
            let accepted: io::Result<_> = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                // Before the beat: where there is somebody who cannot be
                // accepted, there is none.
                accepted = connection => accepted,
                () = self.pulse.wanted() => return Some(Next::Beat),
            };
            match accepted {
                Ok((stream, peer)) => return Some(Next::Connection(stream, peer)),
                Err(error) => tracing::warn!(%error, "a connection cannot be accepted"),
            }
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        self.pulse.beat();
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "a connection cannot be set up");
        }
        let stream = Impatient::new(stream, self.read_timeout);
        let Some(tls) = &self.tls else {
            return self.requests(stream, peer, watcher).await;
        };
        let host = || match &self.serves {
            Serves::Logins(current) => current.load().config.issuer.host(),
            Serves::Waiting(_) => String::new(),
        };
        let handshake = TlsAcceptor::from(logging::unlimited(|| tls.current(host))).accept(stream);
        match tokio::time::timeout(self.read_timeout, handshake).await {
            Ok(Ok(stream)) => self.requests(stream, peer, watcher).await,
            Ok(Err(error)) => tls.handshake_failed(peer, &error),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn requests<S>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let read_timeout = self.read_timeout;
        let is_waiting = matches!(self.serves, Serves::Waiting(_));
        let service = service_fn(move |request| Arc::clone(&self).answer(request, peer.ip()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(read_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .keep_alive(!is_waiting)
            .serve_connection(TokioIo::new(stream), service);
        // A wait ends of itself, and closes on nobody who is about to ask;
        // with one request each, its connections are soon gone.
        let ended = if is_waiting {
            connection.await
        } else {
            watcher.watch(connection).await
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke");
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Reply, Infallible> {
        let started = self.clock.monotonic();
        let number = self.served.fetch_add(1, Ordering::Relaxed);
        let id = request::RequestId::new(&*self.random, number);
        let method = request.method().clone();
        let uri = request.uri().clone();
        // At the highest level, so that no line of a request is without it.
        let span = tracing::error_span!("request", request = %id);
        let answer = async {
            match &self.serves {
                Serves::Logins(current) => {
                    routes::answer(&self, &current.load(), request, peer, &id).await
                }
                Serves::Waiting(waiting) => waiting.answer(&request, &id),
            }
        };
        let mut reply = answer.instrument(span.clone()).await;
        if self.places.available_permits() < FEW_CONNECTIONS {
            let close = HeaderValue::from_static("close");
            reply.headers_mut().insert(CONNECTION, close);
        }
        let elapsed = self.clock.monotonic().saturating_sub(started);
        let _of_the_request = span.entered();
        tracing::debug!(
            %method,
            path = uri.path(),
            status = reply.status().as_u16(),
            microseconds = elapsed.as_micros(),
            "answered"
        );
        Ok(reply)
    }
}
