//! A Google account stays linked to its DSM user: an account that takes an
//! address over, sets another's in DSM, or comes later is not linked. Each test
//! is one attack, or one change by an administrator.

use fakes::browser::Browser;
use fakes::dsm::FakeUser;
use fakes::google::{FakeGoogle, Person};
use fakes::house::{House, JEANNE, Plan, by_name, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use crate::support::captured_log::CapturedLog;

const PAUL: &str = "paul@example.com";
const PAULS_SUBJECT: &str = "114025187463509912886";

/// Another Google account with Jeanne's former address.
const STRANGER: &str = "999999999999999999999";

#[tokio::test]
async fn the_first_sign_in_links_and_later_ones_write_nothing() {
    let house = House::new().await;
    assert_eq!(house.rows("links"), 0);
    sign_in_as(&house, JEANNE, "jeanne").await;
    let kept = "SELECT subject || ' ' || address || ' ' || dsm_user FROM links";
    let first: String = house.look_up(kept);
    assert_eq!(
        first,
        "103547991597142817347 Jeanne.Martin@gmail.com jeanne"
    );
    house.state().execute_batch(NO_MORE_LINKS).unwrap();
    sign_in_as(&house, JEANNE, "jeanne").await;
}

#[tokio::test]
async fn a_refusal_creates_no_link() {
    let house = House::new().await;
    assert_eq!(
        refusal(&house, "inconnu@gmail.com").await,
        "address-unknown"
    );
    list(
        &house,
        changed("jeanne", |user| user.expired = Some("now".into())),
    )
    .await;
    assert_eq!(refusal(&house, JEANNE).await, "account-disabled");
    assert_eq!(house.rows("links"), 0);
}

#[tokio::test]
async fn a_copied_address_before_the_first_sign_in_is_ambiguous() {
    let house = House::new().await;
    list(
        &house,
        changed("Paul", |user| user.email = Some(JEANNE.into())),
    )
    .await;
    // The address is ambiguous; and Paul's own account has lost its address.
    assert_eq!(refusal(&house, JEANNE).await, "address-ambiguous");
    assert_eq!(refusal(&house, PAUL).await, "address-unknown");
    list(&house, family()).await;
    sign_in_as(&house, JEANNE, "jeanne").await;
}

#[tokio::test]
async fn a_copied_address_after_the_first_sign_in_changes_nothing() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    list(
        &house,
        changed("Paul", |user| user.email = Some(JEANNE.into())),
    )
    .await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    assert_eq!(house.userinfo(&token).await.json()["username"], "jeanne");
}

#[tokio::test]
async fn an_address_that_changed_its_google_account_keeps_its_user() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    let addresses_pass_on = |google: &FakeGoogle| {
        google.set_people(vec![
            Person::new("103547991597142817347", "jeanne.new@gmail.com", "Jeanne"),
            Person::new(STRANGER, JEANNE, "Somebody Else"),
        ]);
    };
    addresses_pass_on(&house.google);

    assert_eq!(refusal(&house, STRANGER).await, "linked-to-another");
    // Jeanne still signs in by her link: her e-mail in DSM is unchanged.
    sign_in_as(&house, "jeanne.new@gmail.com", "jeanne").await;
    // When DSM has the new address, the old one belongs to no user.
    list(
        &house,
        changed("jeanne", |user| {
            user.email = Some("jeanne.new@gmail.com".into());
        }),
    )
    .await;
    sign_in_as(&house, "jeanne.new@gmail.com", "jeanne").await;
    assert_eq!(refusal(&house, STRANGER).await, "address-unknown");
    let kept: String = house.look_up("SELECT address FROM links");
    assert_eq!(kept, "jeanne.new@gmail.com");
}

#[tokio::test]
async fn until_an_administrator_removes_the_link() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    house
        .google
        .set_people(vec![Person::new(STRANGER, JEANNE, "Jeanne's new account")]);
    assert_eq!(refusal(&house, JEANNE).await, "linked-to-another");

    let store = &house.bridge().store;
    assert_eq!(store.remove_links("paul").await.unwrap(), []);
    let removed = store.remove_links("JEANNE").await.unwrap();
    assert_eq!(removed[0].user.as_str(), "jeanne");
    assert_eq!(store.links().await.unwrap(), []);

    sign_in_as(&house, JEANNE, "jeanne").await;
    let links = house.bridge().store.links().await.unwrap();
    assert_eq!(links[0].account.subject.as_str(), STRANGER);
    // The tokens of the old account are rejected.
    assert_eq!(house.userinfo(&token).await.status, 401);
}

