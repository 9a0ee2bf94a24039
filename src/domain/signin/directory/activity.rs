//! What DSM's `expired` means today.

use jiff::civil::Date;

use crate::model::user_list::ListedUser;

/// Whether a DSM user can be used today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It can.
    Active,
    /// Switched off, or `expired` says what we do not understand.
    Disabled,
    /// Its day has begun.
    Expired,
}

impl Activity {
    /// Reads `expired`: `normal`, `now`, or the date on which the account ends
    /// (docs/development/dsm-facts.md, 3.1). The date's form is a guess:
    /// two are read, and any other value counts as disabled.
    pub fn of(user: &ListedUser, today: Date) -> Self {
        match Expiry::of(user) {
            Expiry::Never => Self::Active,
            Expiry::On(end) if end > today => Self::Active,
            Expiry::On(_) => Self::Expired,
            Expiry::Now | Expiry::Unknown => Self::Disabled,
        }
    }
}

/// Returns whether `expired` is missing or in an unknown form, so that the
/// user counts as disabled without being so in DSM.
pub fn has_unknown_expiry(user: &ListedUser) -> bool {
    matches!(Expiry::of(user), Expiry::Unknown)
}

/// What `expired` says.
enum Expiry {
    Never,
    Now,
    On(Date),
    Unknown,
}

impl Expiry {
    fn of(user: &ListedUser) -> Self {
        match user.expired.as_deref() {
            Some("normal") => Self::Never,
            Some("now") => Self::Now,
            Some(text) => date(text).map_or(Self::Unknown, Self::On),
            None => Self::Unknown,
        }
    }
}

/// `2026/3/1` or `2026-03-01`.
fn date(text: &str) -> Option<Date> {
    let separator = if text.contains('/') { '/' } else { '-' };
    let mut parts = text.trim().split(separator);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::DsmUsername;

    fn check(expired: Option<&str>, expected: Activity) {
        let user = ListedUser {
            name: DsmUsername::new("jeanne"),
            email: None,
            expired: expired.map(str::to_owned),
        };
        let today = jiff::civil::date(2026, 3, 2);
        assert_eq!(Activity::of(&user, today), expected, "{expired:?}");
        let known = matches!(expired, Some("normal" | "now")) || expected != Activity::Disabled;
        assert_eq!(has_unknown_expiry(&user), !known, "{expired:?}");
    }

    #[test]
    fn normal_is_active_and_now_is_disabled() {
        check(Some("normal"), Activity::Active);
        check(Some("now"), Activity::Disabled);
    }

    #[test]
    fn an_account_ends_when_its_day_begins() {
        check(Some("2026/3/3"), Activity::Active);
        check(Some("2026-03-03"), Activity::Active);
        check(Some("2026/3/2"), Activity::Expired);
        check(Some("2025-12-31"), Activity::Expired);
    }

    #[test]
    fn what_is_not_understood_is_disabled() {
        for text in [
            "",
            "never",
            "2026",
            "2026/13/1",
            "3/3/2026",
            "20370105",
            "2114380800",
            "2026/3/3/1",
            "Normal",
        ] {
            check(Some(text), Activity::Disabled);
        }
        check(None, Activity::Disabled);
    }
}
