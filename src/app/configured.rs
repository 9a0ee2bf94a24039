//! The parts of [`AppState`] that depend on the config.

use std::sync::Arc;
use std::time::Duration;

use super::state::AppState;
use crate::clients::dsm::{DsmClient, DsmSettings};
use crate::clients::http_client::{HttpClient, Trust};
use crate::clients::upstream::{Document, Upstream};
use crate::config::{AdminAccess, Config};
use domain::base::clock::Clock;
use domain::model::relying_party::RelyingParty;
use domain::signin::directory::{FoldedName, Policy};
use domain::signin::google::GoogleClient;

/// Google responds in a fraction of a second, and a user waits for it.
const GOOGLE_TIMEOUT: Duration = Duration::from_secs(10);

impl AppState {
    /// Returns the same state with another config. Requests that use this one
    /// are not affected.
    #[must_use]
    pub fn reconfigured(&self, config: Config) -> Self {
        Self {
            policy: Arc::new(policy(&config)),
            parties: parties(&config),
            upstream: self.upstream_for(&config),
            dsm: self.dsm_for(&config),
            config,
            ..self.clone()
        }
    }

    /// Keeps the documents that were fetched, unless the provider changes.
    fn upstream_for(&self, config: &Config) -> Arc<Upstream> {
        let client = google_client(config);
        let before = self.upstream.client();
        if client == *before {
            return Arc::clone(&self.upstream);
        }
        let documents = if client.issuer == before.issuer {
            self.upstream.to_keep()
        } else {
            Vec::new()
        };
        Arc::new(upstream(config, &self.clock, documents))
    }

    /// Keeps the client if its settings do not change: two clients for one
    /// account would end each other's sessions.
    fn dsm_for(&self, config: &Config) -> Arc<DsmClient> {
        let settings = DsmSettings::from(&config.dsm);
        if settings == *self.dsm.settings() {
            return Arc::clone(&self.dsm);
        }
        Arc::new(DsmClient::new(settings))
    }
}

/// Returns the rules of who may sign in.
pub fn policy(config: &Config) -> Policy {
    let aliases = config.users.aliases.iter();
    let denied = config.users.deny.iter();
    Policy {
        hosted_domains: config.google.hosted_domains.clone(),
        authoritative_addresses_only: config.google.authoritative_addresses_only,
        aliases: aliases
            .map(|alias| (alias.google.clone(), alias.dsm.clone()))
            .collect(),
        denied: denied.map(|name| FoldedName::of(name)).collect(),
        administrators: config.users.administrators,
        ..Policy::new(
            config.google.issuer.clone(),
            &config.dsm.account,
            config.dsm.max_age,
        )
    }
}

/// Returns all that may request a sign-in.
pub fn parties(config: &Config) -> Arc<[RelyingParty]> {
    let page = (config.admin_access != AdminAccess::Off)
        .then(|| RelyingParty::administration(&config.issuer));
    config.clients.iter().cloned().chain(page).collect()
}

/// Creates the client of DSM, without a request.
pub fn dsm_client(config: &Config) -> DsmClient {
    DsmClient::new(DsmSettings::from(&config.dsm))
}

/// Creates the client of Google with the `saved` documents, without a request.
pub fn upstream(config: &Config, clock: &Arc<dyn Clock>, saved: Vec<Document>) -> Upstream {
    Upstream::new(
        google_client(config),
        HttpClient::new(Trust::SystemAuthorities, GOOGLE_TIMEOUT),
        Arc::clone(clock),
        saved,
    )
}

fn google_client(config: &Config) -> GoogleClient {
    GoogleClient {
        issuer: config.google.issuer.clone(),
        client_id: config.google.client_id.clone(),
        client_secret: config.google.client_secret.clone(),
        redirect_uri: config.issuer.endpoint("/callback"),
        prompt: config.google.prompt.clone(),
    }
}
