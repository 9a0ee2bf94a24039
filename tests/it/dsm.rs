//! The client of DSM's web API against a fake DSM.

/// A DSM that starts, hangs or refuses connections.
mod bad_days;
/// The reaction to each error code.
mod codes;
/// Which lists are accepted, and which are rejected.
mod lists;
/// Lists with more users than any NAS has.
mod long;
/// The power schedule from DSM's web API.
mod power;
/// An account with 2-factor sign-in.
mod second_factor;
/// HTTPS with DSM's own certificate.
mod tls;
/// What the fake DSM stores, and which changes it rejects.
mod writes;

use std::sync::Arc;
use std::time::Duration;

use domain::base::ids::DsmUsername;
use domain::model::user_list::ListedUser;
use fakes::dsm::{Api, FakeDsm, FakeUser, Instead};
use google_to_synology_sso::clients::dsm::{DsmClient, DsmError, DsmSettings, Reading};
use tempfile::TempDir;

/// A NAS, and the daemon's client of it.
struct Home {
    dsm: FakeDsm,
    client: DsmClient,
    directory: TempDir,
}

impl Home {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut DsmSettings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dsm = FakeDsm::start().await;
        let mut settings = dsm.settings(directory.path());
        change(&mut settings);
        Self {
            client: DsmClient::new(settings),
            dsm,
            directory,
        }
    }

    /// Reads the users without a previous list.
    async fn read(&self) -> Result<Reading, DsmError> {
        self.client.list_users(&Arc::default()).await
    }

    /// Returns the users and administrators of a successful reading.
    async fn lists(&self) -> (Vec<ListedUser>, Vec<DsmUsername>) {
        let reading = self.read().await.unwrap();
        (
            reading.users.unwrap(),
            reading.administrators.unwrap().unwrap(),
        )
    }

    /// Returns the users of a reading, even if the administrators failed.
    async fn users(&self) -> Vec<ListedUser> {
        self.read().await.unwrap().users.unwrap()
    }

    /// Returns the error of the list of administrators, with all sessions
    /// closed.
    async fn failure_of_administrators(&self) -> DsmError {
        let reading = self.read().await.unwrap();
        assert_eq!(reading.users.unwrap().len(), 5);
        let error = reading.administrators.unwrap_err();
        assert_eq!(self.dsm.counts().open_sessions, 0, "after {error}");
        error
    }

    /// Returns the error of `api`'s list; the users may have been read or not.
    async fn failure_of(&self, api: Api) -> DsmError {
        if api == Api::Members {
            return self.failure_of_administrators().await;
        }
        self.failure().await
    }

    /// Returns the error of a failed reading, with all sessions closed.
    async fn failure(&self) -> DsmError {
        let error = self.read().await.unwrap_err();
        assert_eq!(self.dsm.counts().open_sessions, 0, "after {error}");
        error
    }

    /// Cancels a reading while DSM lists the users.
    async fn breaks_off_a_reading(&self) {
        self.dsm.next(Api::Users, Instead::Hang);
        tokio::select! {
            result = self.read() => panic!("{result:?}"),
            () = self.dsm.wait_until(|counts| counts.hanging == 1) => {}
        }
        assert_eq!(self.dsm.counts().open_sessions, 1);
    }
}

/// The whole error chain, as in the log.
fn told(error: &DsmError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    causes.map(|cause| cause.to_string() + ". ").collect()
}

const ONE_READING: [Api; 4] = [Api::SignIn, Api::Users, Api::Members, Api::SignOut];

#[tokio::test]
async fn a_reading_brings_users_and_administrators_as_dsm_lists_them() {
    let home = Home::new().await;
    home.dsm.set_users([
        FakeUser::new("admin", "").expired("now").administrator(),
        FakeUser::new("Jeanne", " Jeanne@Gmail.com "),
        FakeUser::new("au-pair", "anna@example.com").expired("2026/8/31"),
    ]);

    let (users, administrators) = home.lists().await;

    let user = |name: &str, email: Option<&str>, expired: &str| ListedUser {
        name: DsmUsername::new(name),
        email: email.map(str::to_owned),
        expired: Some(expired.to_owned()),
    };
    let expected = [
        user("admin", None, "now"),
        user("Jeanne", Some(" Jeanne@Gmail.com "), "normal"),
        user("au-pair", Some("anna@example.com"), "2026/8/31"),
    ];
    assert_eq!(users, expected);
    assert_eq!(administrators, [DsmUsername::new("admin")]);
    assert_eq!(home.dsm.calls(), ONE_READING);
}

