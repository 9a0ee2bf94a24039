//! Random events, the same for the same seed.

/// A random number generator for simulations only: `SplitMix64`.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number less than `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Returns one of several.
    pub(crate) fn one_of<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        let place = self.below(several.len() as u64);
        &several[usize::try_from(place).unwrap()]
    }

    /// Shuffles the items.
    pub(crate) fn shuffle<T>(&mut self, several: &mut [T]) {
        for last in (1..several.len()).rev() {
            let place = self.below(last as u64 + 1);
            several.swap(last, usize::try_from(place).unwrap());
        }
    }
}

/// The same year each time, so that a failure is caused by a change;
/// `YEAR_SEED=n` plays another.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever looks for a fault chooses the year"
)]
pub(crate) fn seed() -> u64 {
    std::env::var("YEAR_SEED").map_or(2026, |seed| seed.parse().unwrap())
}
