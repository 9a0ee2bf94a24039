//! The administration page of a family, after a week.

use std::fmt::Write;
use std::fs;

use domain::base::clock::Clock;
use fakes::browser::Browser;
use fakes::chromium::Chromium;
use fakes::dsm::FakeUser;
use fakes::dsm::settings::Settings;
use fakes::google::Person;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, REDIRECT_URI, family};
use google_to_synology_sso::machine::clock::SystemClock;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::json;

/// Paul looks after the NAS.
const PAUL: &str = "paul@example.com";

const LEO: &str = "leo@example.com";

const STRANGER: &str = "inconnu@gmail.com";

/// As long as a name and an address may be.
const LONG: &str = "grandmother.with.a.long.name.that.never.ends.and.never.breaks@\
                    xn--a-domain-without-any-end-or-place-to-break-it.example";

/// A page, and the form that is sent on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    path: &'static str,
    form: Option<&'static str>,
}

/// Every page, and what its forms show.
pub(crate) const VIEWS: [View; 9] = [
    page("admin-health", "/admin"),
    page("admin-people", "/admin/people"),
    page("admin-setup", "/admin/setup"),
    page("admin-keys", "/admin/keys"),
    sent("admin-setup-preview", "/admin/setup", "plan-settings"),
    sent("admin-setup-compared", "/admin/setup", "compare-settings"),
    sent("admin-setup-secret", "/admin/setup", "show-secret"),
    sent("admin-reload", "/admin/keys", "preview-reload"),
    sent("admin-signed-out", "/admin", "sign-out"),
];

const fn page(name: &'static str, path: &'static str) -> View {
    View {
        name,
        path,
        form: None,
    }
}

const fn sent(name: &'static str, path: &'static str, form: &'static str) -> View {
    View {
        name,
        path,
        form: Some(form),
    }
}

impl View {
    /// Shows the page in `browser`, in which Paul is signed in.
    pub(crate) async fn show(self, browser: &Chromium, house: &House) {
        browser.open(&house.url(self.path)).await;
        if let Some(form) = self.form {
            send(browser, form).await;
        }
    }
}

/// Clicks the button of the form, which is not visible in closed details.
async fn send(browser: &Chromium, form: &str) {
    let open = "document.querySelectorAll('details').forEach(each => each.open = true)";
    browser.run(open, json!([])).await;
    let path = format!("//form[input[@name='form' and @value='{form}']]//button");
    browser.leave_by(browser.find_path(&path).await).await;
}

/// A house where one thing is wrong, and where Paul has opened the page in
/// `browser` and run the checks.
pub(crate) async fn furnished(browser: &Chromium) -> House {
    let mut house = House::planned(Plan::default()).await;
    house.dsm.set_users(users());
    house.google.set_people(people());
    let task =
        |hour| json!([{"enabled": true, "hour": hour, "min": 0, "weekdays": "0,1,2,3,4,5,6"}]);
    let schedule = json!({"poweron_tasks": task(7), "poweroff_tasks": task(23)});
    house.dsm.change(|dsm| dsm.power_schedule = schedule);
    house.plan().power = String::new();
    house.stop().await;
    // The checks compare Google's clock with that of the machine.
    house.clock.set(SystemClock::new().now().seconds());
    let now = Timestamp::from_second(house.clock.now().seconds()).unwrap();
    house.time_zone = TimeZone::get("Europe/Paris").unwrap();
    let past = past(&now.to_zoned(house.time_zone.clone()));
    house.state().execute_batch(&past).unwrap();
    house.start().await;
    for person in [JEANNE, LEO] {
        house.sign_in(person, "").await;
    }
    for person in [STRANGER, LONG, STRANGER, "twins@example.com"] {
        house.arrive(&mut Browser::new(), person, "").await;
    }
    let mut settings = Settings::of(&house.issuer(), CLIENT_SECRET_OF_DSM, REDIRECT_URI);
    settings.client["oidc_client_id"] = "photos".into();
    settings.client["oidc_user_claim"] = "email".into();
    house.dsm.change(|dsm| dsm.settings = settings);
    sign_in(browser, &house).await;
    send(browser, "check-again").await;
    change_the_config(&house);
    house
}

async fn sign_in(browser: &Chromium, house: &House) {
    browser.open(&house.url("/admin")).await;
    browser.link("Paul").await.click().await;
}

/// Changes the file, for the preview of a reload.
fn change_the_config(house: &House) {
    let file = house.write_config();
    let config = fs::read_to_string(&file).unwrap();
    let more = "[users]\ndeny = [\"jeanne\"]\n";
    fs::write(&file, format!("{config}\n{more}")).unwrap();
}

fn users() -> Vec<FakeUser> {
    let mut users = family();
    users.extend([
        FakeUser::new("leo", LEO),
        FakeUser::new("marie", ""),
        FakeUser::new("lucie", "twins@example.com"),
        FakeUser::new("lucas", "twins@example.com"),
        FakeUser::new("grandfather", "papi@example.com").expired("now"),
        FakeUser::new("a.user.with.a.long.name.that.never.breaks", LONG).expired("2026/1/1"),
    ]);
    users
}

fn people() -> Vec<Person> {
    vec![
        Person::new("1", JEANNE, "Jeanne"),
        Person::new("2", LEO, "Léo"),
        Person::new("3", PAUL, "Paul"),
        Person::new("4", STRANGER, "Igor"),
        Person::new("5", LONG, "Grandmother"),
        Person::new("6", "twins@example.com", "Lucie"),
    ]
}

/// The last days of a NAS that is on from 7:00 to 23:00, until a moment ago. On
/// one day, the power failed.
fn past(now: &Zoned) -> String {
    let mut past = "DELETE FROM runs; DELETE FROM job_runs;".to_owned();
    let mut insert = |what: String| write!(past, "INSERT INTO {what});").unwrap();
    let now_at = now.timestamp().as_second();
    for ago in (0..7).rev() {
        let day = now.date() - ago.days();
        let at = |hour, minute| {
            let local = day.at(hour, minute, 0, 0);
            let instant = local.to_zoned(now.time_zone().clone()).unwrap();
            instant.timestamp().as_second()
        };
        let is_past = |at: &i64| *at < now_at;
        let run = 100 * (8 - ago);
        let (end, stopped) = match ago {
            3 => (at(15, 40), 0),
            _ => (at(23, 0).min(now_at - 60), 1),
        };
        if is_past(&at(7, 10)) {
            let begun = at(7, 0);
            insert(format!("runs VALUES ({run}, {begun}, {end}, {stopped}"));
        }
        let jobs = [(7, 1), (10, 55), (14, 55), (18, 55), (22, 50)].map(|(h, m)| at(h, m));
        for (id, at) in (run + 1..).zip(jobs.into_iter().filter(is_past)) {
            let failed = i64::from((ago, id - run) == (2, 3));
            insert(format!("job_runs VALUES ({id}, {at}, 'users', {failed}"));
        }
        let jeannes = (at(17, 10) + 300 * i64::from(ago), "jeanne', '", JEANNE);
        let leos = (at(8, 35) + 700 * i64::from(ago), "leo', '", LEO);
        for (at, user, address) in [leos, jeannes] {
            if is_past(&at) {
                insert(format!(
                    "sign_ins (at, dsm_user, address, client) \
                     VALUES ({at}, '{user}{address}', 'synology'"
                ));
            }
        }
    }
    past
}
