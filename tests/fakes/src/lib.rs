//! What stands around the daemon in tests, the demo and the benches: a fake
//! Google, a fake DSM, a browser, a clock that the test moves.

pub mod browser;
pub mod dsm;
pub mod dsm_login;
pub mod google;
pub mod house;
pub mod server;
pub mod time;
