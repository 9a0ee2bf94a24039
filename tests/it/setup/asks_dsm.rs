use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Output;

use fakes::certificates::self_signed;
use fakes::dsm::{Api, FakeDsm, Instead};
use fakes::terminal::Person;
use fakes::wrong_answers::{GOOGLE_JSON, WIZARD};
use google_to_synology_sso::config::Config;
use google_to_synology_sso::http;

use super::wizard::{ENGLISH, FRENCH, field_of};
use super::{Empty, FILES};
use crate::doctor::stage::front::{Conduct, Front};
use crate::doctor::stage::network::{Network, on_a_nas};
use crate::support::command_line::text;

const HOME: &str = "wizard_redirect_uri";
const PASSWORD: &str = "correct horse battery staple";

/// A DSM that knows its own name, at this port of the NAS.
fn dsm(network: &Network, port: u16) -> FakeDsm {
    let _runtime = network.runtime.enter();
    let dsm = FakeDsm::on(http::listen(([127, 0, 0, 1], port).into()).unwrap());
    dsm.change(|dsm| dsm.settings.web["fqdn"] = "nas.example.com".into());
    dsm
}

/// DSM's HTTPS port.
fn https(network: &Network, port: u16, dsm: &FakeDsm) -> Front {
    let behind: SocketAddr = dsm.url().strip_prefix("http://").unwrap().parse().unwrap();
    serve(
        network,
        port,
        Some("nas.example.com"),
        Conduct::Forward(behind),
    )
}

fn serve(network: &Network, port: u16, name: Option<&str>, conduct: Conduct) -> Front {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let certificate = name.map(self_signed);
    Front::start(network, listener, certificate.as_ref(), conduct)
}

impl Empty {
    /// Runs `setup --from-env` with the wizard's answers, except for `changes`.
    fn fills_in(&self, changes: &[(&str, &str)]) -> Output {
        let mut command = self.command(&["setup", "--from-env"]);
        command.envs(WIZARD).env("wizard_dsm_password", PASSWORD);
        command.envs(changes.iter().copied()).output().unwrap()
    }

    fn loaded(&self) -> Config {
        Config::load(&self.config()).unwrap()
    }
}

/// All sessions are closed, and there were so many sign-ins.
fn signed_in(dsm: &FakeDsm, times: usize) {
    let calls = dsm.calls().into_iter();
    assert_eq!(calls.filter(|call| *call == Api::SignIn).count(), times);
    assert_eq!(dsm.counts().open_sessions, 0);
}

#[test]
fn dsm_gives_its_own_name_and_is_asked_once() {
    on_a_nas(|network| {
        let dsm = dsm(network, 5000);
        let empty = Empty::new();
        let done = empty.fills_in(&[(HOME, ""), ("wizard_apply_dsm", "true")]);

        assert_eq!(done.status.code(), Some(0), "{done:?}");
        let config = empty.loaded();
        assert_eq!(config.dsm.url, "http://127.0.0.1:5000");
        let home = "https://nas.example.com:5001/";
        assert_eq!(config.clients[0].redirect_uris[0].as_str(), home);
        assert_eq!(config.issuer.as_str(), "https://login.example.com");
        let told = text(&done.stderr);
        assert!(told.contains(&format!("{home}, by the name")), "{told}");
        assert!(!told.contains(PASSWORD), "{told}");
        signed_in(&dsm, 1);
        let mut names = empty.names();
        assert_eq!(names.remove(0), "apply-dsm-settings");
        assert_eq!(names, FILES);
        assert_eq!(empty.text("apply-dsm-settings"), "");
        assert_eq!(empty.mode("apply-dsm-settings"), 0o600);

        // A config that is kept is not a reason to sign in.
        let done = empty.fills_in(&[(HOME, "")]);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        assert!(text(&done.stderr).contains("all answers agree"), "{done:?}");
        signed_in(&dsm, 1);

        // DSM's name cannot be that of this service, and may be missing.
        for (name, english, french) in [
            (
                Some("login.example.com"),
                "gives https://login.example.com:5001/",
                "est vide",
            ),
            (Some("\u{1b}[2J"), "is empty", "est vide"),
            (
                None,
                "because DSM knows no name of its own",
                "car DSM ne se connaît pas de nom",
            ),
        ] {
            dsm.change(|dsm| {
                dsm.settings.web["fqdn"] = name.into();
                dsm.settings.web["https_port"] = 5001.into();
            });
            for (language, wizard, words) in [("enu", ENGLISH, english), ("fre", FRENCH, french)] {
                let empty = Empty::new();
                let same = ("wizard_issuer", "https://login.example.com:5001");
                let json = GOOGLE_JSON.replace("example.com/call", "example.com:5001/call");
                let mut changes = vec![(HOME, ""), ("SYNOPKG_DSM_LANGUAGE", language)];
                changes.extend([same, ("wizard_google_client_id", json.as_str())]);
                let done = empty.fills_in(&changes);
                assert_eq!(done.status.code(), Some(2), "{done:?}");
                let told = text(&done.stderr);
                assert!(told.contains(&field_of(wizard, HOME)), "{told}");
                assert!(told.contains(words), "{told}");
                assert!(!told.contains('\u{1b}'), "{told}");
                assert_eq!(empty.names(), [""; 0]);
            }
        }
    });
}

