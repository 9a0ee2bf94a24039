//! What a request works with, and what is remembered between requests.

mod bridge;
mod configured;
mod current;
mod problems;
mod refusals;
mod spent;

pub use bridge::Bridge;
pub use configured::{dsm_client, policy, upstream};
pub use current::CurrentBridge;
pub use problems::{NotedProblem, Problem, Problems, Source};
pub use refusals::{Refusals, RefusedLogin};
pub use spent::SpentLogins;
