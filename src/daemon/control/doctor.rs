//! What `doctor` asks the daemon.

use super::{Control, failed, report};

impl Control {
    pub(super) fn doctor_nonce(&self) -> Vec<u8> {
        let app = self.current.load();
        let created = app
            .doctor_nonces
            .create(&*app.random, app.clock.monotonic());
        match created {
            Ok(nonce) => report(nonce.expose()),
            Err(error) => failed(error),
        }
    }

    pub(super) fn doctor_seen(&self, nonce: &str) -> Vec<u8> {
        let app = self.current.load();
        let now = app.clock.monotonic();
        report(&app.doctor_nonces.sighting(nonce, now))
    }
}
