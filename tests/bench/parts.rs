//! The cost of single parts of a login: `cargo bench --bench parts`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may panic, and prints its table"
)]

mod measure;
#[expect(dead_code, reason = "only the daemon is compared with another program")]
mod report;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use domain::base::address::CanonicalAddress;
use domain::base::clock::UnixTime;
use domain::base::ids::{ClientId, DsmUsername, GoogleIssuer};
use domain::base::random::Random;
use domain::base::secret::Secret;
use domain::model::keys::SigningKey;
use domain::model::login::cookie::Sealer;
use domain::model::login::{
    AuthorizationRequest, GoogleIdentity, GrantedCode, LoginId, PendingLogin, Prompt, Scope,
};
use domain::model::relying_party::{RegisteredRedirect, RelyingParty};
use domain::model::user_list::{ListedUser, UserList};
use domain::signin::directory::{self, AdministratorPolicy, FoldedName, Moment, Policy, Snapshot};
use domain::signin::google::{Expected, GoogleKeys, UnverifiedIdToken};
use domain::signin::token::claims::Issuing;
use fakes::google::token::{self, Draft, Facts};
use fakes::google::{CLIENT_ID, Person};
use google_to_synology_sso::machine::random::OsRandom;
use google_to_synology_sso::store::{SavedDirectory, Store};
use serde_json::json;

use measure::{Signature, each, microseconds, milliseconds};
use report::{Report, Target};

const NOW: UnixTime = UnixTime::from_seconds(fakes::time::MONDAY_MORNING);
const GOOGLE: &str = "https://accounts.google.com";
const NONCE: &str = "hIhTYDMdIxr2q1uT7wX0nR5SGYUTIFgkbXIyn3dC3gk";
const REDIRECT_URI: &str = "https://nas.example.com/";

/// Far more than a NAS has.
const USERS: usize = 100_000;

/// The number of different users that are looked up in turn, so that the next
/// is not in the CPU cache.
const IDENTITIES: usize = 1_000;

fn main() {
    let mut report = Report::new("The parts of a login");
    tokens(&mut report);
    cookies(&mut report);
    users(&mut report);
    report.end();
}

/// Creates an ID token as `/token` does, compared with its signature; and
/// verifies Google's token.
fn tokens(report: &mut Report) {
    let random: &dyn Random = &OsRandom::default();
    let key = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
    let issuing = Issuing {
        issuer: "https://login.example.com",
        username_claim: "username",
    };
    let access_token = Secret::new(random.token::<32>().unwrap());
    let granted = granted();
    let make = || {
        let jti = random.token::<16>().unwrap();
        let claims = issuing.id_token(&granted, &access_token, jti, NOW);
        black_box(key.sign(&serde_json::to_vec(&claims).unwrap()).unwrap());
    };
    let signature = Signature::new();

    // Measured alternately, so that a slow second affects both.
    let rounds: Vec<(Duration, Duration)> = (0..31)
        .map(|_| (each(1, 50, || signature.sign()), each(1, 50, make)))
        .collect();
    let bare = measure::median(rounds.iter().map(|(bare, _)| *bare));
    let whole = measure::median(rounds.iter().map(|(_, whole)| *whole));
    let mut shares: Vec<f64> = rounds
        .iter()
        .map(|(bare, whole)| bare.as_secs_f64() / whole.as_secs_f64())
        .collect();
    shares.sort_by(f64::total_cmp);
    let share = shares[shares.len() / 2];
    report.line(
        "RSA-2048 signature",
        microseconds(bare),
        " µs",
        Target::None,
    );
    report.line(
        "ID token: claims, JSON, signature",
        microseconds(whole),
        " µs",
        Target::None,
    );
    report.line(
        "ID tokens for each bare signature",
        share,
        "",
        Target::Above(0.8),
    );

    let token = googles_token(&Person::new("1", "jeanne@example.com", "Jeanne"));
    let keys = googles_keys();
    let verify = each(31, 100, || drop(black_box(identity(&token, &keys))));
    report.line(
        "Google's ID token, read and verified",
        microseconds(verify),
        " µs",
        Target::None,
    );
}

