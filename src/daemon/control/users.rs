//! `users`: each DSM user, and whether they can sign in.

use tokio::task::spawn_blocking;

use super::{Control, failed, report};
use crate::control::{LinkOfUser, Time, User};
use domain::base::address::CanonicalAddress;
use domain::base::clock::UnixTime;
use domain::signin::directory::{self, Refusal, Verdict};

impl Control {
    /// Evaluates all users. On its own thread, so that no login waits, since a
    /// large directory takes a while.
    pub(super) async fn users(&self) -> Vec<u8> {
        let app = self.current.load();
        let saved = tokio::try_join!(app.store.links(), app.store.last_sign_ins());
        let (links, last_sign_ins) = match saved {
            Ok(saved) => saved,
            Err(error) => return failed(error),
        };
        let judging = spawn_blocking(move || {
            let Some(snapshot) = app.snapshot.load_full() else {
                return report(&Vec::<User>::new());
            };
            let moment = app.moment();
            let verdicts = directory::verdicts(&snapshot, &links, &app.policy, moment);
            let users = verdicts.into_iter();
            let mut users: Vec<User> = users
                .map(|verdict| {
                    let last = last_sign_ins.get(&verdict.user.name).copied();
                    user(verdict, last)
                })
                .collect();
            let without_user = directory::aliases_without_user(&snapshot, &app.policy);
            users.extend(without_user.into_iter().map(missing));
            report(&users)
        });
        judging.await.unwrap_or_else(failed)
    }
}

/// A name that has aliases in the config, and no user in DSM.
fn missing((name, addresses): (&str, Vec<CanonicalAddress>)) -> User {
    User {
        name: name.to_owned(),
        email: None,
        verdict: Refusal::AddressUnknown.name().to_owned(),
        link: None,
        aliases: addresses.iter().map(ToString::to_string).collect(),
        last_sign_in: None,
    }
}

fn user(verdict: Verdict, last_sign_in: Option<UnixTime>) -> User {
    let link = verdict.link.map(|link| LinkOfUser {
        subject: link.account.subject.to_string(),
        address: link.address.as_written().to_owned(),
        since: Time(link.since),
        moved: link.moved.map(Time),
    });
    let aliases = verdict.aliases.iter();
    User {
        name: verdict.user.name.to_string(),
        email: verdict.user.email,
        verdict: verdict.name.to_owned(),
        link,
        aliases: aliases.map(ToString::to_string).collect(),
        last_sign_in: last_sign_in.map(Time),
    }
}
