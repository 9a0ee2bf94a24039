//! The HTTP client for Google and DSM: every request has a time-out and a size
//! limit, and redirects are not followed.

use std::error::Error;
use std::io;
use std::iter::successors;
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
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio_rustls::TlsConnector;

use crate::machine::tls;
use domain::base::clock::UnixTime;
use domain::base::secret::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// For the next request of the same login; an idle connection uses memory.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A flood of sign-ins must not use up the file descriptors of the process, of
/// which some systems allow 1,024. More requests wait, within their time-out.
const MAX_CONCURRENT: usize = 64;

/// The certificates that an HTTPS connection accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that the system's certificate authorities have signed.
    SystemAuthorities,
    /// Any certificate. Only for a loopback address, where an attacker cannot
    /// intercept the connection, and for a request without a secret.
    DangerousAnyCertificate,
}

/// A pooled HTTP client with one time-out for all requests.
#[derive(Debug)]
pub struct HttpClient {
    trust: Trust,
    timeout: Duration,
    slots: Semaphore,
    plain: Pool<HttpConnector>,
    /// Built for the first https request: on some systems the certificate
    /// authorities are hundreds of files. The client of DSM rarely needs them,
    /// because DSM is on the same machine, by http.
    encrypted: OnceCell<Pool<HttpsConnector<HttpConnector>>>,
}

type Pool<C> = Client<C, Full<Bytes>>;

/// A response whose body has been read.
#[derive(Debug)]
pub struct Answer {
    /// The status, which is not a redirect.
    pub status: StatusCode,
    /// The headers, such as `Date` and `Cache-Control`.
    pub headers: HeaderMap,
    /// The whole body, within the size limit.
    pub body: Bytes,
}

impl Answer {
    /// Returns the server's time, from the `Date` header.
    pub fn date(&self) -> Option<UnixTime> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        httpdate::parse_http_date(text)
            .ok()
            .map(|time: SystemTime| time.into())
    }
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum HttpClientError {
    #[error("no connection")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Timeout(Duration),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    // Not followed: the credentials are for the configured address only.
    #[error("it redirects to {location:?}")]
    Redirect { location: String },
    #[error("cannot build the request")]
    BadRequest(#[source] hyper::http::Error),
    #[error("cannot set up TLS")]
    Tls(#[source] TlsError),
}

/// Returns `error` and its causes.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| cause_of(error))
}

/// `source` of an I/O error is the source of the error inside, and would skip
/// the rustls error, which hyper wraps in two I/O errors.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let Some(error) = error.downcast_ref::<io::Error>() else {
        return error.source();
    };
    error.get_ref().map(|carried| carried as _)
}

impl HttpClient {
    /// Makes a client; does not open a connection. `timeout` is for a whole
    /// exchange, from connecting to the last byte.
    pub fn new(trust: Trust, timeout: Duration) -> Self {
        Self {
            trust,
            timeout,
            slots: Semaphore::new(MAX_CONCURRENT),
            plain: pool(tcp()),
            encrypted: OnceCell::new(),
        }
    }

    /// Sends `request` with the method GET.
    pub async fn get(
        &self,
        request: request::Builder,
        max_bytes: usize,
    ) -> Result<Answer, HttpClientError> {
        self.send(request.method("GET"), Bytes::new(), max_bytes)
            .await
    }

    /// Sends `request` with the method POST and `form`, which is encoded
    /// already.
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
        let _slot = self.slots.acquire().await;
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
            // Reading the files would block the thread that serves requests.
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

/// Returns the certificates that the server at `stream` sends for `name`, the
/// server's own first. Accepts any of them, only to look at them.
pub async fn served_certificates(
    stream: TcpStream,
    name: ServerName<'static>,
) -> io::Result<Vec<CertificateDer<'static>>> {
    let config = dangerous_any_certificate().map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await?;
    let (_, session) = stream.get_ref();
    let served = session.peer_certificates().unwrap_or_default();
    Ok(served.iter().map(|one| one.clone().into_owned()).collect())
}

/// Into one buffer: to join the parts at the end would take the memory twice
/// for a moment, and a list of users can be long.
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

/// Accepts DSM's self-signed certificate. The config allows this only for
/// loopback addresses.
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    async fn get(client: Arc<HttpClient>, url: String) -> Result<Answer, HttpClientError> {
        client.get(Request::builder().uri(url), 10).await
    }

    #[tokio::test]
    async fn requests_beyond_the_limit_wait_for_others_to_end() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        let trust = Trust::SystemAuthorities;
        let client = Arc::new(HttpClient::new(trust, Duration::from_mins(1)));
        let mut requests = JoinSet::new();
        for _ in 0..MAX_CONCURRENT + 10 {
            requests.spawn(get(Arc::clone(&client), url.clone()));
        }
        let mut accepted = Vec::new();
        while accepted.len() < MAX_CONCURRENT {
            accepted.push(server.accept().await.unwrap());
        }
        assert_eq!(client.slots.available_permits(), 0);
        drop(accepted);
        for _ in 0..10 {
            drop(server.accept().await.unwrap());
        }
        for result in requests.join_all().await {
            assert!(matches!(result, Err(HttpClientError::Connection(_))));
        }
        assert_eq!(client.slots.available_permits(), MAX_CONCURRENT);
    }
}
