//! The surroundings of the daemon in tests, the demo and the benches: a fake
//! Google, a fake DSM, its reverse proxy, certificates, a browser, Chromium,
//! a terminal, a clock that the test moves, namespaces.

pub mod browser;
pub mod certificates;
pub mod chromium;
pub mod dsm;
pub mod dsm_login;
pub mod flood;
pub mod google;
pub mod house;
pub mod namespaces;
pub mod nginx;
pub mod picture;
pub mod reverse_proxy;
pub mod server;
pub mod terminal;
pub mod time;
pub mod wrong_answers;
