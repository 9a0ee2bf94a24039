//! Waits between two attempts to reach Google or DSM.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Without jitter, which can double it to a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Exponential waits with jitter, from a second to a minute, without an end.
#[derive(Debug)]
pub(crate) struct Backoff(ExponentialBackoff);

impl Backoff {
    pub(crate) fn new() -> Self {
        let builder = ExponentialBuilder::new()
            .with_jitter()
            .with_factor(2.0)
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(LONGEST_WAIT)
            .without_max_times();
        Self(builder.build())
    }

    pub(crate) fn next_wait(&mut self) -> Duration {
        self.0.next().unwrap_or(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_a_minute_apart_at_most_and_a_second_at_least() {
        let mut backoff = Backoff::new();
        let waits: Vec<Duration> = (0..50).map(|_| backoff.next_wait()).collect();
        let range = Duration::from_secs(1)..=Duration::from_mins(1);
        assert!(waits.iter().all(|wait| range.contains(wait)), "{waits:?}");
        assert!(waits[10..].iter().all(|wait| *wait >= LONGEST_WAIT));
    }
}
