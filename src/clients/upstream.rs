//! The client of Google: caches its documents, and exchanges codes.
//! [`google`](domain::signin::google) builds the requests and validates the
//! responses.
//!
//! A login uses an expired document while [`Upstream::refresh_when_asked`]
//! fetches a new one.

mod cache;
mod clock_check;
mod document;
mod error;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::{Request, StatusCode};
use tokio::sync::{Notify, watch};

use self::cache::{Cache, Freshness, Patience, life};
use self::clock_check::ClockCheck;
pub(crate) use self::document::discovery_url;
use self::document::{Cached, read_discovery, read_keys};
pub use self::document::{Document, DocumentName};
pub use self::error::UpstreamError;
use crate::clients::backoff::Backoff;
use crate::clients::http_client::HttpClient;
use crate::logging;
use domain::base::clock::{Clock, UnixTime};
use domain::base::secret::Secret;
use domain::model::login::PendingLogin;
use domain::signin::google::{
    GoogleClient, GoogleKeys, GoogleMetadata, GoogleTokens, TokenAnswerError, TokenAuthentication,
    TokenRequest,
};

/// Google's documents have a few kilobytes.
const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// Google's token answer has about two kilobytes.
const MAX_TOKEN_ANSWER_BYTES: usize = 64 << 10;

/// Limits the fetches from a provider that signs with a key that it does not
/// publish. Only the token endpoint can send an unknown `kid`.
const UNKNOWN_KID_FLOOR: Duration = Duration::from_secs(30);

/// The result of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// Whether a document has changed and should be saved.
    pub changed: bool,
    /// Google's time, to be compared with ours.
    pub date: Option<UnixTime>,
}

/// The client of Google.
#[derive(Debug)]
pub struct Upstream {
    client: GoogleClient,
    discovery_url: String,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    discovery: Cache<GoogleMetadata>,
    keys: Cache<GoogleKeys>,
    unknown_kid_fetched: Mutex<Option<Duration>>,
    asked: Notify,
    changes: watch::Sender<u64>,
    clock_check: ClockCheck,
}

impl Upstream {
    /// Makes a client with the saved documents `kept`; sends no request. An
    /// invalid document is ignored, and will be fetched.
    pub fn new(
        client: GoogleClient,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        kept: Vec<Document>,
    ) -> Self {
        let upstream = Self {
            discovery_url: discovery_url(&client.issuer),
            client,
            http,
            clock,
            discovery: Cache::empty(),
            keys: Cache::empty(),
            unknown_kid_fetched: Mutex::new(None),
            asked: Notify::new(),
            changes: watch::Sender::new(0),
            clock_check: ClockCheck::default(),
        };
        upstream.take_up(kept);
        upstream
    }

    /// Returns our client at Google, from the config.
    pub fn client(&self) -> &GoogleClient {
        &self.client
    }

    /// Returns the discovery document. Fetches it only if there is none that
    /// can still be used.
    pub async fn metadata(&self) -> Result<Arc<GoogleMetadata>, UpstreamError> {
        match self.look_at_discovery() {
            Freshness::Fresh(metadata) => Ok(metadata),
            Freshness::Stale(metadata) => {
                self.asked.notify_one();
                Ok(metadata)
            }
            Freshness::Missing => self.fetch_metadata(Patience::Stranger).await,
        }
    }

    /// Returns Google's keys. Fetches them if none is named `kid`, but not
    /// within 30 s after the last fetch for an unknown `kid`. The result may
    /// still not have it; then the verification fails.
    pub async fn keys_for(&self, kid: Option<&str>) -> Result<Arc<GoogleKeys>, UpstreamError> {
        let metadata = self.metadata().await?;
        let keys = match self.look_at_keys(&metadata) {
            Freshness::Fresh(keys) => keys,
            Freshness::Stale(keys) => {
                self.asked.notify_one();
                keys
            }
            Freshness::Missing => self.fetch_keys(&metadata, Patience::Stranger).await?,
        };
        let Some(kid) = kid.filter(|kid| !keys.contains(kid)) else {
            return Ok(keys);
        };
        if !self.may_fetch_for_unknown_kid() {
            return Ok(self.keys.settled().await.unwrap_or(keys));
        }
        tracing::info!(kid, "fetching Google's keys: an ID token has a new one");
        self.fetch_keys(&metadata, Patience::Daemon).await
    }

