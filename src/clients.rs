//! The clients of DSM and Google, and the HTTP client for both.

pub mod backoff;
pub mod dsm;
pub mod http_client;
pub mod refresh_coordinator;
pub mod upstream;
