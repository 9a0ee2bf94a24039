//! How to reach each page with the fakes.

use std::sync::Arc;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::chromium::Chromium;
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::google::token::Lie;
use fakes::google::{Endpoint, Person, Trouble};
use fakes::house::{House, JEANNE, Plan, family};
use google_to_synology_sso::http::{ConfigProblem, Server, SetupMode};
use google_to_synology_sso::machine::clock::SystemClock;
use google_to_synology_sso::machine::random::OsRandom;
use google_to_synology_sso::store::WizardResult;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const UNVERIFIED: &str = "somebody@example.org";
const STRANGER: &str = "inconnu@gmail.com";
/// Partly from right to left, and without a place to break the line.
const LONG: &str = "דוד.🦊.with.an.address.that.goes.on.and.on.and.never.breaks@\
                    a-domain-with-a-long-name-and-no-end-in-sight.example.com";

/// A user's action.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Opens this path.
    Opens(&'static str),
    /// Signs in with this address.
    SignsIn(&'static str),
    /// Signs in with this address, and reloads the page.
    LoadsAgain(&'static str),
    /// Opens the page of a daemon without a config, or with errors in these
    /// places.
    Waits(&'static [&'static str]),
}

/// A page, and how to reach it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// The refusal that must be on the page.
    pub(crate) refusal: Option<&'static str>,
    way: Way,
}

/// Every page.
pub(crate) const SCENES: [Scene; 32] = [
    page("not-set-up", Way::Waits(&[])),
    page("set-up-wrongly", Way::Waits(&["dsm.url", "users.alias[3]"])),
    page("checklist", Way::Opens("/")),
    page("checklist-points-elsewhere", Way::Opens("/")),
    page("checklist-rejected", Way::Opens("/")),
    page("landing", Way::Opens("/")),
    page("not-found", Way::Opens("/nowhere")),
    page("bad-request", Way::Opens("/auth")),
    page("unknown-client", Way::Opens("/auth?client_id=synolgy")),
    page(
        "unregistered-redirect",
        Way::Opens("/auth?client_id=synology&redirect_uri=https://nas.example.com/%23/signin"),
    ),
    page("bad-callback", Way::Opens("/callback")),
    page("no-such-login", Way::Opens("/callback?state=x.y&code=c")),
    page("already-used", Way::LoadsAgain(STRANGER)),
    page("google-failed", Way::SignsIn(JEANNE)),
    page("google-rejects-us", Way::SignsIn(JEANNE)),
    page("too-many", Way::Opens("/callback")),
    page("broken", Way::SignsIn(JEANNE)),
    refusal("address-not-verified", UNVERIFIED),
    variant("address-missing", "address-not-verified", STRANGER),
    refusal("address-unknown", STRANGER),
    variant("address-unknown-long", "address-unknown", LONG),
    variant("address-unknown-slow", "address-unknown", STRANGER),
    refusal("address-ambiguous", STRANGER),
    refusal("domain-not-allowed", STRANGER),
    refusal("address-not-authoritative", "lea@example.net"),
    refusal("account-disabled", STRANGER),
    refusal("account-expired", STRANGER),
    refusal("account-denied", STRANGER),
    refusal("administrator-refused", "paul@example.com"),
    refusal("linked-to-another", JEANNE),
    refusal("directory-stale", JEANNE),
    refusal("clock-wrong", JEANNE),
];

const fn page(name: &'static str, way: Way) -> Scene {
    Scene {
        name,
        refusal: None,
        way,
    }
}

const fn refusal(name: &'static str, person: &'static str) -> Scene {
    Scene {
        name,
        refusal: Some(name),
        way: Way::SignsIn(person),
    }
}

/// A refusal that has several forms.
const fn variant(name: &'static str, refusal: &'static str, person: &'static str) -> Scene {
    Scene {
        name,
        refusal: Some(refusal),
        way: Way::SignsIn(person),
    }
}

impl Scene {
    /// Shows the page in `browser`, in a fresh house.
    pub(crate) async fn play(self, browser: &Chromium) -> Stage {
        let mut waiting = JoinSet::new();
        let house = House::planned(self.plan()).await;
        house.dsm.set_users(self.users());
        house.google.set_people(people("1"));
        house.jobs().users.refresh().await.unwrap();
        self.prepare(&house).await;
        match self.way {
            Way::Opens(path) => browser.open(&house.url(path)).await,
            Way::SignsIn(person) => sign_in(browser, &house, person).await,
            Way::LoadsAgain(person) => {
                sign_in(browser, &house, person).await;
                browser.reload().await;
            }
            Way::Waits(places) => wait(browser, &mut waiting, places).await,
        }
        Stage {
            _house: house,
            _waiting: waiting,
        }
    }

