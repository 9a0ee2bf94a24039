//! The reverse proxy does not lead to the daemon, or not as it must.

use super::{Fault, play};
use crate::doctor::stage::network::on_a_nas;

const REVERSE_PROXY: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

/// The checks that need a proxy that leads here, and the rule itself.
const BEHIND_PROXY: &[&[&str]] = &[&["public.forwarded", "reverse-proxy"]];

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("public.daemon", REVERSE_PROXY)
        .when("the rule leads to a port without a program", |stage| {
            stage.change_rule(|rule| rule.destination = 5557);
        })
        .hides(BEHIND_PROXY),
    Fault::fail("public.daemon", REVERSE_PROXY)
        .when("the rule leads to another program", |stage| {
            stage.add_on_the_nas(8080);
            stage.change_rule(|rule| rule.destination = 8080);
        })
        .hides(BEHIND_PROXY),
    Fault::fail("public.daemon", REVERSE_PROXY)
        .when("the rule is for another name", |stage| {
            stage.change_rule(|rule| rule.host = "login.example.net".into());
        })
        .hides(BEHIND_PROXY),
    Fault::fail("public.daemon", "the proxy must lead every path").when(
        "another proxy leads some paths here",
        |stage| {
            stage.change_rule(|rule| {
                rule.is_of_dsm = false;
                rule.instead = Some("if ($uri != /healthz) { return 404; } {{pass}}");
            });
        },
    ),
    Fault::fail("public.daemon", REVERSE_PROXY)
        .when("another proxy redirects", |stage| {
            stage.change_rule(|rule| {
                rule.is_of_dsm = true;
                rule.instead = Some("return 301 https://nas.example.com$request_uri;");
            });
        })
        .hides(&[&["public.forwarded"]]),
    Fault::warn("public.forwarded", REVERSE_PROXY).when(
        "the proxy does not name the client",
        |stage| {
            stage.change_rule(|rule| {
                rule.headers = "proxy_set_header Host $http_host;".into();
            });
        },
    ),
    Fault::warn("public.forwarded", "listen.trusted-proxies").when(
        "the proxy is not trusted",
        |stage| {
            let new = "[listen]\ntrusted-proxies = [\"::1/128\"]\n";
            stage.configure("[listen]\n", new);
        },
    ),
];

#[test]
fn a_proxy_that_does_not_lead_to_the_daemon_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
