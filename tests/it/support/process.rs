//! Starts programs on free ports, waits for them and ends them.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Below the system's ephemeral ports, so that no other test gets such a port
/// between the check and the bind.
const PORTS: Range<u16> = 20_000..30_000;

/// Returns a different port for each call, free at the time.
pub(crate) fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let span = u32::from(PORTS.end - PORTS.start);
    // Two test runs on one machine begin at different ports.
    let start = u16::try_from(std::process::id() * 16 % span).unwrap();
    loop {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed);
        assert!(u32::from(step) < span, "no free port in {PORTS:?}");
        let port = PORTS.start + (start + step) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Returns the path of a program that `tests/prepare` installs. None is
/// optional: a test that skips itself without a tool would soon run nowhere.
pub(crate) fn tool(name: &str) -> PathBuf {
    // Next to target/tmp, which cargo provides to tests.
    let build = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let provider = build.with_file_name("oidc-provider-mock").join("bin");
    let places = [&provider, Path::new("/usr/sbin"), Path::new("/usr/bin")];
    let mut candidates = places.iter().map(|place| place.join(name));
    candidates
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing: run tests/prepare"))
}

/// A process that runs until dropped; its log is shown if the test has failed.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` and waits until it accepts connections on `port`.
    pub(crate) fn start(command: &mut Command, port: u16, directory: &Path) -> Self {
        let mut process = Self::spawn(command, port, directory);
        process.wait_for(port);
        process
    }

    /// Starts `command`; its log is named after `port`, and continues that of a
    /// previous process.
    pub(crate) fn spawn(command: &mut Command, port: u16, directory: &Path) -> Self {
        let program = Path::new(command.get_program());
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        let log = directory.join(format!("{name}-{port}.log"));
        let output = OpenOptions::new().create(true).append(true).open(&log);
        let output = output.unwrap();
        let of_the_test = command.get_envs();
        let of_the_test: Vec<(OsString, OsString)> = of_the_test
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        let child = command
            // Without cargo's and the developer's settings.
            .env_clear()
            .envs(of_the_test)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("start {name}: {error}"));
        Self { name, child, log }
    }

    /// Waits for at most two minutes: the machine may be busy.
    fn wait_for(&mut self, port: u16) {
        for _ in 0..12_000 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{} ended before it listened: {status}", self.name);
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} does not listen on port {port}", self.name);
    }

    /// Sends a signal, like `kill` in a shell.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> i32 {
        Pid::from_child(&self.child).as_raw_nonzero().get()
    }

    /// Sends SIGKILL, as a simulated power cut.
    pub(crate) fn cut_off(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }

    /// Waits until `words` are in its log.
    pub(crate) async fn says(&self, words: &str) {
        until(words, || self.log().contains(words)).await;
    }

    /// Returns its whole log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

/// Polls until `holds`, for at most two minutes: the machine may be busy.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in vain: {what}");
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "the test has failed: here is why")]
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read(&self.log).unwrap_or_default();
            eprintln!("== {}\n{}", self.name, String::from_utf8_lossy(&log));
        }
    }
}
