//! later
pub mod address;
pub mod cli;
pub mod clock;
pub mod config;
pub mod google;
pub mod http_client;
pub mod ids;
pub mod issuer;
pub mod login;
pub mod random;
pub mod relying_party;
pub mod secret;
pub mod tls;
pub mod user_list;
pub mod upstream;
mod web_url;
