//! DSM cannot be read, or its users cannot sign in.

use fakes::dsm::{Api, FakeUser, Instead, SecondFactor};
use fakes::house::{by_name, write_secret};

use super::sso_client::ALL;
use super::{Fault, play};
use crate::doctor::stage::network::on_a_nas;

const USERS: &str = "Control Panel > User & Group";

/// The checks that need a session at DSM. The power schedule is known.
const BEHIND_SIGN_IN: &[&[&str]] = &[&["dsm.users", "reverse-proxy"], ALL];

/// The checks that need a DSM that answers.
const BEHIND_REACH: &[&[&str]] = &[&["dsm.sign-in", "dsm.users", "reverse-proxy"], ALL];

/// What DSM answers to every sign-in.
macro_rules! refused {
    ($advice:expr, $what:expr, $code:expr) => {
        Fault::fail("dsm.sign-in", $advice)
            .when($what, |stage| {
                stage.house.dsm.always(Api::SignIn, Instead::Code($code));
            })
            .hides(BEHIND_SIGN_IN)
    };
}

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("dsm.reach", "dsm.url")
        .when("dsm.url has a port on which nothing listens", |stage| {
            let url = stage.house.dsm.url();
            stage.configure(&url, "http://127.0.0.1:5999");
        })
        .hides(&[
            &["dsm.sign-in", "dsm.users", "dsm.power", "reverse-proxy"],
            ALL,
        ]),
    Fault::fail("dsm.reach", "https://127.0.0.1:5001")
        .when("DSM redirects to https", |stage| {
            let there = Instead::Redirect("https://127.0.0.1:5001/".to_owned());
            stage.house.dsm.always(Api::SignIn, there);
        })
        .hides(BEHIND_REACH),
    Fault::fail("dsm.reach", "https")
        .when("dsm.url is that of DSM's port for https", |stage| {
            stage.house.dsm.always(Api::SignIn, Instead::PlainToHttps);
        })
        .hides(BEHIND_REACH),
    Fault::fail("dsm.reach", "")
        .when("DSM is starting", |stage| {
            stage.house.dsm.always(Api::SignIn, Instead::Html);
        })
        .hides(BEHIND_REACH),
    Fault::fail("dsm.reach", "it may be starting or busy")
        .when("DSM hangs", |stage| {
            stage.house.dsm.always(Api::SignIn, Instead::Hang);
        })
        .hides(BEHIND_REACH),
    Fault::fail("dsm.sign-in", USERS)
        .when("the password is wrong", |stage| {
            write_secret(&stage.house.home.path().join("dsm-password"), "guess");
        })
        .hides(BEHIND_SIGN_IN),
    refused!(USERS, "the account is disabled", 401),
    refused!(
        "Control Panel > Application Privileges",
        "the account may not use DSM",
        402
    ),
    refused!(
        "Control Panel > Security > Account",
        "DSM asks for a second factor",
        403
    ),
    refused!(
        "Control Panel > Security > Protection",
        "DSM blocks this machine",
        407
    ),
    Fault::fail("dsm.sign-in", "setup --otp")
        .when("the account has got 2-factor sign-in", |stage| {
            let factor = Some(SecondFactor::new("123456"));
            stage.house.dsm.change(|dsm| dsm.second_factor = factor);
        })
        .hides(BEHIND_SIGN_IN),
    Fault::fail("dsm.sign-in", "administrators")
        .when("the account is not an administrator", |stage| {
            stage
                .house
                .dsm
                .change(|dsm| dsm.account_is_administrator = false);
        })
        .hides(BEHIND_SIGN_IN),
    Fault::fail("dsm.sign-in", "paused until")
        .when("sign-ins to DSM are paused", |stage| {
            write_secret(&stage.house.home.path().join("dsm-password"), "guess");
            stage.doctor(&[]);
        })
        .hides(&[&["dsm.reach", "dsm.users", "reverse-proxy"], ALL]),
    Fault::fail("dsm.users", USERS).when("the e-mail addresses are missing", |stage| {
        stage.house.dsm.change(|dsm| {
            for user in &mut dsm.users {
                user.email = Some("someone@example.org".to_owned());
            }
        });
    }),
    Fault::warn("dsm.users", USERS).when("two users share an e-mail address", |stage| {
        let twin = FakeUser::new("jeannot", "jeanne.martin@gmail.com");
        stage.house.dsm.change(|dsm| dsm.users.push(twin));
    }),
    Fault::warn("dsm.users", "\"lea\"").when("a user has no e-mail address", |stage| {
        stage
            .house
            .dsm
            .change(|dsm| by_name(&mut dsm.users, "lea").email = None);
    }),
    Fault::warn("dsm.users", "\"maman\"").when(
        "an alias leads to a user that does not exist",
        |stage| {
            let alias = "[[users.alias]]\ngoogle = \"maman@gmail.com\"\ndsm = \"maman\"\n";
            stage.configure("[[clients]]\n", &format!("{alias}[[clients]]\n"));
        },
    ),
    Fault::warn("dsm.users", "\"lea\"").when("an expiry date is not understood", |stage| {
        stage.house.dsm.change(|dsm| {
            by_name(&mut dsm.users, "lea").expired = Some("tomorrow".to_owned());
        });
    }),
    Fault::fail("dsm.users", "not used").when("DSM lists two users of one name", |stage| {
        let twin = FakeUser::new("lea", "other@example.net");
        stage.house.dsm.change(|dsm| dsm.users.push(twin));
    }),
    Fault::warn(
        "dsm.power",
        "Control Panel > Hardware & Power > Power Schedule",
    )
    .when("DSM does not show its power schedule", |stage| {
        stage
            .house
            .dsm
            .always(Api::PowerSchedule, Instead::Code(105));
    }),
];

#[test]
fn a_dsm_that_cannot_be_read_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
