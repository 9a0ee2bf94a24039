//! The memory use of the daemon while an attacker holds all connections.

use std::fs;
use std::time::Duration;

use fakes::flood::floods;
use fakes::google::Endpoint;

use crate::support::built::Built;
use crate::support::server::allow_many_files;

/// The limit in kB, without the pages of the program's file: those of a release
/// build are 10 MiB at most, those of a debug build three times as many.
pub(crate) const MOST: u64 = 70 * 1024;

/// In kB: `VmHWM` or another line of `/proc/PID/status`.
pub(crate) fn memory(built: &Built, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", built.process.id())).unwrap();
    let mut lines = status.lines();
    let figure = lines.find_map(|found| found.strip_prefix(line)).unwrap();
    figure
        .trim_matches([':', ' ', '\t', 'k', 'B'])
        .parse()
        .unwrap()
}

/// Polls until the daemon has read everything: its memory use does not grow.
async fn until_read(built: &Built) {
    let (mut same, mut before) = (0, 0);
    while same < 5 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = memory(built, "VmRSS");
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
}

#[tokio::test]
async fn no_flood_makes_the_daemon_use_80_mib() {
    allow_many_files();
    let built = Built::new().await;
    let login = built.house.authorization_request("");
    let login = login[built.house.url("").len()..].to_owned();
    let mut peaks = Vec::new();
    for flood in floods() {
        let google_is_slow = built.house.google.hold(Endpoint::Token);
        let begun = flood.begin(built.house.address, &login).await;
        until_read(&built).await;
        let asked = begun.ask().await;
        until_read(&built).await;
        drop(google_is_slow);
        asked.answers().await;
        let of_file = memory(&built, "RssFile");
        peaks.push((flood.name, memory(&built, "VmHWM") - of_file));
    }
    let highest = peaks.iter().map(|(_, peak)| *peak).max();
    assert!(highest < Some(MOST), "{peaks:#?}");
}