#[tokio::test]
async fn the_requests_are_those_that_dsm_understands() {
    let home = Home::new().await;
    home.read().await.unwrap();

    let requests = home.dsm.requests();
    let forms: Vec<_> = requests.iter().map(fakes::server::Received::form).collect();
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let sign_in = [
        ("api", "SYNO.API.Auth"),
        ("method", "login"),
        ("version", "7"),
        ("account", "sso-reader"),
        ("passwd", "correct horse battery staple"),
        ("enable_syno_token", "yes"),
    ];
    assert_eq!(forms[0], sign_in.map(pair));
    let list = [
        ("api", "SYNO.Core.User"),
        ("version", "1"),
        ("method", "list"),
        ("type", "\"local\""),
        ("additional", "[\"email\",\"expired\"]"),
        ("offset", "0"),
        ("limit", "-1"),
        ("_sid", "sid-1"),
        ("SynoToken", "token-1"),
    ];
    assert_eq!(forms[1], list.map(pair));
    let members = [
        ("api", "SYNO.Core.Group.Member"),
        ("version", "1"),
        ("method", "list"),
        ("group", "\"administrators\""),
        ("ingroup", "true"),
        ("offset", "0"),
        ("limit", "-1"),
        ("_sid", "sid-1"),
        ("SynoToken", "token-1"),
    ];
    assert_eq!(forms[2], members.map(pair));
}

#[tokio::test]
async fn password_and_session_are_in_no_url() {
    let home = Home::new().await;
    home.read().await.unwrap();

    let requests = home.dsm.requests();
    for request in &requests {
        assert_eq!(request.method, "POST");
        assert_eq!(request.uri, "/webapi/entry.cgi");
    }
    for request in &requests[1..] {
        assert_eq!(request.headers["cookie"], "id=sid-1");
        assert_eq!(request.headers["x-syno-token"], "token-1");
    }
}

#[tokio::test]
async fn a_slash_after_the_url_does_no_harm() {
    let home = Home::with(|settings| settings.url.push('/')).await;
    home.read().await.unwrap();
}

#[tokio::test]
async fn a_dsm_without_forgery_protection_gets_no_syno_token() {
    let home = Home::new().await;
    let answer = serde_json::json!({"success": true, "data": {"sid": "sid-1"}});
    home.dsm.next(Api::SignIn, Instead::Json(answer));
    // The fake does not know this session, so there is a second one.
    home.read().await.unwrap();

    let list = &home.dsm.requests()[1];
    assert_eq!(list.parameter("_sid").as_deref(), Some("sid-1"));
    assert_eq!(list.parameter("SynoToken"), None);
    assert!(!list.headers.contains_key("x-syno-token"));
}

#[tokio::test]
async fn the_password_is_read_anew_at_each_sign_in() {
    let home = Home::new().await;
    home.read().await.unwrap();

    let change = |password: &str| {
        let password = password.to_owned();
        home.dsm.change(|behaviour| behaviour.password = password);
        home.dsm.write_password_file(home.directory.path());
    };
    change("another one, with & and = and %41 and é");
    home.read().await.unwrap();
}

#[tokio::test]
async fn without_a_password_nothing_is_sent() {
    let home = Home::with(|settings| settings.password_file.push("gone")).await;
    let error = home.failure().await;
    assert!(matches!(error, DsmError::PasswordFile { .. }), "{error:?}");
    assert!(told(&error).contains("dsm-password/gone"), "{error}");
    assert_eq!(home.dsm.calls(), []);
}

#[tokio::test]
async fn there_is_one_session_at_a_time_and_the_second_caller_waits() {
    let home = Home::new().await;
    home.dsm.next(Api::Users, Instead::Hang);

    let release = async {
        home.dsm.wait_until(|counts| counts.hanging == 1).await;
        // Enough time for a second caller to start too early.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        home.dsm.release();
    };
    let (first, second, ()) = tokio::join!(home.read(), home.read(), release);

    assert_eq!(first.unwrap().users, second.unwrap().users);
    assert_eq!(home.dsm.calls(), [ONE_READING, ONE_READING].concat());
    assert_eq!(home.dsm.counts().most_open_sessions, 1);
}

#[tokio::test]
async fn a_cancelled_refresh_is_signed_out_by_the_next() {
    let home = Home::new().await;
    home.breaks_off_a_reading().await;

    home.read().await.unwrap();

    let counts = home.dsm.counts();
    assert_eq!((counts.sign_outs, counts.open_sessions), (2, 0));
    assert_eq!(counts.most_open_sessions, 1);
}

#[tokio::test]
async fn a_sign_out_that_fails_loses_no_list() {
    let home = Home::with(|settings| settings.timeout = Duration::from_secs(30)).await;
    for instead in [Instead::Code(119), Instead::Html, Instead::Status(500)] {
        home.dsm.next(Api::SignOut, instead);
        home.read().await.unwrap();
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "that it can be spawned is the point"
)]
async fn a_reading_can_be_a_task_of_its_own() {
    let home = Home::new().await;
    let reading = tokio::spawn(async move { home.read().await });
    reading.await.unwrap().unwrap();
}
