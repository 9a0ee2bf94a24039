//! A fake systemd: the socket that it listens on.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fakes::house::House;

use crate::support::built::{Built, run};
use crate::support::process::{Process, until};

/// The messages of a daemon to its service manager.
pub(super) struct Manager {
    socket: PathBuf,
    told: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Manager {
    /// Listens in the home of `house`.
    pub(super) fn of(house: &House) -> Self {
        let socket = house.home.path().join("notify.sock");
        let listens = UnixDatagram::bind(&socket).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        // Ends with the program: the last message is not marked.
        thread::spawn(move || {
            let mut message = [0; 4096];
            while let Ok(length) = listens.recv(&mut message) {
                let text = String::from_utf8_lossy(&message[..length]);
                let mut kept = kept.lock().unwrap();
                kept.push((now(), text.trim_end().to_owned()));
            }
        });
        Self { socket, told }
    }

    /// Starts the built daemon and waits until it serves, with `watchdog` as
    /// the watchdog time-out.
    pub(super) fn start(&self, house: House, watchdog: Option<Duration>) -> Built {
        self.start_with(run(&house), house, watchdog)
    }

    /// Starts another command in the same way.
    pub(super) fn start_with(
        &self,
        mut command: Command,
        house: House,
        watchdog: Option<Duration>,
    ) -> Built {
        command.env("NOTIFY_SOCKET", &self.socket);
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        }
        let home = house.home.path();
        let process = Process::start(&mut command, house.address.port(), home);
        Built { house, process }
    }

    /// The messages so far, each as its lines.
    pub(super) fn told(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter().map(|(_, message)| message.clone()).collect()
    }

    /// Counts the messages with a line that begins with `line`.
    pub(super) fn count(&self, line: &str) -> usize {
        let told = self.told();
        let has = |message: &&String| message.lines().any(|it| it.starts_with(line));
        told.iter().filter(has).count()
    }

    /// Waits for message number `times` with a line that begins with `line`.
    pub(super) async fn hears(&self, line: &str, times: usize) {
        until(line, || self.count(line) >= times).await;
    }

    /// The time since the last message with `line`.
    pub(super) fn since_last(&self, line: &str) -> Duration {
        let told = self.told.lock().unwrap();
        let last = told.iter().rev().find(|(_, message)| message == line);
        now() - last.unwrap().0
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long another program is silent"
)]
fn now() -> Instant {
    Instant::now()
}
