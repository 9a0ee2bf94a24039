//! Removal of the package, with or without its data, and reinstallation.

use std::fs;

use super::nas::{Answers, Nas, files};
use super::{answers, choice, on_a_nas, serves, setup, until, untouched, waits};

fn left(nas: &Nas) -> Vec<String> {
    let directories = ["home", "etc", "var"].map(|name| files(&nas.file(name, "")));
    let paths = directories.into_iter().flatten();
    paths.map(|(path, ..)| path.display().to_string()).collect()
}

#[test]
fn kept_data_is_used_after_the_next_installation() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        let before = setup(nas);
        // By hand, without a wizard; then with the wizard's first choice; and
        // with an answer that the wizard does not give.
        let half = Answers::from([("wizard_delete_data".to_owned(), "yes".to_owned())]);
        for kept in [Answers::new(), choice(false), half] {
            let ran = nas.uninstall(&kept);
            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(nas.daemons().is_empty());
            assert_eq!(setup(nas), before);

            let ran = nas.install(package, &untouched());

            assert!(ran.dialog.contains("and is used"), "{ran:?}");
            until("it serves", serves);
        }
    });
}

#[test]
fn erased_data_is_removed_completely() {
    on_a_nas(|nas, package| {
        for broken in [false, true] {
            nas.break_units(broken);
            nas.install(package, &answers(&[]));
            until("it serves", serves);
            fs::write(nas.file("etc", ".hidden note"), "").unwrap();
            assert!(left(nas).iter().any(|path| path.ends_with("state.sqlite3")));

            let ran = nas.uninstall(&choice(true));

            assert_eq!((ran.code, ran.dialog.as_str()), (0, ""), "{ran:?}");
            assert!(left(nas).is_empty(), "{:?}", left(nas));
            assert!(nas.daemons().is_empty());

            let ran = nas.install(package, &untouched());
            assert!(ran.dialog.contains("waits to be configured"), "{ran:?}");
            until("it waits", waits);
            nas.uninstall(&choice(true));
        }
    });
}

#[test]
fn a_crash_just_before_does_not_bring_it_back() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        nas.kill("KILL");

        nas.uninstall(&choice(true));

        assert!(left(nas).is_empty(), "{:?}", left(nas));
        assert!(!nas.is_supervised());
    });
}

#[test]
fn files_that_cannot_be_erased_are_reported() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        nas.stop();
        // Owned by root, so that the package's user cannot empty it.
        fs::create_dir(nas.file("var", "notes")).unwrap();
        fs::write(nas.file("var", "notes/mine"), "").unwrap();

        for (language, words) in [
            ("fre", "peuvent contenir des secrets"),
            ("enu", "may contain secrets"),
        ] {
            nas.language = language;
            let ran = nas.uninstall(&choice(true));

            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.dialog.contains(words), "{ran:?}");
            assert_eq!(left(nas).len(), 1, "{:?}", left(nas));
            nas.install(package, &untouched());
        }
    });
}
