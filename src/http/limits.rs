//! How often one client may ask.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::request::Client;
use domain::base::clock::Clock;

/// Far more than a family that cannot find the right account.
const LOGINS_A_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Far more than an administrator who mistypes a secret.
const FAILURES_A_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// After so many questions the clients that are quiet again are forgotten.
const QUESTIONS_BETWEEN_SWEEPS: u32 = 1024;

/// The limits of one server.
#[derive(Debug)]
pub(super) struct Limits {
    authorize: PerClient,
    callback: PerClient,
    failed_authentication: PerClient,
}

impl Limits {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Self {
        let per_client = |a_minute| PerClient::new(a_minute, Arc::clone(clock));
        Self {
            authorize: per_client(LOGINS_A_MINUTE),
            callback: per_client(LOGINS_A_MINUTE),
            failed_authentication: per_client(FAILURES_A_MINUTE),
        }
    }

    /// Counts a request to `/auth`.
    pub(super) fn authorize(&self, client: Client) -> Result<(), RetryAfter> {
        self.authorize.count_strangers(client)
    }

    /// Counts a request to `/callback`.
    pub(super) fn callback(&self, client: Client) -> Result<(), RetryAfter> {
        self.callback.count_strangers(client)
    }

    /// Counts a client authentication that failed. This machine's own count
    /// as well: a guesser may sit behind a proxy that forwards nothing.
    pub(super) fn failed_authentication(&self, client: Client) -> Result<(), RetryAfter> {
        self.failed_authentication.count(client)
    }
}

/// Over the limit: when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RetryAfter(Duration);

impl RetryAfter {
    /// Whole seconds, at least one.
    pub(super) fn seconds(self) -> u64 {
        self.0.as_millis().div_ceil(1000).try_into().unwrap_or(60)
    }
}

type Limiter = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, OurClock, NoOpMiddleware<Duration>>;

#[derive(Debug)]
struct PerClient {
    limiter: Limiter,
    clock: OurClock,
    questions: AtomicU32,
}

impl PerClient {
    fn new(a_minute: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let clock = OurClock(clock);
        let quota = Quota::per_minute(a_minute);
        Self {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            questions: AtomicU32::new(0),
        }
    }

    fn count_strangers(&self, client: Client) -> Result<(), RetryAfter> {
        match client {
            Client::ThisMachine(_) => Ok(()),
            Client::Address(_) => self.count(client),
        }
    }

    fn count(&self, client: Client) -> Result<(), RetryAfter> {
        let questions = self.questions.fetch_add(1, Ordering::Relaxed);
        if questions.is_multiple_of(QUESTIONS_BETWEEN_SWEEPS) {
            self.limiter.retain_recent();
        }
        self.limiter
            .check_key(&client.limit_key())
            .map_err(|over| RetryAfter(over.wait_time_from(self.clock.now())))
    }
}

/// The limiter reads the same clock as everything else.
#[derive(Clone, Debug)]
struct OurClock(Arc<dyn Clock>);

impl GovernorClock for OurClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}
