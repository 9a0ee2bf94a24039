//! What a request works with, and what is in memory between requests.

mod configured;
mod current_state;
mod doctor_nonces;
mod metrics;
mod milestones;
mod problems;
mod state;
mod used_logins;

pub use configured::{dsm_client, parties, policy, upstream};
pub use current_state::CurrentState;
pub use doctor_nonces::{DoctorNonces, Forwarded, PARAMETER, Sighting};
pub(crate) use metrics::{ANOTHER_USER, METRICS_TYPE};
pub use metrics::{LoginOutcome, Metrics, RefreshResult};
pub use milestones::Milestone;
pub use problems::{NotedProblem, Problem, Problems, Source};
pub use state::AppState;
pub use used_logins::UsedLogins;
