//! The tokens of the forms: each is for one form of one session, and once.

use std::time::Duration;

use super::spent::{Id, Spent};
use domain::base::clock::UnixTime;
use domain::base::random::Random;
use domain::base::seal::{SealError, SealingKey};

/// How long a form can be sent after its page was loaded.
const LIFE: Duration = Duration::from_mins(30);

/// Checks the tokens of forms, and remembers the used ones.
#[derive(Debug)]
pub(super) struct Forms {
    used: Spent,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            used: Spent::new(LIFE),
        }
    }
}

impl Forms {
    /// Returns whether `token` is that of the form `name` of `session`. It
    /// cannot be used again.
    pub(super) fn accept(&self, token: &str, name: &str, made_for: MadeFor<'_>) -> bool {
        let MadeFor { key, session, now } = made_for;
        let Some(plain) = key.open(&purpose(name, &session), token) else {
            return false;
        };
        let Some((id, seconds)) = plain.split_first_chunk() else {
            return false;
        };
        let Ok(seconds) = seconds.try_into() else {
            return false;
        };
        let made = UnixTime::from_seconds(i64::from_be_bytes(seconds));
        now.since(made) <= LIFE && made <= now && self.used.spend(*id, made, now)
    }
}

/// The key, the session and the time of a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct MadeFor<'a> {
    pub(super) key: &'a SealingKey,
    pub(super) session: Id,
    pub(super) now: UnixTime,
}

impl MadeFor<'_> {
    /// Returns a new token for the form `name`, made now.
    pub(super) fn token(self, name: &str, random: &dyn Random) -> Result<String, SealError> {
        let id: Id = random.bytes()?;
        let plain = [id.as_slice(), &self.now.seconds().to_be_bytes()].concat();
        self.key.seal(&purpose(name, &self.session), plain, random)
    }
}

/// The token itself does not contain the session and the form: they are what it
/// is sealed for.
fn purpose(name: &str, session: &Id) -> Vec<u8> {
    [b"administration form ", session.as_slice(), name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::random::OsRandom;
    use domain::base::secret::Secret;

    #[test]
    fn a_token_is_for_one_form_of_one_session_and_once() {
        let key = SealingKey::new(&Secret::new([7; 32])).unwrap();
        let at = |session: u8, second| MadeFor {
            key: &key,
            session: [session; 16],
            now: UnixTime::from_seconds(second),
        };
        let random = OsRandom::default();
        let token = || at(1, 1000).token("rotate", &random).unwrap();
        let forms = Forms::default();
        assert!(!forms.accept(&token(), "another", at(1, 1000)));
        assert!(!forms.accept(&token(), "rotate", at(2, 1000)));
        assert!(!forms.accept(&token(), "rotate", at(1, 1000 + 1801)));
        assert!(!forms.accept(&token(), "rotate", at(1, 999)));
        assert!(!forms.accept("", "rotate", at(1, 1000)));
        let token = token();
        assert!(forms.accept(&token, "rotate", at(1, 1000 + 1800)));
        assert!(!forms.accept(&token, "rotate", at(1, 1000 + 1800)));
    }
}
