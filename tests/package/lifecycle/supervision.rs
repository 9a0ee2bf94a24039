//! Start, stop, crash and status of the daemon.

use std::fs;
use std::time::Duration;

use tokio::time::Instant;

use super::nas::{NAME, Nas, USER, files};
use super::{answers, get, log, on_a_nas, serves, until, untouched, waits};

const SCRIPT: &str = "/var/packages/google-to-synology-sso/scripts/start-stop-status";

/// Starts the package, and waits as long as DSM may.
fn start(nas: &Nas) {
    let before = Instant::now();
    let ran = nas.start();
    assert!(
        before.elapsed() < Duration::from_secs(10),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn it_stops_and_starts_repeatedly() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        for broken in [false, true] {
            if broken {
                nas.break_units(true);
            }
            start(nas);
            until("it serves", serves);
            let daemons = nas.daemons();
            start(nas);
            assert_eq!(nas.daemons(), daemons);
            assert_eq!(daemons.len(), 1);
            let alone = log(nas).matches("cannot start the unit").count();
            assert_eq!(alone, usize::from(broken), "the second start was none");
            assert_eq!(nas.status(), 0);
            for _ in 0..2 {
                assert_eq!(nas.stop().code, 0);
                assert_eq!(nas.status(), 3);
                assert!(nas.daemons().is_empty());
            }
            assert!(get("/").is_none());
        }
    });
}

#[test]
fn after_a_crash_the_unit_starts_it_again() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        let crashed = nas.daemons();

        nas.kill("KILL");

        until("another one serves", || {
            serves() && nas.daemons() != crashed
        });
        assert_eq!(nas.status(), 0);
        assert_eq!(log(nas).matches("serving").count(), 2, "{}", log(nas));
    });
}

#[test]
fn between_a_crash_and_the_next_try_it_can_be_stopped() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        nas.kill("KILL");
        assert_eq!(nas.stop().code, 0);

        assert!(!nas.is_supervised(), "it would start again");
        assert_eq!(nas.status(), 3);
    });
}

/// DSM 7.4.1 stops a package permanently if its status is not running.
#[test]
fn dsm_never_hears_that_it_is_down_after_a_crash() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        for _ in 0..3 {
            until("it serves", serves);
            nas.kill("KILL");
            assert_eq!(nas.status(), 0);
        }
    });
}

#[test]
fn a_dsm_that_cannot_say_what_its_unit_does_is_no_obstacle() {
    on_a_nas(|nas, package| {
        nas.change_units("ignorant", true);
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        assert_eq!(nas.status(), 0);
        assert!(nas.is_supervised());

        nas.kill("KILL");
        until("the unit starts it again", serves);

        assert_eq!(nas.stop().code, 0);
        assert_eq!(nas.status(), 3);
        start(nas);
        until("it serves", serves);
        assert_eq!(nas.daemons().len(), 1);
    });
}

#[test]
fn a_call_of_dsms_that_never_returns_is_given_up() {
    on_a_nas(|nas, package| {
        nas.change_units("stuck", true);

        nas.install(package, &answers(&[]));

        until("it serves, without the unit", serves);
        assert_eq!(nas.status(), 0);
        assert_eq!(nas.stop().code, 0);
        assert_eq!(nas.status(), 3);
    });
}

/// A bad or missing config and wrong usage are permanent failures; all others
/// are tried again.
#[test]
fn a_bad_command_line_is_not_tried_again() {
    on_a_nas(|nas, package| {
        let unit = package.join("conf/systemd/pkguser-google-to-synology-sso.service");
        let text = fs::read_to_string(&unit).unwrap();
        let text = text.replace("--wait-for-config", "--no-such-option");
        fs::write(&unit, text).unwrap();

        nas.install(package, &answers(&[]));

        until("the unit has given up", || !nas.is_supervised());
        assert_eq!(nas.status(), 3);
    });
}

