//! The cost of a refresh that finds 100,000 unchanged users, far more than a
//! NAS has.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use fakes::dsm::{Counts, FakeDsm, FakeUser};
use fakes::google::{CLIENT_ID, CLIENT_SECRET};
use fakes::house::{CLIENT_SECRET_OF_DSM, REDIRECT_URI, write_secret};

use crate::measure::{milliseconds, now};
use crate::process::Daemon;
use crate::report::{Report, Target};

const USERS: usize = 100_000;

/// The daemon starts twice, the first time without users.
pub(crate) fn refresh(program: &Path, report: &mut Report) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let dsm = runtime.block_on(FakeDsm::start());
    dsm.set_users(users());
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    write_config(home.path(), &dsm);

    let daemon = Daemon::start(program, home.path());
    wait_until(&dsm, |counts| counts.sign_outs == 1);
    wait_until_kept(home.path());
    report.line(
        "100,000 users, the first time: memory at most",
        daemon.memory("VmHWM"),
        " MiB",
        Target::None,
    );
    daemon.stop();

    let daemon = Daemon::start(program, home.path());
    wait_until(&dsm, |counts| counts.user_lists == 2);
    let (asked, commits) = (now(), daemon.commits());
    wait_until(&dsm, |counts| counts.sign_outs == 2);
    let took = asked.elapsed();
    // Time for the daemon to write, if it does.
    std::thread::sleep(Duration::from_secs(1));
    report.line(
        "100,000 users, unchanged: a refresh, the fake's part too",
        milliseconds(took),
        " ms",
        Target::Below(1000.0),
    );
    report.line(
        "100,000 users, unchanged: memory at most",
        daemon.memory("VmHWM"),
        " MiB",
        Target::Below(60.0),
    );
    report.line(
        "100,000 users, unchanged: memory afterwards",
        daemon.memory("VmRSS"),
        " MiB",
        Target::None,
    );
    report.line(
        "100,000 users, unchanged: commits to the disk",
        f64::from(daemon.commits() - commits),
        "",
        Target::Below(1.0),
    );
    daemon.stop();
}

fn users() -> Vec<FakeUser> {
    let user = |number: usize| {
        let name = format!("first.last.{number}");
        let user = FakeUser::new(&name, &format!("{name}@example.com"));
        if number == 7 {
            return user.administrator();
        }
        user
    };
    (0..USERS).map(user).collect()
}

/// Google is not needed, and the address refuses connections.
fn write_config(home: &Path, dsm: &FakeDsm) {
    dsm.write_password_file(home);
    write_secret(&home.join("google-client-secret"), CLIENT_SECRET);
    write_secret(&home.join("synology-client-secret"), CLIENT_SECRET_OF_DSM);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    let config = format!(
        "issuer = \"http://{address}\"\n\
         [listen]\naddress = \"{address}\"\n\
         [google]\nissuer = \"https://127.0.0.1:1\"\nclient-id = {CLIENT_ID:?}\n\
         client-secret-file = \"google-client-secret\"\n\
         [dsm]\nurl = {url:?}\naccount = \"sso-reader\"\npassword-file = \"dsm-password\"\n\
         [[clients]]\nid = \"synology\"\nname = \"the family's NAS\"\n\
         secret-file = \"synology-client-secret\"\nredirect-uris = [{REDIRECT_URI:?}]\n",
        url = dsm.url(),
    );
    write_secret(&home.join("config.toml"), &config);
}

fn wait_until(dsm: &FakeDsm, wanted: impl Fn(&Counts) -> bool) {
    for _ in 0..60_000 {
        if wanted(&dsm.counts()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("still {:?}", dsm.counts());
}

/// Waits until the users are on disk: a megabyte and more.
fn wait_until_kept(home: &Path) {
    for _ in 0..60_000 {
        let journal = fs::metadata(home.join("state.sqlite3-wal"));
        if journal.is_ok_and(|file| file.len() > 1_000_000) {
            std::thread::sleep(Duration::from_secs(1));
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the users are not kept");
}