/// Seals and opens the login in the browser's cookie.
fn cookies(report: &mut Report) {
    let random: &dyn Random = &OsRandom::default();
    let sealer = Sealer::new(&Secret::new(random.bytes().unwrap())).unwrap();
    let parties = [relying_party()];
    let pending = pending(&parties[0]);
    let cookie = sealer.seal(&pending, random).unwrap();
    let seal = each(31, 1_000, || {
        drop(black_box(sealer.seal(&pending, random).unwrap()));
    });
    let open = each(31, 1_000, || {
        drop(black_box(
            sealer.open(pending.id, &cookie, &parties, NOW).unwrap(),
        ));
    });
    report.line(
        "cookie of a login, sealed",
        microseconds(seal),
        " µs",
        Target::None,
    );
    report.line(
        "cookie of a login, opened",
        microseconds(open),
        " µs",
        Target::None,
    );
}

/// Loads a directory of 100,000 users from disk, and looks up one of them.
fn users(report: &mut Report) {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let store = Store::open(
        &directory.path().join("state.sqlite3"),
        UnixTime::from_seconds(0),
    )
    .unwrap();
    let kept = SavedDirectory {
        list: Arc::new(user_list()),
        refreshed: NOW,
    };
    runtime.block_on(store.save_directory(kept)).unwrap();
    let load = || {
        let kept = runtime.block_on(store.directory()).unwrap().unwrap();
        Snapshot::new(kept.list, kept.refreshed)
    };
    let loading = each(7, 1, || drop(black_box(load())));
    report.line(
        "100,000 users, from SQLite to the index",
        milliseconds(loading),
        " ms",
        Target::Below(300.0),
    );

    let snapshot = load();
    let policy = busy_policy();
    let moment = Moment {
        now: NOW,
        today: jiff::civil::date(2026, 3, 2),
    };
    let identities = identities();
    let mut next = identities.iter().cycle();
    let judging = each(31, 20_000, || {
        let user = directory::judge(next.next().unwrap(), &[], Some(&snapshot), &policy, moment);
        black_box(user.unwrap());
    });
    report.line(
        "one of 100,000 users, found and judged",
        microseconds(judging),
        " µs",
        Target::Below(1.0),
    );
    let linked: Vec<_> = identities
        .iter()
        .map(|identity| {
            let admitted = directory::judge(identity, &[], Some(&snapshot), &policy, moment);
            (identity, admitted.unwrap().link)
        })
        .collect();
    let mut next = linked.iter().cycle();
    let judging = each(31, 20_000, || {
        let (identity, link) = next.next().unwrap();
        let links = std::slice::from_ref(link);
        let user = directory::judge(identity, links, Some(&snapshot), &policy, moment);
        black_box(user.unwrap());
    });
    report.line(
        "the same, by the link of an earlier sign-in",
        microseconds(judging),
        " µs",
        Target::Below(5.0),
    );
    store.close();
}

/// A policy in which every rule has entries.
fn busy_policy() -> Policy {
    let alias = |number| {
        let google = format!("alias.{number}@gmail.com");
        let google = CanonicalAddress::of(&google).unwrap();
        (google, format!("USER{number}"))
    };
    Policy {
        hosted_domains: None,
        authoritative_addresses_only: false,
        aliases: (0..20).map(alias).collect(),
        denied: (0..20)
            .map(|number| FoldedName::of(&format!("denied{number}")))
            .collect(),
        administrators: AdministratorPolicy::ByAliasOnly,
        ..Policy::new(
            GoogleIssuer::new(GOOGLE),
            "sso-reader",
            Duration::from_hours(1),
        )
    }
}