#[test]
fn dsm_that_redirects_to_https_is_found_there() {
    on_a_nas(|network| {
        let plain = dsm(network, 5000);
        let to_https = "https://nas.example.com:6021/webapi/entry.cgi";
        plain.always(Api::Info, Instead::Redirect(to_https.to_owned()));
        let behind = dsm(network, 0);
        behind.change(|dsm| dsm.settings.web["https_port"] = 6021.into());
        let _https = https(network, 6021, &behind);
        let empty = Empty::new();
        let done = empty.fills_in(&[]);

        assert_eq!(done.status.code(), Some(0), "{done:?}");
        let config = empty.loaded();
        assert_eq!(config.dsm.url, "https://127.0.0.1:6021");
        assert!(config.dsm.accept_invalid_certificate);
        let told = text(&done.stderr);
        assert!(
            told.contains("DSM answers at https://127.0.0.1:6021"),
            "{told}"
        );
        signed_in(&behind, 1);
        assert_eq!(plain.calls(), [Api::Info]);
    });
}

#[test]
fn dsm_is_found_by_its_port_in_the_browser() {
    on_a_nas(|network| {
        let behind = dsm(network, 0);
        let _https = https(network, 6021, &behind);
        behind.change(|dsm| dsm.settings.web["https_port"] = 6021.into());
        let empty = Empty::new();
        let home = "https://nas.example.com:6021/";
        let done = empty.fills_in(&[(HOME, home)]);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(empty.loaded().dsm.url, "https://127.0.0.1:6021");
        signed_in(&behind, 1);

        // The same on a terminal, where no question asks for it.
        let empty = Empty::new();
        let mut person = Person::types(&empty.command(&["setup"]));
        person.answers("Google's client (JSON): ", GOOGLE_JSON);
        person.answers(
            "Public URL of this service [https://login.example.com]: ",
            "",
        );
        person.answers("URL of DSM in the browser: ", home);
        person.reads("DSM answers at https://127.0.0.1:6021");
        person.answers("DSM account [sso-reader]: ", "");
        person.answers_unseen("Password of the DSM account: ", PASSWORD);
        person.answers("and test everything? [Y/n]: ", "n");
        let (status, screen) = person.leaves();
        assert_eq!(status.code(), Some(0), "{screen}");
        assert_eq!(empty.loaded().dsm.url, "https://127.0.0.1:6021");
        signed_in(&behind, 2);
    });
}

/// A rule of the reverse proxy leads to DSM, whose own ports DSM says.
#[test]
fn dsms_own_port_replaces_that_of_a_proxy() {
    on_a_nas(|network| {
        let dsm = dsm(network, 5010);
        dsm.change(|dsm| dsm.settings.web["http_port"] = 5010.into());
        let _proxy = https(network, 443, &dsm);
        let empty = Empty::new();
        let done = empty.fills_in(&[]);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(empty.loaded().dsm.url, "http://127.0.0.1:5010");
        signed_in(&dsm, 1);
    });
}

