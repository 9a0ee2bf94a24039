//! Rate limits, separate for each client address, with the test's clock.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, encode, token_form};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::token::{error, invalid_grant};

/// A browser with this address in the proxy's header.
fn at(forwarded: &str) -> Browser {
    Browser::new().with_header("x-forwarded-for", forwarded)
}

/// A request that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Auth,
    Callback,
    Token,
}

impl Door {
    /// The limit in requests a minute from one address.
    fn limit(self) -> usize {
        match self {
            Self::Auth | Self::Callback => 60,
            Self::Token => 30,
        }
    }

    async fn knock(self, house: &House, mut from: Browser) -> Shown {
        match self {
            Self::Auth => from.get(&house.authorization_request("")).await,
            Self::Callback => from.get(&house.url("/callback?code=x&state=y")).await,
            Self::Token => {
                let wrong = "client_id=synology&client_secret=guess";
                from.post(&house.url("/token"), wrong).await
            }
        }
    }

    /// Whether another request from `from` is accepted.
    async fn lets_in(self, house: &House, from: &str) -> bool {
        let shown = self.knock(house, at(from)).await;
        let retry_after = shown.header("retry-after");
        let limited = shown.status == 429;
        assert_eq!(limited, !retry_after.is_empty(), "{shown:?}");
        if limited {
            let seconds: u64 = retry_after.parse().unwrap();
            assert!((1..=60).contains(&seconds), "{shown:?}");
        }
        !limited
    }

    /// Sends requests until `from` is at its limit.
    async fn exhaust(self, house: &House, from: &str) {
        for count in 0..self.limit() {
            assert!(self.lets_in(house, from).await, "{self:?} {from} {count}");
        }
        assert!(!self.lets_in(house, from).await, "{self:?} {from}");
    }
}

#[tokio::test]
async fn requests_above_the_limit_get_retry_after() {
    let house = House::new().await;
    for door in [Door::Auth, Door::Callback, Door::Token] {
        let rude = "198.51.100.7";
        door.exhaust(&house, rude).await;
        // Other addresses are not affected.
        for other in ["198.51.100.8", "2001:db8::7"] {
            assert!(door.lets_in(&house, other).await, "{door:?} {other}");
        }

        // A moment later one request is accepted, a minute later all.
        let shown = door.knock(&house, at(rude)).await;
        let seconds: u64 = shown.header("retry-after").parse().unwrap();
        assert_eq!(seconds, 60 / u64::try_from(door.limit()).unwrap());
        house.clock.advance(Duration::from_secs(seconds));
        assert!(door.lets_in(&house, rude).await, "{door:?}");
        assert!(!door.lets_in(&house, rude).await, "{door:?}");
        house.clock.advance(Duration::from_mins(1));
        door.exhaust(&house, rude).await;
    }
}

