//! `keys list` and `keys rotate`.

use super::{Control, failed, report};
use crate::control::{Key, Signs, Time};
use domain::model::keys::Rotation;

impl Control {
    pub(super) fn keys(&self) -> Vec<Key> {
        let app = self.current.load();
        let keys = app.keys.list(app.clock.now());
        let keys = keys.into_iter().map(|key| Key {
            kid: key.kid.to_string(),
            state: key.state.name().to_owned(),
            created: Time(key.created),
            signs_from: Time(key.signs_from),
            gone_after: key.gone_after.map(Time),
        });
        keys.collect()
    }

    /// Returns all keys, with the new one.
    pub(super) async fn rotate(&self, signs: Signs) -> Vec<u8> {
        let rotation = match signs {
            Signs::Announced => Rotation::Announced,
            Signs::Now => Rotation::AtOnce,
        };
        let app = self.current.load();
        match app.keys.rotate(app.clock.now(), rotation).await {
            Ok(_) => report(&self.keys()),
            Err(error) => failed(error),
        }
    }
}
