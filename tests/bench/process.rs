//! The daemon as a separate process, and the kernel's figures about it.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::measure::Signature;

/// The program of this build.
pub(crate) const DAEMON: &str = env!("CARGO_BIN_EXE_google-to-synology-sso");

/// Runs until it is stopped, or dropped.
pub(crate) struct Daemon {
    child: Child,
    home: PathBuf,
}

impl Daemon {
    /// Starts `program` on the config in `home`. It logs to a file there, as on
    /// a NAS.
    pub(crate) fn start(program: &Path, home: &Path) -> Self {
        Self::spawn(home, Command::new(program))
    }

    /// Starts it with `socket` as the socket of systemd.
    pub(crate) fn start_notifying(program: &Path, home: &Path, socket: &Path) -> Self {
        let mut daemon = Command::new(program);
        daemon.env("NOTIFY_SOCKET", socket);
        Self::spawn(home, daemon)
    }

    /// Like [`Daemon::start`], and strace records each call that waits for the
    /// disk in the file of [`Daemon::syncs`]. `-D`: the child is the daemon,
    /// not strace.
    pub(crate) fn start_traced(program: &Path, home: &Path) -> Self {
        let mut strace = Command::new("strace");
        let calls = "trace=fsync,fdatasync,sync_file_range";
        strace.args(["-D", "-q", "-f", "-e", calls, "-e", "signal=none", "-o"]);
        strace.arg(home.join("strace.log")).arg(program);
        Self::spawn(home, strace)
    }

    fn spawn(home: &Path, mut command: Command) -> Self {
        command.arg("--config").arg(home.join("config.toml"));
        command.arg("run");
        Self::run(home, command)
    }

    /// Starts another server, with its errors in the same file.
    pub(crate) fn run(home: &Path, mut command: Command) -> Self {
        let mut log = File::options();
        let log = log.create(true).append(true);
        let log = log.open(home.join("daemon.log")).unwrap();
        command.stdin(Stdio::null()).stderr(log);
        Self {
            child: command.spawn().unwrap(),
            home: home.to_owned(),
        }
    }

    /// The CPU use of its threads so far.
    pub(crate) fn threads(&self) -> Threads {
        Threads::of(&self.child.id().to_string())
    }

    /// Its memory in MiB: `VmRSS`, or another line of `/proc/PID/status`.
    pub(crate) fn memory(&self, line: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mut lines = status.lines();
        let figure = lines.find_map(|found| found.strip_prefix(line)).unwrap();
        let kilobytes = figure.trim_matches([':', ' ', '\t', 'k', 'B']);
        kilobytes.parse::<f64>().unwrap() / 1024.0
    }

    /// The size in MB of the program with the libraries that it has loaded.
    pub(crate) fn loaded(&self) -> f64 {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap();
        let code = maps.lines().filter(|line| line.contains(" r-xp "));
        let files = code.filter_map(|line| Some(&line[line.find('/')?..]));
        let files: BTreeSet<&str> = files.collect();
        files.into_iter().map(Path::new).map(program_size).sum()
    }

    /// The bytes written to disk so far.
    pub(crate) fn written(&self) -> f64 {
        self.io("write_bytes: ")
    }

    /// The megabytes read from disk so far, with what the kernel read ahead.
    pub(crate) fn read(&self) -> f64 {
        self.io("read_bytes: ") / 1e6
    }

    fn io(&self, line: &str) -> f64 {
        let figures = fs::read_to_string(format!("/proc/{}/io", self.child.id())).unwrap();
        let mut lines = figures.lines();
        let bytes = lines.find_map(|found| found.strip_prefix(line));
        bytes.unwrap().parse().unwrap()
    }

    /// How often it has waited for a page of a file so far: the 12th field of
    /// `/proc/PID/stat`.
    pub(crate) fn major_faults(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        after_name.split(' ').nth(9).unwrap().parse().unwrap()
    }

    /// The commits to its state so far: `iChange` of the WAL index's header
    /// (SQLite, "WAL-mode File Format", section 2.1), which counts them.
    pub(crate) fn commits(&self) -> u32 {
        let index = fs::read(self.home.join("state.sqlite3-shm")).unwrap();
        u32::from_ne_bytes(index[8..12].try_into().unwrap())
    }

    /// How often it has waited for the disk so far, if it is traced.
    pub(crate) fn syncs(&self) -> usize {
        let log = fs::read_to_string(self.home.join("strace.log")).unwrap();
        let begun = |line: &&str| line.contains("sync") && !line.contains(" resumed>");
        log.lines().filter(begun).count()
    }

    /// Makes it read its config again, and refresh the users.
    pub(crate) fn reload(&self) {
        self.send("HUP");
    }

    fn send(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.unwrap().success());
    }

    /// Stops it as systemd does, and waits for its end.
    pub(crate) fn stop(mut self) {
        self.send("TERM");
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "the daemon ended badly: {ended}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The size of `program` in MB.
pub(crate) fn program_size(program: &Path) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
    let bytes = fs::metadata(program).unwrap().len() as f64;
    bytes / 1e6
}

/// The use of a process's threads so far, by thread.
pub(crate) struct Threads(HashMap<OsString, Usage>);

/// The CPU use of threads.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// CPU time.
    pub(crate) cpu: Duration,
    /// How often a thread was scheduled.
    pub(crate) turns: u64,
}

impl Threads {
    /// Reads `process`, a number or `self`, in nanoseconds: `/proc/PID/stat`
    /// counts in hundredths of a second.
    pub(crate) fn of(process: &str) -> Self {
        let threads = fs::read_dir(Path::new("/proc").join(process).join("task")).unwrap();
        let threads = threads.filter_map(|thread| {
            let thread = thread.unwrap();
            // Skips a thread that has just ended.
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let figures = text.split_whitespace();
            let figures: Vec<u64> = figures.map(|figure| figure.parse().unwrap()).collect();
            let usage = Usage {
                cpu: Duration::from_nanos(figures[0]),
                turns: figures[2],
            };
            Some((thread.file_name(), usage))
        });
        Self(threads.collect())
    }

    /// The use since `earlier` by all threads that still run. The daemon's only
    /// thread that ends is the one that reads the certificate authorities at
    /// start.
    pub(crate) fn since(&self, earlier: &Self) -> Usage {
        let mut sum = Usage::default();
        for (thread, now) in &self.0 {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            sum.cpu += now.cpu.saturating_sub(before.cpu);
            sum.turns += now.turns - before.turns;
        }
        sum
    }
}

impl Usage {
    /// How often a thread was scheduled, for each of this many operations.
    pub(crate) fn turns_for_each(self, count: u32) -> f64 {
        f64::from(u32::try_from(self.turns).unwrap()) / f64::from(count)
    }
}

/// The CPU time of a signature in this process.
pub(crate) fn signature_cpu(signature: &Signature) -> Duration {
    const SIGNATURES: u32 = 400;
    let begun = own_cpu();
    (0..SIGNATURES).for_each(|_| signature.sign());
    own_cpu().saturating_sub(begun) / SIGNATURES
}

/// The CPU time of this thread so far.
fn own_cpu() -> Duration {
    // The kernel updates the figure when it schedules.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}
