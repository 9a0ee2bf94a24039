//! `cargo demo`: one whole sign-in between a fake DSM, the real daemon and a
//! fake Google, shown request by request; then the same for a browser.

mod household;
mod ledger;
mod logs;
mod picture;
mod story;
mod walk;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use google_to_synology_sso::daemon::lifecycle;
use tokio_util::sync::CancellationToken;

use crate::household::Household;

const ABOUT: &str = "\
Shows one whole sign-in, request by request: a fake DSM, the real daemon, a fake Google. Then serves
all three on this machine, so that a browser can do the same, until Ctrl-C.

Needs no network, no account, no NAS. What the daemon stores is in a fresh directory, which is
removed at the end.";

#[derive(Parser)]
#[command(name = "cargo demo", about = ABOUT)]
struct Arguments {
    /// Stop after the sign-in; exit code 1 if it failed
    #[arg(long)]
    once: bool,

    /// Who signs in: one of the fake Google's accounts
    #[arg(long, value_name = "ADDRESS", default_value = household::JEANNE)]
    person: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The error cannot be reported if standard error is closed.
            let _ = writeln!(io::stderr(), "cargo demo: {error:#}.");
            ExitCode::FAILURE
        }
    }
}

/// Stops the daemon and removes its directory at the end, also after an error.
async fn demo(arguments: &Arguments) -> anyhow::Result<()> {
    let (household, daemon, listener) = Household::prepare().await?;
    let stop = CancellationToken::new();
    let serving = async {
        let served = daemon.serve(listener, stop.clone()).await;
        stop.cancel();
        served
    };
    let telling = async {
        let told = tokio::select! {
            told = story::tell(household, arguments) => told,
            asked = lifecycle::stop_signal() => asked.context("wait for Ctrl-C"),
            // The daemon ended by itself and returned the reason.
            () = stop.cancelled() => Ok(()),
        };
        stop.cancel();
        told
    };
    let (served, told) = tokio::join!(serving, telling);
    told.and(served)
}
