//! `users`: who can sign in, who cannot and why.

use tokio::task::spawn_blocking;

use super::wire::{LinkOfUser, Time, User};
use super::{Control, failed, report};
use crate::directory::{self, Verdict};

impl Control {
    /// Judges everybody, which takes a while in a large directory: on a
    /// thread of its own, so that no login waits.
    pub(super) async fn users(&self) -> Vec<u8> {
        let bridge = self.current.load();
        let links = match bridge.store.links().await {
            Ok(links) => links,
            Err(error) => return failed(error),
        };
        let judging = spawn_blocking(move || {
            let Some(snapshot) = bridge.snapshot.load_full() else {
                return report(&Vec::<User>::new());
            };
            let moment = bridge.moment();
            let verdicts = directory::verdicts(&snapshot, &links, &bridge.policy, moment);
            let users: Vec<User> = verdicts.into_iter().map(User::from).collect();
            report(&users)
        });
        judging.await.unwrap_or_else(failed)
    }
}

impl From<Verdict> for User {
    fn from(verdict: Verdict) -> Self {
        let link = verdict.link.map(|link| LinkOfUser {
            subject: link.account.subject.to_string(),
            address: link.address.as_written().to_owned(),
            since: Time(link.since),
        });
        Self {
            name: verdict.user.name.to_string(),
            email: verdict.user.email,
            verdict: verdict.name.to_owned(),
            link,
        }
    }
}
