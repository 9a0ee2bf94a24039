//! Basic values: addresses, IDs, URLs, parameters, times, secrets.

pub mod address;
pub mod clock;
pub mod ids;
pub mod issuer;
pub mod oauth;
pub mod parameters;
pub mod random;
pub mod seal;
pub mod secret;
pub mod web_url;
