use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const T0: UnixTime = UnixTime::from_seconds(1_772_433_000);

/// Keys take a while to make: all tests share these.
static KEYS: LazyLock<Vec<Arc<SigningKey>>> = LazyLock::new(|| {
    let make = || SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
    (0..6).map(|_| Arc::new(make())).collect()
});

fn key(number: usize, signs_from: UnixTime) -> ScheduledKey {
    ScheduledKey {
        key: Arc::clone(&KEYS[number]),
        created: T0,
        signs_from,
    }
}

fn after(hours: u64) -> UnixTime {
    T0.plus(HOUR * u32::try_from(hours).unwrap())
}

fn set(keys: impl IntoIterator<Item = ScheduledKey>) -> KeySet {
    KeySet::new(keys.into_iter().collect()).unwrap()
}

fn number(kid: &KeyId) -> usize {
    KEYS.iter().position(|key| key.kid() == kid).unwrap()
}

/// Such as `0 retired, 1 signing`.
fn told(set: &KeySet, now: UnixTime) -> String {
    let told: Vec<String> = set
        .list(now)
        .iter()
        .map(|it| format!("{} {}", number(&it.kid), it.state.name()))
        .collect();
    told.join(", ")
}

/// The keys in the JWKS, in its order.
fn published(set: &KeySet, now: UnixTime) -> Vec<usize> {
    let jwks: serde_json::Value = serde_json::from_slice(&set.jwks(now)).unwrap();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| number(&KeyId::new(key["kid"].as_str().unwrap())))
        .collect()
}

/// What a rotation at `now` makes of `set`; a key that is made is `number`.
fn rotate(
    set: &KeySet,
    now: UnixTime,
    rotation: Rotation,
    number: usize,
) -> Result<KeySet, RotationRefused> {
    let made = ScheduledKey {
        key: Arc::clone(&KEYS[number]),
        created: now,
        signs_from: set.plan(now, rotation)?,
    };
    Ok(set.rotated(now, rotation, made).unwrap())
}

#[test]
fn a_key_is_known_for_two_days_before_and_after_it_signs() {
    let set = set([key(0, T0), key(1, after(100)), key(2, after(200))]);
    let second = Duration::from_secs(1);
    for (now, state, order) in [
        (T0, "0 signing, 1 next, 2 next", vec![0, 1, 2]),
        (
            after(100).minus(second),
            "0 signing, 1 next, 2 next",
            vec![0, 1, 2],
        ),
        (after(100), "0 retired, 1 signing, 2 next", vec![1, 2, 0]),
        (
            after(148).minus(second),
            "0 retired, 1 signing, 2 next",
            vec![1, 2, 0],
        ),
        (after(148), "1 signing, 2 next", vec![1, 2]),
        (after(200), "1 retired, 2 signing", vec![2, 1]),
        (after(248), "2 signing", vec![2]),
        (after(100_000), "2 signing", vec![2]),
    ] {
        assert_eq!(told(&set, now), state, "{now:?}");
        assert_eq!(published(&set, now), order, "{now:?}");
        assert_eq!(number(set.signing(now).kid()), order[0], "{now:?}");
    }
    let gone: Vec<_> = set.list(T0).iter().map(|it| it.gone_after).collect();
    assert_eq!(gone, [Some(after(148)), Some(after(248)), None]);
}

#[test]
fn a_clock_that_is_before_all_keys_finds_the_earliest_signing() {
    let set = set([key(1, after(48)), key(0, T0)]);
    for now in [
        T0.minus(HOUR),
        UnixTime::from_seconds(0),
        UnixTime::from_seconds(i64::MIN),
    ] {
        assert_eq!(told(&set, now), "0 signing, 1 next");
        assert_eq!(published(&set, now), [0, 1]);
    }
    assert!(KeySet::new(Vec::new()).is_none());
}

#[test]
fn the_next_key_is_announced_for_two_days() {
    let now = after(10);
    let rotated = rotate(&set([key(0, T0)]), now, Rotation::Announced, 1).unwrap();
    assert_eq!(told(&rotated, now), "0 signing, 1 next");
    assert_eq!(rotated.list(now)[1].signs_from, now.plus(PUBLISHED_BEFORE));
    assert_eq!(told(&rotated, after(58)), "0 retired, 1 signing");
}

#[test]
fn a_second_rotation_says_when_the_announced_key_signs() {
    let now = after(10);
    let rotated = rotate(&set([key(0, T0)]), now, Rotation::Announced, 1).unwrap();
    let refused = rotate(&rotated, after(57), Rotation::Announced, 2).unwrap_err();
    let told = refused.to_string();
    assert!(
        told.contains("from 2026-03-04T16:30:00Z on (--now replaces"),
        "{told}"
    );
    let RotationRefused::UnderWay { kid, signs_from } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((number(&kid), signs_from), (1, after(58)));
    // Once it signs, the one after it may be announced.
    let rotated = rotate(&rotated, after(58), Rotation::Announced, 2).unwrap();
    assert_eq!(
        self::told(&rotated, after(58)),
        "0 retired, 1 signing, 2 next"
    );
}