/// The password is not sent to a program that is not DSM.
#[test]
fn another_program_at_dsms_port_gets_no_password() {
    on_a_nas(|network| {
        let page = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<!doctype html>".to_owned();
        let json = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"success\":true,\"data\":{}}";
        let _others = [
            serve(network, 5000, None, Conduct::Respond(page)),
            serve(
                network,
                5001,
                Some("other"),
                Conduct::Respond(json.to_owned()),
            ),
            serve(
                network,
                443,
                Some("endless"),
                Conduct::Endless("HTTP/1.1 200 OK\r\n\r\n", "{"),
            ),
        ];
        let empty = Empty::new();
        let done = empty.fills_in(&[]);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        let told = text(&done.stderr);
        assert!(
            told.contains("DSM did not answer at http://127.0.0.1:5000"),
            "{told}"
        );
        assert_eq!(empty.loaded().dsm.url, "http://127.0.0.1:5000");
    });
}

/// The call that DSM answers with this code.
fn denied_by(code: i64) -> Api {
    match code {
        105 => Api::Users,
        _ => Api::SignIn,
    }
}

/// Each run signs in once: DSM blocks an address after ten wrong sign-ins.
#[test]
fn dsm_says_at_once_what_is_wrong_with_the_account() {
    on_a_nas(|network| {
        let dsm = dsm(network, 5000);
        let (account, password) = ("wizard_dsm_account", "wizard_dsm_password");
        for (code, field, english, french) in [
            (
                400,
                password,
                "the account name or the password is wrong",
                "le nom du compte ou le mot de passe est erroné",
            ),
            (401, account, "is disabled in DSM", "est désactivé dans DSM"),
            (
                402,
                account,
                "may not sign in",
                "n'est pas autorisé à se connecter",
            ),
            (409, password, "has expired", "a expiré"),
            (411, account, "is locked by DSM", "est verrouillé par DSM"),
            (
                105,
                account,
                "is not an administrator",
                "n'est pas administrateur",
            ),
        ] {
            for (language, wizard, words) in [("enu", ENGLISH, english), ("fre", FRENCH, french)] {
                dsm.next(denied_by(code), Instead::Code(code));
                let before = dsm.calls().len();
                let empty = Empty::new();
                let done = empty.fills_in(&[("SYNOPKG_DSM_LANGUAGE", language)]);
                assert_eq!(done.status.code(), Some(2), "{code}: {done:?}");
                let told = text(&done.stderr);
                assert!(
                    told.contains(&format!("  {}", field_of(wizard, field))),
                    "{told}"
                );
                assert!(told.contains(words), "{told}");
                assert!(!told.contains(PASSWORD), "{told}");
                assert_eq!(empty.names(), [""; 0]);
                let calls = dsm.calls().split_off(before);
                let sign_ins = calls.iter().filter(|call| **call == Api::SignIn);
                assert_eq!(sign_ins.count(), 1, "{calls:?}");
                assert_eq!(dsm.counts().open_sessions, 0);
            }
        }

        // The account may be right, and can be used later.
        for (code, english, french) in [
            (403, "setup --otp", "setup --otp"),
            (406, "setup --otp", "setup --otp"),
            (407, "has blocked this machine's address (407)", "(407)"),
            (449, "Secure SignIn (449)", "(449)"),
        ] {
            for (language, words) in [("enu", english), ("fre", french)] {
                dsm.next(Api::SignIn, Instead::Code(code));
                let empty = Empty::new();
                let done = empty.fills_in(&[("SYNOPKG_DSM_LANGUAGE", language)]);
                assert_eq!(done.status.code(), Some(0), "{code}: {done:?}");
                assert!(text(&done.stderr).contains(words), "{done:?}");
                assert_eq!(empty.names(), FILES);
            }
        }
    });
}

