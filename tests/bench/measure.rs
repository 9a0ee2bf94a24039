//! Time, medians, and the unit of CPU time.

use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a bench reads the real clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns how long `work` takes: the median of `rounds` rounds, each of which
/// runs it `times` times.
pub(crate) fn each(rounds: usize, times: u32, mut work: impl FnMut()) -> Duration {
    let rounds = (0..rounds).map(|_| {
        let begun = now();
        (0..times).for_each(|_| work());
        begun.elapsed() / times
    });
    median(rounds)
}

/// Returns the median.
pub(crate) fn median(figures: impl Iterator<Item = Duration>) -> Duration {
    let mut figures: Vec<Duration> = figures.collect();
    figures.sort();
    figures[figures.len() / 2]
}

/// In milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// In microseconds.
pub(crate) fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A bare RSA-2048 signature: the unit that makes results independent of the
/// machine's speed.
pub(crate) struct Signature(RsaKeyPair);

impl Signature {
    /// Generates a key.
    pub(crate) fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Signs a message of an ID token's length.
    pub(crate) fn sign(&self) {
        let mut signature = [0; 256];
        let message = std::hint::black_box([b'x'; 900]);
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                &message,
                &mut signature,
            )
            .unwrap();
        std::hint::black_box(signature);
    }
}
