//! What stands at the public name: a reverse proxy with TLS, correct or wrong,
//! or another program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use fakes::browser::Browser;
use fakes::house::Plan;
use fakes::server::{Received, Reply, Server, reply};
use google_to_synology_sso::http::listen;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::{Report, Run};
use crate::support::built::Built;
use crate::support::process::free_port;

/// What a reverse proxy does with `X-Forwarded-For`.
#[derive(Clone, Copy)]
pub(crate) enum Forwarding {
    Appends,
    Drops,
    PassesOn,
}

/// A reverse proxy on `listener` that leads to `port` of this machine.
pub(crate) fn proxy(listener: TcpListener, port: u16, forwarding: Forwarding) -> Server {
    Server::on(listener, move |request| pass_on(request, port, forwarding))
}

async fn pass_on(request: Received, port: u16, forwarding: Forwarding) -> Reply {
    let claimed = request.headers.get("x-forwarded-for");
    let claimed = claimed.map_or("", |value| value.to_str().unwrap());
    let browser = Browser::new();
    let mut browser = match forwarding {
        Forwarding::Appends => {
            browser.with_header("x-forwarded-for", &format!("{claimed}, 127.0.0.1"))
        }
        Forwarding::Drops => browser,
        Forwarding::PassesOn => browser.with_header("x-forwarded-for", claimed),
    };
    let url = format!("http://127.0.0.1:{port}{}", request.uri);
    let method = request.method.as_str();
    match browser.try_send(method, &url, None).await {
        Some(shown) => {
            let status = shown.status.as_u16();
            reply(status, shown.header("content-type"), shown.body.clone())
        }
        // As nginx does.
        None => reply(502, "text/html", "<h1>502 Bad Gateway</h1><p>nginx</p>"),
    }
}

/// A free port and its listener, on 127.0.0.1.
pub(crate) fn port() -> (u16, TcpListener) {
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

/// A daemon whose issuer is the http URL of a front.
pub(crate) async fn behind(front: u16) -> Built {
    planned(front, Plan::default()).await
}

pub(crate) async fn planned(front: u16, plan: Plan) -> Built {
    on(free_port(), front, plan).await
}

pub(crate) async fn on(port: u16, front: u16, plan: Plan) -> Built {
    let issuer = Some(format!("http://localhost:{front}"));
    let built = Built::on(port, Plan { issuer, ..plan }).await;
    built.has_saved_users_and_documents().await;
    built
}

/// A certificate authority, and what it signs.
pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    middle: CertifiedIssuer<'static, KeyPair>,
    _directory: TempDir,
    /// The file with the root, as the machine's store.
    pub(crate) file: PathBuf,
}

/// Certificates, the server's own first, and its key.
pub(crate) type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    pub(crate) fn new() -> Self {
        let params = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(params("Root"), key()).unwrap();
        let middle = CertifiedIssuer::signed_by(params("Middle"), key(), &root).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("authorities.pem");
        std::fs::write(&file, root.pem()).unwrap();
        Self {
            root,
            middle,
            _directory: directory,
            file,
        }
    }

    /// A certificate for `host` that ends in `days`, and its chain.
    pub(crate) fn chain(&self, host: &str, days: i32) -> Chain {
        let (mut chain, key) = self.leaf_alone(host, days);
        chain.push(self.middle.der().clone());
        (chain, key)
    }

    /// The same without the authority that signed it.
    pub(crate) fn leaf_alone(&self, host: &str, days: i32) -> Chain {
        let key = KeyPair::generate().unwrap();
        let leaf = params(host, days).signed_by(&key, &self.middle).unwrap();
        assert_ne!(leaf.der(), self.root.der());
        (vec![leaf.der().clone()], private(&key))
    }
}

/// As DSM's default certificate.
pub(crate) fn self_signed(host: &str) -> Chain {
    let key = KeyPair::generate().unwrap();
    let own = params(host, 90).self_signed(&key).unwrap();
    (vec![own.der().clone()], private(&key))
}

fn params(host: &str, days: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let span = jiff::Span::new().days(days);
    let end = jiff::Zoned::now().checked_add(span).unwrap();
    let (month, day) = (end.month().unsigned_abs(), end.day().unsigned_abs());
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(end.year().into(), month, day);
    params
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(key.serialize_der().into())
}

/// TLS in front of a server for plain HTTP.
pub(crate) struct Tls {
    config: Arc<Mutex<Arc<ServerConfig>>>,
    task: JoinHandle<()>,
}

impl Tls {
    pub(crate) fn before(server: SocketAddr, listener: TcpListener, chain: Chain) -> Self {
        let config = Arc::new(Mutex::new(server_config(chain)));
        let current = Arc::clone(&config);
        #[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = TlsAcceptor::from(Arc::clone(&current.lock().unwrap()));
                tokio::spawn(connection(acceptor, stream, server));
            }
        });
        Self { config, task }
    }

    pub(crate) fn serve(&self, chain: Chain) {
        *self.config.lock().unwrap() = server_config(chain);
    }
}

async fn connection(acceptor: TlsAcceptor, stream: TcpStream, server: SocketAddr) {
    let Ok(mut outside) = acceptor.accept(stream).await else {
        return;
    };
    let mut inside = TcpStream::connect(server).await.unwrap();
    let _ = copy_bidirectional(&mut outside, &mut inside).await;
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn server_config((chain, key): Chain) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// A NAS: the daemon behind a reverse proxy with TLS, whose certificate the
/// machine trusts.
pub(crate) struct Nas {
    pub(crate) built: Built,
    pub(crate) authority: Authority,
    pub(crate) tls: Tls,
    _proxy: Server,
}

impl Nas {
    pub(crate) async fn new() -> Self {
        let inside = free_port();
        let (outside, listener) = port();
        let proxy = proxy(port().1, inside, Forwarding::Appends);
        let authority = Authority::new();
        let tls = Tls::before(proxy.address, listener, authority.chain("localhost", 90));
        let plan = Plan {
            issuer: Some(format!("https://localhost:{outside}")),
            ..Plan::default()
        };
        let built = Built::on(inside, plan).await;
        built.has_saved_users_and_documents().await;
        Self {
            built,
            authority,
            tls,
            _proxy: proxy,
        }
    }

    pub(crate) async fn doctor(&self) -> Report {
        let config = self.built.house.home.path().join("config.toml");
        let run = Run {
            config: &config,
            trusted: Some(&self.authority.file),
        };
        run.report().await
    }
}
