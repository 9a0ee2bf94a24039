//! What comes from the machine: time, time zone, random bytes, its listening
//! sockets, and the files with secrets and certificates.

pub mod clock;
pub mod listeners;
pub mod random;
pub mod secret_file;
pub mod time_zone;
pub mod tls;