#[tokio::test]
async fn of_two_accounts_with_one_address_at_once_one_is_linked() {
    let house = House::new().await;
    house.google.set_people(vec![
        Person::new("103547991597142817347", JEANNE, "Jeanne"),
        Person::new(STRANGER, JEANNE, "Somebody Else"),
    ]);
    let (mut one, mut other) = (Browser::new(), Browser::new());
    let first = house.choose(&mut one, "103547991597142817347", "").await;
    let second = house.choose(&mut other, STRANGER, "").await;
    let (first, second) = tokio::join!(one.get(&first), other.get(&second));
    let mut refusals = [first.refusal(), second.refusal()];
    refusals.sort();
    assert_eq!(refusals, [None, Some("linked-to-another")]);
    assert_eq!(house.rows("links"), 1);
}

#[tokio::test]
async fn a_recreated_user_is_linked_by_the_current_address() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    let without: Vec<_> = family()
        .into_iter()
        .filter(|user| user.name != "jeanne")
        .collect();
    list(&house, without.clone()).await;
    assert_eq!(refusal(&house, JEANNE).await, "address-unknown");

    // A user with the same name and another address is another user.
    let mut namesake = without.clone();
    namesake.push(FakeUser::new("jeanne", "another.jeanne@example.com"));
    list(&house, namesake).await;
    assert_eq!(refusal(&house, JEANNE).await, "address-unknown");

    // With the same address, the link is valid again.
    list(&house, family()).await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    assert_eq!(house.rows("links"), 1);
}

#[tokio::test]
async fn a_changed_e_mail_in_dsm_changes_who_signs_in() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    // Paul gets the account name and Jeanne's address.
    let mut users = changed("Paul", |user| user.email = Some(JEANNE.into()));
    by_name(&mut users, "jeanne").email = Some("jeanne@example.org".into());
    list(&house, users).await;
    sign_in_as(&house, JEANNE, "Paul").await;
    let kept: String = house.look_up("SELECT dsm_user FROM links");
    assert_eq!(kept, "Paul");
}

#[tokio::test]
async fn a_changed_alias_changes_who_signs_in() {
    let mut house = House::planned(with_alias("inconnu@gmail.com", "JEANNE")).await;
    sign_in_as(&house, "inconnu@gmail.com", "jeanne").await;
    let (_, token) = house.sign_in("inconnu@gmail.com", "").await;

    restart_with(&mut house, with_alias("inconnu@gmail.com", "lea")).await;
    assert_eq!(house.userinfo(&token).await.status, 401);
    sign_in_as(&house, "inconnu@gmail.com", "lea").await;

    restart_with(&mut house, Plan::default()).await;
    assert_eq!(
        refusal(&house, "inconnu@gmail.com").await,
        "address-unknown"
    );
}

#[tokio::test]
async fn a_twin_made_later_takes_nothing_away() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    let mut users = family();
    users.insert(0, FakeUser::new("aaa", JEANNE));
    list(&house, users).await;
    sign_in_as(&house, JEANNE, "jeanne").await;
}

#[tokio::test]
async fn the_reader_account_yields_even_when_it_is_linked() {
    let house = House::new().await;
    let reader = changed("sso-reader", |user| {
        user.email = Some("inconnu@gmail.com".into());
    });
    list(&house, reader.clone()).await;
    sign_in_as(&house, "inconnu@gmail.com", "sso-reader").await;
    let mut users = reader;
    by_name(&mut users, "lea").email = Some("inconnu@gmail.com".into());
    list(&house, users).await;
    sign_in_as(&house, "inconnu@gmail.com", "lea").await;
}

#[tokio::test]
async fn forty_open_tabs_end_in_one_person() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let mut last = String::new();
    for _ in 0..40 {
        last = house.choose(&mut browser, JEANNE, "").await;
    }
    let shown = browser.get(&last).await;
    assert!(shown.answered("code").is_some(), "{shown:?}");
    assert_eq!(house.rows("links"), 1);
    assert_eq!(house.rows("grants"), 1);
}

#[tokio::test]
async fn domains_denied_users_and_administrators_are_refused_by_name() {
    let only_example = Plan {
        google: "hosted-domains = [\"Example.com\"]".to_owned(),
        ..Plan::default()
    };
    let house = House::planned(only_example).await;
    sign_in_as(&house, PAUL, "Paul").await;
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    assert_eq!(refusal(&house, JEANNE).await, "domain-not-allowed");
    let detail = "detail=\"the account has no hd claim\"";
    assert_eq!(log.count(detail), 1, "{}", log.text());
    house.google.set_people(vec![Person {
        hosted_domain: Some("other.example".to_owned()),
        ..Person::new("7", JEANNE, "Jeanne")
    }]);
    assert_eq!(refusal(&house, JEANNE).await, "domain-not-allowed");
    assert_eq!(log.count("the hd claim is"), 1, "{}", log.text());
    assert_eq!(log.count("other.example"), 1, "{}", log.text());

    let policy = "[users]\nadministrators = \"refuse\"\ndeny = [\"JEANNE\"]";
    let house = House::planned(more(policy)).await;
    assert_eq!(refusal(&house, JEANNE).await, "account-denied");
    assert_eq!(refusal(&house, PAUL).await, "administrator-refused");

    let authoritative = Plan {
        google: "authoritative-addresses-only = true".to_owned(),
        ..Plan::default()
    };
    let house = House::planned(authoritative).await;
    house.google.set_people(vec![
        Person::new(PAULS_SUBJECT, PAUL, "Paul without a Workspace"),
        Person::new("1", JEANNE, "Jeanne"),
    ]);
    assert_eq!(refusal(&house, PAUL).await, "address-not-authoritative");
    sign_in_as(&house, JEANNE, "jeanne").await;
}

