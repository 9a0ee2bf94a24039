//! The nonces by which `doctor` proves that a URL leads to this daemon.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use domain::base::random::{Random, RandomError};
use domain::base::secret::Secret;

/// The query parameter of `/healthz` with the nonce. A query, because a cache
/// in front of the daemon then does not answer in its place.
pub const PARAMETER: &str = "doctor";

/// Only the owner of the control socket can create nonces; `doctor` needs two.
const MOST: usize = 8;

/// The requests of `doctor` take less.
const LIFE: Duration = Duration::from_mins(1);

/// Whether `X-Forwarded-For` named the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forwarded {
    /// The request had no such header.
    Missing,
    /// A trusted proxy sent it.
    Used,
    /// Another client sent it, so it was ignored.
    Ignored,
}

/// A request with a known nonce, as the daemon saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The other end of the connection.
    pub peer: IpAddr,
    /// The client, as rate limits and the log see it.
    pub client: IpAddr,
    /// Whether the client is from `X-Forwarded-For`.
    pub forwarded: Forwarded,
    /// The last address in `X-Forwarded-For`, which the nearest proxy wrote.
    pub named: Option<IpAddr>,
}

/// The valid nonces, in memory.
#[derive(Debug, Default)]
pub struct DoctorNonces(Mutex<VecDeque<Nonce>>);

#[derive(Debug)]
struct Nonce {
    text: Secret<String>,
    created: Duration,
    sighting: Option<Sighting>,
}

impl DoctorNonces {
    /// Creates a nonce, which is valid for a minute. `now` is monotonic.
    pub(crate) fn create(
        &self,
        random: &dyn Random,
        now: Duration,
    ) -> Result<Secret<String>, RandomError> {
        let text = Secret::new(random.token::<32>()?);
        self.with_valid(now, |nonces| {
            nonces.truncate(MOST - 1);
            nonces.push_front(Nonce {
                text: text.clone(),
                created: now,
                sighting: None,
            });
        });
        Ok(text)
    }

    /// Notes the first request with a valid nonce. Ignores any other text.
    pub(crate) fn note(&self, text: &str, now: Duration, sighting: Sighting) {
        self.with_valid(now, |nonces| {
            let mut nonces = nonces.iter_mut();
            if let Some(nonce) = nonces.find(|nonce| nonce.text.matches(text.as_bytes())) {
                nonce.sighting.get_or_insert(sighting);
            }
        });
    }

    /// Returns the request that was noted for a valid nonce.
    pub(crate) fn sighting(&self, text: &str, now: Duration) -> Option<Sighting> {
        self.with_valid(now, |nonces| {
            let mut nonces = nonces.iter();
            let nonce = nonces.find(|nonce| nonce.text.matches(text.as_bytes()))?;
            nonce.sighting
        })
    }

    fn with_valid<T>(&self, now: Duration, then: impl FnOnce(&mut VecDeque<Nonce>) -> T) -> T {
        let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.retain(|nonce| now.saturating_sub(nonce.created) < LIFE);
        then(&mut nonces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::random::OsRandom;

    const SIGHTING: Sighting = Sighting {
        peer: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        client: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)),
        forwarded: Forwarded::Used,
        named: None,
    };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_nonce_is_valid_for_a_minute() {
        let (nonces, random) = (DoctorNonces::default(), OsRandom::default());
        let nonce = nonces.create(&random, seconds(5)).unwrap();
        assert_eq!(nonces.sighting(nonce.expose(), seconds(6)), None);
        nonces.note("another", seconds(6), SIGHTING);
        assert_eq!(nonces.sighting(nonce.expose(), seconds(6)), None);
        nonces.note(nonce.expose(), seconds(64), SIGHTING);
        let again = Sighting {
            forwarded: Forwarded::Missing,
            ..SIGHTING
        };
        nonces.note(nonce.expose(), seconds(64), again);
        let seen = nonces.sighting(nonce.expose(), seconds(64));
        assert_eq!(seen, Some(SIGHTING), "the first");
        assert_eq!(nonces.sighting(nonce.expose(), seconds(65)), None);
    }

    #[test]
    fn the_ninth_nonce_replaces_the_first() {
        let (nonces, random) = (DoctorNonces::default(), OsRandom::default());
        let all: Vec<_> = (0..9)
            .map(|_| nonces.create(&random, seconds(0)).unwrap())
            .collect();
        for nonce in &all {
            nonces.note(nonce.expose(), seconds(1), SIGHTING);
        }
        let seen = all
            .iter()
            .map(|nonce| nonces.sighting(nonce.expose(), seconds(1)));
        let seen: Vec<bool> = seen.map(|seen| seen.is_some()).collect();
        assert_eq!(
            seen,
            [false, true, true, true, true, true, true, true, true]
        );
    }
}
