//! Google cannot be reached, or does not know this service.

use fakes::google::{CLIENT_ID, Endpoint, Trouble};
use fakes::house::write_secret;

use super::{Fault, play};
use crate::doctor::stage::NAME_OF_GOOGLE;
use crate::doctor::stage::front::Conduct;
use crate::doctor::stage::nameserver::Answer;
use crate::doctor::stage::network::{GOOGLE, on_a_nas};
use fakes::certificates::self_signed;

/// The checks that need Google's documents, and the time in their responses.
const BEHIND_DISCOVERY: &[&[&str]] = &[&["google.client", "machine.clock"]];

pub(super) const FAULTS: &[Fault] = &[
    Fault::fail("google.discovery", "Control Panel > Network > General")
        .when("Google's name does not resolve", |stage| {
            stage.names.set(NAME_OF_GOOGLE, Answer::Failure);
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "accounts.google.com")
        .when("a firewall refuses connections to Google", |stage| {
            stage.google = None;
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "accounts.google.com")
        .when("a firewall drops connections to Google", |stage| {
            stage.network.unplug(GOOGLE);
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "certificate")
        .when("a firewall decrypts connections to Google", |stage| {
            stage.google = None;
            let certificate = self_signed(NAME_OF_GOOGLE);
            stage.add(GOOGLE, Some(&certificate), Conduct::Silence);
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "503")
        .when("Google is not available", |stage| {
            stage
                .house
                .google
                .fail(Endpoint::Discovery, Trouble::Status(503));
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "")
        .when("a portal answers in Google's place", |stage| {
            stage.house.google.fail(Endpoint::Discovery, Trouble::Html);
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "google.issuer")
        .when("the document is of another issuer", |stage| {
            let other = "https://accounts.example.org";
            stage
                .house
                .google
                .edit_discovery(|document| document["issuer"] = other.into());
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.discovery", "500")
        .when("Google's keys are not available", |stage| {
            stage
                .house
                .google
                .fail(Endpoint::Keys, Trouble::Status(500));
        })
        .hides(BEHIND_DISCOVERY),
    Fault::fail("google.client", "Authorized redirect URIs").when(
        "Google does not have the redirect URI",
        |stage| {
            stage
                .house
                .google
                .register_redirect_uris(&["https://login.example.net/callback"]);
        },
    ),
    Fault::fail("google.client", "google.client-id").when(
        "Google does not know the client",
        |stage| {
            stage.configure(CLIENT_ID, "5678.apps.googleusercontent.com");
        },
    ),
    Fault::fail("google.client", "google.client-secret-file").when(
        "the client secret is wrong",
        |stage| {
            let file = stage.house.home.path().join("google-client-secret");
            write_secret(&file, "GOCSPX-another");
        },
    ),
];

#[test]
fn a_google_that_does_not_know_us_is_named() {
    on_a_nas(|network| play(network, FAULTS));
}
