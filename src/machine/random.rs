//! The random source of this machine, behind [`Random`].

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use domain::base::random::{Random, RandomError};

/// The operating system's random source.
#[derive(Debug, Default)]
pub struct OsRandom(SystemRandom);

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes).map_err(|_| RandomError)
    }
}
