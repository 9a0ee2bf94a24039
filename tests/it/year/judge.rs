//! The checks that must hold on every day of the year.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::base::clock::UnixTime;
use fakes::browser::{Browser, Shown};
use fakes::house::{House, claims};
use jiff::Timestamp;

use super::calendar::CLOCK_CHANGES;
use super::household::{Household, Member};
use super::nas::Nas;
use crate::support::jwks::{assert_verifies, names, published, signer};

/// A client reads the keys once a day.
const ANNOUNCED: Duration = Duration::from_hours(48);

/// What was checked, so that a year without events fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) mornings: usize,
    pub(crate) afternoons: usize,
    pub(crate) sign_ins: usize,
    pub(crate) before_dsm: usize,
    pub(crate) refusals: usize,
    pub(crate) wrong_clocks: usize,
    pub(crate) stale: usize,
    pub(crate) power_cuts: usize,
    pub(crate) brief_power_cuts: usize,
    pub(crate) damages: usize,
    pub(crate) googles_rotations: usize,
    pub(crate) busy_evenings: usize,
    pub(crate) evenings: usize,
    pub(crate) clock_changes: usize,
    pub(crate) timetables: usize,
    pub(crate) changes: usize,
    pub(crate) plans: usize,
}

#[derive(Default)]
pub(crate) struct Judge {
    pub(crate) tally: Tally,
    /// When a client last read the keys.
    looked: Option<UnixTime>,
    /// The earliest time at which each key may have been published.
    published: BTreeMap<String, UnixTime>,
    /// When each key last signed.
    signed: BTreeMap<String, UnixTime>,
    kept: Kept,
}

impl Judge {
    /// `member` signs in, with the expected result.
    pub(crate) async fn sees(&mut self, nas: &Nas, household: &mut Household, member: &Member) {
        let expected = household.finds(member);
        let grants = nas.house.rows("grants");
        let found = sign_in(&nas.house, member.subject).await;
        let found = found.as_deref().map_err(String::as_str);
        assert_eq!(found, expected, "{member:?}");
        if expected.is_ok() {
            household.is_in(member);
            self.tally.sign_ins += 1;
        } else {
            assert_eq!(nas.house.rows("grants"), grants);
            self.tally.refusals += 1;
        }
        assert_eq!(links(&nas.house), household.links());
    }

    /// No job is planned for a time at which the NAS is off.
    pub(crate) fn reads_plans(&mut self, nas: &Nas) {
        let planned = nas.house.jobs().planned();
        let report = nas.house.jobs().users.report();
        let users = planned.iter().find(|job| job.name == "users").unwrap();
        assert_eq!(users.next, report.next_refresh);
        for job in &planned {
            let Some(next) = job.next else { continue };
            assert!(nas.timetable.is_on(next), "{job:?} at {:?}", nas.now());
            self.tally.plans += 1;
        }
        assert_eq!(planned.len(), 3, "{planned:?}");
    }

    /// A key is published two days before it signs, and two days after.
    pub(crate) async fn reads_keys(&mut self, nas: &Nas) {
        let (now, keys) = (nas.now(), published(&nas.house).await);
        let keys = names(&keys);
        // The key was missing at the last look, and may have been added right
        // after it.
        let earliest = self.looked.replace(now).unwrap_or(now);
        for name in &keys {
            self.published.entry((*name).to_owned()).or_insert(earliest);
        }
        let signs = keys[0];
        if !self.signed.is_empty() && !self.signed.contains_key(signs) {
            let announced = now.since(self.published[signs]);
            assert!(announced >= ANNOUNCED, "{announced:?}");
        }
        self.signed.insert(signs.to_owned(), now);
        for (name, last) in &self.signed {
            let is_kept = keys.contains(&name.as_str());
            assert!(is_kept || now.since(*last) >= ANNOUNCED, "{name} is gone");
        }
    }

    /// How many keys have signed.
    pub(crate) fn keys(&self) -> usize {
        self.signed.len()
    }

