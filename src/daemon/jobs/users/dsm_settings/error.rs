//! Why the settings of DSM were not written.

use std::time::Duration;

use super::{Reaction, UsersJob};
use crate::clients::dsm::DsmError;
use crate::daemon::jobs::UsersError;
use crate::logging::error_chain;
use crate::store::StoreError;

/// Why the settings of DSM were not written, or not completely.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum SettingsError {
    #[error("the users could not be read first, so nothing was written to DSM")]
    Users(#[source] UsersError),
    #[error(
        "sign-ins to DSM are paused until {until}, because DSM refused the last one; nothing was \
         written"
    )]
    Paused { until: String },
    #[error(transparent)]
    Dsm(#[from] DsmError),
    #[error(
        "{}; DSM may have saved the new settings or not: run dsm-settings --compare, and then the \
         same command again",
        error_chain(.0)
    )]
    Unknown(DsmError),
    #[error(
        "DSM has not answered for {} s; it may be starting or busy: run dsm-settings --compare to \
         see what it has, and try again in a few minutes",
        .0.as_secs()
    )]
    NoAnswer(Duration),
    #[error(
        "the settings of DSM, or the config, have changed since they were shown: nothing was \
         written; run the same command again"
    )]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SettingsError {
    /// Whether another try has the same result until an administrator acts:
    /// DSM has answered, and rejects the account or the request.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Dsm(error) => error.code().is_some() && error.reaction() == Reaction::Report,
            Self::Users(_)
            | Self::Paused { .. }
            | Self::Unknown(_)
            | Self::NoAnswer(_)
            | Self::Changed
            | Self::Store(_) => false,
        }
    }
}

impl UsersJob {
    pub(super) fn not_refreshed(&self, error: UsersError) -> SettingsError {
        match error {
            UsersError::Paused { until } => SettingsError::Paused {
                until: self.current.load().local_time(until),
            },
            UsersError::Dsm(error) => SettingsError::Dsm(error),
            error @ (UsersError::AddressesGone(_)
            | UsersError::Store(_)
            | UsersError::Abandoned(_)) => SettingsError::Users(error),
        }
    }
}
