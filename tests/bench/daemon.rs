//! The cost of the daemon as a process, with a disk, and fakes of Google and
//! DSM in this process: `cargo bench --bench daemon`.
//!
//! Arguments choose parts of it: `cargo bench --bench daemon -- login start`.
//! `before=PROGRAM` measures another program, too, in turn with this one, and
//! prints the medians of both.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may panic, and prints its table"
)]

mod crowd;
mod days;
mod floods;
mod login;
mod measure;
mod peer;
mod process;
mod report;
mod rush;
mod starts;

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use fakes::dsm::{FakeDsm, FakeUser};
use fakes::google::{self, CLIENT_ID, CLIENT_SECRET, FakeGoogle, Person};
use fakes::house::{CLIENT_SECRET_OF_DSM, REDIRECT_URI, family, write_secret};
use google_to_synology_sso::machine::clock::SystemClock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use login::{Client, Connections};
use measure::{Signature, each, microseconds, milliseconds};
use process::{DAEMON, Daemon, Usage, program_size, signature_cpu};
use report::{Report, Target};

/// The number of consecutive logins for a figure of CPU time, and of
/// repetitions.
const LOGINS: u32 = 100;
const ROUNDS: u32 = 6;

/// The number of logins for a figure of disk use, which is the same each time.
const LOGINS_ON_DISK: u32 = 200;

/// In each minute the jobs check whether they are due.
const IDLE: Duration = Duration::from_mins(1);

/// An address that refuses connections. It is https, so that the daemon loads
/// this machine's certificate authorities, as for the real Google.
const NOBODY: &str = "https://127.0.0.1:1";

/// What an argument can name, in the order in which it is measured.
const PARTS: [&str; 11] = [
    "crowd", "rest", "login", "disk", "rush", "floods", "days", "start", "cold", "users", "peer",
];

/// How often the two programs of a comparison are measured, in turn.
const TURNS: usize = 3;

fn main() -> ExitCode {
    let strace = Command::new("strace").arg("-V").output();
    if strace.is_err() {
        println!("strace is missing, which counts the fsyncs: sudo apt-get install strace");
        return ExitCode::FAILURE;
    }
    let now = Path::new(DAEMON);
    let arguments = std::env::args().skip(1);
    let mut parts: Vec<String> = arguments.filter(|it| it != "--bench").collect();
    let is_program = |part: &mut String| part.starts_with("before=");
    let before = parts.extract_if(.., is_program).next();
    if let Some(missing) = peer::missing()
        && parts.iter().any(|part| part == "peer")
    {
        println!("{missing}");
        return ExitCode::FAILURE;
    }
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        println!("no part {unknown}; the parts are: {}", PARTS.join(" "));
        return ExitCode::FAILURE;
    }
    let Some(before) = before else {
        let mut report = Report::new("The daemon: release build, state on disk");
        measure(now, &parts, &mut report);
        report.end();
        return ExitCode::SUCCESS;
    };
    let before = Path::new(before.trim_start_matches("before="));
    let (mut reports_before, mut reports_now) = (Vec::new(), Vec::new());
    for turn in 1..=TURNS {
        println!("turn {turn} of {TURNS}");
        for (program, reports) in [(before, &mut reports_before), (now, &mut reports_now)] {
            let mut report = Report::silent();
            measure(program, &parts, &mut report);
            reports.push(report);
        }
    }
    report::compare(&reports_before, &reports_now);
    ExitCode::SUCCESS
}

/// Measures the chosen `parts` of `program`, or all.
fn measure(program: &Path, parts: &[String], report: &mut Report) {
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| part == name);
    if wanted("crowd") {
        rush::crowd(&House::of(program, rush::CROWD), report);
    }
    let house = House::of(program, 0);
    if wanted("rest") {
        house.rest(report);
    }
    if wanted("login") {
        house.logins(report);
    }
    if wanted("disk") {
        house.disk(report);
    }
    if wanted("rush") {
        rush::sixteen(&house, report);
    }
    if wanted("floods") {
        floods::all(&house, report);
    }
    if wanted("days") {
        days::ten(&house, report);
    }
    if wanted("start") {
        starts::of_a_family(house, report);
        starts::of_a_school(House::of(program, starts::SCHOOL), report);
    }
    if wanted("cold") {
        starts::cold(House::of(program, 0), report);
    }
    if wanted("users") {
        crowd::refresh(program, report);
    }
    if wanted("peer") {
        peer::beside(House::of(program, 0), report);
    }
}

