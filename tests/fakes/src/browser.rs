//! A browser as far as a login needs one: it stores cookies, shows the
//! response, and follows a redirect only when told to.

use std::collections::BTreeMap;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

/// A response.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The HTTP status of the response.
    pub status: StatusCode,
    /// The response headers.
    pub headers: HeaderMap,
    /// The response body as text.
    pub body: String,
}

impl Shown {
    /// Returns one header as text, empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Returns all values of one header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect()
    }

    /// Returns the `Location` header.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// Returns one parameter of the query in the `Location` header.
    pub fn answered(&self, parameter: &str) -> Option<String> {
        let url = Url::parse(self.location()).unwrap();
        let mut pairs = url.query_pairs();
        pairs.find_map(|(name, value)| (name == parameter).then(|| value.into_owned()))
    }

    /// Parses the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the public name of the refusal on the page.
    pub fn refusal(&self) -> Option<&str> {
        let (_, after) = self.body.split_once("<meta name=\"refusal\" content=\"")?;
        Some(after.split('"').next().unwrap_or_default())
    }

    /// Returns the target of the page's only link.
    pub fn link(&self) -> String {
        let (_, after) = self.body.split_once("href=\"").unwrap();
        let (link, _) = after.split_once('"').unwrap();
        link.replace("&#38;", "&")
    }

    /// The size of all headers together in bytes, as nginx counts them.
    pub fn header_bytes(&self) -> usize {
        let lines = self.headers.iter();
        let lines = lines.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
        "HTTP/1.1 303 See Other\r\n\r\n".len() + lines.sum::<usize>()
    }
}

/// One user's browser, with its cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// The stored cookies, by name.
    pub cookies: BTreeMap<String, String>,
    /// Headers sent with every request, such as `accept-language`.
    pub headers: Vec<(&'static str, String)>,
}

impl Default for Browser {
    fn default() -> Self {
        Self::trusting("")
    }
}

impl Browser {
    /// Creates a browser without cookies.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a browser that trusts these certificates, PEM, if a URL is
    /// https.
    pub fn trusting(authorities: &str) -> Self {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.with_root_certificates(roots).with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            cookies: BTreeMap::new(),
            headers: Vec::new(),
        }
    }

    /// Adds a header to every request.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Sends a GET request for `url`.
    pub async fn get(&mut self, url: &str) -> Shown {
        self.send("GET", url, None).await
    }

    /// Sends a POST request to `url` with `form`, which is already encoded.
    pub async fn post(&mut self, url: &str, form: &str) -> Shown {
        self.send("POST", url, Some(form)).await
    }

    /// Sends a request with the cookies, and stores those in the response.
    pub async fn send(&mut self, method: &str, url: &str, form: Option<&str>) -> Shown {
        let shown = self.try_send(method, url, form).await;
        shown.unwrap_or_else(|| panic!("{method} {url}: no answer"))
    }

    /// Like [`Browser::send`], but returns `None` if no complete response came.
    pub async fn try_send(&mut self, method: &str, url: &str, form: Option<&str>) -> Option<Shown> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter();
            let pairs: Vec<String> = pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", pairs.join("; "));
        }
        if form.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let body = Bytes::from(form.unwrap_or_default().to_owned());
        let answer = self.client.request(request.body(Full::new(body)).unwrap());
        let (head, body) = answer.await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let shown = Shown {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        self.take_cookies(&shown);
        Some(shown)
    }

    fn take_cookies(&mut self, shown: &Shown) {
        for line in shown.headers("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
