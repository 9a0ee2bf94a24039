//! `doctor`: each planted fault has one line that names it.

/// The checks of DSM.
mod dsm;

/// The proof that the public name leads to this daemon.
mod nonce;
