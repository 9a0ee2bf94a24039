//! Simulates a power cut by `kill -9`. Everything that was acknowledged before
//! remains valid; anything else may be requested again.

mod everything;

use std::collections::HashMap;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, JEANNE, Plan, token_form};
use tokio::task::JoinSet;

use crate::support::built::{Built, spawn, state};
use crate::support::process::{free_port, until};

/// Enough repetitions to hit the moments before, in and after a commit.
const STORMS: usize = 160;

#[tokio::test]
async fn a_power_cut_between_two_requests_of_a_login_loses_nothing() {
    let mut built = Built::new().await;
    let keys = built.keys().await;
    let mut browser = Browser::new();

    let request = built.house.authorization_request("&nonce=n");
    let sent_to_google = browser.get(&request).await;
    built.power_cut();
    let back = built.house.google.choose(sent_to_google.location(), JEANNE);
    built.power_cut();
    let arrived = reconnected(&browser).get(back.as_str()).await;
    let code = arrived.answered("code").unwrap();
    built.power_cut();
    let tokens = built.house.redeem(&code, "").await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    built.power_cut();
    let userinfo = built.house.userinfo(access_token).await;
    assert_eq!(userinfo.json()["username"], "jeanne");

    assert_eq!(built.keys().await, keys);
    assert_whole(&built.house);
}

#[tokio::test]
async fn a_code_that_was_spent_before_a_power_cut_is_spent_after_it() {
    let mut built = Built::new().await;
    let code = built.house.code(JEANNE, "").await;
    let tokens = built.house.redeem(&code, "").await.json();
    built.power_cut();

    let again = built.house.redeem(&code, "").await;
    assert_eq!(again.json()["error"], "invalid_grant");
    built.power_cut();

    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(built.house.userinfo(access_token).await.status, 401);
}

#[tokio::test]
async fn power_cuts_during_many_logins_redeem_no_code_twice() {
    let mut built = Built::new().await;
    let keys = built.keys().await;
    let mut tally = Tally::default();
    for round in 0..STORMS {
        let storm = Storm::gather(&built.house).await;
        let answers = storm.until_power_cut(&mut built, round % 8).await;
        tally.count(answers);
        built.start();
        tally.ask_again(&built.house).await;
        assert_whole(&built.house);
    }
    assert_eq!(built.keys().await, keys);
    tally.assert_both_ways();
}

#[tokio::test]
async fn a_power_cut_during_the_first_start_leaves_nothing_half_made() {
    for file in [".lock", "", "-wal", "-shm"] {
        let house = House::for_built_daemon(Plan::default(), free_port()).await;
        let mut process = spawn(&house);
        until(file, || state(&house, file).exists()).await;
        process.cut_off();

        let mut built = Built { house, process };
        built.start();
        built.has_saved_users_and_documents().await;
        let keys = built.keys().await;
        built.power_cut();
        assert_eq!(built.keys().await, keys);
        built.house.sign_in(JEANNE, "").await;
        assert_whole(&built.house);
    }
}

/// The same browser, whose connections the power cut has ended.
fn reconnected(browser: &Browser) -> Browser {
    let mut anew = Browser::new();
    anew.cookies.clone_from(&browser.cookies);
    anew
}

/// Checked while the daemon has the state open, so that the check does not
/// repair it.
fn assert_whole(house: &House) {
    assert_eq!(house.look_up::<String>("PRAGMA integrity_check"), "ok");
}

/// Simultaneous requests: the same codes twice each, and users who return from
/// Google.
struct Storm {
    codes: Vec<String>,
    arriving: Vec<(Browser, String)>,
}

/// The purpose of a request, and the response, if any.
enum Answer {
    Tokens(String, Option<Shown>),
    AuthorizationResponse(Box<Browser>, String, Option<Shown>),
}

impl Storm {
    async fn gather(house: &House) -> Self {
        let mut codes = Vec::new();
        let mut arriving = Vec::new();
        for _ in 0..3 {
            codes.push(house.code(JEANNE, "").await);
            let mut browser = Browser::new();
            let back = house.choose(&mut browser, JEANNE, "").await;
            arriving.push((browser, back));
        }
        Self { codes, arriving }
    }

    /// Cuts the power as soon as `enough` responses have come.
    async fn until_power_cut(self, built: &mut Built, enough: usize) -> Vec<Answer> {
        let mut requests = JoinSet::new();
        for code in self.codes.iter().chain(&self.codes) {
            let (code, url) = (code.clone(), built.house.url("/token"));
            requests.spawn(async move {
                let form = token_form(&code);
                let shown = Browser::new().try_send("POST", &url, Some(&form)).await;
                Answer::Tokens(code, shown)
            });
        }
        for (mut browser, back) in self.arriving {
            requests.spawn(async move {
                let shown = browser.try_send("GET", &back, None).await;
                Answer::AuthorizationResponse(Box::new(browser), back, shown)
            });
        }
        let mut answers = Vec::new();
        while answers.len() < enough {
            answers.push(requests.join_next().await.unwrap().unwrap());
        }
        built.process.cut_off();
        answers.extend(requests.join_all().await);
        answers
    }
}

/// The results for all codes and callbacks so far.
#[derive(Default)]
struct Tally {
    /// How often each code was redeemed.
    redeemed: HashMap<String, usize>,
    /// Users who returned from Google and got no response.
    lost: Vec<(Browser, String)>,
    answered: usize,
    unanswered: usize,
}

impl Tally {
    fn count(&mut self, answers: Vec<Answer>) {
        for answer in answers {
            let shown = match answer {
                Answer::Tokens(code, shown) => {
                    let redeemed = self.redeemed.entry(code).or_default();
                    *redeemed += usize::from(shown.as_ref().is_some_and(|it| it.status == 200));
                    shown
                }
                Answer::AuthorizationResponse(browser, back, None) => {
                    self.lost.push((*browser, back));
                    None
                }
                Answer::AuthorizationResponse(_, _, Some(shown)) => {
                    let code = shown.answered("code").unwrap();
                    self.redeemed.insert(code, 0);
                    Some(shown)
                }
            };
            self.answered += usize::from(shown.is_some());
            self.unanswered += usize::from(shown.is_none());
        }
    }

    /// All requests are repeated. A code that was never shown before is valid;
    /// a redeemed one is not; for one whose response was lost both are
    /// possible.
    async fn ask_again(&mut self, house: &House) {
        for (code, times) in self.redeemed.drain() {
            let again = house.redeem(&code, "").await;
            assert!([200, 400].contains(&again.status.as_u16()), "{again:?}");
            let times = times + usize::from(again.status == 200);
            assert!(times <= 1, "{code} was redeemed {times} times");
        }
        for (browser, back) in self.lost.drain(..) {
            let again = reconnected(&browser).get(&back).await;
            // Google accepts its code only once, so a login whose response was
            // lost fails and is begun again.
            assert!([303, 502].contains(&again.status.as_u16()), "{again:?}");
        }
    }

    /// Otherwise the power cuts came at the wrong times, and nothing was
    /// tested.
    fn assert_both_ways(&self) {
        assert!(self.answered > STORMS, "{} answered", self.answered);
        assert!(self.unanswered > STORMS, "{} not", self.unanswered);
    }
}
