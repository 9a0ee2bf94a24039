//! What the daemon takes from the machine: the time and its zone, random bytes,
//! and the files with its secrets and certificates.

pub mod clock;
pub mod random;
pub mod secret_file;
pub mod time_zone;
pub mod tls;
