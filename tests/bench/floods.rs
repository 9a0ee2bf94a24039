//! The memory that an attacker can make the daemon use: all its connections,
//! each with the worst request of an endpoint.

use std::time::Duration;

use fakes::flood::{Flood, floods};
use fakes::google::Endpoint;
use fakes::house::{REDIRECT_URI, encode};

use crate::House;
use crate::report::{Report, Target};

/// In MiB.
const MOST: f64 = 80.0;
const MOST_AFTERWARDS: f64 = 20.0;

/// Rounds with one daemon: memory left by one round adds to the next.
const ROUNDS: u32 = 3;

/// Time for the daemon to read the request bytes.
const READ: Duration = Duration::from_millis(300);

/// Runs each flood on its own daemon.
pub(crate) fn all(house: &House, report: &mut Report) {
    for flood in floods() {
        let daemon = house.start();
        for _ in 0..ROUNDS {
            house.runtime.block_on(once(house, &flood));
        }
        std::thread::sleep(Duration::from_secs(1));
        let peak = daemon.memory("VmHWM");
        let afterwards = daemon.memory("VmRSS");
        report.line(flood.name, peak, " MiB", Target::Below(MOST));
        let limit = Target::Below(MOST_AFTERWARDS);
        report.line("    afterwards", afterwards, " MiB", limit);
        daemon.stop();
    }
}

/// One flood, of all connections.
pub(crate) async fn once(house: &House, flood: &Flood) {
    let redirect = encode(REDIRECT_URI);
    let login = format!(
        "/auth?response_type=code&client_id=synology&redirect_uri={redirect}&state=12345678"
    );
    let google_is_slow = house.google.hold(Endpoint::Token);
    let begun = flood.begin(house.address, &login).await;
    tokio::time::sleep(READ).await;
    let asked = begun.ask().await;
    tokio::time::sleep(READ).await;
    drop(google_is_slow);
    asked.answers().await;
}