#[tokio::test]
async fn one_door_does_not_count_for_another() {
    let house = House::new().await;
    let rude = "198.51.100.7";
    Door::Auth.exhaust(&house, rude).await;
    assert!(Door::Callback.lets_in(&house, rude).await);
    assert!(Door::Token.lets_in(&house, rude).await);
    for path in [
        "/keys",
        "/healthz",
        "/",
        "/.well-known/openid-configuration",
    ] {
        let shown = at(rude).get(&house.url(path)).await;
        assert_eq!(shown.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_page_for_the_impatient_is_a_page() {
    let house = House::new().await;
    Door::Auth.exhaust(&house, "198.51.100.7").await;
    let page = Door::Auth.knock(&house, at("198.51.100.7")).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.headers("set-cookie").is_empty());
}

#[tokio::test]
async fn a_home_has_one_ipv6_network() {
    let house = House::new().await;
    Door::Auth.exhaust(&house, "2001:db8:1:2::7").await;
    for same in ["2001:db8:1:2:ffff::1", "[2001:db8:1:2::9]:4711"] {
        assert!(!Door::Auth.lets_in(&house, same).await, "{same}");
    }
    for other in ["2001:db8:1:3::7", "2001:db8:1:1::7"] {
        assert!(Door::Auth.lets_in(&house, other).await, "{other}");
    }
}

#[tokio::test]
async fn an_ipv4_address_is_one_however_it_is_written() {
    let house = House::new().await;
    Door::Auth.exhaust(&house, "198.51.100.7").await;
    for same in ["::ffff:198.51.100.7", "198.51.100.7:4711", " 198.51.100.7 "] {
        assert!(!Door::Auth.lets_in(&house, same).await, "{same}");
    }
}

#[tokio::test]
async fn addresses_before_the_proxys_own_entry_are_ignored() {
    let house = House::new().await;
    for door in [Door::Auth, Door::Token] {
        for count in 0..door.limit() {
            let forged = format!("203.0.113.{count}, 198.51.100.7");
            assert!(door.lets_in(&house, &forged).await, "{door:?} {count}");
        }
        for forged in [
            "203.0.113.99, 198.51.100.7",
            "127.0.0.1, 198.51.100.7",
            "198.51.100.7, 127.0.0.1",
            "rubbish, 198.51.100.7",
        ] {
            assert!(!door.lets_in(&house, forged).await, "{door:?} {forged}");
        }
        // Nor is the limit of that address used up.
        assert!(door.lets_in(&house, "203.0.113.99").await, "{door:?}");
    }
}

#[tokio::test]
async fn the_machine_itself_has_no_limit_but_for_guesses() {
    let house = House::new().await;
    for door in [Door::Auth, Door::Callback] {
        for _ in 0..=door.limit() {
            assert_ne!(door.knock(&house, Browser::new()).await.status, 429);
        }
    }
    for _ in 0..Door::Token.limit() {
        let guess = Door::Token.knock(&house, Browser::new()).await;
        assert_eq!(guess.status, 401);
    }
    let guess = Door::Token.knock(&house, Browser::new()).await;
    assert_eq!(guess.status, 429);
}

#[tokio::test]
async fn the_header_of_an_untrusted_proxy_is_ignored() {
    let house = House::planned(Plan {
        listen: "trusted-proxies = []".to_owned(),
        ..Plan::default()
    })
    .await;
    let door = Door::Auth;
    for count in 0..door.limit() {
        let forged = format!("203.0.113.{count}");
        assert!(door.lets_in(&house, &forged).await, "{count}");
    }
    assert!(!door.lets_in(&house, "203.0.113.99").await);
    let plain = door.knock(&house, Browser::new()).await;
    assert_eq!(plain.status, 429);
}

#[tokio::test]
async fn a_right_secret_is_never_limited_and_never_counts() {
    let house = House::new().await;
    let (url, rude) = (house.url("/token"), "198.51.100.7");
    // More often than the limit for wrong secrets.
    for _ in 0..=Door::Token.limit() {
        let unknown = at(rude).post(&url, &token_form("unknown")).await;
        assert_eq!(error(&unknown), invalid_grant());
    }
    Door::Token.exhaust(&house, rude).await;

    let guess = Door::Token.knock(&house, at(rude)).await;
    assert_eq!(error(&guess), (429, "invalid_client".to_owned()));

    let code = house.code(JEANNE, "").await;
    let answer = at(rude).post(&url, &token_form(&code)).await;
    assert_eq!(answer.status, 200);
    assert!(!Door::Token.lets_in(&house, rude).await);
}

/// The number of addresses that guess at once.
const GUESSERS: u8 = 20;

fn guesser(number: u8) -> String {
    format!("198.51.100.{number}")
}

/// Guesses until told to stop; returns how many guesses were checked, and how
/// many were not.
async fn guess(url: String, from: String, stop: CancellationToken) -> (usize, usize) {
    let mut browser = at(&from);
    let (mut wrong, mut unheard) = (0, 0);
    while !stop.is_cancelled() {
        let number = wrong + unheard;
        let secret = format!("{}{number}", encode(CLIENT_SECRET_OF_DSM));
        let form = format!("client_id=synology&client_secret={secret}");
        let shown = browser.post(&url, &form).await;
        assert_eq!(shown.json()["error"], "invalid_client");
        match shown.status.as_u16() {
            401 => wrong += 1,
            429 => unheard += 1,
            _ => panic!("{shown:?}"),
        }
    }
    (wrong, unheard)
}

/// A user at `home` signs in, while DSM sends requests from `nas`.
async fn sign_in(house: &House, home: &str, nas: &str) {
    let arrived = house.arrive(&mut at(home), JEANNE, "").await;
    assert_eq!(arrived.status, 303, "{home}: {arrived:?}");
    let form = token_form(&arrived.answered("code").unwrap());
    let tokens = at(nas).post(&house.url("/token"), &form).await;
    assert_eq!(tokens.status, 200, "{nas}: {tokens:?}");
    let access_token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(house.userinfo(&access_token).await.status, 200);
}

#[tokio::test]
async fn guessed_secrets_are_slowed_and_the_right_one_is_not() {
    let house = House::new().await;
    let stop = CancellationToken::new();
    let mut flood = JoinSet::new();
    for number in 0..GUESSERS {
        let url = house.url("/token");
        flood.spawn(guess(url, guesser(number), stop.clone()));
    }
    // At the limit, guesses from all addresses are rejected.
    for number in 0..GUESSERS {
        let mut heard = 0;
        while Door::Token.lets_in(&house, &guesser(number)).await {
            heard += 1;
            assert!(heard <= Door::Token.limit());
        }
    }

    for number in 0..GUESSERS {
        // DSM's own address and the family's guess too.
        let (home, nas) = (guesser(number), guesser(GUESSERS - 1 - number));
        sign_in(&house, &home, &nas).await;
        sign_in(&house, "203.0.113.7", "203.0.113.8").await;
        assert!(!Door::Token.lets_in(&house, &nas).await, "{nas}");
    }
    // Nor is another client that mistypes a secret.
    assert!(Door::Token.lets_in(&house, "203.0.113.9").await);

    assert!(flood.try_join_next().is_none(), "all guess on");
    stop.cancel();
    for (wrong, unheard) in flood.join_all().await {
        assert!(wrong <= Door::Token.limit(), "{wrong}");
        assert!(unheard > Door::Token.limit(), "{unheard}");
    }
}