fn user_list() -> UserList {
    let users = (0..USERS).map(|number| ListedUser {
        name: DsmUsername::new(format!("user{number}")),
        email: Some(address(number)),
        expired: Some("normal".to_owned()),
    });
    UserList {
        users: users.collect(),
        administrators: Some(vec![DsmUsername::new("user7")]),
    }
}

/// Half of the addresses are at Gmail, which need more work.
fn address(number: usize) -> String {
    match number % 2 {
        0 => format!("First.Last.{number}@gmail.com"),
        _ => format!("first.last.{number}@example.com"),
    }
}

/// Spread over the directory. An identity can only be created from a verified
/// token.
fn identities() -> Vec<GoogleIdentity> {
    let keys = googles_keys();
    let people = (0..IDENTITIES).map(|index| {
        let number = index * (USERS / IDENTITIES) + index % 2;
        Person::new(&number.to_string(), &address(number), "First Last")
    });
    people
        .map(|person| identity(&googles_token(&person), &keys))
        .collect()
}

fn googles_token(person: &Person) -> String {
    let facts = Facts {
        issuer: GOOGLE.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        person: person.clone(),
        nonce: Some(NONCE.to_owned()),
        access_token: "ya29".to_owned(),
        now: NOW.seconds(),
        key: 0,
    };
    Draft::honest(&facts).sign()
}

fn googles_keys() -> GoogleKeys {
    let keys = json!({"keys": [token::jwk(0), token::jwk(1)]});
    GoogleKeys::parse(keys.to_string().as_bytes()).unwrap()
}

fn identity(token: &str, keys: &GoogleKeys) -> GoogleIdentity {
    let expected = Expected {
        issuer: &GoogleIssuer::new(GOOGLE),
        client_id: CLIENT_ID,
        nonce: Secret::new(NONCE.to_owned()),
        access_token: &Secret::new("ya29".to_owned()),
    };
    let unverified = UnverifiedIdToken::parse(token).unwrap();
    unverified.verify(keys, &expected, NOW).unwrap()
}

fn granted() -> GrantedCode {
    let person = Person::new(
        "114025187463509912886",
        "jeanne.martin@gmail.com",
        "Jeanne Martin",
    );
    GrantedCode {
        client: ClientId::new("synology"),
        redirect_uri: REDIRECT_URI.to_owned(),
        challenge: None,
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        scope: scope(),
        auth_time: Some(NOW),
        identity: identity(&googles_token(&person), &googles_keys()),
        user: DsmUsername::new("jeanne"),
        granted: NOW,
    }
}

fn relying_party() -> RelyingParty {
    let uri = url::Url::parse(REDIRECT_URI).unwrap();
    RelyingParty {
        id: ClientId::new("synology"),
        name: "the family's NAS".to_owned(),
        secret: Secret::new("a secret that DSM knows".to_owned()),
        secret_file: std::path::PathBuf::new(),
        redirect_uris: vec![RegisteredRedirect::new(REDIRECT_URI.to_owned(), &uri)],
        require_pkce: false,
    }
}

fn pending(party: &RelyingParty) -> PendingLogin {
    PendingLogin {
        id: LoginId::new([1; 12]),
        state_secret: Secret::new([2; 16]),
        google_nonce: Secret::new([3; 32]),
        google_verifier: Secret::new([4; 32]),
        google_issuer: GoogleIssuer::new(GOOGLE),
        started: NOW,
        request: AuthorizationRequest {
            client: party.id.clone(),
            redirect: party.trust(REDIRECT_URI).unwrap(),
            state: Some(b"12345678".to_vec()),
            nonce: Some("n-0S6_WzA2Mj".to_owned()),
            scope: scope(),
            challenge: None,
            max_age: None,
            prompt: Prompt::Unspecified,
            login_hint: None,
            hinted: None,
        },
    }
}

fn scope() -> Scope {
    Scope {
        openid: true,
        email: true,
        profile: true,
    }
}
