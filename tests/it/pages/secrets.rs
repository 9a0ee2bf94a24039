//! Neither the log, at its most detailed level, nor a page contains a secret
//! that would let a reader sign in as another user.

use std::io;
use std::sync::{Arc, Mutex};

use fakes::browser::{Browser, Shown};
use fakes::google::token::Lie;
use fakes::google::{CLIENT_SECRET, Endpoint, Trouble};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE};
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt};

/// The log of this thread, which runs the whole house.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures the log of this thread at `trace`.
    fn take_up(&self) -> (DefaultGuard, Dispatch) {
        // With only one subscriber, tracing would disable a line for all
        // threads if another test's thread reached it first.
        let second = Dispatch::new(NoSubscriber::default());
        let writer = self.clone();
        let targets = Targets::new()
            .with_target("google_to_synology_sso", LevelFilter::TRACE)
            .with_default(LevelFilter::WARN);
        let layer = fmt::layer()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .with_filter(targets);
        let subscriber = tracing_subscriber::registry().with(layer);
        (tracing::subscriber::set_default(subscriber), second)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The parameters of `url` with secret values.
fn secrets_of(url: &str) -> Vec<String> {
    let url = url::Url::parse(url).unwrap();
    let pairs = url.query_pairs().into_owned();
    let secrets = pairs.filter(|(name, _)| ["state", "nonce", "code"].contains(&name.as_str()));
    let mut secrets: Vec<String> = secrets.map(|(_, value)| value).collect();
    // Only the second half of Google's state is secret.
    for secret in &mut secrets {
        if let Some((_, half)) = secret.split_once('.') {
            *secret = half.to_owned();
        }
    }
    secrets
}

#[tokio::test]
async fn no_secret_is_ever_in_the_log_or_on_a_page() {
    let log = Log::default();
    let _logging = log.take_up();

    let house = House::new().await;
    let password = house.dsm.behaviour().password;
    let mut secrets = vec![
        CLIENT_SECRET.to_owned(),
        CLIENT_SECRET_OF_DSM.to_owned(),
        password,
    ];
    let mut pages: Vec<Shown> = Vec::new();
    let mut browser = Browser::new();
    for (lie, trouble) in [
        (None, None),
        (Some(Lie::UnverifiedAddress), None),
        (Some(Lie::OtherNonce), None),
        (Some(Lie::AlgNone), None),
        (Some(Lie::StrangersSignature), None),
        (Some(Lie::TwoSubjects), None),
        (None, Some(Trouble::Status(500))),
        (None, Some(Trouble::Html)),
        (None, Some(Trouble::Redirect)),
        (None, Some(Trouble::OAuthError("invalid_grant"))),
    ] {
        house.google.lie(lie);
        if let Some(trouble) = trouble {
            house.google.fail_once(Endpoint::Token, trouble);
        }
        let shown = browser
            .get(&house.authorization_request("&nonce=n0nce-of-DSM"))
            .await;
        secrets.extend(secrets_of(shown.location()));
        secrets.extend(browser.cookies.values().cloned());
        let callback = house.google.choose(shown.location(), JEANNE);
        secrets.extend(secrets_of(callback.as_str()));
        pages.push(Browser::new().get(callback.as_str()).await);
        pages.push(browser.get(callback.as_str()).await);
        pages.push(browser.get(callback.as_str()).await);
    }
    let code = pages[1].answered("code").unwrap();
    let tokens = house.redeem(&code, "").await.json();
    assert_eq!(house.redeem(&code, "").await.status, 400);
    let access_token = tokens["access_token"].as_str().unwrap();
    house.userinfo(access_token).await;
    house.userinfo("not-a-token").await;
    secrets.extend([code, access_token.to_owned(), "not-a-token".to_owned()]);
    secrets.extend(tokens["id_token"].as_str().map(str::to_owned));

    let log = log.text();
    assert!(
        log.contains("signed in") && log.contains("refusal="),
        "{log}"
    );
    assert!(!log.contains("ya29."), "Google's access token: {log}");
    for secret in secrets {
        assert!(secret.len() > 5, "{secret}");
        assert!(!log.contains(&secret), "{secret} is in {log}");
        let mut bodies = pages.iter().map(|page| &page.body);
        assert!(!bodies.any(|body| body.contains(&secret)), "{secret}");
    }
}
