//! The public name does not lead to the NAS.

use super::{Fault, play};
use crate::doctor::stage::front::Conduct;
use crate::doctor::stage::nameserver::Answer;
use crate::doctor::stage::network::{ELSEWHERE, FORMER_HOME, HOME, NAS, on_a_nas};
use crate::doctor::stage::{NAME, PAGE, leads_to};
use fakes::certificates::self_signed;

const DDNS: &str = "Control Panel > External Access > DDNS";

/// The checks that need an HTTP response.
const BEHIND_REACH: &[&str] = &["public.tls", "public.daemon", "public.forwarded"];

/// The checks that need an address.
const BEHIND_DNS: &[&[&str]] = &[&["public.reach"], BEHIND_REACH];

/// The checks that need this daemon.
const BEHIND_DAEMON: &[&[&str]] = &[&["public.tls", "public.forwarded"]];

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("public.dns", DDNS)
        .when("the public name does not exist", |stage| {
            stage.names.set(NAME, Answer::Unknown);
        })
        .hides(BEHIND_DNS),
    Fault::fail("public.dns", DDNS)
        .when("the nameserver fails", |stage| {
            stage.names.set(NAME, Answer::Failure);
        })
        .hides(BEHIND_DNS),
    Fault::fail("public.dns", "Control Panel > Network > General")
        .when("the nameserver does not answer for the name", |stage| {
            stage.names.set(NAME, Answer::Silence);
        })
        .hides(BEHIND_DNS),
    Fault::fail("public.dns", DDNS)
        .when("the public name has no address", |stage| {
            stage.names.set(NAME, Answer::Addresses(Vec::new()));
        })
        .hides(BEHIND_DNS),
    Fault::fail("public.reach", "203.0.113.77")
        .when("the name leads to the router's former address", |stage| {
            stage.names.set(NAME, leads_to(FORMER_HOME));
        })
        .hides(&[BEHIND_REACH]),
    Fault::fail(
        "public.reach",
        "Turn on NAT loopback (hairpin NAT) in the router",
    )
    .when("the router drops requests from inside", |stage| {
        stage.network.unplug(HOME);
    })
    .hides(&[BEHIND_REACH]),
    Fault::fail("public.reach", "router must forward port 443 to the NAS")
        .when("the router refuses requests from inside", |stage| {
            stage.router = None;
        })
        .hides(&[BEHIND_REACH]),
    Fault::fail("public.daemon", "another program answers")
        .when("the router answers with its own page", |stage| {
            stage.router = None;
            let certificate = self_signed("router.local");
            stage.add(HOME, Some(&certificate), Conduct::Respond(PAGE.to_owned()));
        })
        .hides(BEHIND_DAEMON),
    Fault::fail("public.daemon", "another program answers")
        .when("the name leads to another server", |stage| {
            stage.names.set(NAME, leads_to(ELSEWHERE));
            let certificate = stage.authorities.issue("www.example.org", -1..60);
            stage.add(
                ELSEWHERE,
                Some(&certificate),
                Conduct::Respond(PAGE.to_owned()),
            );
        })
        .hides(BEHIND_DAEMON),
    Fault::fail(
        "public.reach",
        "needs a rule for login.example.com, port 443",
    )
    .when("the rule is for another port", |stage| {
        stage.names.set(NAME, leads_to(NAS));
        stage.change_rule(|rule| rule.port = 8443);
    })
    .hides(&[BEHIND_REACH, &["reverse-proxy"]]),
    Fault::fail("public.reach", "set the source protocol of the rule")
        .when("the rule is for plain HTTP", |stage| {
            stage.change_rule(|rule| rule.is_https = false);
        })
        .hides(&[BEHIND_REACH, &["reverse-proxy"]]),
];

#[test]
fn a_name_that_does_not_lead_to_the_nas_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