#[tokio::test]
async fn a_refusal_is_recorded_for_status() {
    let house = House::new().await;
    list(
        &house,
        changed("jeanne", |user| user.expired = Some("now".into())),
    )
    .await;
    refusal(&house, JEANNE).await;
    refusal(&house, "inconnu@gmail.com").await;
    let told: Vec<_> = house
        .bridge()
        .store
        .refusals()
        .latest()
        .into_iter()
        .map(|it| (it.refusal.name(), it.address.unwrap(), it.user))
        .collect();
    assert_eq!(told.len(), 2);
    let (name, address, user) = &told[0];
    assert_eq!(
        (*name, address.as_str()),
        ("address-unknown", "inconnu@gmail.com")
    );
    assert_eq!(*user, None);
    let (name, address, user) = &told[1];
    assert_eq!((*name, address.as_str()), ("account-disabled", JEANNE));
    assert_eq!(user.as_ref().unwrap().as_str(), "jeanne");
}

#[tokio::test]
async fn a_refusal_at_the_token_endpoint_is_logged_like_any_other() {
    let house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    let code = house.code(JEANNE, "").await;
    let disabled = changed("jeanne", |user| user.expired = Some("now".into()));
    list(&house, disabled).await;
    house.redeem(&code, "").await;
    house.userinfo(&token).await;
    let told = house.bridge().store.refusals().latest();
    let names: Vec<_> = told.iter().map(|it| it.refusal.name()).collect();
    assert_eq!(names, ["account-disabled", "account-disabled"]);
    assert_eq!(told[0].address.as_deref(), Some(JEANNE));
    assert_eq!(told[0].user.as_ref().unwrap().as_str(), "jeanne");
}

/// Two links of one user by the same address are detected even if neither
/// account has the address any more.
#[tokio::test]
async fn of_two_links_by_one_address_neither_lets_in() {
    let house = House::new().await;
    sign_in_as(&house, JEANNE, "jeanne").await;
    let doubled = "INSERT INTO links
         (issuer, subject, address, canonical, dsm_user, by_alias, since, moved)
         SELECT issuer, '117700123456789012345', address, canonical, dsm_user, by_alias, since, moved
         FROM links";
    house.state().execute_batch(doubled).unwrap();
    let renamed = Person::new("103547991597142817347", "jeanne.new@gmail.com", "Jeanne");
    let igor = Person::new("117700123456789012345", "inconnu@gmail.com", "Igor");
    house.google.set_people(vec![renamed, igor]);
    for person in ["jeanne.new@gmail.com", "inconnu@gmail.com"] {
        assert_eq!(refusal(&house, person).await, "linked-to-another");
    }
}

const NO_MORE_LINKS: &str = "CREATE TRIGGER no_more BEFORE INSERT ON links
     BEGIN SELECT RAISE(ABORT, 'written again'); END";

async fn sign_in_as(house: &House, person: &str, user: &str) {
    let (claims, _) = house.sign_in(person, "").await;
    assert_eq!(claims["username"], user, "{person}");
}

async fn refusal(house: &House, person: &str) -> String {
    let shown = house.arrive(&mut Browser::new(), person, "").await;
    let refusal = shown.refusal();
    refusal.unwrap_or_else(|| panic!("{shown:?}")).to_owned()
}

/// DSM returns these users, and the daemon has read them.
async fn list(house: &House, users: Vec<FakeUser>) {
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
}

/// The family, with one user changed.
fn changed(name: &str, change: impl FnOnce(&mut FakeUser)) -> Vec<FakeUser> {
    let mut users = family();
    change(users.iter_mut().find(|user| user.name == name).unwrap());
    users
}

fn with_alias(google: &str, dsm: &str) -> Plan {
    more(&format!(
        "[[users.alias]]\ngoogle = {google:?}\ndsm = {dsm:?}"
    ))
}

fn more(tables: &str) -> Plan {
    Plan {
        more: tables.to_owned(),
        ..Plan::default()
    }
}

async fn restart_with(house: &mut House, plan: Plan) {
    house.stop().await;
    *house.plan() = plan;
    house.start().await;
}
