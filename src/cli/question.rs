//! The commands that ask the daemon.

use std::path::Path;

use clap::Subcommand;

use super::control_client::{self, Form};
use super::help::{
    KEYS, KEYS_ROTATE, KEYS_ROTATE_EXAMPLES, LINKS, LINKS_REMOVE, LINKS_REMOVE_EXAMPLES, RELOAD,
    RELOAD_EXAMPLES, STATUS_EXAMPLES, USERS, USERS_EXAMPLES,
};
use super::{print_result, waiting};
use crate::daemon::control::wire::{self, Request, Signs};

/// What the daemon is asked.
#[derive(Subcommand)]
pub(super) enum Question {
    /// Make the daemon read its config again; print what has changed
    #[command(long_about = RELOAD, after_help = RELOAD_EXAMPLES)]
    Reload {
        /// Print JSON: changes and directory
        #[arg(long)]
        json: bool,
    },
    /// Show daemon health, recent refusals and recent problems
    #[command(after_help = STATUS_EXAMPLES)]
    Status {
        /// Print JSON: version, started, directory, power, google, jobs,
        /// refusals and problems; before a valid config: waiting and problems
        #[arg(long)]
        json: bool,
    },
    /// Who can sign in, who cannot and why
    #[command(long_about = USERS, after_help = USERS_EXAMPLES)]
    Users {
        /// Print JSON: a list of name, email, verdict, link and aliases
        #[arg(long)]
        json: bool,
    },
    /// The Google accounts that are linked to DSM users
    #[command(subcommand, long_about = LINKS)]
    Links(Links),
    /// The keys that sign what DSM is told
    #[command(subcommand, long_about = KEYS)]
    Keys(Keys),
}

#[derive(Subcommand)]
pub(super) enum Links {
    /// Print all links, the newest first
    List {
        /// Print JSON: a list of user, issuer, subject, address and since
        #[arg(long)]
        json: bool,
    },
    /// Forget which Google accounts sign in as a DSM user
    #[command(long_about = LINKS_REMOVE, after_help = LINKS_REMOVE_EXAMPLES)]
    Remove {
        /// The DSM user, in any case
        user: String,
        /// Print JSON: what was removed, as `links list` does
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Print the keys that are published
    List {
        /// Print JSON: a list of `kid`, `state`, `created`, `signs_from` and
        /// `gone_after`
        #[arg(long)]
        json: bool,
    },
    /// Make the next key and publish it; print the keys as they are then
    #[command(long_about = KEYS_ROTATE, after_help = KEYS_ROTATE_EXAMPLES)]
    Rotate {
        /// Sign with it at once, and remove all other keys
        #[arg(long)]
        now: bool,
        /// Print JSON, as `keys list` does
        #[arg(long)]
        json: bool,
    },
}

impl Question {
    /// Prints the answer of the daemon that serves by `config`; the code to
    /// exit with.
    pub(super) fn ask(self, config: &Path) -> u8 {
        match self {
            Self::Reload { json } => {
                control_client::show::<wire::Reloaded>(config, &Request::Reload, Form::of(json))
            }
            Self::Status { json } => {
                let (status, moved) = (Request::Status, Request::LinksMoved);
                let form = Form::of(json);
                let report = control_client::both::<wire::Status, Vec<wire::MovedLink>>(
                    config, &status, &moved, form,
                );
                let unanswered = match report {
                    Ok(report) => return print_result(&report, 0),
                    Err(unanswered) => unanswered,
                };
                let waits = unanswered.may_wait();
                match waits.then(|| waiting::report(config, form)).flatten() {
                    Some(report) => print_result(&report, 0),
                    None => unanswered.complain(),
                }
            }
            Self::Users { json } => {
                control_client::show::<Vec<wire::User>>(config, &Request::Users, Form::of(json))
            }
            Self::Links(links) => ask_for_links(config, links),
            Self::Keys(keys) => ask_for_keys(config, &keys),
        }
    }
}

fn ask_for_links(config: &Path, links: Links) -> u8 {
    match links {
        Links::List { json } => {
            control_client::show::<Vec<wire::Link>>(config, &Request::LinksList, Form::of(json))
        }
        Links::Remove { user, json } => {
            let request = Request::LinksRemove { user };
            control_client::show::<wire::RemovedLinks>(config, &request, Form::of(json))
        }
    }
}

fn ask_for_keys(config: &Path, keys: &Keys) -> u8 {
    let (request, json) = match *keys {
        Keys::List { json } => (Request::KeysList, json),
        Keys::Rotate { now, json } => {
            let signs = if now { Signs::Now } else { Signs::Announced };
            (Request::KeysRotate { signs }, json)
        }
    };
    control_client::show::<Vec<wire::Key>>(config, &request, Form::of(json))
}
