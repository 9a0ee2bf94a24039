//! The certificate of the public name is rejected, now or soon.

use super::{Fault, play};
use crate::doctor::stage::NAME;
use crate::doctor::stage::network::on_a_nas;
use fakes::certificates::{Authorities, self_signed};

const CERTIFICATE: &str = "Control Panel > Security > Certificate";

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("public.tls", CERTIFICATE).when("the certificate has expired", |stage| {
        let certificate = stage.authorities.issue(NAME, -90..-1);
        stage.change_rule(|rule| rule.certificate = certificate);
    }),
    Fault::fail("public.tls", CERTIFICATE).when("it expires in three days", |stage| {
        let certificate = stage.authorities.issue(NAME, -87..3);
        stage.change_rule(|rule| rule.certificate = certificate);
    }),
    Fault::warn("public.tls", CERTIFICATE).when("it was not renewed in time", |stage| {
        let certificate = stage.authorities.issue(NAME, -75..15);
        stage.change_rule(|rule| rule.certificate = certificate);
    }),
    Fault::fail("public.tls", "Control Panel > Regional Options > Time").when(
        "it is not valid yet",
        |stage| {
            let certificate = stage.authorities.issue(NAME, 2..90);
            stage.change_rule(|rule| rule.certificate = certificate);
        },
    ),
    Fault::fail("public.tls", CERTIFICATE).when("it is for another name", |stage| {
        let certificate = stage.authorities.issue("nas.example.com", -1..60);
        stage.change_rule(|rule| rule.certificate = certificate);
    }),
    Fault::fail(
        "public.tls",
        "import it again with its intermediate certificate",
    )
    .when("the intermediate certificate is missing", |stage| {
        let certificate = stage.authorities.issue_without_chain(NAME, -1..60);
        stage.change_rule(|rule| rule.certificate = certificate);
    }),
    Fault::fail("public.tls", "create one by Let's Encrypt").when("it is self-signed", |stage| {
        stage.change_rule(|rule| rule.certificate = self_signed(NAME));
    }),
    Fault::fail("public.tls", "create one by Let's Encrypt").when(
        "DSM does not trust the authority",
        |stage| {
            let certificate = Authorities::new("Company").issue(NAME, -1..60);
            stage.change_rule(|rule| rule.certificate = certificate);
        },
    ),
];

#[test]
fn a_certificate_that_is_rejected_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
