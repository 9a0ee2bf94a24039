//! The figures of `/metrics`: counters of what has happened since the start,
//! and ages at the time of the request.
//!
//! The labels are words of the code and status codes, never names or
//! addresses, so their number is bounded.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::state::AppState;
use domain::base::clock::UnixTime;
use domain::model::keys::KeyState;
use domain::signin::directory::Refusal;

/// The `Content-Type` of [`AppState::metrics_text`].
pub(crate) const METRICS_TYPE: &str = prometheus_text::CONTENT_TYPE;

const PREFIX: &str = "google_to_synology_sso";

/// The refusal of a sign-in whose DSM user has changed since, in the log and
/// in the metrics.
pub(crate) const ANOTHER_USER: &str = "another-user";

/// How a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The client has redeemed the code.
    SignedIn,
    /// By one of the rules of who may sign in.
    Refused,
    /// The client has got an OAuth error, such as `access_denied`.
    ErrorReturned,
    /// Google did not answer as it has to.
    GoogleFailed,
    /// The request or the callback was invalid, expired, or already used.
    Aborted,
    /// The daemon failed; the log says why.
    InternalError,
}

/// How a refresh of the users ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshResult {
    /// DSM has listed its users.
    Ok,
    /// The previous users stay in use.
    Failed,
}

impl LoginOutcome {
    const ALL: [Self; 6] = [
        Self::SignedIn,
        Self::Refused,
        Self::ErrorReturned,
        Self::GoogleFailed,
        Self::Aborted,
        Self::InternalError,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::Refused => "refused",
            Self::ErrorReturned => "error-returned",
            Self::GoogleFailed => "google-failed",
            Self::Aborted => "aborted",
            Self::InternalError => "internal-error",
        }
    }
}

impl RefreshResult {
    const ALL: [Self; 2] = [Self::Ok, Self::Failed];

    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// The counters since the start.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    logins: Family<ByOutcome, Counter>,
    refusals: Family<ByRefusal, Counter>,
    refreshes: Family<ByResult, Counter>,
    requests: Family<ByRoute, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRefusal {
    refusal: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRoute {
    route: &'static str,
    status: u16,
}

impl Default for Metrics {
    /// Creates the counters. Those with labels that are known begin at 0, so
    /// that the first event is an increase.
    fn default() -> Self {
        let logins = Family::<ByOutcome, Counter>::default();
        for outcome in LoginOutcome::ALL.map(LoginOutcome::name) {
            drop(logins.get_or_create(&ByOutcome { outcome }));
        }
        let refusals = Family::<ByRefusal, Counter>::default();
        let names = Refusal::ALL.map(Refusal::name);
        for refusal in names.into_iter().chain([ANOTHER_USER]) {
            drop(refusals.get_or_create(&ByRefusal { refusal }));
        }
        let refreshes = Family::<ByResult, Counter>::default();
        for result in RefreshResult::ALL.map(RefreshResult::name) {
            drop(refreshes.get_or_create(&ByResult { result }));
        }
        let requests = Family::<ByRoute, Counter>::default();
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register(
            "build",
            "The version of the daemon",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("logins", "Sign-ins, by how they ended", logins.clone());
        registry.register("refusals", "Refusals, by name", refusals.clone());
        registry.register(
            "refreshes",
            "Refreshes of DSM's users, by result",
            refreshes.clone(),
        );
        registry.register(
            "requests",
            "HTTP requests, by route and status code",
            requests.clone(),
        );
        Self {
            registry,
            logins,
            refusals,
            refreshes,
            requests,
        }
    }
}

impl Metrics {
    /// Counts a sign-in of a user.
    pub(crate) fn login(&self, outcome: LoginOutcome) {
        let outcome = outcome.name();
        self.logins.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// Counts a refusal: a name of [`Refusal`], or [`ANOTHER_USER`].
    pub(crate) fn refusal(&self, refusal: &'static str) {
        self.refusals.get_or_create(&ByRefusal { refusal }).inc();
    }

    /// Counts a refresh of the users.
    pub(crate) fn refresh(&self, result: RefreshResult) {
        let result = result.name();
        self.refreshes.get_or_create(&ByResult { result }).inc();
    }

    /// Counts a request; `route` is a path of the table of routes.
    pub(crate) fn request(&self, route: &'static str, status: u16) {
        self.requests
            .get_or_create(&ByRoute { route, status })
            .inc();
    }
}

impl AppState {
    /// Runs `count`, if the config turns the metrics on.
    pub(crate) fn count(&self, count: impl FnOnce(&Metrics)) {
        if let Some(metrics) = &self.metrics {
            count(metrics);
        }
    }

    /// Returns the metrics in Prometheus' text format; without the counters if
    /// the metrics are off.
    pub(crate) fn metrics_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        if let Some(metrics) = &self.metrics {
            prometheus_text::encode(&mut text, &metrics.registry)?;
        }
        prometheus_text::encode(&mut text, &self.gauges())?;
        Ok(text)
    }

    /// Returns what is measured at each request. An unknown age is left out.
    fn gauges(&self) -> Registry {
        let now = self.clock.now();
        let mut registry = Registry::with_prefix(PREFIX);
        let mut gauge = |name, help, span: Duration| {
            let seconds = ConstGauge::new(span.as_secs());
            registry.register_with_unit(name, help, Unit::Seconds, seconds);
        };
        let snapshot = self.snapshot.load();
        if let Some(refreshed) = snapshot.as_ref().map(|it| it.refreshed()) {
            let help = "Time since DSM last confirmed its users";
            gauge("users_age", help, now.since(refreshed));
        }
        if let Some(fetched) = self.upstream.keys_fetched() {
            let help = "Time since Google's keys were fetched";
            gauge("google_keys_age", help, now.since(fetched));
        }
        if let Some(since) = self.signs_since(now) {
            let help = "Time for which the signing key has been signing";
            gauge("signing_key_age", help, now.since(since));
        }
        let pause = self.refresh_coordinator.signin_pause();
        let end = pause.and_then(|pause| pause.end(now));
        let help = "Time until sign-ins to DSM continue; 0 if they are not paused";
        gauge(
            "signin_pause",
            help,
            end.map_or(Duration::ZERO, |end| end.since(now)),
        );
        registry
    }

    fn signs_since(&self, now: UnixTime) -> Option<UnixTime> {
        let keys = self.keys.list(now).into_iter();
        let mut signing = keys.filter(|key| key.state == KeyState::Signing);
        signing.next().map(|key| key.signs_from)
    }
}