    fn plan(self) -> Plan {
        let mut plan = Plan::default();
        match self.name {
            "domain-not-allowed" => {
                "hosted-domains = [\"example.com\"]".clone_into(&mut plan.google);
            }
            "address-not-authoritative" => {
                "authoritative-addresses-only = true".clone_into(&mut plan.google);
            }
            "administrator-refused" => {
                "[users]\nadministrators = \"refuse\"".clone_into(&mut plan.more);
            }
            // Chromium does not use a proxy here.
            "too-many" => "trusted-proxies = []".clone_into(&mut plan.listen),
            _ => {}
        }
        plan
    }

    fn users(self) -> Vec<FakeUser> {
        let mut users = family();
        let igor = |name: &str| FakeUser::new(name, STRANGER);
        users.extend(match self.name {
            "address-ambiguous" => vec![igor("igor"), igor("irene")],
            "account-disabled" => vec![igor("igor").expired("now")],
            "account-expired" => vec![igor("igor").expired("2026/3/1")],
            "account-denied" => vec![igor("root")],
            _ => Vec::new(),
        });
        users
    }

    /// Prepares the fakes before the user acts.
    async fn prepare(self, house: &House) {
        match self.name {
            "landing" => drop(house.sign_in(JEANNE, "").await),
            "checklist-points-elsewhere" => entered(house, "points-elsewhere"),
            "checklist-rejected" => entered(house, "rejected"),
            "google-failed" => house.google.fail(Endpoint::Token, Trouble::Status(500)),
            "google-rejects-us" => {
                let trouble = Trouble::OAuthError("invalid_client");
                house.google.fail(Endpoint::Token, trouble);
            }
            "address-missing" => house.google.lie(Some(Lie::NoEmail)),
            "too-many" => flood(house).await,
            "broken" => {
                let state = house.state();
                state.execute_batch("DROP TABLE grants").unwrap();
            }
            "linked-to-another" => {
                let first = Person::new("1", JEANNE, "Jeanne");
                house.google.set_people(vec![first]);
                house.arrive(&mut Browser::new(), JEANNE, "").await;
                house.google.set_people(people("2"));
            }
            "clock-wrong" => house.google.set_date_offset(7500),
            "directory-stale" => {
                house.dsm.always(Api::Users, Instead::Status(503));
                house.clock.advance(Duration::from_hours(8 * 24));
            }
            "address-unknown-slow" => house.dsm.always(Api::Users, Instead::Hang),
            _ => {}
        }
    }
}

/// Keeps the targets of the page's links alive until dropped.
pub(crate) struct Stage {
    _house: House,
    _waiting: JoinSet<()>,
}

async fn wait(browser: &Chromium, waiting: &mut JoinSet<()>, places: &[&str]) {
    let problem = match places {
        [] => ConfigProblem::Missing,
        _ => ConfigProblem::Bad(places.iter().map(ToString::to_string).collect()),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = Server::in_setup_mode(
        Arc::new(SetupMode::new(problem)),
        Arc::new(SystemClock::new()),
        Arc::new(OsRandom::default()),
    );
    waiting.spawn(Arc::new(server).serve(listener, CancellationToken::new()));
    browser.open(&url).await;
}

/// Google's accounts, with this one for Jeanne.
fn people(subject: &str) -> Vec<Person> {
    vec![
        Person::new(subject, JEANNE, "Jeanne"),
        Person::new("3", "lea@example.net", "Léa"),
        Person::new("4", "paul@example.com", "Paul"),
        Person::new("5", STRANGER, "Igor"),
        Person::new("6", LONG, "David"),
        Person {
            verified: false,
            ..Person::new("7", UNVERIFIED, "Mallory")
        },
    ]
}

async fn sign_in(browser: &Chromium, house: &House, person: &str) {
    browser.open(&house.authorization_request("")).await;
    browser.link(person).await.click().await;
}

/// The result of entering the settings in DSM, with all checks that may fail
/// then.
fn entered(house: &House, result: &str) {
    let app = house.bridge();
    app.wizard_result.store(Some(Arc::new(WizardResult {
        at: app.clock.now(),
        result: result.to_owned(),
        message: String::new(),
    })));
    let failed = ["public.tls", "sso-client.well_known_url", "reverse-proxy"];
    let failed = failed.map(str::to_owned).to_vec();
    app.failed_checks.store(Arc::new(failed));
}

async fn flood(house: &House) {
    let mut browser = Browser::new();
    while browser.get(&house.url("/callback")).await.status != 429 {}
}
