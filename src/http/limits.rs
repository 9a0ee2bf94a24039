//! Limits for the requests of each client address.

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

/// A user who tries one account after the other needs far fewer.
const LOGINS_A_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// A client with a mistyped secret causes far fewer.
const FAILURES_A_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// After so many requests, addresses that are below their limit are dropped.
const REQUESTS_BETWEEN_SWEEPS: u32 = 1024;

#[derive(Debug)]
pub(super) struct Limits {
    pub(super) authorize: Limit,
    pub(super) callback: Limit,
    pub(super) administration: Limit,
    pub(super) failed_authentication: Limit,
}

impl Limits {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Self {
        let limit = |a_minute| Limit::new(a_minute, OurClock(Arc::clone(clock)));
        Self {
            authorize: limit(LOGINS_A_MINUTE),
            callback: limit(LOGINS_A_MINUTE),
            administration: limit(LOGINS_A_MINUTE),
            failed_authentication: limit(FAILURES_A_MINUTE),
        }
    }
}

/// The seconds for `Retry-After`.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryAfter(pub(super) u64);

type Limiter = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, OurClock, NoOpMiddleware<Duration>>;

/// A number of requests per minute, for each client address.
#[derive(Debug)]
pub(super) struct Limit {
    limiter: Limiter,
    clock: OurClock,
    requests: AtomicU32,
}

impl Limit {
    fn new(a_minute: NonZeroU32, clock: OurClock) -> Self {
        let quota = Quota::per_minute(a_minute);
        Self {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            requests: AtomicU32::new(0),
        }
    }

    /// Counts a request, unless it comes from this machine.
    pub(super) fn count_others(&self, client: Client) -> Result<(), RetryAfter> {
        match client {
            Client::ThisMachine(_) => Ok(()),
            Client::Unreadable(_) | Client::Address(_) => self.count(client),
        }
    }

    /// Counts a request, also of this machine: an attacker may be behind a
    /// proxy that sends no `X-Forwarded-For`.
    pub(super) fn count(&self, client: Client) -> Result<(), RetryAfter> {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed);
        if requests.is_multiple_of(REQUESTS_BETWEEN_SWEEPS) {
            self.limiter.retain_recent();
        }
        let counted = self.limiter.check_key(&client.limit_key());
        counted.map_err(|over| {
            let wait = over.wait_time_from(self.clock.now()).as_millis();
            RetryAfter(wait.div_ceil(1000).try_into().unwrap_or(60))
        })
    }
}

#[derive(Clone, Debug)]
struct OurClock(Arc<dyn Clock>);

impl GovernorClock for OurClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}
