//! The values that everything else is made of.

pub mod address;
pub mod clock;
pub mod ids;
pub mod issuer;
pub mod oauth;
pub mod parameters;
pub mod random;
pub mod secret;
pub mod web_url;