/// The daemon's home, and the fakes.
struct House {
    program: PathBuf,
    home: TempDir,
    address: SocketAddr,
    /// One thread: the daemon uses the other CPU.
    runtime: Runtime,
    google: FakeGoogle,
    dsm: FakeDsm,
}

impl House {
    /// The daemon has run once: users, keys and Google's documents are on disk,
    /// and DSM does not respond any more. `crowd` users exist beside the
    /// family.
    fn of(program: &Path, crowd: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let google = runtime.block_on(FakeGoogle::start(Arc::new(SystemClock::new())));
        let dsm = runtime.block_on(FakeDsm::start());
        let pupils = (0..crowd).map(|number| FakeUser::new(&pupil(number), &account(number)));
        dsm.set_users(family().into_iter().chain(pupils).collect::<Vec<_>>());
        let pupils = (0..crowd).map(|number| {
            let subject = (1_000_000 + number).to_string();
            Person::new(&subject, &account(number), &pupil(number))
        });
        google.set_people(google::family().into_iter().chain(pupils).collect());
        // In the build directory: /tmp may be a tmpfs, which needs no fsync.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        dsm.write_password_file(home.path());
        write_secret(&home.path().join("google-client-secret"), CLIENT_SECRET);
        write_secret(
            &home.path().join("synology-client-secret"),
            CLIENT_SECRET_OF_DSM,
        );
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let house = Self {
            program: program.to_owned(),
            home,
            address: free.local_addr().unwrap(),
            runtime,
            google,
            dsm,
        };
        drop(free);
        house.write_config(house.google.issuer(), &house.dsm.url());
        house.start().stop();
        house.write_config(house.google.issuer(), NOBODY);
        house
    }

    fn write_config(&self, google: &str, dsm: &str) {
        let config = format!(
            "issuer = \"http://{address}\"\n\
             [listen]\naddress = \"{address}\"\n\
             [google]\nissuer = {google:?}\nclient-id = {CLIENT_ID:?}\n\
             client-secret-file = \"google-client-secret\"\n\
             [dsm]\nurl = {dsm:?}\naccount = \"sso-reader\"\npassword-file = \"dsm-password\"\n\
             [[clients]]\nid = \"synology\"\nname = \"the family's NAS\"\n\
             secret-file = \"synology-client-secret\"\nredirect-uris = [{REDIRECT_URI:?}]\n",
            address = self.address,
        );
        write_secret(&self.home.path().join("config.toml"), &config);
    }

    /// A daemon that has just served its first login.
    fn start(&self) -> Daemon {
        self.after_first_login(Daemon::start(&self.program, self.home.path()))
    }

    /// DSM's users and Google's documents are fetched in the background, so the
    /// first tries may fail.
    fn after_first_login(&self, daemon: Daemon) -> Daemon {
        for _ in 0..500 {
            std::thread::sleep(Duration::from_millis(20));
            if TcpStream::connect(self.address).is_ok()
                && self.sign_in(1, Connections::Kept).is_ok()
            {
                return daemon;
            }
        }
        panic!("the sign-in fails; see {}", self.home.path().display());
    }

    /// Runs this many consecutive logins.
    fn sign_in(&self, logins: u32, connections: Connections) -> Result<(), String> {
        let mut client = Client::new(self.address, &self.google, connections);
        self.runtime.block_on(async {
            for _ in 0..logins {
                client.sign_in().await?;
            }
            Ok(())
        })
    }

    /// The cost of an idle daemon.
    fn rest(&self, report: &mut Report) {
        let daemon = self.start();
        std::thread::sleep(Duration::from_secs(1));
        report.line(
            "size of the program",
            program_size(&self.program),
            " MB",
            Target::Below(10.0),
        );
        report.line(
            "memory after a login (RSS)",
            daemon.memory("VmRSS"),
            " MiB",
            Target::Below(12.0),
        );
        daemon.stop();
        self.idle(report);
    }

