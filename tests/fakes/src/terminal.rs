//! A user at a terminal, in which a program runs.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// A user at a terminal, in which a program runs.
#[derive(Debug)]
pub struct Person {
    terminal: File,
    child: Child,
    screen: Arc<Mutex<String>>,
    seen: usize,
    reading: JoinHandle<()>,
}

impl Person {
    /// Starts `command` in its own terminal.
    pub fn types(command: &Command) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = OsStr::from_bytes(name.as_bytes());
        let inside = OpenOptions::new().read(true).write(true).open(name);
        let inside = inside.unwrap();
        // A controlling terminal, on which the program can turn the echo off.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(inside.try_clone().unwrap())
            .stdout(inside.try_clone().unwrap())
            .stderr(inside)
            .spawn()
            .unwrap();
        let terminal = File::from(terminal);
        let screen = Arc::default();
        let reading = thread::spawn({
            let (terminal, screen) = (terminal.try_clone().unwrap(), Arc::clone(&screen));
            move || copy(terminal, &screen)
        });
        Self {
            terminal,
            child,
            screen,
            seen: 0,
            reading,
        }
    }

    /// Waits until `words` appear on the screen, after the words that were
    /// waited for before.
    pub fn reads(&mut self, words: &str) {
        let found = until(words, || {
            let screen = self.screen();
            let at = screen.get(self.seen..).unwrap().find(words)?;
            Some(self.seen + at + words.len())
        });
        self.seen = found;
    }

    /// Types `answer` when `prompt` is on the screen.
    pub fn answers(&mut self, prompt: &str, answer: &str) {
        self.reads(prompt);
        self.writes(answer);
    }

    /// Types `answer` when `prompt` is on the screen and the echo is off.
    pub fn answers_unseen(&mut self, prompt: &str, answer: &str) {
        self.reads(prompt);
        self.sees_no_echo();
        self.writes(answer);
    }

    /// Waits until the echo is off.
    pub fn sees_no_echo(&self) {
        until("no echo", || (!shows_typing(&self.terminal)).then_some(()));
    }

    /// Presses one key, such as Ctrl-C.
    pub fn presses(&mut self, key: u8) {
        self.terminal.write_all(&[key]).unwrap();
    }

    /// Opens the terminal, which may outlive the program.
    pub fn terminal(&self) -> File {
        self.terminal.try_clone().unwrap()
    }

    fn writes(&mut self, answer: &str) {
        self.terminal.write_all(answer.as_bytes()).unwrap();
        self.terminal.write_all(b"\n").unwrap();
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits for the end of the program, and returns its status and all output.
    pub fn leaves(mut self) -> (ExitStatus, String) {
        let status = until("the end", || self.child.try_wait().unwrap());
        self.reading.join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        (status, screen)
    }
}

/// Whether `terminal` echoes what is typed.
pub fn shows_typing(terminal: &File) -> bool {
    let modes = tcgetattr(terminal).unwrap().local_modes;
    modes.contains(LocalModes::ECHO)
}

/// Copies until no process has the terminal open, which Linux reports as an
/// error.
fn copy(mut terminal: File, screen: &Mutex<String>) {
    let mut buffer = [0; 4096];
    loop {
        let read = match terminal.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let text = String::from_utf8_lossy(&buffer[..read]);
        screen.lock().unwrap().push_str(&text);
    }
}

/// Polls for at most two minutes: the machine may be busy.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..12_000 {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("in vain: {what}");
}
