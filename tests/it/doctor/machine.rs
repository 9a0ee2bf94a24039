//! This machine: clock, disk and port.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fakes::house::{House, Plan};
use fakes::server::{Server, reply};
use google_to_synology_sso::http::listen;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::time::timeout;

use super::front::{Forwarding, on, port, proxy};
use super::{Run, doctor, edit_config};
use crate::support::built::{Built, run};
use crate::support::command_line::as_root;
use crate::support::process::free_port;
use crate::support::small_disk::Disk;

#[tokio::test]
async fn a_clock_that_disagrees_with_googles_is_named() {
    let built = Built::new().await;
    let google = &built.house.google;
    for (offset, words) in [
        (-3600, "1 h 0 min ahead of Google's"),
        (3 * 86_400, "behind Google's"),
    ] {
        google.set_date_offset(offset);
        let report = doctor(&built.house).await;
        report.fault("machine.clock", words, &[]);
        let message = report.message("machine.clock");
        assert!(message.contains("Control Panel > Regional Options > Time"));
    }
    google.set_date_offset(30);
    doctor(&built.house).await.all_ok();
}

#[tokio::test]
async fn a_disk_without_space_is_named() {
    let house = House::for_built_daemon(Plan::default(), free_port()).await;
    let disk = Disk::over(house.home.path());
    let process = disk.start(&house, &mut run(&house));
    let built = Built { house, process };
    built.has_saved_users_and_documents().await;
    let report = doctor(&built.house).await;
    report.fault("machine.disk", "delete files", &[]);
}

/// The same directory, mounted a second time: read-only.
struct ReadOnly(TempDir);

impl ReadOnly {
    fn of(directory: &Path) -> Self {
        let view = Self(fakes::house::private_directory());
        let mount = |arguments: &[&Path]| {
            let mut mount = as_root(Path::new("mount"));
            assert!(mount.args(arguments).status().unwrap().success());
        };
        let path = view.0.path();
        mount(&[Path::new("--bind"), directory, path]);
        let options = Path::new("remount,ro,bind");
        mount(&[Path::new("-o"), options, path]);
        view
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let mut umount = as_root(Path::new("umount"));
        let _ = umount.arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_read_only_disk_is_one_fault() {
    let built = Built::new().await;
    let view = ReadOnly::of(built.house.home.path());
    let run = Run {
        config: &view.0.path().join("config.toml"),
        trusted: None,
    };
    let report = run.report().await;
    report.fault("machine.disk", "read-only", &[]);
}

#[tokio::test]
async fn without_a_daemon_its_line_fails() {
    let inside = free_port();
    let (front, listener) = port();
    let _proxy = proxy(listener, inside, Forwarding::Appends);
    let mut built = on(inside, front, Plan::default()).await;
    built.process.cut_off();
    let report = doctor(&built.house).await;
    let needs = ["public.daemon", "public.forwarded"];
    report.fault("daemon", "is not running", &needs);
    assert!(report.message("machine.port").ends_with(" is free"));
}

#[tokio::test]
async fn a_daemon_that_hangs_fails_in_its_line() {
    let inside = free_port();
    let (front, listener) = port();
    let _proxy = proxy(listener, inside, Forwarding::Appends);
    let built = on(inside, front, Plan::default()).await;
    let config = built.house.home.path().join("config.toml");
    let run = Run {
        config: &config,
        trusted: None,
    };
    let file = built.house.home.path().join("report");
    let options = ["--report", file.to_str().unwrap()];
    built.process.signal(Signal::STOP);
    // Less than the daemon has for one answer.
    let in_time = timeout(Duration::from_secs(55), run.output(&options));
    let (report, written) = tokio::join!(doctor(&built.house), in_time);
    built.process.signal(Signal::CONT);
    written.expect("the report waits for each section");
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("== Users ==\nnot available: the daemon does not answer"));
    let needs = [
        "machine.port",
        "public.reach",
        "public.daemon",
        "public.forwarded",
    ];
    report.fault("daemon", "does not answer", &needs);
    assert!(report.message("daemon").contains("or stop and start it"));
}

#[tokio::test]
async fn the_program_that_has_the_port_is_named() {
    let inside = free_port();
    let (front, listener) = port();
    let _proxy = proxy(listener, inside, Forwarding::Appends);
    let mut built = on(inside, front, Plan::default()).await;
    built.process.cut_off();
    let other = listen(built.house.address).unwrap();
    let _other = Server::on(other, async |_| reply(404, "text/html", "no"));
    let report = doctor(&built.house).await;
    let whose = format!("(process {}) of uid", std::process::id());
    let faults = [
        ("machine.port", "fail", whose.as_str()),
        ("daemon", "fail", "another program has its port"),
    ];
    report.only(&faults, &["public.daemon", "public.forwarded"]);
}

#[tokio::test]
async fn a_changed_address_needs_a_restart() {
    let inside = free_port();
    let (front, listener) = port();
    let _proxy = proxy(listener, inside, Forwarding::Appends);
    let built = on(inside, front, Plan::default()).await;
    let address = format!("address = \"127.0.0.1:{inside}\"");
    let next = free_port();
    edit_config(
        &built.house,
        &address,
        &format!("address = \"127.0.0.1:{next}\""),
    );
    let report = doctor(&built.house).await;
    report.fault("machine.port", "restart the package", &[]);

    let other = listen(([127, 0, 0, 1], next).into()).unwrap();
    let _other = Server::on(other, async |_| reply(404, "text/html", "no"));
    let report = doctor(&built.house).await;
    report.fault("machine.port", "not by the daemon", &[]);
}

#[tokio::test]
async fn the_age_of_the_copy_is_shown() {
    let built = Built::new().await;
    built.is_at_rest().await;
    let copy = built.house.home.path().join("state.sqlite3.copy");
    let disk = || async {
        doctor(&built.house)
            .await
            .message("machine.disk")
            .to_owned()
    };
    assert!(disk().await.contains("last copy of the state "));
    fs::remove_file(copy).unwrap();
    assert!(disk().await.ends_with("no copy of the state yet"));
}