#[test]
fn at_once_a_new_key_signs_and_no_other_is_published() {
    let announced = rotate(&set([key(0, T0)]), after(10), Rotation::Announced, 1).unwrap();
    let started = rotate(&announced, after(58), Rotation::Announced, 2).unwrap();
    assert_eq!(told(&started, after(58)), "0 retired, 1 signing, 2 next");
    for keys in [set([key(0, T0)]), announced, started] {
        let rotated = rotate(&keys, after(58), Rotation::AtOnce, 3).unwrap();
        for hours in [0, 58, 1_000] {
            assert_eq!(told(&rotated, after(hours)), "3 signing");
            assert_eq!(published(&rotated, after(hours)), [3]);
        }
        assert_eq!(rotated.keys().len(), 1);
    }
}

#[test]
fn of_many_rotations_in_one_second_the_last_one_counts() {
    let mut keys = set([key(0, T0)]);
    for made in 1..6 {
        keys = rotate(&keys, T0, Rotation::AtOnce, made).unwrap();
        assert_eq!(published(&keys, T0), [made]);
    }
}

#[test]
fn a_clock_that_is_behind_announces_nothing() {
    // Made while the clock was fast; or the clock is slow now.
    let fast = set([key(0, after(10_000))]);
    let refused = rotate(&fast, T0, Rotation::Announced, 1).unwrap_err();
    assert!(matches!(refused, RotationRefused::ClockBehind { .. }));
    let told = refused.to_string();
    assert!(told.contains("shows 2026-03-02T06:30:00Z, which"), "{told}");

    // With --now, a new key signs and goes on signing.
    let rotated = rotate(&fast, T0, Rotation::AtOnce, 1).unwrap();
    for hours in [0, 48, 10_000] {
        assert_eq!(self::told(&rotated, after(hours)), "1 signing", "{hours}");
    }
}

#[test]
fn what_is_gone_leaves_with_the_next_rotation() {
    let keys = set([key(0, T0), key(1, after(100))]);
    for (hours, left) in [(147, vec![0, 1, 2]), (148, vec![1, 2])] {
        let rotated = rotate(&keys, after(hours), Rotation::Announced, 2).unwrap();
        let all = rotated.keys().iter().map(|it| number(it.key.kid()));
        assert_eq!(all.collect::<Vec<_>>(), left, "{hours}");
    }
}

fn rotation() -> impl Strategy<Value = Rotation> {
    prop_oneof![Just(Rotation::Announced), Just(Rotation::AtOnce)]
}

proptest! {
    /// However often and whenever the keys are rotated: a client that fetched
    /// them two days ago can verify every token that is still valid, unless
    /// all keys were replaced at once.
    #[test]
    fn a_token_is_verified_by_keys_that_are_two_days_old(
        wishes in prop::collection::vec((0..120_u64, rotation()), 1..6)
    ) {
        let mut keys = set([key(0, T0)]);
        let mut hour = 0;
        let mut signed: HashMap<usize, u64> = HashMap::from([(0, 0)]);
        let mut known: HashMap<usize, u64> = HashMap::from([(0, 0)]);
        let mut hurried = HashSet::from([0]);
        let quiet = (240, Rotation::Announced);
        for (made, (wait, rotation)) in (1..).zip(wishes.into_iter().chain([quiet])) {
            for hour in hour..=hour + wait {
                let now = after(hour);
                let published = published(&keys, now);
                let signing = number(keys.signing(now).kid());
                prop_assert_eq!(published[0], signing);
                let states = keys.list(now);
                let count = states.iter().filter(|it| it.state == KeyState::Signing).count();
                prop_assert_eq!(count, 1);
                for key in &published {
                    known.entry(*key).or_insert(hour);
                }
                prop_assert!(hurried.contains(&signing) || known[&signing] + 48 <= hour);
                signed.insert(signing, hour);
                for (key, last) in &signed {
                    prop_assert!(last + 48 <= hour || published.contains(key), "{key} {last} {hour}");
                }
            }
            hour += wait;
            let now = after(hour);
            if made < KEYS.len() && let Ok(rotated) = rotate(&keys, now, rotation, made) {
                keys = rotated;
                if rotation == Rotation::AtOnce {
                    hurried.insert(number(keys.signing(now).kid()));
                    signed.clear();
                }
            }
        }
    }
}