#[test]
fn without_the_unit_the_script_runs_it_and_the_log_says_so() {
    on_a_nas(|nas, package| {
        nas.break_units(true);
        for given in [untouched(), answers(&[])] {
            let ran = nas.install(package, &given);
            assert_eq!(ran.code, 0, "{ran:?}");
            until("it answers", || serves() || waits());
            assert!(log(nas).contains("cannot start the unit"), "{}", log(nas));
            assert_eq!(nas.status(), 0);
            let kept = files(&nas.file("var", ""));
            assert!(kept.iter().all(|(.., mode)| *mode == 0o600), "{kept:?}");

            nas.kill("KILL");
            until("it is gone", || nas.daemons().is_empty());
            assert_eq!(nas.status(), 3);
            start(nas);
            until("it answers", || serves() || waits());
            // A stop ends this daemon, even if the unit works again.
            nas.break_units(false);
            assert_eq!(nas.stop().code, 0);
            assert!(nas.daemons().is_empty());
            nas.break_units(true);
            nas.uninstall(&super::choice(true));
        }
    });
}

#[test]
fn a_daemon_that_hangs_is_killed_in_the_end() {
    on_a_nas(|nas, package| {
        nas.break_units(true);
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        nas.kill("STOP");

        let before = Instant::now();
        assert_eq!(nas.stop().code, 0);

        assert!(
            before.elapsed() < Duration::from_secs(30),
            "{:?}",
            before.elapsed()
        );
        assert!(nas.daemons().is_empty());
    });
}

#[test]
fn a_second_daemon_is_kept_out() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        let first = nas.daemons();

        // Started by hand, without the script.
        let second = nas.ssh(USER, &[super::PROGRAM, "run", "--wait-for-config"]);

        assert_eq!(second.code, 1, "{second:?}");
        assert_eq!(nas.daemons(), first);
        assert!(serves());
    });
}

fn stop_and_start_by_ssh(nas: &Nas) {
    for (verb, status) in [("stop", 3), ("start", 0)] {
        assert_eq!(nas.ssh(0, &[SCRIPT, verb]).code, 0);
        for user in [0, USER] {
            assert_eq!(nas.ssh(user, &[SCRIPT, "status"]).code, status);
        }
    }
    until("it serves", serves);
}

#[test]
fn root_may_do_it_too_and_leaves_no_file_of_its_own() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        stop_and_start_by_ssh(nas);
        nas.stop();
        nas.break_units(true);
        nas.start();
        stop_and_start_by_ssh(nas);

        assert_eq!(nas.ssh(0, &[super::PROGRAM, "status"]).code, 0);
        for directory in ["home", "var", "etc"] {
            let found = files(&nas.file(directory, ""));
            assert!(found.iter().all(|(_, user, _)| *user == USER), "{found:?}");
        }
    });
}

#[test]
fn any_other_user_is_told_as_which_user_to_run_it() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        for verb in ["start", "stop", "status"] {
            let ran = nas.ssh(65534, &[SCRIPT, verb]);
            assert_eq!(ran.code, 4, "{ran:?}");
            let how = format!("sudo -u {NAME} {SCRIPT} {verb}\n");
            assert!(ran.log.contains(&how), "{ran:?}");
        }
        assert!(serves());
    });
}

#[test]
fn similar_processes_are_not_taken_for_the_daemon() {
    on_a_nas(|nas, package| {
        nas.install(package, &untouched());
        nas.stop();
        // A process of another user with our name; and a client command of our
        // own user.
        for (user, command) in [(65534, "run"), (USER, "status")] {
            let pretend = format!("(exec -a \"$0\" sh -c 'sleep 60; :' {command} x) &");
            nas.ssh(user, &["/bin/bash", "-c", &pretend, super::PROGRAM]);
        }

        assert_eq!(nas.status(), 3);
        let before = Instant::now();
        assert_eq!(nas.stop().code, 0);
        assert!(before.elapsed() < Duration::from_secs(8));
    });
}

#[test]
fn after_a_power_cut_it_is_there_again() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        for broken in [false, true] {
            if broken {
                nas.break_units(true);
            }
            let ran = nas.power_cycle();
            assert_eq!(ran.code, 0, "{ran:?}");
            until("it serves", serves);
            assert_eq!(nas.daemons().len(), 1);
        }
    });
}

#[test]
fn unknown_actions_of_dsm_are_not_a_failure() {
    on_a_nas(|nas, package| {
        nas.install(package, &answers(&[]));
        until("it serves", serves);
        for verb in ["prestart", "prestop", "log", "", "reload-ui"] {
            let ran = nas.control(verb, "");
            assert_eq!((ran.code, ran.dialog.as_str()), (0, ""), "{verb}");
        }
        assert!(serves());
    });
}
