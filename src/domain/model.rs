//! The types that the steps of a login pass on, and those that they decide by.

pub mod dsm_settings;
pub mod keys;
pub mod login;
pub mod observed;
pub mod power;
pub mod relying_party;
pub mod signin_pause;
pub mod user_list;
