//! The daemon's reports as tables.

mod explain;
mod status;

use super::control_client::Report;
use super::table::{Cell, Reader, Tone};
use crate::admin;
use crate::control::{
    self, Change, Key, Link, LinkOrigin, MovedLink, Reloaded, RemovedLinks, User,
};
use domain::base::address::{CanonicalAddress, quoted};

impl Report for Vec<User> {
    fn to_table(&self, reader: &Reader) -> String {
        if self.is_empty() {
            return "DSM has not listed its users yet; status shows why.\n".to_owned();
        }
        let rows = self.iter().map(|user| {
            let tone = if user.verdict == "ok" {
                Tone::Good
            } else {
                Tone::Bad
            };
            [
                Cell::new(&user.name),
                Cell::optional(user.email.as_deref()),
                Cell::toned(&user.verdict, tone),
                Cell::optional(user.last_sign_in.map(|at| reader.time(at))),
                Cell::optional(user.linked()),
            ]
        });
        let headings = [
            "USER",
            "E-MAIL",
            "VERDICT",
            "LAST SIGN-IN",
            "LINKED GOOGLE ACCOUNT",
        ];
        let below = [
            reasons(self),
            invalid_addresses(self),
            twins(self),
            aliases(self),
            moves(self, reader),
        ];
        let below = below.concat();
        let table = reader.table(headings, rows);
        if below.is_empty() {
            return table;
        }
        format!("{table}\n{below}")
    }
}

impl User {
    /// Returns the Google account, with its address only if it differs from the
    /// e-mail, so that a line fits in 80 columns.
    fn linked(&self) -> Option<String> {
        let link = self.link.as_ref()?;
        let email = self.email.as_deref().and_then(CanonicalAddress::of);
        if email.is_some() && email == CanonicalAddress::of(&link.address) {
            return Some(link.subject.clone());
        }
        Some(format!("{} ({})", link.subject, link.address))
    }
}

/// Returns a line for each address that several users have.
fn twins(users: &[User]) -> String {
    let having = control::twins(users);
    let lines = having.iter().map(|(address, users)| {
        let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
        Cell::printable(&format!("same e-mail, {address}: {}", names.join(", "))) + "\n"
    });
    lines.collect()
}

/// Returns a line for each invalid e-mail. Quotes show invisible characters.
fn invalid_addresses(users: &[User]) -> String {
    let invalid = users.iter().filter(|user| user.verdict != "ok");
    let lines = invalid.filter_map(|user| {
        let email = quoted(user.invalid_email()?);
        let name = &user.name;
        let line = format!("invalid e-mail, {name}: {email}; correct it in DSM");
        Some(Cell::printable(&line) + "\n")
    });
    lines.collect()
}

/// Returns a line for each alias. Quotes show invisible characters in the name
/// of a user that does not exist.
fn aliases(users: &[User]) -> String {
    let mut text = String::new();
    for user in users {
        let name = if user.is_missing() {
            let name = quoted(&user.name);
            format!("{name}, which is not a local user of DSM; correct users.alias")
        } else {
            user.name.clone()
        };
        for address in &user.aliases {
            text += &Cell::printable(&format!("alias, {address}: {name}"));
            text.push('\n');
        }
    }
    text
}

/// Returns a line for each user whose link moved.
fn moves(users: &[User], reader: &Reader) -> String {
    let lines = users.iter().filter_map(|user| {
        let at = reader.time(user.link.as_ref()?.moved?);
        let name = &user.name;
        let line = format!("linked to another Google account or address, {name}: {at}");
        Some(Cell::printable(&line) + "\n")
    });
    lines.collect()
}

/// Returns a line for each verdict in the table.
fn reasons(users: &[User]) -> String {
    let had = |name: &str| {
        let mut users = users.iter();
        // An invalid e-mail has its own line.
        users.any(|user| {
            user.verdict == name && (name != "no-address" || user.invalid_email().is_none())
        })
    };
    let mut text = String::new();
    for name in admin::verdicts().filter(|name| had(name)) {
        let [reason, _] = admin::about_user(name).unwrap_or_default();
        let advice = match name {
            "address-unknown" => "; see below",
            "linked-to-another" => "; links remove removes it",
            "directory-stale" => "; status shows why",
            _ => "",
        };
        text.extend([name, ": ", reason, advice, "\n"]);
    }
    text
}