    /// Data that must survive every night and every power cut.
    pub(crate) fn remembers(&mut self, nas: &Nas) {
        self.kept = Kept {
            // One statement reads one state of the disk: a concurrent rotation
            // adds a key and deletes others.
            keys: column(
                &nas.house,
                &format!(
                    "SELECT kid FROM signing_keys AS kept WHERE NOT EXISTS (
                        SELECT 1 FROM signing_keys AS signs
                        WHERE kept.signs_from < signs.signs_from
                            AND signs.signs_from + 172800 <= {})",
                    nas.now().seconds()
                ),
            ),
            seal_key: seal_key(&nas.house),
        };
    }

    /// All remembered data is still there, and the data of this session too.
    pub(crate) fn finds_all(&self, nas: &Nas, household: &Household) {
        let found: BTreeSet<String> = column(&nas.house, "SELECT kid FROM signing_keys");
        let lost = self.kept.keys.difference(&found).collect::<Vec<_>>();
        assert!(lost.is_empty(), "lost {lost:?}, found {found:?}");
        assert_eq!(seal_key(&nas.house), self.kept.seal_key);
        assert_eq!(links(&nas.house), household.links());
        assert_eq!(users(&nas.house), household.names());
    }

    /// The users and Google's documents were refreshed in the minutes before
    /// `off`, and saved.
    pub(crate) fn finds_ready(&mut self, nas: &Nas, off: UnixTime) {
        let earliest = off.seconds() - 600;
        for times in [
            "SELECT refreshed FROM directory",
            "SELECT min(fetched) FROM documents",
        ] {
            let fresh = nas.house.look_up::<i64>(times);
            assert!((earliest..=off.seconds()).contains(&fresh), "{times}");
        }
        self.tally.evenings += 1;
        let time = Timestamp::from_second(off.seconds()).unwrap().to_string();
        let mut clock_changes = CLOCK_CHANGES.iter();
        self.tally.clock_changes += usize::from(clock_changes.any(|(_, at)| *at == time));
    }
}

/// The refresh before the next power-off is planned for `due`.
pub(crate) fn assert_foreseen(nas: &Nas, due: UnixTime) {
    let planned = nas.house.jobs().planned();
    let mut planned = planned.iter();
    let planned = planned.find(|job| job.name == "before-power-off");
    assert_eq!(planned.unwrap().next, Some(due));
}

/// The sealing key on disk.
#[derive(Default)]
struct Kept {
    keys: BTreeSet<String>,
    seal_key: Vec<u8>,
}

fn seal_key(house: &House) -> Vec<u8> {
    house.look_up("SELECT key FROM seal_key")
}

/// A whole login, from DSM's button to the username in userinfo; or the refusal
/// on the page.
async fn sign_in(house: &House, subject: &str) -> Result<String, String> {
    let arrived = house.arrive(&mut Browser::new(), subject, "").await;
    let code = match arrived.status.as_u16() {
        303 => arrived.answered("code").unwrap(),
        403 => return Err(arrived.refusal().unwrap().to_owned()),
        status => panic!("{status} {:?}", arrived.refusal()),
    };
    Ok(redeemed_once(house, &code).await)
}

/// The user for whom `code` is valid, once.
pub(crate) async fn redeemed_once(house: &House, code: &str) -> String {
    let tokens = house.redeem(code, "").await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let tokens = tokens.json();
    let id_token = tokens["id_token"].as_str().unwrap();
    let keys = published(house).await;
    assert_eq!(signer(id_token), names(&keys)[0]);
    assert_verifies(id_token, &keys);
    let access_token = tokens["access_token"].as_str().unwrap();
    let user = house.userinfo(access_token).await.json();
    assert_eq!(user["username"], claims(id_token)["username"]);
    assert_is_spent(house, code).await;
    user["username"].as_str().unwrap().to_owned()
}

pub(crate) async fn assert_is_spent(house: &House, code: &str) {
    let again: Shown = house.redeem(code, "").await;
    assert_eq!(again.status, 400, "{again:?}");
    assert_eq!(again.json()["error"], "invalid_grant");
}

/// Google subject and DSM user of each link.
fn links(house: &House) -> Vec<String> {
    column(
        house,
        "SELECT subject || ' ' || dsm_user FROM links ORDER BY subject",
    )
}

fn users(house: &House) -> Vec<String> {
    column(house, "SELECT name FROM users ORDER BY position")
}

/// The result of `query` on disk.
fn column<C: FromIterator<String>>(house: &House, query: &str) -> C {
    let state = house.state();
    let mut found = state.prepare(query).unwrap();
    let rows = found.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
