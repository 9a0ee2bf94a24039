//! The cache of one of Google's documents: readers of a valid document never
//! wait, and concurrent fetches are merged into one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use hyper::HeaderMap;
use hyper::header::{AGE, CACHE_CONTROL};
use tokio::sync::Mutex as Turn;

use super::document::Cached;
use super::error::UpstreamError;
use domain::base::clock::{Clock, UnixTime};

/// Limits the fetches from a provider that forbids caching; keys change a few
/// times a month.
const SHORTEST_LIFE: Duration = Duration::from_mins(5);

/// A revoked key is trusted for a day at most. Google sends 1 h for its
/// discovery document and some hours for its keys.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// How long an expired document is used while it is fetched: after a holiday,
/// old keys are not used any more.
const GRACE: Duration = Duration::from_hours(7 * 24);

/// A document from further in the future was fetched while our clock was wrong;
/// its age is unknown.
const CLOCK_STEP: Duration = Duration::from_mins(5);

/// For this time after a failure, requests get the same error: an attacker must
/// not be able to make the daemon flood Google.
const FAILURE_FLOOR: Duration = Duration::from_secs(1);

/// A cached document, by its age.
#[derive(Debug)]
pub(super) enum Freshness<T> {
    Fresh(Arc<T>),
    /// Expired: can be used, and has to be fetched.
    Stale(Arc<T>),
    /// The document is missing or too old.
    Missing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// A job of the daemon: tries at once.
    Daemon,
    /// A request of a browser: does not try within [`FAILURE_FLOOR`].
    Stranger,
}

#[derive(Debug)]
pub(super) struct Cache<T> {
    held: ArcSwapOption<Cached<T>>,
    failure: Mutex<Option<(Duration, UpstreamError)>>,
    tries: AtomicU64,
    /// Locked during a fetch. Readers of a valid document do not lock it.
    turn: Turn<()>,
}

impl<T: PartialEq> Cache<T> {
    pub(super) fn empty() -> Self {
        Self {
            held: ArcSwapOption::empty(),
            failure: Mutex::new(None),
            tries: AtomicU64::new(0),
            turn: Turn::new(()),
        }
    }

    pub(super) fn put(&self, held: Cached<T>) {
        self.held.store(Some(Arc::new(held)));
    }

    /// Returns the document regardless of its age.
    pub(super) fn held(&self) -> Option<Arc<Cached<T>>> {
        self.held.load_full()
    }

    /// Returns the document that was fetched from `source`, by its age.
    pub(super) fn look(&self, source: &str, now: UnixTime) -> Freshness<T> {
        let Some(held) = self.held().filter(|held| held.source == source) else {
            return Freshness::Missing;
        };
        let document = &held.document;
        let value = Arc::clone(&held.value);
        if document.fetched > now.plus(CLOCK_STEP) || now > document.expires.plus(GRACE) {
            return Freshness::Missing;
        }
        if now < document.expires {
            return Freshness::Fresh(value);
        }
        Freshness::Stale(value)
    }

    /// Returns the error of the last fetch, if it failed.
    pub(super) fn last_error(&self) -> Option<UpstreamError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|(_, error)| error.clone())
    }

    /// Awaits `fetching`, or the fetch that is running already. Also returns
    /// whether the document has changed.
    ///
    /// If the task that fetches is cancelled, the next waiting task fetches.
    pub(super) async fn fetch(
        &self,
        clock: &dyn Clock,
        patience: Patience,
        fetching: impl Future<Output = Result<Cached<T>, UpstreamError>>,
    ) -> Result<(Arc<T>, bool), UpstreamError> {
        let before = self.tries.load(Ordering::Acquire);
        let _turn = self.turn.lock().await;
        if self.tries.load(Ordering::Acquire) != before
            && let Some(outcome) = self.last_outcome()
        {
            return outcome.map(|value| (value, false));
        }
        if patience == Patience::Stranger
            && let Some(error) = self.fresh_failure(clock.monotonic())
        {
            return Err(error);
        }
        let outcome = fetching.await;
        let failure = outcome.as_ref().err();
        let failure = failure.map(|error| (clock.monotonic(), error.clone()));
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        self.tries.fetch_add(1, Ordering::Release);
        let held = outcome?;
        let value = Arc::clone(&held.value);
        let before = self.held.swap(Some(Arc::new(held)));
        let changed = before.is_none_or(|before| before.value != value);
        Ok((value, changed))
    }

    /// Returns the document, after the end of a running fetch.
    pub(super) async fn settled(&self) -> Option<Arc<T>> {
        let _turn = self.turn.lock().await;
        self.held().map(|held| Arc::clone(&held.value))
    }

    fn last_outcome(&self) -> Option<Result<Arc<T>, UpstreamError>> {
        if let Some(error) = self.last_error() {
            return Some(Err(error));
        }
        self.held().map(|held| Ok(Arc::clone(&held.value)))
    }

    fn fresh_failure(&self, now: Duration) -> Option<UpstreamError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, error) = failure.as_ref()?;
        (now.saturating_sub(*at) < FAILURE_FLOOR).then(|| error.clone())
    }
}

/// Returns how long a response is fresh (RFC 9111, section 4.2.1: `max-age`
/// less `Age`), within our limits.
pub(super) fn life(headers: &HeaderMap) -> Duration {
    let directives: Vec<String> = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    let forbidden = ["no-store", "no-cache"];
    if directives
        .iter()
        .any(|one| forbidden.contains(&one.as_str()))
    {
        return SHORTEST_LIFE;
    }
    let max_age = directives
        .iter()
        .find_map(|directive| directive.strip_prefix("max-age="))
        .and_then(|seconds| seconds.trim_matches('"').parse().ok())
        .unwrap_or(0_u64);
    let used_up = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|seconds| seconds.trim().parse().ok())
        .unwrap_or(0_u64);
    Duration::from_secs(max_age.saturating_sub(used_up)).clamp(SHORTEST_LIFE, LONGEST_LIFE)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::HeaderMap;

    use super::{LONGEST_LIFE, SHORTEST_LIFE, life};

    fn check(headers: &[(&'static str, &str)], expected: Duration) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        assert_eq!(life(&map), expected, "{headers:?}");
    }

    #[test]
    fn max_age_less_age_is_a_documents_life() {
        let google = "public, max-age=22180, must-revalidate, no-transform";
        check(&[("cache-control", google)], Duration::from_secs(22_180));
        check(
            &[("cache-control", google), ("age", "180")],
            Duration::from_hours(6) + Duration::from_secs(400),
        );
        check(
            &[
                ("cache-control", "public"),
                ("cache-control", "Max-Age=\"900\""),
            ],
            Duration::from_mins(15),
        );
    }

    #[test]
    fn nothing_lives_for_less_than_five_minutes_or_more_than_a_day() {
        check(&[], SHORTEST_LIFE);
        check(&[("cache-control", "no-store, max-age=900")], SHORTEST_LIFE);
        check(&[("cache-control", "no-cache")], SHORTEST_LIFE);
        check(&[("cache-control", "max-age=0")], SHORTEST_LIFE);
        check(&[("cache-control", "max-age=soon")], SHORTEST_LIFE);
        check(
            &[("cache-control", "max-age=600"), ("age", "900")],
            SHORTEST_LIFE,
        );
        check(&[("cache-control", "max-age=31536000")], LONGEST_LIFE);
        check(
            &[("cache-control", "max-age=99999999999999999999")],
            SHORTEST_LIFE,
        );
    }
}
