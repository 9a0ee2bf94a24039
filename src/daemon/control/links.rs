//! `links list` and `links remove`, and the moved links of `status`.

use std::cmp::Reverse;

use super::{Control, failed, refused, report};
use crate::control::{Link, LinkOrigin, MovedLink, Reason, Time};
use domain::signin::directory;

/// As many as `status` shows refusals.
const MOST_MOVED: usize = 20;

impl Control {
    pub(super) async fn links(&self) -> Vec<u8> {
        match self.current.load().store.links().await {
            Ok(links) => report(&on_the_wire(links)),
            Err(error) => failed(error),
        }
    }

    /// Returns the last moves, the latest first.
    pub(super) async fn moved_links(&self) -> Vec<u8> {
        let links = match self.current.load().store.links().await {
            Ok(links) => links,
            Err(error) => return failed(error),
        };
        let mut moved: Vec<MovedLink> = links.iter().filter_map(moved).collect();
        moved.sort_by_key(|link| Reverse(link.at.0));
        moved.truncate(MOST_MOVED);
        report(&moved)
    }

    /// Returns what led to each link.
    pub(super) async fn link_origins(&self) -> Vec<u8> {
        let links = match self.current.load().store.links().await {
            Ok(links) => links,
            Err(error) => return failed(error),
        };
        let origins = links.iter().map(|link| LinkOrigin {
            user: link.user.to_string(),
            issuer: link.account.issuer.to_string(),
            subject: link.account.subject.to_string(),
            address: link.address.as_written().to_owned(),
            by: link.by.name().to_owned(),
            since: Time(link.since),
        });
        report(&origins.collect::<Vec<_>>())
    }

    /// Removes the links of `user`, and returns them.
    pub(super) async fn remove_links(&self, user: &str) -> Vec<u8> {
        let removed = match self.current.load().store.remove_links(user).await {
            Ok(removed) => removed,
            Err(error) => return failed(error),
        };
        if removed.is_empty() {
            let message = format!("no Google account is linked to a DSM user {user:?}");
            return refused(Reason::Failed, message);
        }
        for link in &removed {
            let (user, subject) = (link.user.as_str(), link.account.subject.as_str());
            tracing::warn!(user, subject, "a link was removed");
        }
        report(&on_the_wire(removed))
    }
}

fn moved(link: &directory::Link) -> Option<MovedLink> {
    Some(MovedLink {
        at: Time(link.moved?),
        user: link.user.to_string(),
        address: link.address.as_written().to_owned(),
        subject: link.account.subject.to_string(),
    })
}

fn on_the_wire(links: Vec<directory::Link>) -> Vec<Link> {
    let links = links.into_iter().map(|link| Link {
        user: link.user.to_string(),
        issuer: link.account.issuer.to_string(),
        subject: link.account.subject.to_string(),
        address: link.address.as_written().to_owned(),
        since: Time(link.since),
    });
    links.collect()
}
