//! The only way out: every request to Google and DSM has a time-out and a size
//! limit, and no redirect is followed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{DATE, LOCATION};
use hyper::http::request;
use hyper::http::uri::Scheme;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime as TlsTime};
use rustls::{ClientConfig, Error as TlsError};
use tokio::sync::OnceCell;

use crate::machine::tls;
use domain::base::clock::UnixTime;
use domain::base::secret::Secret;

/// A server that takes longer to accept a connection is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Kept open for the next request of the same login, and no longer: an idle
/// connection costs both sides memory.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Whose certificates an HTTPS connection accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those of the system's certificate authorities.
    SystemAuthorities,
    /// Any. Only for a loopback address, where nobody stands in between.
    DangerousAnyCertificate,
}

/// A pooled HTTP client with one time-out for all its requests.
#[derive(Debug)]
pub struct HttpClient {
    trust: Trust,
    timeout: Duration,
    plain: Pool<HttpConnector>,
    /// Built at the first request by https: the system's certificate
    /// authorities are hundreds of files on some systems, which take longer to
    /// read than the daemon to start, and memory to keep. Most are never asked
    /// about DSM, which is on the same machine, by http.
    encrypted: OnceCell<Pool<HttpsConnector<HttpConnector>>>,
}

type Pool<C> = Client<C, Full<Bytes>>;

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status; never a redirect.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The server's clock, from the `Date` header.
    pub fn date(&self) -> Option<UnixTime> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        httpdate::parse_http_date(text)
            .ok()
            .map(|time: SystemTime| time.into())
    }
}

/// Why a request brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// No connection, or it broke.
    #[error("no connection")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The whole exchange took too long.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Timeout(Duration),
    /// The answer is larger than we are ready to read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The server wants us to go elsewhere, which we never do: what we send
    /// is meant for the configured address alone.
    #[error("it redirects to {location:?}")]
    Redirect {
        /// Its `Location` header, or nothing.
        location: String,
    },
    /// The URL or a header is of bad form.
    #[error("the request cannot be built")]
    BadRequest(#[source] hyper::http::Error),
    /// TLS cannot be set up on this machine.
    #[error("TLS cannot be set up")]
    Tls(#[source] TlsError),
}

impl HttpClient {
    /// A client; nothing is opened or read yet. `timeout` is for a whole
    /// exchange, from connecting to the last byte.
    pub fn new(trust: Trust, timeout: Duration) -> Self {
        Self {
            trust,
            timeout,
            plain: pool(tcp()),
            encrypted: OnceCell::new(),
        }
    }

    /// GETs `request`'s URL with its headers.
    pub async fn get(
        &self,
        request: request::Builder,
        max_bytes: usize,
    ) -> Result<Answer, HttpClientError> {
        self.send(request.method("GET"), Bytes::new(), max_bytes)
            .await
    }

    /// POSTs `form`, which is percent-encoded already, to `request`'s URL.
    pub async fn post_form(
        &self,
        request: request::Builder,
        form: Secret<String>,
        max_bytes: usize,
    ) -> Result<Answer, HttpClientError> {
        let request = request
            .method("POST")
            .header("content-type", "application/x-www-form-urlencoded");
        let body = Bytes::copy_from_slice(form.expose().as_bytes());
        self.send(request, body, max_bytes).await
    }

    async fn send(
        &self,
        request: request::Builder,
        body: Bytes,
        max_bytes: usize,
    ) -> Result<Answer, HttpClientError> {
        let request = request
            .header("accept", "application/json")
            .body(Full::new(body))
            .map_err(HttpClientError::BadRequest)?;
        let exchange = self.exchange(request, max_bytes);
        tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| HttpClientError::Timeout(self.timeout))?
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        max_bytes: usize,
    ) -> Result<Answer, HttpClientError> {
        let response = match request.uri().scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => self.encrypted().await?.request(request),
            Some(_) | None => self.plain.request(request),
        };
        let response = response
            .await
            .map_err(|error| HttpClientError::Connection(error.into()))?;
        let (head, body) = response.into_parts();
        if head.status.is_redirection() {
            let location = head.headers.get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            return Err(HttpClientError::Redirect {
                location: location.unwrap_or_default().to_owned(),
            });
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: read_body(body, max_bytes).await?,
        })
    }

    async fn encrypted(&self) -> Result<&Pool<HttpsConnector<HttpConnector>>, HttpClientError> {
        let build = || async {
            let trust = self.trust;
            // On a thread of its own: this one answers requests.
            let tls = tokio::task::spawn_blocking(move || match trust {
                Trust::SystemAuthorities => system_authorities(),
                Trust::DangerousAnyCertificate => dangerous_any_certificate(),
            });
            let tls = tls.await;
            let tls = tls.unwrap_or_else(|error| Err(TlsError::General(error.to_string())));
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(tls.map_err(HttpClientError::Tls)?)
                .https_only()
                .enable_http1()
                .wrap_connector(tcp());
            Ok(pool(connector))
        };
        self.encrypted.get_or_try_init(build).await
    }
}

/// As one piece from the first byte on: pieces that are joined in the end
/// would for a moment take the memory twice, and a list of users is long.
async fn read_body(body: Incoming, max_bytes: usize) -> Result<Bytes, HttpClientError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(max_bytes);
    let mut whole = Vec::with_capacity(expected.min(max_bytes));
    let mut body = Limited::new(body, max_bytes);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return HttpClientError::TooLarge(max_bytes);
            }
            HttpClientError::Connection(error)
        })?;
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.into())
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp
}

fn pool<C: Connect + Clone>(connector: C) -> Pool<C> {
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_timer(TokioTimer::new())
        .build(connector)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn system_authorities() -> Result<ClientConfig, TlsError> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(tls::system_authorities())
        .with_no_client_auth())
}

fn dangerous_any_certificate() -> Result<ClientConfig, TlsError> {
    let provider = provider();
    let verifier = AnyCertificate(provider.signature_verification_algorithms);
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Accepts DSM's self-signed certificate. The config allows it for loopback
/// addresses alone.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: TlsTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.supported_schemes()
    }
}
