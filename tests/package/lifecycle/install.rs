//! Installation of the package, with and without answers.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::time::Duration;

use tokio::time::Instant;

use super::nas::{Answers, USER, files};
use super::{
    FILES, answers, filled_in, get, log, on_a_nas, serves, setup, until, untouched, waits,
};

/// The page to which the help in DSM's menu links.
const SERVICE_PAGE: &str = "/volume1/@appstore/google-to-synology-sso/ui/service.html";

#[test]
fn the_answers_are_all_it_needs() {
    on_a_nas(|nas, package| {
        let before = Instant::now();
        let ran = nas.install(package, &filled_in(&[("wizard_apply_dsm", "true")]));
        until("it answers", serves);
        assert!(
            before.elapsed() < Duration::from_secs(15),
            "{:?}",
            before.elapsed()
        );

        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            ran.dialog.contains(
                "The configuration is written. The page https://login.example.com/ lists what works"
            ),
            "{ran:?}"
        );
        // DSM does not run on this machine, and its dialog says what was not
        // tested.
        assert!(
            ran.dialog
                .contains("\n- DSM did not answer at http://127.0.0.1:5000"),
            "{ran:?}"
        );
        assert!(nas.file("home", "apply-dsm-settings").exists());
        assert_eq!(nas.status(), 0);
        // To the menu's help page.
        let page = fs::read_to_string(nas.at(SERVICE_PAGE)).unwrap();
        assert!(
            page.contains(r#"url=https://login.example.com/">"#),
            "{page}"
        );
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
        // DSM discards standard error.
        until("the log is there", || log(nas).contains("serving"));
        for secret in ["battery staple", "correct-horse"] {
            assert!(!format!("{ran:?}{}", log(nas)).contains(secret), "{secret}");
        }
    });
}

#[test]
fn without_answers_the_daemon_serves_a_page_with_instructions() {
    on_a_nas(|nas, package| {
        for nothing in [untouched(), Answers::new()] {
            let ran = nas.install(package, &nothing);

            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.dialog.contains("waits to be configured"), "{ran:?}");
            until("it waits", waits);
            assert_eq!(nas.status(), 0);
            assert!(get("/").unwrap().contains("google-to-synology-sso setup"));
            let page = fs::read_to_string(nas.at(SERVICE_PAGE)).unwrap();
            assert!(page.contains("is not known yet"), "{page}");
            assert!(!nas.file("home", "config.toml").exists());
            nas.uninstall(&Answers::new());
        }
    });
}

#[test]
fn answers_given_later_by_ssh_start_the_service() {
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
fn answers_that_cannot_work_are_rejected_before_installing() {
    on_a_nas(|nas, package| {
        let wrong = answers(&[
            ("wizard_issuer", "http://login.example.com"),
            ("wizard_client_secret", "too short"),
        ]);
        let english = [
            "Go back",
            "\n- Public URL of this service: has to be https",
            "\n- Application secret: is shorter than 16 characters",
        ];
        let french = [
            "Revenez",
            "\n- URL publique de ce service : doit être une adresse comme https://",
            "\n- Secret de l'application : doit comporter au moins 16 caractères",
        ];
        for (language, words) in [("enu", english), ("fre", french), ("jpn", english)] {
            nas.language = language;
            let ran = nas.install(package, &wrong);
            assert_eq!(ran.code, 1, "{ran:?}");
            for part in words {
                assert!(ran.dialog.contains(part), "{part}: {ran:?}");
            }
            // The dialog contains no variable name and no text in another
            // language.
            assert!(!ran.dialog.contains("wizard_"), "{ran:?}");
            assert!(!ran.dialog.contains("nothing was written"), "{ran:?}");
            assert_eq!(ran.dialog.lines().count(), 3, "{ran:?}");
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

        let others = answers(&[
            ("wizard_issuer", "https://other.example.com"),
            ("wizard_dsm_password", "another password"),
        ]);
        let english = "These answers differ from it and were not used:\n\
            - Public URL of this service\n- Password of the DSM account\nTo use";
        let french = "Ces réponses sont différentes et n'ont pas été utilisées :\n\
            - URL publique de ce service\n- Mot de passe du compte DSM\nPour les utiliser";
        for (language, words) in [("enu", english), ("fre", french)] {
            nas.language = language;
            let ran = nas.install(package, &others);

            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.dialog.contains(words), "{ran:?}");
            let how = "sudo -u google-to-synology-sso google-to-synology-sso setup\n";
            assert!(ran.dialog.contains(how), "{ran:?}");
            for secret in ["battery", "another password"] {
                assert!(!format!("{ran:?}").contains(secret), "{ran:?}");
            }
            assert_eq!(setup(nas), before);
            until("it serves", serves);
            nas.uninstall(&Answers::new());
        }

        // The same answers again.
        nas.language = "enu";
        let ran = nas.install(package, &answers(&[]));
        assert!(ran.dialog.ends_with("and is used.\n"), "{ran:?}");
    });
}

#[test]
fn the_icon_opens_the_help_in_dsms_language() {
    on_a_nas(|nas, package| {
        for (language, page) in [("fre", "fr.html"), ("jpn", "index.html")] {
            nas.language = language;
            nas.install(package, &untouched());
            let config = nas.at("/volume1/@appstore/google-to-synology-sso/ui/config");
            for _ in 0..2 {
                let text = fs::read_to_string(&config).unwrap();
                let url = format!("webman/3rdparty/google-to-synology-sso/{page}\"");
                assert!(text.contains(&url), "{text}");
                // DSM reads it as another user.
                assert_eq!(fs::metadata(&config).unwrap().mode() & 0o777, 0o644);
                nas.upgrade(package);
            }
            nas.uninstall(&Answers::new());
        }
    });
}

/// The account of a removed package may be created again with another uid.
#[test]
fn files_of_another_uid_are_said_with_the_command_that_helps() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        let before = setup(nas);
        nas.uninstall(&Answers::new());
        for (path, ..) in files(&nas.file("home", "")) {
            chown(path, Some(USER - 1), Some(USER - 1)).unwrap();
        }
        for (language, words) in [("fre", "appartiennent à un autre"), ("enu", "another user")] {
            nas.language = language;
            let ran = nas.install(package, &answers(&[]));
            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.dialog.contains(words), "{ran:?}");
            assert!(!ran.dialog.contains("used again"), "{ran:?}");
            assert!(!serves());
        }

        let ran = nas.install(package, &answers(&[]));
        let (_, command) = ran.dialog.split_once("sudo chown ").unwrap();
        let mut words = vec!["chown"];
        words.extend(command.split_whitespace());
        assert_eq!(nas.ssh(0, &words).code, 0);

        until("it serves", serves);
        assert_eq!(setup(nas), before);
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
