use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use google_to_synology_sso::config::Config;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::{Empty, FILES, SECRETS};

/// A person at a terminal, in which our program runs.
struct Person {
    terminal: File,
    child: Child,
    screen: Arc<Mutex<String>>,
    seen: usize,
    reading: JoinHandle<()>,
}

impl Person {
    fn types(command: &Command) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let inside = OpenOptions::new().read(true).write(true).open(name);
        let inside = inside.unwrap();
        // The program's own terminal, where it turns the echo off.
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

    /// Waits until `words` are on the screen, after what was waited for before.
    fn reads(&mut self, words: &str) {
        let found = until(words, || {
            let screen = self.screen();
            let at = screen.get(self.seen..).unwrap().find(words)?;
            Some(self.seen + at + words.len())
        });
        self.seen = found;
    }

    fn answers(&mut self, prompt: &str, answer: &str) {
        self.reads(prompt);
        self.writes(answer);
    }

    /// The same where nothing may be shown of it.
    fn answers_unseen(&mut self, prompt: &str, answer: &str) {
        self.reads(prompt);
        until("no echo", || {
            let modes = tcgetattr(&self.terminal).unwrap().local_modes;
            (!modes.contains(LocalModes::ECHO)).then_some(())
        });
        self.writes(answer);
    }

    fn writes(&mut self, answer: &str) {
        self.terminal.write_all(answer.as_bytes()).unwrap();
        self.terminal.write_all(b"\n").unwrap();
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// How the program ended, and all that was on the screen.
    fn leaves(mut self) -> (ExitStatus, String) {
        let status = until("the end", || self.child.try_wait().unwrap());
        self.reading.join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        (status, screen)
    }
}

/// Until nobody has the terminal open any more, which Linux calls an error.
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

/// Polls; half a minute, for a machine that has much else to do.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("in vain: {what}");
}

/// All answers but the last, some of them at the second try.
fn almost_through(command: &Command) -> Person {
    let mut person = Person::types(command);
    person.answers("Public URL of this service: ", "login.example.com");
    person.reads("The answer has to begin with https://");
    person.answers("Public URL of this service: ", "https://login.example.com");
    person.answers(
        "URL of DSM in the browser: ",
        "https://nas.example.com/#/signin",
    );
    person.reads("type https://nas.example.com/");
    person.answers("URL of DSM in the browser: ", "https://nas.example.com/");
    person.answers("Google's client ID: ", "1234.apps.googleusercontent.com");
    person.answers_unseen("Google's client secret: ", "");
    person.reads("The answer is empty");
    person.answers_unseen("Google's client secret: ", "GOCSPX-correct-horse");
    person.answers("DSM's own URL [http://127.0.0.1:5000]: ", "");
    person.answers("DSM account [sso-reader]: ", "");
    person.answers_unseen("Password of the DSM account: ", "battery staple");
    person
}

fn set_up(empty: &Empty) -> Command {
    empty.command(&["setup"])
}

#[test]
fn ctrl_c_at_a_hidden_prompt_leaves_a_terminal_that_shows_what_is_typed() {
    let empty = Empty::new();
    let mut person = almost_through(&empty.command(&["setup"]));
    person.reads("Application secret [a random one]: ");
    let shows = |terminal: &File| {
        let modes = tcgetattr(terminal).unwrap().local_modes;
        modes.contains(LocalModes::ECHO)
    };
    until("no echo", || (!shows(&person.terminal)).then_some(()));
    person.terminal.write_all(b"\x03").unwrap();
    let terminal = person.terminal.try_clone().unwrap();
    let (status, _) = person.leaves();
    assert!(!status.success());
    assert!(shows(&terminal));
    assert_eq!(empty.names(), [""; 0]);
}

#[test]
fn a_person_is_asked_until_the_answers_are_good() {
    let empty = Empty::new();
    let mut person = almost_through(&set_up(&empty));
    person.answers_unseen("Application secret [a random one]: ", "too short");
    person.reads("is shorter than 16 characters");
    person.answers_unseen("Application secret [a random one]: ", "");
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(0), "{screen}");
    for secret in SECRETS {
        assert!(!screen.contains(secret), "{screen}");
    }
    assert!(!screen.contains("too short"), "{screen}");
    assert!(screen.contains("dsm-settings"), "{screen}");

    assert_eq!(empty.names(), FILES);
    assert_eq!(empty.check().status.code(), Some(0));
    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.issuer.as_str(), "https://login.example.com");
    assert_eq!(config.dsm.url, "http://127.0.0.1:5000");
    assert_eq!(config.dsm.account, "sso-reader");
    assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
    assert_eq!(empty.text("dsm-password"), "battery staple\n");
    // 32 random bytes, which are on no screen.
    let invented = config.clients[0].secret.expose();
    assert_eq!(invented.len(), 43);
    assert!(!screen.contains(invented), "{screen}");
}

#[test]
fn who_leaves_before_the_end_has_written_nothing() {
    let empty = Empty::new();
    let mut person = almost_through(&set_up(&empty));
    person.reads("Application secret");
    // Ctrl-C.
    until("no echo", || {
        let modes = tcgetattr(&person.terminal).unwrap().local_modes;
        (!modes.contains(LocalModes::ECHO)).then_some(())
    });
    person.terminal.write_all(b"\x03").unwrap();
    let (status, screen) = person.leaves();
    assert_ne!(status.code(), Some(0), "{screen}");
    assert_eq!(empty.names(), [""; 0]);

    let mut person = Person::types(&set_up(&empty));
    person.reads("Public URL of this service: ");
    // Ctrl-D.
    person.terminal.write_all(b"\x04").unwrap();
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("nothing was written"), "{screen}");
    assert_eq!(empty.names(), [""; 0]);
}

#[test]
fn nobody_is_asked_for_what_cannot_be_written() {
    let empty = Empty::new();
    let there: &Path = &empty.home().join("dsm-password");
    std::fs::write(there, "somebody's work").unwrap();
    let (status, screen) = Person::types(&set_up(&empty)).leaves();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(!screen.contains("Public URL"), "{screen}");
    assert!(screen.contains("--force"), "{screen}");
}
