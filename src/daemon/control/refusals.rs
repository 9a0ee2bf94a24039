//! The last refusals with their Google accounts, and the link that an
//! administrator makes for one of them.

use std::sync::Arc;

use super::{Control, failed, report};
use crate::control::{Account, Chosen, LinkChosen, RefusedAccount, Time, WhyNotLinked};
use crate::flow::log_link;
use crate::store::{Linked, RefusedLogin};
use domain::base::ids::{DsmUsername, GoogleIssuer, GoogleSubject};
use domain::model::login::{GoogleAccount, VerifiedAddress};
use domain::signin::directory::{Choice, Detail, Link, NotLinked, link_chosen};

impl Control {
    /// Returns the last refusals, the newest first.
    pub(super) async fn refusals(&self) -> Vec<u8> {
        let app = self.current.load();
        let links = match app.store.links().await {
            Ok(links) => links,
            Err(error) => return failed(error),
        };
        let refusals = app.store.refusals().latest();
        let refusals = refusals.into_iter().map(|it| on_the_wire(it, &links));
        report(&refusals.collect::<Vec<_>>())
    }

    /// Links the account of a refusal as `chosen` says, if it then signs in as
    /// that user. The identity and the address are those that Google verified,
    /// from our own list.
    pub(super) async fn link_chosen(&self, chosen: LinkChosen) -> Vec<u8> {
        let app = self.current.load();
        let account = GoogleAccount {
            issuer: GoogleIssuer::new(chosen.account.issuer),
            subject: GoogleSubject::new(chosen.account.subject),
        };
        let refusals = app.store.refusals().latest();
        let address = match address_of(&refusals, &account, chosen.at) {
            Ok(address) => address,
            Err(why) => return report(&not_linked(why, None)),
        };
        let choice = Choice {
            account: account.clone(),
            address: address.clone(),
            user: DsmUsername::new(chosen.user),
        };
        let (snapshot, moment) = (app.snapshot.load_full(), app.moment());
        let policy = Arc::clone(&app.policy);
        let (user, verified) = (choice.user.to_string(), address.as_written().to_owned());
        let decide =
            move |links: &[Link]| link_chosen(&choice, links, snapshot.as_deref(), &policy, moment);
        match app.store.link(account, address, decide).await {
            Ok(Ok(linked)) => {
                log_link(&linked);
                let before = match linked {
                    Linked::InPlaceOf { before, .. } => Some(before.user.to_string()),
                    Linked::Anew(_) | Linked::AsBefore => None,
                };
                report(&Chosen::Linked {
                    user,
                    address: verified,
                    before,
                })
            }
            Ok(Err(error)) => report(&Chosen::from(error)),
            Err(error) => failed(error),
        }
    }
}

fn on_the_wire(refused: RefusedLogin, links: &[Link]) -> RefusedAccount {
    let account = refused.account.as_ref();
    let mut later = links.iter().filter(|link| link.since >= refused.at);
    let linked = later.find(|link| Some(&link.account) == account);
    RefusedAccount {
        at: Time(refused.at),
        refusal: refused.refusal.name().to_owned(),
        can_be_linked: account.is_some() && refused.refusal.can_be_linked(),
        linked: linked.map(|link| link.user.to_string()),
        account: account.map(|account| Account {
            issuer: account.issuer.to_string(),
            subject: account.subject.to_string(),
        }),
        address: refused.address,
        user: refused.user.map(|user| user.to_string()),
    }
}

/// Returns the address with which `account` was refused at `at`. Its last
/// refusal must not be one that a link does not change.
fn address_of(
    refusals: &[RefusedLogin],
    account: &GoogleAccount,
    at: Time,
) -> Result<VerifiedAddress, WhyNotLinked> {
    let mut theirs = refusals
        .iter()
        .filter(|it| it.account.as_ref() == Some(account));
    let last = theirs.clone().next();
    let refused = theirs.find(|it| it.at == at.0);
    let (Some(last), Some(refused)) = (last, refused) else {
        return Err(WhyNotLinked::NotRecent);
    };
    if ![last, refused].iter().all(|it| it.refusal.can_be_linked()) {
        return Err(WhyNotLinked::NotAccepted);
    }
    let address = refused.address.clone();
    let address = address.ok_or(WhyNotLinked::InvalidAddress)?;
    Ok(VerifiedAddress::vouched_for(address))
}

fn not_linked(why: WhyNotLinked, user: Option<&DsmUsername>) -> Chosen {
    Chosen::NotLinked {
        why,
        user: user.map(ToString::to_string),
    }
}

impl From<NotLinked> for Chosen {
    fn from(error: NotLinked) -> Self {
        match error {
            NotLinked::AnotherIssuer => not_linked(WhyNotLinked::AnotherIssuer, None),
            NotLinked::InvalidAddress => not_linked(WhyNotLinked::InvalidAddress, None),
            NotLinked::NoSuchUser => not_linked(WhyNotLinked::NoSuchUser, None),
            NotLinked::AliasNames(user) => not_linked(WhyNotLinked::Alias, Some(&user)),
            NotLinked::Refused(refused) => {
                let why = WhyNotLinked::Refused(refused.refusal.name().to_owned());
                let user = match &refused.detail {
                    Some(Detail::Reserved(user)) => Some(user),
                    Some(_) | None => refused.user.as_ref(),
                };
                not_linked(why, user)
            }
        }
    }
}
