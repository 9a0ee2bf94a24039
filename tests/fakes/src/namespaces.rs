//! Runs a test again as the first process in new namespaces. When that process
//! ends, all others end, and every address and mount is removed.

use std::process::{self, Command};
use std::{any, env};

/// Returns whether this is the first process in its namespaces.
pub fn is_first_process() -> bool {
    process::id() == 1
}

/// Runs the test with the closure `S` again, by `unshare`, a command with the
/// options for the other namespaces.
///
/// # Panics
///
/// If the test fails there.
pub fn run_again<S>(mut unshare: Command) {
    unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    unshare.arg(env::current_exe().unwrap());
    unshare.args(["--exact", &test_of::<S>(), "--nocapture"]);
    let played = unshare.output().unwrap();
    let told = String::from_utf8_lossy(&played.stdout);
    let complaint = String::from_utf8_lossy(&played.stderr);
    let is_good = played.status.success() && told.contains("1 passed");
    assert!(is_good, "{}\n{told}\n{complaint}", played.status);
    // Shown with --nocapture.
    print!("{told}");
}

/// The test's name is that of the closure.
fn test_of<S>() -> String {
    let path = any::type_name::<S>();
    let (_, path) = path.split_once("::").unwrap();
    path.split("::{{closure}}").next().unwrap().to_owned()
}
