//! What comes from the machine: time, time zone, random bytes, and the files
//! with secrets and certificates.

pub mod clock;
pub mod random;
pub mod secret_file;
pub mod time_zone;
pub mod tls;