impl Report for Vec<Link> {
    fn to_table(&self, reader: &Reader) -> String {
        if self.is_empty() {
            return "No Google account is linked yet.\n".to_owned();
        }
        let rows = self.iter().map(|link| {
            [
                Cell::new(&link.user),
                Cell::new(&link.address),
                Cell::new(&link.subject),
                Cell::new(reader.time(link.since)),
                Cell::new(&link.issuer),
            ]
        });
        let headings = ["USER", "ADDRESS", "GOOGLE ACCOUNT", "SINCE", "ISSUER"];
        let mut issuers = self.iter().map(|link| &link.issuer);
        let first = issuers.next();
        if issuers.any(|issuer| Some(issuer) != first) {
            return reader.table(headings, rows);
        }
        // One issuer for all links is left out to save columns.
        let [user, address, account, since, _] = headings;
        let rows = rows.map(|[user, address, account, since, _]| [user, address, account, since]);
        reader.table([user, address, account, since], rows)
    }
}

/// The second part of `users` and of `links list`.
impl Report for Vec<LinkOrigin> {
    fn to_table(&self, _: &Reader) -> String {
        let by_administrator = self.iter().filter(|link| link.by == "administrator");
        let lines = by_administrator.map(|LinkOrigin { user, address, .. }| {
            Cell::printable(&format!("linked by an administrator, {address}: {user}")) + "\n"
        });
        let lines: String = lines.collect();
        let gap = if lines.is_empty() { "" } else { "\n" };
        format!("{gap}{lines}")
    }
}

impl Report for RemovedLinks {
    fn to_table(&self, reader: &Reader) -> String {
        format!("No longer linked:\n\n{}", self.0.to_table(reader))
    }
}

/// The second part of `status`.
impl Report for Vec<MovedLink> {
    fn to_table(&self, reader: &Reader) -> String {
        if self.is_empty() {
            return String::new();
        }
        let rows = self.iter().map(|link| {
            [
                Cell::new(reader.time(link.at)),
                Cell::new(&link.user),
                Cell::new(&link.address),
                Cell::new(&link.subject),
            ]
        });
        let headings = ["LINK MOVED", "DSM USER", "GOOGLE ADDRESS", "GOOGLE ACCOUNT"];
        format!("\n{}", reader.table(headings, rows))
    }
}

impl Report for Vec<Key> {
    fn to_table(&self, reader: &Reader) -> String {
        let rows = self.iter().map(|key| {
            [
                Cell::new(shortened(&key.kid)),
                Cell::new(&key.state),
                Cell::new(reader.time(key.created)),
                Cell::new(reader.time(key.signs_from)),
                Cell::optional(key.gone_after.map(|time| reader.time(time))),
            ]
        });
        let headings = ["KEY", "STATE", "CREATED", "SIGNS FROM", "GONE AFTER"];
        reader.table(headings, rows)
    }
}

/// Shortens a key ID to what identifies it in the log.
fn shortened(kid: &str) -> String {
    match kid.chars().nth(12) {
        Some(_) => kid.chars().take(12).chain(['…']).collect(),
        None => kid.to_owned(),
    }
}

/// The other places that have the issuer.
const ISSUER_CHANGED: &str = "\
The issuer has changed. Change it in these places too; dsm-settings prints the values:
  - DSM: Control Panel > Domain/LDAP > SSO Client, Well-known URL
  - Google console: Authorized redirect URIs, the new URL with /callback
  - the reverse proxy and the certificate of the new host name
";

impl Report for Reloaded {
    fn to_table(&self, reader: &Reader) -> String {
        let mut text: String = self.changes.iter().map(Change::line).collect();
        if self.changes.is_empty() {
            text.push_str("Nothing has changed in the config.\n");
        }
        if self.changes.iter().any(|change| change.needs_restart) {
            let advice = "Changes that need a restart take effect when the daemon is restarted.\n";
            text.push_str(&reader.painted(advice, Tone::Bad));
        }
        if self.changes.iter().any(|change| change.key == "issuer") {
            text.push_str(&reader.painted(ISSUER_CHANGED, Tone::Bad));
        }
        let error = self.directory.error.as_deref().map(Cell::printable);
        let users = match (self.directory.users, error) {
            (Some(users), None) => format!("DSM has listed its users: {users}.\n"),
            (Some(_), Some(error)) => {
                format!("Cannot read DSM's users; using the previous list: {error}\n")
            }
            (None, Some(error)) => format!("Cannot read DSM's users yet: {error}\n"),
            (None, None) => "DSM has not listed its users yet.\n".to_owned(),
        };
        text + &users
    }
}

impl Change {
    fn line(&self) -> String {
        let none = || "nothing".to_owned();
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(none);
        let what = if self.secret {
            "changed".to_owned()
        } else {
            format!("{} -> {}", shown(&self.from), shown(&self.to))
        };
        let restart = if self.needs_restart {
            " (needs a restart)"
        } else {
            ""
        };
        let line = format!("{}: {what}{restart}", self.key);
        Cell::printable(&line) + "\n"
    }
}

#[cfg(test)]
mod tests;
