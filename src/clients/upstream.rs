//! Google over the network: its documents, kept and refreshed, and the
//! exchange of a code. What is asked and how an answer is judged is
//! [`google`](domain::signin::google)'s.
//!
//! A login never waits for a document that is merely old: it is served, and
//! [`Upstream::refresh_when_asked`] fetches a new one meanwhile.

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
pub use self::document::{Document, DocumentName};
use self::document::{discovery_url, read_discovery, read_keys};
pub use self::error::UpstreamError;
use crate::clients::backoff::Backoff;
use crate::clients::http_client::HttpClient;
use crate::logging;
use domain::base::clock::{Clock, UnixTime};
use domain::base::secret::Secret;
use domain::model::login::PendingLogin;
use domain::signin::google::{
    GoogleClient, GoogleKeys, GoogleMetadata, GoogleTokens, TokenAnswerError, TokenAuthentication,
    TokenRequest, UnverifiedIdToken,
};

/// Google's documents have a few kilobytes.
const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// Google's token answer has about two kilobytes.
const MAX_TOKEN_ANSWER_BYTES: usize = 64 << 10;

/// Anybody can make up a `kid` only by being Google's token endpoint, but a
/// provider that signs with a key that it does not publish must not make us
/// ask at each login.
const UNKNOWN_KID_FLOOR: Duration = Duration::from_secs(30);

/// What a code was exchanged for.
#[derive(Debug)]
pub struct GoogleAnswer {
    /// Says who the person is, once it is verified.
    pub id_token: UnverifiedIdToken,
    /// Not used, but the ID token may name its hash.
    pub access_token: Secret<String>,
    /// Google's clock, to tell a person that ours is wrong.
    pub date: Option<UnixTime>,
}

/// What a refresh brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// Whether a document differs from the one before: worth a disk write.
    pub changed: bool,
    /// Google's clock, to be compared with ours.
    pub date: Option<UnixTime>,
}

/// Google, as seen from here.
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
    /// Takes up the documents `kept` on disk; fetches nothing. A document
    /// that is no good any more is left out: it will be fetched.
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

    /// Who we are at Google.
    pub fn client(&self) -> &GoogleClient {
        &self.client
    }

    /// What Google offers. Waits for Google only when there is no document
    /// that may still be used.
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

    /// Google's keys; fetched at once when none is named `kid`, but not again
    /// for an unknown `kid` for 30 s. The keys that come back need not have
    /// it: the verification says so then. `None`: any.
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
        tracing::info!(kid, "Google signed with a key that is new to us");
        self.fetch_keys(&metadata, Patience::Daemon).await
    }

    /// Exchanges `code`, which answers `pending`, for an ID token.
    pub async fn exchange(
        &self,
        pending: &PendingLogin,
        code: &Secret<String>,
    ) -> Result<GoogleAnswer, UpstreamError> {
        let metadata = self.metadata().await?;
        let url = &metadata.token_endpoint;
        if metadata.token_authentication == TokenAuthentication::PostUnlisted {
            tracing::debug!(
                issuer = self.client.issuer.as_str(),
                "the provider lists only \"none\" as client authentication; \
                 trying client_secret_post"
            );
        }
        let request = TokenRequest::new(&metadata, &self.client, pending, code);
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
        // An error page is no news but its status; Google's own refusal is.
        let said_so = matches!(tokens, Err(TokenAnswerError::Refused(_)));
        if !answer.status.is_success() && !said_so {
            return Err(UpstreamError::status("tokens", url, &answer));
        }
        let tokens = tokens.map_err(|source| UpstreamError::Exchange {
            url: url.clone(),
            source,
        })?;
        Ok(GoogleAnswer {
            id_token: tokens.id_token,
            access_token: tokens.access_token,
            date: answer.date(),
        })
    }

    /// Fetches both documents now, or joins a fetch that runs.
    pub async fn refresh(&self) -> Result<Refreshed, UpstreamError> {
        let before = *self.changes.borrow();
        let metadata = self.fetch_metadata(Patience::Daemon).await?;
        self.fetch_keys(&metadata, Patience::Daemon).await?;
        Ok(Refreshed {
            changed: *self.changes.borrow() != before,
            date: self.discovery.held().and_then(|held| held.date),
        })
    }

    /// Fetches what has expired whenever a login finds it so, again and again
    /// until Google answers. Never returns: a task of the daemon's.
    pub async fn refresh_when_asked(&self) {
        loop {
            self.asked.notified().await;
            let mut backoff = Backoff::new();
            while let Err(error) = self.refresh_stale().await {
                say_old(&error);
                tokio::time::sleep(backoff.next_wait()).await;
            }
        }
    }

    /// Whether a document is missing or past what Google says it is good for.
    pub fn stale(&self) -> bool {
        match self.look_at_discovery() {
            Freshness::Fresh(metadata) => {
                !matches!(self.look_at_keys(&metadata), Freshness::Fresh(_))
            }
            Freshness::Stale(_) | Freshness::Missing => true,
        }
    }

    /// The documents as they should be on disk.
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

    /// Tells when [`Upstream::to_keep`] has a new body, which is worth a disk
    /// write; that a document was fetched unchanged is not told.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// When the keys were last fetched.
    pub fn keys_fetched(&self) -> Option<UnixTime> {
        self.keys.held().map(|held| held.document.fetched)
    }

    /// What went wrong in the last fetch, unless it went well.
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
                Err(error) => unusable(&error),
            }
        }
        // Whose keys they are is known by the discovery document alone: those
        // of a provider that is no longer configured must verify nothing.
        let Some(metadata) = self.discovery.held() else {
            return;
        };
        for document in keys {
            match read_keys(document, &metadata.value.jwks_uri, None) {
                Ok(held) => self.keys.put(held),
                Err(error) => unusable(&error),
            }
        }
    }

    fn look_at_discovery(&self) -> Freshness<GoogleMetadata> {
        self.discovery.look(&self.discovery_url, self.clock.now())
    }

    /// Keys from elsewhere than where Google now says that they are do not
    /// count.
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
        let clock = self.clock.as_ref();
        let (metadata, changed) = self.discovery.fetch(clock, patience, fetching).await?;
        self.tell(changed);
        Ok(metadata)
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
        let clock = self.clock.as_ref();
        let (keys, changed) = self.keys.fetch(clock, patience, fetching).await?;
        self.tell(changed);
        Ok(keys)
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

    fn tell(&self, changed: bool) {
        if changed {
            self.changes.send_modify(|changes| *changes += 1);
        }
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

fn say_old(error: &UpstreamError) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(error, "Google's documents are old and cannot be fetched");
}

fn unusable(error: &UpstreamError) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(
        error,
        "a kept document of Google's is of no use; it will be fetched"
    );
}
