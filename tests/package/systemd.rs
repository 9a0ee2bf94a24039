//! A real systemd runs the daemon: with the guide's steps and its unit, and
//! with the package's unit in a user manager, as on DSM.

mod container;
mod user_manager;

use std::fs;
use std::path::Path;

use fakes::google::{CLIENT_ID, CLIENT_SECRET};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, REDIRECT_URI};
use fakes::terminal::Person;

use self::container::{Container, Disk};
use crate::built;
use crate::lifecycle::{NAME, serves, until};
use crate::machine::on_a_machine;
use crate::neighbours::house;

/// The directory in which the guide's steps are followed.
const CHECKOUT: &str = "/root/checkout";

/// Boots twice: the second time, systemd starts the daemon by itself.
#[test]
fn the_guide_leads_to_a_supervised_service() {
    in_a_container(|disk, package, house| {
        check_out(disk, package);
        let container = Container::boot(disk);
        for step in steps() {
            follow(&container, &step, house);
        }
        until("it serves", serves);
        signs_in(house);
        until("systemctl status shows the users", || {
            container
                .run(&show("StatusText"))
                .starts_with("6 users, read ")
        });

        reloads(&container, disk, house);
        restarts_after(&container, "KILL", "it is killed");
        restarts_after(&container, "STOP", "it hangs, and the watchdog acts");
        let journal = container.run(&journal());
        assert!(journal.contains("Watchdog timeout"), "{journal}");
        signs_in(house);

        container.run(&format!("systemctl stop {NAME}"));
        assert_eq!(container.run(&show("ActiveState")), "inactive");
        assert_eq!(container.run(&show("Result")), "success");
        container.power_off();
        assert!(!serves());

        let container = Container::boot(disk);
        until("it serves after a boot", serves);
        signs_in(house);
        container.power_off();
    });
}

/// Runs `story` with the disk of a container that is not booted, the unpacked
/// package, and Google and DSM.
fn in_a_container<S: FnOnce(&Disk, &Path, &House)>(story: S) {
    on_a_machine::<S>(|directory| {
        let package = directory.join("package");
        built::unpack(&built::package(), &package);
        let disk = Disk::below(directory);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let authorities = disk.at("/etc/ssl/certs/ca-certificates.crt");
        let house = runtime.block_on(house(&authorities));
        let _guard = runtime.enter();
        story(&disk, &package, &house);
    });
}

/// Copies the files that the guide's steps need, with the built program.
fn check_out(disk: &Disk, package: &Path) {
    let unit = format!("packaging/systemd/{NAME}.service");
    let text = fs::read_to_string(built::root().join(&unit)).unwrap();
    disk.write(&format!("{CHECKOUT}/{unit}"), &text);
    let program = disk.at(&format!("{CHECKOUT}/target/release/{NAME}"));
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::copy(package.join("target/bin").join(NAME), program).unwrap();
}

/// The guide's commands, one by one.
fn steps() -> Vec<String> {
    let guide = built::root().join("docs/guides/install-with-systemd.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, section) = guide.split_once("\n## Install\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// Runs a step at a terminal if it asks questions.
fn follow(container: &Container<'_>, step: &str, house: &House) {
    let command = format!("cd {CHECKOUT} && {step}");
    if !step.ends_with(" setup") {
        container.run(&command);
        return;
    }
    let mut person = Person::types(&container.command(&command));
    person.answers("Google's client (JSON): ", CLIENT_ID);
    person.answers_unseen("Google's client secret: ", CLIENT_SECRET);
    person.answers("Public URL of this service: ", "https://login.example.com");
    person.answers("URL of DSM in the browser: ", REDIRECT_URI);
    person.answers("DSM's own URL [http://127.0.0.1:5000]: ", &house.dsm.url());
    person.answers("DSM account [sso-reader]: ", "");
    let password = house.dsm.behaviour().password;
    person.answers_unseen("Password of the DSM account: ", &password);
    person.answers("[Y/n]: ", "n");
    let (status, screen) = person.leaves();
    assert!(status.success(), "{screen}");
    // Setup has generated a secret, and the fake DSM has this one.
    let secret = format!("/var/lib/{NAME}/synology-client-secret");
    container.run(&format!("echo '{CLIENT_SECRET_OF_DSM}' > {secret}"));
}

/// A valid config takes effect; an invalid one is reported and changes nothing.
fn reloads(container: &Container<'_>, disk: &Disk, house: &House) {
    let path = disk.at(&format!("/var/lib/{NAME}/config.toml"));
    let config = fs::read_to_string(&path).unwrap();
    let reload = format!("systemctl reload {NAME}");
    fs::write(&path, format!("{config}\n[users]\ndeny = [\"jeanne\"]\n")).unwrap();
    container.run(&reload);
    assert_eq!(refusal(house), Some("account-denied".to_owned()));

    fs::write(&path, "issuer = 5").unwrap();
    assert!(!container.output(&reload).status.success());
    let journal = container.run(&journal());
    assert!(journal.contains("issuer"), "{journal}");
    assert_eq!(refusal(house), Some("account-denied".to_owned()));

    fs::write(&path, config).unwrap();
    container.run(&reload);
    signs_in(house);
}

/// After `signal`, systemd starts another process.
fn restarts_after(container: &Container<'_>, signal: &str, what: &str) {
    let main = show("MainPID");
    let before = container.run(&main);
    container.run(&format!(
        "systemctl kill --kill-whom=main --signal={signal} {NAME}"
    ));
    until(&format!("another one serves after {what}"), || {
        let now = container.run(&main);
        now != before && now != "0" && serves()
    });
    assert_eq!(container.run(&show("ActiveState")), "active");
}

fn show(property: &str) -> String {
    format!("systemctl show --property={property} --value {NAME}")
}

fn journal() -> String {
    format!("journalctl --no-pager --unit={NAME}")
}

fn signs_in(house: &House) {
    let handle = tokio::runtime::Handle::current();
    let (claims, _) = handle.block_on(house.sign_in(JEANNE, ""));
    assert_eq!(claims["username"], "jeanne");
}

fn refusal(house: &House) -> Option<String> {
    let mut browser = fakes::browser::Browser::new();
    let handle = tokio::runtime::Handle::current();
    let arrived = handle.block_on(house.arrive(&mut browser, JEANNE, ""));
    arrived.refusal().map(str::to_owned)
}
