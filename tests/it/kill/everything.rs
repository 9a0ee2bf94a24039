//! Power cuts while new users are linked, DSM's new users are saved, the keys
//! are rotated, and the state is copied.

use std::collections::BTreeSet;

use fakes::browser::{Browser, Shown};
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::google::Person;
use fakes::house::{House, JEANNE, family, token_form};
use serde_json::Value;
use tokio::task::JoinSet;

use super::assert_whole;
use crate::support::built::{Built, state};
use crate::support::control::command_at_once;
use crate::support::disk::copied;
use crate::support::process::until;

const ROUNDS: usize = 80;

/// Two new users a round.
fn newcomers(round: usize) -> [String; 2] {
    [format!("even{round}"), format!("odd{round}")]
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}

/// All users of DSM in `round`.
fn users(round: usize) -> Vec<FakeUser> {
    let names = (0..=round).flat_map(newcomers);
    let newcomers = names.map(|name| FakeUser::new(&name, &address(&name)));
    family().into_iter().chain(newcomers).collect()
}

/// A change, and whether it was acknowledged.
enum Done {
    Arrived(String, Option<Shown>),
    Redeemed(Option<Shown>),
    Rotated(Option<Vec<String>>),
}

/// What must survive every power cut from now on.
#[derive(Default)]
struct Promised {
    linked: BTreeSet<String>,
    /// The only keys since the last rotation; unknown after a rotation that was
    /// not acknowledged.
    keys: Option<BTreeSet<String>>,
    rotations: usize,
}

#[tokio::test]
async fn power_cuts_at_any_time_lose_nothing_that_was_answered() {
    let mut built = Built::new().await;
    let people = (0..ROUNDS).flat_map(newcomers);
    let people = people.map(|name| Person::new(&name, &address(&name), &name));
    let everybody = fakes::google::family().into_iter().chain(people);
    built.house.google.set_people(everybody.collect());
    let mut promised = Promised::default();
    let mut unheard = 0;
    for round in 0..ROUNDS {
        built.house.dsm.set_users(users(round));
        let done = until_power_cut(&mut built, round).await;
        let redeemed = done.iter().filter(|it| is_redeemed(it)).count();
        assert!(redeemed <= 1, "{redeemed} times");
        unheard += done.iter().filter(|it| is_unheard(it)).count();
        promised.add(done);
        built.start();
        promised.hold(&built.house, round);
    }
    // Otherwise the power cuts came at the wrong times, and nothing was tested.
    let (linked, rotations) = (promised.linked.len(), promised.rotations);
    assert!(linked > ROUNDS / 4, "{linked} linked");
    assert!(rotations > ROUNDS / 16, "{rotations} rotations");
    assert!(unheard > ROUNDS, "{unheard} unheard of");
    let last = promised.linked.last().unwrap();
    let claims = built.house.sign_in(&address(last), "").await.0;
    assert_eq!(claims["username"], last.as_str());
}

/// Two new users, a code that is shown twice, sometimes new keys.
async fn until_power_cut(built: &mut Built, round: usize) -> Vec<Done> {
    let mut doing = JoinSet::new();
    let code = built.house.code(JEANNE, "").await;
    for name in newcomers(round) {
        let mut browser = Browser::new();
        let back = built.house.choose(&mut browser, &address(&name), "").await;
        doing.spawn(async move { Done::Arrived(name, browser.try_send("GET", &back, None).await) });
    }
    for _ in 0..2 {
        let (form, url) = (token_form(&code), built.house.url("/token"));
        doing.spawn(async move {
            Done::Redeemed(Browser::new().try_send("POST", &url, Some(&form)).await)
        });
    }
    if round % 3 == 2 {
        let rotating = command_at_once(&built.house, &["keys", "rotate", "--now", "--json"]);
        doing.spawn(async move {
            let printed = rotating.await.stdout;
            let keys = serde_json::from_slice::<Value>(&printed).ok();
            Done::Rotated(keys.map(|keys| kids(&keys)))
        });
    }
    let mut done = Vec::new();
    while done.len() < round % 6 {
        let Some(next) = doing.join_next().await else {
            break;
        };
        done.push(next.unwrap());
    }
    built.process.cut_off();
    done.extend(doing.join_all().await);
    done
}

/// The output of `keys`: every published key.
fn kids(keys: &Value) -> Vec<String> {
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn is_redeemed(done: &Done) -> bool {
    matches!(done, Done::Redeemed(Some(shown)) if shown.status == 200)
}

fn is_unheard(done: &Done) -> bool {
    matches!(
        done,
        Done::Arrived(_, None) | Done::Redeemed(None) | Done::Rotated(None)
    )
}

impl Promised {
    fn add(&mut self, done: Vec<Done>) {
        for done in done {
            match done {
                Done::Arrived(name, Some(shown)) if shown.answered("code").is_some() => {
                    self.linked.insert(name);
                }
                Done::Rotated(keys) => {
                    self.rotations += usize::from(keys.is_some());
                    self.keys = keys.map(BTreeSet::from_iter);
                }
                Done::Arrived(..) | Done::Redeemed(_) => {}
            }
        }
    }

    fn hold(&self, house: &House, round: usize) {
        assert_whole(house);
        let list = |query: &str| -> BTreeSet<String> {
            let joined: Option<String> = house.look_up(query);
            let joined = joined.unwrap_or_default();
            joined.split(' ').map(str::to_owned).collect()
        };
        let linked = list("SELECT group_concat(dsm_user, ' ') FROM links");
        assert!(linked.is_superset(&self.linked), "{round}: {linked:?}");
        let keys = list("SELECT group_concat(kid, ' ') FROM signing_keys");
        let promised = self.keys.as_ref().unwrap_or(&keys);
        assert_eq!(keys, *promised, "{round}");
        assert!(keys.iter().all(|kid| !kid.is_empty()), "{round}: no key");
        // Never half a list: new users come in pairs.
        let users = house.rows("users") - i64::try_from(family().len()).unwrap();
        assert!(users % 2 == 0, "{round}: {users} newcomers");
        // Nor the copy, which always contains the keys.
        assert!(state(house, ".copy").exists());
        assert_eq!(copied::<String>(house, "PRAGMA integrity_check"), "ok");
        assert_eq!(copied::<i64>(house, "SELECT count(*) FROM grants"), 0);
    }
}

/// DSM blocks clients that retry, so a power cut must not cause a retry.
#[tokio::test]
async fn a_power_cut_ends_no_hold() {
    let mut built = Built::new().await;
    built.process.cut_off();
    built.house.dsm.always(Api::SignIn, Instead::Code(400));
    let before = asked_to_sign_in(&built.house);
    built.start();
    until("the hold is kept", || built.house.rows("hold") == 1).await;
    for _ in 0..8 {
        built.power_cut();
        let mut browser = Browser::new();
        let arrived = built.house.arrive(&mut browser, "inconnu@gmail.com", "");
        assert_eq!(arrived.await.status, 403);
        assert_whole(&built.house);
    }
    assert_eq!(asked_to_sign_in(&built.house), before + 1);
    built.house.sign_in(JEANNE, "").await;
}

fn asked_to_sign_in(house: &House) -> usize {
    let calls = house.dsm.calls();
    calls.iter().filter(|call| **call == Api::SignIn).count()
}
