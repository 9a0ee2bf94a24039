//! Helpers that several modules use: programs, the command line, the log, the
//! disk.

pub(crate) mod built;
pub(crate) mod captured_log;
pub(crate) mod command_line;
pub(crate) mod control;
pub(crate) mod disk;
pub(crate) mod jwks;
pub(crate) mod nginx;
pub(crate) mod process;
pub(crate) mod secrets;
pub(crate) mod server;
pub(crate) mod small_disk;
pub(crate) mod timers;
pub(crate) mod token;
pub(crate) mod wire;