    /// Exchanges the `code` of `pending` for its tokens. Also returns Google's
    /// time, to detect that our clock is wrong.
    pub async fn exchange(
        &self,
        pending: &PendingLogin,
        code: &Secret<String>,
    ) -> Result<(GoogleTokens, Option<UnixTime>), UpstreamError> {
        let metadata = self.metadata().await?;
        let url = &metadata.token_endpoint;
        if metadata.token_authentication == TokenAuthentication::PostUnlisted {
            tracing::debug!(
                issuer = self.client.issuer.as_str(),
                "the provider lists only \"none\" as client authentication; \
                 trying client_secret_post"
            );
        }
        let request = TokenRequest::new(&metadata, &self.client, &pending.google_verifier(), code);
        let mut builder = Request::builder().uri(url);
        if let Some(authorization) = &request.authorization {
            builder = builder.header("authorization", authorization.expose());
        }
        let answer = self
            .http
            .post_form(builder, request.form, MAX_TOKEN_ANSWER_BYTES)
            .await
            .map_err(|source| UpstreamError::transport("tokens", url, source))?;
        let tokens = GoogleTokens::parse(&answer.body);
        // Of an error page, only the status matters.
        let refused = matches!(tokens, Err(TokenAnswerError::Refused(_)));
        if !answer.status.is_success() && !refused {
            return Err(UpstreamError::status("tokens", url, &answer));
        }
        let tokens = tokens.map_err(|source| UpstreamError::Exchange {
            url: url.clone(),
            source,
        })?;
        Ok((tokens, answer.date()))
    }

    /// Fetches both documents, or waits for a running fetch.
    pub async fn refresh(&self) -> Result<Refreshed, UpstreamError> {
        let before = *self.changes.borrow();
        let metadata = self.fetch_metadata(Patience::Daemon).await?;
        self.fetch_keys(&metadata, Patience::Daemon).await?;
        Ok(Refreshed {
            changed: *self.changes.borrow() != before,
            date: self.discovery.held().and_then(|held| held.date),
        })
    }

    /// Fetches expired documents when a login has found one, with retries until
    /// Google answers. A task of the daemon, which never returns.
    pub async fn refresh_when_asked(&self) {
        loop {
            self.asked.notified().await;
            let mut backoff = Backoff::new();
            while let Err(error) = self.refresh_stale().await {
                warn(
                    &error,
                    "cannot refresh Google's documents; using the old ones",
                );
                tokio::time::sleep(backoff.next_wait()).await;
            }
        }
    }

    /// Returns whether a document is missing or has expired.
    pub fn stale(&self) -> bool {
        match self.look_at_discovery() {
            Freshness::Fresh(metadata) => {
                !matches!(self.look_at_keys(&metadata), Freshness::Fresh(_))
            }
            Freshness::Stale(_) | Freshness::Missing => true,
        }
    }

    /// Returns the documents to be saved.
    pub fn to_keep(&self) -> Vec<Document> {
        let Some(metadata) = self.discovery.held() else {
            return Vec::new();
        };
        let keys = self.keys.held();
        let keys = keys.filter(|keys| keys.source == metadata.value.jwks_uri);
        let mut documents = vec![metadata.document.clone()];
        documents.extend(keys.map(|keys| keys.document.clone()));
        documents
    }

    /// Notifies when a document in [`Upstream::to_keep`] has changed, not when
    /// it was fetched unchanged.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns when the keys were last fetched.
    pub fn keys_fetched(&self) -> Option<UnixTime> {
        self.keys.held().map(|held| held.document.fetched)
    }

    /// Returns the error of the last fetch, if it failed.
    pub fn last_error(&self) -> Option<UpstreamError> {
        self.discovery
            .last_error()
            .or_else(|| self.keys.last_error())
    }

