//! Somebody installs the package, answering or not.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use fakes::house::ANSWERS;
use tokio::time::Instant;

use super::nas::{Answers, USER, files};
use super::{FILES, answers, get, log, on_a_nas, serves, setup, until, untouched, waits};

#[test]
fn the_answers_are_all_it_needs() {
    on_a_nas(|nas, package| {
        let before = Instant::now();
        let ran = nas.install(package, &answers(&[]));
        until("it answers", serves);
        assert!(
            before.elapsed() < Duration::from_secs(3),
            "{:?}",
            before.elapsed()
        );

        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            ran.dialog.contains("The configuration is written"),
            "{ran:?}"
        );
        assert_eq!(nas.status(), 0);
        for (path, user, mode) in files(&nas.file("home", "")) {
            let is_unit = path.extension().is_some_and(|it| it == "service");
            assert_eq!(user, USER, "{path:?}");
            assert!(
                is_unit || mode | 0o700 == 0o700,
                "{path:?} has mode {mode:o}"
            );
        }
        assert_eq!(
            fs::metadata(nas.file("home", "")).unwrap().mode() & 0o777,
            0o700
        );
        let calls = fs::read_to_string(nas.at("/run/user-units/calls")).unwrap();
        assert!(calls.contains("start pkguser-google-to-synology-sso by google-to-synology-sso\n"));
        // DSM lets nobody see standard error.
        until("the log is there", || log(nas).contains("serving"));
        for (key, value) in ANSWERS {
            if key.ends_with("secret") || key.ends_with("password") {
                assert!(!format!("{ran:?}{}", log(nas)).contains(value), "{key}");
            }
        }
    });
}

#[test]
fn whoever_skips_the_answers_gets_a_page_that_says_what_to_do() {
    on_a_nas(|nas, package| {
        for nothing in [untouched(), Answers::new()] {
            let ran = nas.install(package, &nothing);

            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.dialog.contains("waits to be configured"), "{ran:?}");
            until("it waits", waits);
            assert_eq!(nas.status(), 0);
            assert!(get("/").unwrap().contains("google-to-synology-sso setup"));
            assert!(!nas.file("home", "config.toml").exists());
            nas.uninstall(&Answers::new());
        }
    });
}

#[test]
fn who_skipped_them_gives_them_by_ssh_and_it_begins() {
    on_a_nas(|nas, package| {
        nas.install(package, &untouched());
        until("it waits", waits);

        let pairs = answers(&[])
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"));
        let pairs: Vec<String> = pairs.collect();
        let mut command = vec!["env"];
        command.extend(pairs.iter().map(String::as_str));
        command.extend([super::PROGRAM, "setup", "--from-env"]);
        let ran = nas.ssh(0, &command);

        assert_eq!(ran.code, 0, "{ran:?}");
        until("it serves", serves);
        let home = files(&nas.file("home", ""));
        assert!(home.iter().all(|(_, user, _)| *user == USER), "{home:?}");
    });
}

#[test]
fn answers_that_cannot_work_are_refused_before_anything_is_there() {
    on_a_nas(|nas, package| {
        let wrong = answers(&[
            ("wizard_issuer", "http://login.example.com"),
            ("wizard_client_secret", "too short"),
        ]);
        for (language, words) in [("enu", "Go back"), ("fre", "Revenez"), ("jpn", "Go back")] {
            nas.language = language;
            let ran = nas.install(package, &wrong);
            assert_eq!(ran.code, 1, "{ran:?}");
            for part in [
                words,
                "wizard_issuer: has to be https",
                "wizard_client_secret: is sh",
            ] {
                assert!(ran.dialog.contains(part), "{part}: {ran:?}");
            }
            assert!(!nas.at("/var/packages/google-to-synology-sso").exists());
        }
    });
}

#[test]
fn the_former_config_wins_over_new_answers() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        let config = nas.file("home", "config.toml");
        let grown = fs::read_to_string(&config).unwrap() + "\n[users]\ndeny = [\"lea\"]\n";
        fs::write(&config, grown).unwrap();
        let before = setup(nas);
        nas.uninstall(&Answers::new());

        let ran = nas.install(
            package,
            &answers(&[("wizard_issuer", "https://other.example.com")]),
        );

        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.dialog.contains("setup --force"), "{ran:?}");
        assert_eq!(setup(nas), before);
        until("it serves", serves);
    });
}

#[test]
fn secrets_without_a_config_are_not_overwritten_and_it_waits() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        nas.uninstall(&Answers::new());
        fs::remove_file(nas.file("home", "config.toml")).unwrap();

        let ran = nas.install(package, &answers(&[("wizard_dsm_password", "another")]));

        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.dialog.contains("dsm-password"), "{ran:?}");
        let password = fs::read_to_string(nas.file("home", "dsm-password")).unwrap();
        assert_eq!(password, "battery staple\n");
        assert!(!nas.file("home", FILES[0]).exists());
        until("it waits", waits);
    });
}
