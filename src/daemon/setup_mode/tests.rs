//! A config that is being written while it is waited for.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::subscriber::{DefaultGuard, set_default};

use super::*;

/// A config that is valid without its end.
const BEGINNING: &str = r#"
issuer = "https://login.example.com"
google = { client-id = "1234.apps.googleusercontent.com", client-secret-file = "secret" }
dsm = { url = "http://127.0.0.1:5000", account = "sso-reader", password-file = "secret" }
clients = [{ id = "synology", secret-file = "secret", redirect-uris = ["https://nas.example.com/"] }]
"#;
const END: &str = "users = { deny = [\"jeanne\"] }\n";

/// What this thread logs. Each test here has one, since tracing asks the
/// first that comes by a line whether it is wanted, for all threads.
struct TestLog {
    file: Arc<File>,
    _guard: DefaultGuard,
}

impl TestLog {
    fn start() -> Self {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
        Self {
            file,
            _guard: set_default(log.finish()),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        (&*self.file).rewind().unwrap();
        (&*self.file).read_to_string(&mut text).unwrap();
        text
    }
}

async fn type_slowly(file: &Path) {
    for part in [
        BEGINNING,
        "# Who\n",
        "# may\n",
        "# not\n",
        "# sign in:\n",
        END,
    ] {
        let mut options = OpenOptions::new();
        let opened = options.create(true).append(true).mode(0o600).open(file);
        opened.unwrap().write_all(part.as_bytes()).unwrap();
        sleep(LOOK_EVERY * 3 / 4).await;
    }
}

/// A home with a secret, and the wait for the config in it.
fn home() -> (tempfile::TempDir, Wait) {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
    let secret = home.path().join("secret");
    fs::write(&secret, "correct-horse-battery-staple").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let file = home.path().join("config.toml");
    let read = file.clone();
    let wait = Wait {
        file,
        read: Arc::new(move || Config::load(&read)),
        address: ([127, 0, 0, 1], 5556).into(),
    };
    (home, wait)
}

#[tokio::test(start_paused = true)]
async fn a_config_that_still_grows_is_not_taken() {
    let (_home, wait) = home();
    let _log = TestLog::start();
    let missing = Config::load(&wait.file).unwrap_err();
    let setup_mode = SetupMode::new(problem(&missing));
    let mut hangups = signal(SignalKind::hangup()).unwrap();

    let found = wait.find(&missing, &setup_mode, &mut hangups);
    let (config, ()) = tokio::join!(found, type_slowly(&wait.file));

    assert_eq!(config.unwrap().users.deny, ["jeanne"]);
}

#[tokio::test(start_paused = true)]
async fn a_problem_is_logged_when_it_changes_not_at_each_look() {
    let (_home, wait) = home();
    let log = TestLog::start();
    let missing = Config::load(&wait.file).unwrap_err();
    let setup_mode = SetupMode::new(problem(&missing));
    let mut hangups = signal(SignalKind::hangup()).unwrap();

    let found = wait.find(&missing, &setup_mode, &mut hangups);
    let (config, ()) = tokio::join!(found, async {
        for text in ["issuer = 5", "issuer = 6\nissuers = 6", BEGINNING] {
            sleep(LOOK_EVERY * 21 / 2).await;
            let new = wait.file.with_extension("new");
            fs::write(&new, text).unwrap();
            fs::rename(new, &wait.file).unwrap();
        }
    });

    assert!(config.is_ok());
    let log = log.text();
    assert_eq!(log.matches("waiting for a config").count(), 1, "{log}");
    assert_eq!(
        log.matches("waiting for a valid config").count(),
        2,
        "{log}"
    );
    assert_eq!(log.matches("issuers: is unknown").count(), 1, "{log}");
}
