//! The server: accept loop, TLS, limits, timeouts, one log line per request.

mod administration;
mod cookies;
mod documents;
mod error;
mod flood;
mod limits;
mod liveness;
mod metrics;
mod observe;
pub(crate) mod pages;
mod request;
mod response;
mod routes;
mod setup_mode;
mod sighting;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::app::CurrentState;
use crate::logging::{self, Budget};
use crate::machine::tls::TlsSource;
pub(crate) use administration::{Administration, Visit};
use domain::base::clock::Clock;
use domain::base::random::Random;
use flood::Flood;
use limits::Limits;
use liveness::Liveness;
pub use pages::SETUP_MODE_MARK;
pub(crate) use request::{FormError, Language, X_FORWARDED_FOR, is_prefetch};
use response::with_header;
pub(crate) use response::{Reply, see_other, with_cookies, with_retry_after};
pub use setup_mode::{ConfigProblem, SetupMode};

/// A family needs a dozen.
const MAX_CONNECTIONS: usize = 512;

/// A monitoring program needs one, once a minute.
const MAX_METRICS_CONNECTIONS: usize = 8;

/// With fewer connections left, each response closes its connection. Otherwise
/// one client could hold all of them with few and small requests.
const FEW_CONNECTIONS: usize = MAX_CONNECTIONS / 4;

/// How long a client may take to send a head or a body, and how long it may
/// read nothing of a response.
///
/// A client that pipelines requests without reading responses fills the socket
/// buffers. Then nothing is read from it either, so that the other timeouts do
/// not apply, and without this one it would hold the connection for ever.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// nginx accepts 8 kB per header line, and our cookies have at most 4 kB. A
/// larger limit costs memory for each of 512 connections.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// After a failed accept (no file descriptors left), which would fail again at
/// once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A client that connects while the system's queue is full tries again after a
/// second. tokio's default is 128.
const QUEUE: u32 = 1024;

/// Binds `address` and listens on it.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // The previous daemon's open connections would block the address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// An HTTP or HTTPS server; [`Server::serve`] runs it.
#[derive(Debug)]
pub struct Server {
    mode: Mode,
    /// Responds to requests below `/admin`.
    administration: Option<Arc<dyn Administration>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Limits,
    log_budget: Arc<Budget>,
    most_connections: usize,
    /// One permit for each connection that may still be accepted.
    places: Arc<Semaphore>,
    flood: Flood,
    tls: Option<TlsSource>,
    read_timeout: Duration,
    served: AtomicU64,
    liveness: Liveness,
}

#[derive(Debug)]
enum Mode {
    Logins(Arc<CurrentState>),
    /// Without a valid config.
    Setup(Arc<SetupMode>),
    /// For requests to `/metrics` only.
    Metrics(Arc<CurrentState>),
}

/// What the accept loop does next.
enum Next {
    Connection(TcpStream, SocketAddr),
    Probe,
}

impl Server {
    /// A server for logins; with `tls`, it serves HTTPS. `read_timeout` is
    /// [`READ_TIMEOUT`].
    pub fn new(current: Arc<CurrentState>, tls: Option<TlsSource>, read_timeout: Duration) -> Self {
        let app = current.load();
        let (clock, random) = (Arc::clone(&app.clock), Arc::clone(&app.random));
        Self {
            tls,
            read_timeout,
            ..Self::with_mode(Mode::Logins(current), clock, random)
        }
    }

    /// Adds the administration page.
    pub(crate) fn with_administration(self, page: Arc<dyn Administration>) -> Self {
        Self {
            administration: Some(page),
            ..self
        }
    }

    /// A server that only shows why a valid config is missing.
    pub fn in_setup_mode(
        setup_mode: Arc<SetupMode>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self::with_mode(Mode::Setup(setup_mode), clock, random)
    }

    /// A server for the metrics only. Each response closes its connection,
    /// since there are few of them.
    pub fn for_metrics(current: Arc<CurrentState>) -> Self {
        let app = current.load();
        let (clock, random) = (Arc::clone(&app.clock), Arc::clone(&app.random));
        Self {
            most_connections: MAX_METRICS_CONNECTIONS,
            places: Arc::new(Semaphore::new(MAX_METRICS_CONNECTIONS)),
            ..Self::with_mode(Mode::Metrics(current), clock, random)
        }
    }