    fn take_up(&self, kept: Vec<Document>) {
        let (discovery, keys): (Vec<_>, Vec<_>) = kept
            .into_iter()
            .partition(|document| document.name == DocumentName::Discovery);
        for document in discovery {
            match read_discovery(document, &self.client.issuer, None) {
                Ok(held) => self.discovery.put(held),
                Err(error) => warn(&error, UNUSABLE),
            }
        }
        // The discovery document shows to which provider the keys belong: those
        // of a provider that is not configured any more must not be used.
        let Some(metadata) = self.discovery.held() else {
            return;
        };
        for document in keys {
            match read_keys(document, &metadata.value.jwks_uri, None) {
                Ok(held) => self.keys.put(held),
                Err(error) => warn(&error, UNUSABLE),
            }
        }
    }

    fn look_at_discovery(&self) -> Freshness<GoogleMetadata> {
        self.discovery.look(&self.discovery_url, self.clock.now())
    }

    /// Ignores keys from another URL than the present `jwks_uri`.
    fn look_at_keys(&self, metadata: &GoogleMetadata) -> Freshness<GoogleKeys> {
        self.keys.look(&metadata.jwks_uri, self.clock.now())
    }

    async fn refresh_stale(&self) -> Result<(), UpstreamError> {
        let metadata = match self.look_at_discovery() {
            Freshness::Fresh(metadata) => metadata,
            Freshness::Stale(_) | Freshness::Missing => {
                self.fetch_metadata(Patience::Daemon).await?
            }
        };
        if !matches!(self.look_at_keys(&metadata), Freshness::Fresh(_)) {
            self.fetch_keys(&metadata, Patience::Daemon).await?;
        }
        Ok(())
    }

    async fn fetch_metadata(
        &self,
        patience: Patience,
    ) -> Result<Arc<GoogleMetadata>, UpstreamError> {
        let fetching = async {
            let name = DocumentName::Discovery;
            let (document, date) = self.download(name, &self.discovery_url).await?;
            read_discovery(document, &self.client.issuer, date)
        };
        self.fetch(&self.discovery, patience, fetching).await
    }

    async fn fetch_keys(
        &self,
        metadata: &GoogleMetadata,
        patience: Patience,
    ) -> Result<Arc<GoogleKeys>, UpstreamError> {
        let url = &metadata.jwks_uri;
        let fetching = async {
            let (document, date) = self.download(DocumentName::Keys, url).await?;
            read_keys(document, url, date)
        };
        self.fetch(&self.keys, patience, fetching).await
    }

    async fn fetch<T: PartialEq>(
        &self,
        cache: &Cache<T>,
        patience: Patience,
        fetching: impl Future<Output = Result<Cached<T>, UpstreamError>>,
    ) -> Result<Arc<T>, UpstreamError> {
        let clock = self.clock.as_ref();
        let (value, changed) = cache.fetch(clock, patience, fetching).await?;
        if changed {
            self.changes.send_modify(|changes| *changes += 1);
        }
        Ok(value)
    }

    async fn download(
        &self,
        name: DocumentName,
        url: &str,
    ) -> Result<(Document, Option<UnixTime>), UpstreamError> {
        let what = name.as_str();
        let answer = self
            .http
            .get(Request::builder().uri(url), MAX_DOCUMENT_BYTES)
            .await
            .map_err(|source| UpstreamError::transport(what, url, source))?;
        if answer.status != StatusCode::OK {
            return Err(UpstreamError::status(what, url, &answer));
        }
        let fetched = self.clock.now();
        if let Some(date) = answer.date() {
            logging::unlimited(|| self.clock_check.compare(fetched, date));
        }
        let document = Document {
            name,
            body: answer.body.to_vec(),
            fetched,
            expires: fetched.plus(life(&answer.headers)),
        };
        tracing::debug!(what, url, expires = document.expires.seconds(), "fetched");
        Ok((document, answer.date()))
    }

    fn may_fetch_for_unknown_kid(&self) -> bool {
        let now = self.clock.monotonic();
        let fetched = self.unknown_kid_fetched.lock();
        let mut fetched = fetched.unwrap_or_else(PoisonError::into_inner);
        if fetched.is_some_and(|at| now.saturating_sub(at) < UNKNOWN_KID_FLOOR) {
            return false;
        }
        *fetched = Some(now);
        true
    }
}

const UNUSABLE: &str = "ignoring a saved document of Google's; it will be fetched";

fn warn(error: &UpstreamError, message: &str) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(error, "{message}");
}
