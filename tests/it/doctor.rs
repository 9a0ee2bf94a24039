//! `doctor`: each planted fault has one line that names it.

/// The checks of DSM.
mod dsm;
