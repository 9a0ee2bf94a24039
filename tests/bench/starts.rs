//! The time from exec until the first response, with yesterday's state and
//! without the network: Google refuses connections too.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::House;
use super::measure::{median, milliseconds, now};
use super::process::Daemon;
use super::report::{self, Report, Target};

/// The number of users of a school.
pub(super) const SCHOOL: usize = 10_000;

pub(super) const STARTS: usize = 21;

const LONGEST_START: Duration = Duration::from_secs(20);

pub(super) fn of_a_family(house: House, report: &mut Report) {
    let house = Asleep::of(house);
    let ready = house.median(Asleep::until_ready);
    report.line(
        "start to READY=1, no network",
        ready,
        " ms",
        Target::Below(20.0),
    );
    let answer = house.median(Asleep::until_first_answer);
    let what = "start to first answer, no network";
    report.line(what, answer, " ms", Target::Below(20.0));
}

/// Nothing of the program and of its state is in memory, as after a boot.
pub(super) fn cold(house: House, report: &mut Report) {
    if let Err(error) = drop_cached_files() {
        println!("not measured: cold start, since only root can drop the cache of files: {error}");
        return;
    }
    let house = Asleep::of(house);
    let mut read = Vec::new();
    let mut faults = Vec::new();
    let answer = house.median(|house| {
        drop_cached_files().unwrap();
        let (daemon, took) = house.until_first_answer();
        read.push(daemon.read());
        faults.push(daemon.major_faults());
        (daemon, took)
    });
    let what = "cold start to first answer, no network";
    report.line(what, answer, " ms", Target::Below(15.0));
    let what = "    read from the disk until then";
    report.line(what, report::median(read), " MB", Target::None);
    let what = "    waits for a page of a file until then";
    report.line(what, report::median(faults), "", Target::None);
}

pub(super) fn drop_cached_files() -> io::Result<()> {
    assert!(Command::new("sync").status()?.success());
    fs::write("/proc/sys/vm/drop_caches", "3")
}

pub(super) fn of_a_school(house: House, report: &mut Report) {
    let ready = Asleep::of(house).median(Asleep::until_ready);
    let what = "start to READY=1, no network, 10,000 users";
    report.line(what, ready, " ms", Target::Below(60.0));
}

/// A house in which neither the daemon nor the fakes run.
struct Asleep {
    program: PathBuf,
    home: TempDir,
    address: SocketAddr,
    /// The socket on which systemd would listen.
    socket: PathBuf,
    systemd: UnixDatagram,
}

impl Asleep {
    fn of(house: House) -> Self {
        let House {
            program,
            home,
            address,
            runtime,
            google,
            dsm,
        } = house;
        drop((google, dsm, runtime));
        let socket = home.path().join("systemd.sock");
        Self {
            program,
            systemd: UnixDatagram::bind(&socket).unwrap(),
            socket,
            home,
            address,
        }
    }

    /// In milliseconds.
    fn median(&self, mut start: impl FnMut(&Self) -> (Daemon, Duration)) -> f64 {
        let starts = (0..STARTS).map(|_| {
            let (daemon, took) = start(self);
            daemon.stop();
            took
        });
        milliseconds(median(starts))
    }

    fn until_ready(&self) -> (Daemon, Duration) {
        let begun = now();
        let daemon = Daemon::start_notifying(&self.program, self.home.path(), &self.socket);
        let mut said = [0; 4096];
        loop {
            let length = self.systemd.recv(&mut said).unwrap();
            // The last message of the previous daemon is in the queue too.
            if said[..length].starts_with(b"READY=1") {
                return (daemon, begun.elapsed());
            }
        }
    }

    fn until_first_answer(&self) -> (Daemon, Duration) {
        let begun = now();
        let daemon = Daemon::start(&self.program, self.home.path());
        first_answer(self.address, "/.well-known/openid-configuration");
        (daemon, begun.elapsed())
    }
}

/// Waits for `document`, and closes the connection.
pub(super) fn first_answer(address: SocketAddr, document: &str) {
    let begun = now();
    let mut connection = loop {
        if let Ok(connection) = TcpStream::connect(address) {
            break connection;
        }
        assert!(
            begun.elapsed() < LONGEST_START,
            "nothing listens at {address}"
        );
    };
    let request = format!("GET {document} HTTP/1.1\r\nhost: nas\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