    fn with_mode(mode: Mode, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            mode,
            administration: None,
            limits: Limits::new(&clock),
            log_budget: Arc::new(Budget::new(Arc::clone(&clock))),
            most_connections: MAX_CONNECTIONS,
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            flood: Flood::default(),
            clock,
            random,
            tls: None,
            read_timeout: READ_TIMEOUT,
            served: AtomicU64::new(0),
            liveness: Liveness::default(),
        }
    }

    /// Returns once the accept loop has run a task: at once, or never if it
    /// hangs.
    pub async fn answers(&self) {
        self.liveness.probe().await;
    }

    /// Serves until `stop`; then accepts no more connections, and returns when
    /// the requests in flight have their responses.
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
                server.spawn_probe(&connections);
                continue;
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                continue;
            };
            self.flood.opened(self.open_connections());
            let watcher = graceful.watcher();
            connections.spawn(async move {
                let budget = Arc::clone(&server.log_budget);
                let connection = Arc::clone(&server).connection(stream, peer, watcher);
                budget.around(connection).await;
                drop(place);
                server.after_connection();
            });
        }
        drop(listener);
        connections.close();
        graceful.shutdown().await;
        connections.wait().await;
    }

    fn after_connection(&self) {
        if self.flood.has_ended(self.open_connections()) {
            heap::trim();
        }
    }

    fn open_connections(&self) -> usize {
        let free = self.places.available_permits();
        self.most_connections.saturating_sub(free)
    }

    fn spawn_probe(self: Arc<Self>, connections: &TaskTracker) {
        connections.spawn(async move { self.liveness.confirm() });
    }

    /// Accepts a connection only if there is room for one; `None` on `stop`.
    async fn next(&self, listener: &TcpListener, stop: &CancellationToken) -> Option<Next> {
        loop {
            let connection = async {
                let _room = self.places.acquire().await;
                listener.accept().await
            };
            let accepted: io::Result<_> = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                // Before the probe: while an accept fails, the server is not
                // alive.
                accepted = connection => accepted,
                () = self.liveness.requested() => return Some(Next::Probe),
            };
            match accepted {
                Ok((stream, peer)) => return Some(Next::Connection(stream, peer)),
                Err(error) => tracing::warn!(%error, "cannot accept a connection"),
            }
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, watcher: Watcher) {
        self.liveness.confirm();
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
        }
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.read_timeout));
        let stream = Box::pin(stream);
        let Some(tls) = &self.tls else {
            return self.requests(stream, peer, watcher).await;
        };
        let host = || match &self.mode {
            Mode::Logins(current) | Mode::Metrics(current) => current.load().config.issuer.host(),
            Mode::Setup(_) => String::new(),
        };
        let handshake = TlsAcceptor::from(logging::unlimited(|| tls.current(host))).accept(stream);
        match tokio::time::timeout(self.read_timeout, handshake).await {
            Ok(Ok(stream)) => self.requests(stream, peer, watcher).await,
            Ok(Err(error)) => tls.handshake_failed(peer, &error),
            Err(_) => tracing::debug!(%peer, "TLS handshake timed out"),
        }
    }

    async fn requests<S>(self: Arc<Self>, stream: S, peer: SocketAddr, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let read_timeout = self.read_timeout;
        let is_setup_mode = matches!(self.mode, Mode::Setup(_));
        let service = service_fn(move |request| Arc::clone(&self).answer(request, peer.ip()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(read_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .keep_alive(!is_setup_mode)
            .serve_connection(TokioIo::new(stream), service);
        // When setup ends, open connections are not closed: a request could be
        // on its way. With one request each, they end soon.
        let ended = if is_setup_mode {
            connection.await
        } else {
            watcher.watch(connection).await
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection failed");
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
        // At the highest level, so that each line of the request has the span.
        let span = tracing::error_span!("request", request = %id);
        let answer = async {
            match &self.mode {
                Mode::Logins(current) => {
                    routes::answer(&self, &current.load(), request, peer, &id).await
                }
                Mode::Metrics(current) => metrics::answer(&current.load(), &request),
                Mode::Setup(setup_mode) => setup_mode.answer(&request, &id),
            }
        };
        let mut reply = answer.instrument(span.clone()).await;
        if self.places.available_permits() < FEW_CONNECTIONS {
            reply = with_header(reply, CONNECTION, "close");
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
