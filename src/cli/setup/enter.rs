//! Waits until the daemon has entered the settings in DSM.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

use super::terminal::{plain, say};
use crate::cli::control_client::{Form, ask_daemon_of};
use crate::cli::waiting;
use crate::config::{APPLY_FILE, directory_of};
use crate::control::{Reloaded, Request, Status};

/// The time for the daemon's start, its first refresh, and DSM.
const PATIENCE: Duration = Duration::from_mins(1);

const PAUSE: Duration = Duration::from_millis(500);

/// The daemon answers from memory; a reload waits 15 s for DSM.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// What the daemon does before the new config is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Daemon {
    /// It serves with another config.
    Serves,
    /// It waits for a config.
    Waits,
    /// It does not run.
    IsDown,
}

impl Daemon {
    /// Finds the daemon of the config in `path`.
    pub(super) fn of(path: &Path) -> Self {
        if status(path).is_some() {
            return Self::Serves;
        }
        match waiting::report(path, Form::Json) {
            Some(_) => Self::Waits,
            None => Self::IsDown,
        }
    }

    /// Waits until the daemon has entered the settings of the new config in
    /// `path` in DSM, and says the result.
    pub(super) fn wait_for_settings(self, path: &Path) {
        let result = match self {
            Self::IsDown => {
                "The daemon is not running. It enters the settings in DSM when it starts."
                    .to_owned()
            }
            Self::Serves => {
                // Its answer is that of the config, which is known here.
                let _ = ask_daemon_of::<Reloaded>(
                    path,
                    &Request::Reload { seen: None },
                    ANSWER_TIMEOUT,
                );
                wait(path)
            }
            Self::Waits => wait(path),
        };
        // The terminal may have been closed.
        let _ = say(&format!("\n{}\n\n", plain(&result)));
    }
}

fn wait(path: &Path) -> String {
    let _ = say("\nThe daemon enters the settings in DSM …\n");
    let end = Instant::now() + PATIENCE;
    let request = directory_of(path).join(APPLY_FILE);
    while Instant::now() < end {
        // The daemon deletes the file after the result is saved.
        if !request.exists()
            && let Some(applied) = status(path).and_then(|status| status.apply)
        {
            return format!("Settings in DSM: {}", applied.message);
        }
        sleep(PAUSE);
    }
    "DSM's settings have no result yet. The daemon tries again with each refresh; the command status \
     shows the result."
        .to_owned()
}

fn status(path: &Path) -> Option<Status> {
    ask_daemon_of(path, &Request::Status, ANSWER_TIMEOUT).ok()
}
