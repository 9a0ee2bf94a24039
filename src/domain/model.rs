//! What flows between the steps of a login, and what they are decided by.

pub mod keys;
pub mod login;
pub mod power;
pub mod relying_party;
pub mod signin_pause;
pub mod user_list;