/// The count that the docs give: five values and one yes.
#[test]
fn on_a_terminal_five_values_and_one_yes_are_enough() {
    on_a_nas(|network| {
        let dsm = dsm(network, 5000);
        let empty = Empty::new();
        let mut person = Person::types(&empty.command(&["setup"]));
        let mut values = 0;
        for (prompt, value) in [
            ("Google's client (JSON): ", GOOGLE_JSON),
            (
                "Public URL of this service [https://login.example.com]: ",
                "",
            ),
            ("DSM account [sso-reader]: ", ""),
            ("Password of the DSM account: ", PASSWORD),
            (
                "URL of DSM in the browser [https://nas.example.com:5001/]: ",
                "https://nas.example.com/",
            ),
        ] {
            if prompt.starts_with("Password") {
                person.answers_unseen(prompt, value);
            } else {
                person.answers(prompt, value);
            }
            values += 1;
        }
        person.reads("[Y/n]: ");
        signed_in(&dsm, 1);
        person.answers("", "");
        person.reads("It enters the settings in DSM when it starts.");
        person.reads(" daemon: the daemon is not running");
        let (status, screen) = person.leaves();

        assert_eq!(status.code(), Some(0), "{screen}");
        assert_eq!((values, screen.matches("[Y/n]").count()), (5, 1));
        let asked = screen
            .lines()
            .filter(|line| line.contains("]: ") || line.contains("(JSON): "));
        assert!(asked.count() <= 6, "{screen}");
        assert!(
            screen.contains("DSM answers at http://127.0.0.1:5000."),
            "{screen}"
        );
        assert!(!screen.contains("DSM's own URL"), "{screen}");
        assert!(!screen.contains(PASSWORD), "{screen}");
        let config = empty.loaded();
        assert_eq!(config.issuer.as_str(), "https://login.example.com");
        let home = config.clients[0].redirect_uris[0].as_str();
        assert_eq!(home, "https://nas.example.com/");
        assert_eq!(empty.names()[0], "apply-dsm-settings");
    });
}

#[test]
fn a_wrong_password_on_a_terminal_writes_nothing() {
    on_a_nas(|network| {
        let dsm = dsm(network, 5000);
        let empty = Empty::new();
        let mut person = Person::types(&empty.command(&["setup"]));
        person.answers("Google's client (JSON): ", GOOGLE_JSON);
        person.answers("Public URL of this service ", "");
        person.answers("DSM account [sso-reader]: ", "");
        person.answers_unseen("Password of the DSM account: ", "wrong horse");
        person.reads("nothing was written: Password of the DSM account: DSM rejects it");
        let (status, screen) = person.leaves();
        assert_eq!(status.code(), Some(2), "{screen}");
        assert_eq!(empty.names(), [""; 0]);
        signed_in(&dsm, 1);
    });
}

/// Presses Enter, except for the password.
fn changes_password(empty: &Empty, password: &str) -> (Option<i32>, String) {
    let mut person = Person::types(&empty.command(&["setup"]));
    person.answers("[1234.apps.googleusercontent.com]: ", "");
    person.answers_unseen("Google's client secret [the present one]: ", "");
    person.answers("[https://login.example.com]: ", "");
    person.answers("[https://nas.example.com/]: ", "");
    person.answers("[sso-reader]: ", "");
    person.answers_unseen("Password of the DSM account [the present one]: ", password);
    person.answers("[http://127.0.0.1:5000]: ", "");
    person.answers_unseen("Application secret [the present one]: ", "");
    let (status, screen) = person.leaves();
    (status.code(), screen)
}

#[test]
fn a_change_is_tested_only_if_it_concerns_dsm() {
    on_a_nas(|network| {
        let dsm = dsm(network, 5000);
        let empty = Empty::new();
        assert_eq!(empty.fills_in(&[]).status.code(), Some(0));
        signed_in(&dsm, 1);

        let (code, screen) = changes_password(&empty, "");
        assert_eq!(code, Some(0), "{screen}");
        signed_in(&dsm, 1);

        let (code, screen) = changes_password(&empty, "wrong horse");
        assert_eq!(code, Some(2), "{screen}");
        assert_eq!(empty.text("dsm-password"), format!("{PASSWORD}\n"));
        signed_in(&dsm, 2);

        dsm.change(|dsm| dsm.password = "another".to_owned());
        let (code, screen) = changes_password(&empty, "another");
        assert_eq!(code, Some(0), "{screen}");
        assert_eq!(empty.text("dsm-password"), "another\n");
        signed_in(&dsm, 3);
    });
}
