//! later
pub mod address;
pub mod clock;
pub mod http_client;
pub mod ids;
pub mod login;
pub mod random;
pub mod relying_party;
pub mod secret;
pub mod user_list;
