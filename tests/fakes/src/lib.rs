//! What stands around the daemon in tests, the demo and the benches: a fake
//! Google, a fake DSM, a clock that the test moves.

pub mod google;
pub mod server;
pub mod time;