    /// The cost while no requests come and nothing has changed.
    fn idle(&self, report: &mut Report) {
        self.write_config(self.google.issuer(), &self.dsm.url());
        let daemon = self.start();
        // The fakes run only while this thread polls them.
        let pass = |span| {
            let end = async { tokio::time::sleep(span).await };
            self.runtime.block_on(end);
        };
        pass(Duration::from_secs(5));
        let (before, written) = (daemon.threads(), daemon.written());
        pass(IDLE);
        let used = daemon.threads().since(&before);
        let written = daemon.written() - written;
        let cpu = milliseconds(used.cpu) / IDLE.as_secs_f64();
        let turns = used.turns_for_each(u32::try_from(IDLE.as_secs()).unwrap());
        report.line("idle: CPU", cpu, " ms/s", Target::None);
        report.line("idle: a thread wakes", turns, " times/s", Target::None);
        let what = "idle: written to the disk in a minute";
        report.line(what, written, " bytes", Target::Below(1.0));
        daemon.stop();
        self.write_config(self.google.issuer(), NOBODY);
    }

    /// CPU time of a login, in signatures, one of which is needed.
    fn logins(&self, report: &mut Report) {
        let daemon = self.start();
        let signature = Signature::new();
        let unit = || signature_cpu(&signature);
        let in_units = |used: Usage, unit: Duration| {
            used.cpu.as_secs_f64() / f64::from(LOGINS) / unit.as_secs_f64()
        };
        let before = unit();
        let kept = self.cheapest_logins(&daemon, Connections::Kept);
        let one_each = self.cheapest_logins(&daemon, Connections::OneEach);
        // Before and after, since the clock rate of a CPU changes.
        let unit = (before + unit()) / 2;
        let cpu = microseconds(kept.cpu / LOGINS);
        let turns = kept.turns_for_each(LOGINS);
        let cheap = in_units(kept, unit);
        let dear = in_units(one_each, unit);
        report.line(
            "RSA-2048 signature",
            microseconds(unit),
            " µs",
            Target::None,
        );
        report.line("CPU of a login", cpu, " µs", Target::None);
        report.line(
            "CPU of a login, in signatures",
            cheap,
            "",
            Target::Below(2.0),
        );
        report.line(
            "the same with a connection for each request",
            dear,
            "",
            Target::None,
        );
        report.line("a login wakes a thread", turns, " times", Target::None);
        daemon.stop();
    }

    /// The CPU time of this many consecutive logins in the best of several
    /// rounds: other programs on the machine can only increase it.
    fn cheapest_logins(&self, daemon: &Daemon, connections: Connections) -> Usage {
        self.sign_in(LOGINS, connections).unwrap();
        let rounds = (0..ROUNDS).map(|_| {
            let before = daemon.threads();
            self.sign_in(LOGINS, connections).unwrap();
            daemon.threads().since(&before)
        });
        rounds.min_by_key(|used| used.cpu).unwrap()
    }

    /// The disk use of a login.
    fn disk(&self, report: &mut Report) {
        let daemon = self.after_first_login(Daemon::start_traced(&self.program, self.home.path()));
        let (commits, syncs) = (daemon.commits(), daemon.syncs());
        self.sign_in(LOGINS_ON_DISK, Connections::Kept).unwrap();
        let commits = f64::from(daemon.commits() - commits);
        let syncs = u32::try_from(daemon.syncs() - syncs).unwrap();
        let logins = f64::from(LOGINS_ON_DISK);
        report.line(
            "commits of a login",
            commits / logins,
            "",
            Target::Below(2.01),
        );
        report.line(
            "fsyncs of a login",
            f64::from(syncs) / logins,
            "",
            Target::Below(2.1),
        );
        daemon.stop();
        let fsync = self.fsync();
        report.line(
            "an fsync on this disk",
            milliseconds(fsync),
            " ms",
            Target::None,
        );
    }

    fn fsync(&self) -> Duration {
        let mut file = fs::File::create(self.home.path().join("fsync")).unwrap();
        each(51, 1, || {
            file.write_all(&[0; 4096]).unwrap();
            file.sync_data().unwrap();
        })
    }
}

/// A DSM user, and the matching Google account.
fn pupil(number: usize) -> String {
    format!("pupil-{number}")
}

fn account(number: usize) -> String {
    format!("pupil.{number}@school.example")
}
