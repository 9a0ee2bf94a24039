//! The wizard's answers are enough for a sign-in; no file is edited.

use fakes::house::JEANNE;

use crate::neighbours::{entered, house};

use super::nas::{Answers, Nas};
use super::{choice, on_a_nas, serves, until};

#[test]
fn the_answers_alone_lead_to_a_sign_in() {
    on_a_nas(|nas, package| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let house = house(&nas.at("/etc/ssl/certs/ca-certificates.crt")).await;
            let ran = nas.install(package, &entered(&house));
            assert_eq!(ran.code, 0, "{ran:?}");
            until("it serves", serves);

            let (claims, _) = house.sign_in(JEANNE, "").await;

            assert_eq!(claims["iss"], "https://login.example.com");
            assert_eq!(claims["username"], "jeanne");

            // Links survive an upgrade, and a reinstallation with the data
            // kept.
            let before = links(nas);
            assert!(before.contains("jeanne"), "{before}");
            assert_eq!(nas.upgrade(package).code, 0);
            until("it serves", serves);
            assert_eq!(links(nas), before);
            nas.uninstall(&choice(false));
            nas.install(package, &Answers::new());
            until("it serves", serves);
            assert_eq!(links(nas), before);
            house.sign_in(JEANNE, "").await;
        });
    });
}

fn links(nas: &Nas) -> String {
    let mut told = String::new();
    // The control socket opens a moment after the port.
    until("it tells", || {
        let ran = nas.ssh(0, &[super::PROGRAM, "links", "list"]);
        told.clone_from(&ran.log);
        ran.code == 0
    });
    told
}
