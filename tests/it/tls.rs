//! HTTPS without a proxy: our own certificate, renewed while we serve.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use fakes::house::{House, Plan};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::built::Built;
use crate::support::captured_log::CapturedLog;
use crate::support::command_line::{bare, text};
use crate::support::control::report;
use crate::support::process::until;

const NAME: &str = "login.example.com";

/// A certificate and its key, both PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        Self::of(NAME)
    }

    fn of(host: &str) -> Self {
        let made = generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        let CertifiedKey { cert, signing_key } = made;
        Self {
            certificate: cert.pem(),
            key: signing_key.serialize_pem(),
        }
    }
}

/// The paths of certificate and key.
struct Files {
    directory: TempDir,
    writes: u64,
}

impl Files {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            writes: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Each write is a second after the previous one, as in renewals.
    fn write(&mut self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        self.writes += 1;
        let time = UNIX_EPOCH + Duration::from_secs(1_772_000_000 + self.writes);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
    }

    fn renew(&mut self, pair: &Pair) {
        self.write("fullchain.pem", &pair.certificate);
        self.write("privkey.pem", &pair.key);
    }

    async fn house(&self) -> House {
        House::planned(self.plan()).await
    }

    fn plan(&self) -> Plan {
        let listen = format!(
            "tls-certificate = \"{}\"\ntls-private-key = \"{}\"",
            self.path("fullchain.pem").display(),
            self.path("privkey.pem").display()
        );
        Plan {
            issuer: Some(format!("https://{NAME}")),
            listen,
            ..Plan::default()
        }
    }
}

/// Connects as a browser that trusts only `pair`.
async fn connect(house: &House, pair: &Pair) -> Option<TlsStream<TcpStream>> {
    let mut trusted = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    trusted.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(house.address).await.unwrap();
    let name = ServerName::try_from(NAME).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.ok()
}

async fn is_served_with(house: &House, pair: &Pair) -> bool {
    let Some(mut stream) = connect(house, pair).await else {
        return false;
    };
    ask(&mut stream, "Connection: close\r\n").await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    true
}

async fn ask(stream: &mut TlsStream<TcpStream>, more: &str) {
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn https_is_served_by_http_1() {
    let pair = Pair::new();
    let mut files = Files::new();
    files.renew(&pair);
    let house = files.house().await;
    let stream = connect(&house, &pair).await.unwrap();
    let (_, session) = stream.get_ref();
    assert_eq!(session.alpn_protocol(), Some(b"http/1.1".as_slice()));
    assert!(is_served_with(&house, &pair).await);
    assert!(!is_served_with(&house, &Pair::new()).await);
}

#[tokio::test]
async fn a_renewed_certificate_greets_the_next_connection() {
    let (old, new) = (Pair::new(), Pair::new());
    let mut files = Files::new();
    files.renew(&old);
    let house = files.house().await;
    let mut before = connect(&house, &old).await.unwrap();

    files.renew(&new);
    assert!(is_served_with(&house, &new).await);
    assert!(!is_served_with(&house, &old).await);

    // An existing connection is not affected.
    ask(&mut before, "").await;
    let mut status = [0; 15];
    before.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_renewal_that_went_wrong_leaves_the_old_one_in_use() {
    let (old, new) = (Pair::new(), Pair::new());
    let mut files = Files::new();
    files.renew(&old);
    let house = files.house().await;

    for (case, name, text) in [
        ("cut", "fullchain.pem", &new.certificate[..100]),
        ("empty", "fullchain.pem", ""),
        ("without its key", "fullchain.pem", &new.certificate),
        ("a key that is none", "privkey.pem", "secret"),
    ] {
        files.write(name, text);
        assert!(is_served_with(&house, &old).await, "{case}");
        assert!(is_served_with(&house, &old).await, "{case}, again");
    }
    fs::remove_file(files.path("fullchain.pem")).unwrap();
    assert!(is_served_with(&house, &old).await, "gone");

    files.renew(&new);
    assert!(is_served_with(&house, &new).await);

    // A key that others can read is rejected.
    files.renew(&old);
    let key = files.path("privkey.pem");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    assert!(is_served_with(&house, &new).await);
}

#[tokio::test]
async fn a_client_without_tls_does_not_disturb_others() {
    let pair = Pair::new();
    let mut files = Files::new();
    files.renew(&pair);
    let house = files.house().await;
    let mut stranger = TcpStream::connect(house.address).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    stranger.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // An alert, or nothing; but not HTTP.
    let _ = stranger.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(is_served_with(&house, &pair).await);
}

#[tokio::test]
async fn a_client_that_rejects_the_certificate_is_logged_once() {
    let (old, new) = (Pair::new(), Pair::new());
    let mut files = Files::new();
    files.renew(&old);
    let house = files.house().await;
    let log = CapturedLog::up(LogLevel::WARN, LogFormat::Text);
    let alerts = || log.count("a client ended the TLS handshake with an alert");

    for _ in 0..3 {
        assert!(!is_served_with(&house, &new).await);
    }
    // The server gets the alert after the client has gone.
    until("the alert is logged", || alerts() > 0).await;
    assert!(is_served_with(&house, &old).await);
    assert_eq!(alerts(), 1, "{}", log.text());

    files.renew(&new);
    assert!(!is_served_with(&house, &old).await);
    until("the new certificate has its alert", || alerts() > 1).await;
    assert_eq!(alerts(), 2, "{}", log.text());
}

#[tokio::test]
async fn a_certificate_that_clients_reject_is_a_warning_everywhere() {
    let leaf_alone = "the chain leads neither to an authority that this machine trusts";
    let other_host = "the certificate is for another host than the issuer's, login.example.com: \
                      it names nas.example.com";
    let mut files = Files::new();
    files.renew(&Pair::new());

    let mut built = Built::planned(files.plan()).await;
    built.process.says(leaf_alone).await;
    assert!(!built.process.log().contains(other_host));

    let config = built.house.home.path().join("config.toml");
    let mut check = bare(&["check", "--config"]);
    let checked = check.arg(&config).output().unwrap();
    assert!(checked.status.success());
    let said = text(&checked.stdout);
    assert!(said.contains("warn listen.tls-certificate: "), "{said}");
    assert!(said.contains(leaf_alone), "{said}");

    let other = Pair::of("nas.example.com");
    files.renew(&other);
    assert!(!is_served_with(&built.house, &other).await);
    built.process.says(other_host).await;

    // A reload changes the issuer, for which the next certificate must be.
    built.house.plan().issuer = Some("https://sso.example.com".to_owned());
    built.house.write_config();
    report(&built.house, &["reload"]).await;
    let renewed = Pair::new();
    files.renew(&renewed);
    assert!(is_served_with(&built.house, &renewed).await);
    let moved = "for another host than the issuer's, sso.example.com: it names login.example.com";
    built.process.says(moved).await;
}
