//! Reads the `expired` of a DSM user.

use jiff::civil::Date;

use crate::model::user_list::ListedUser;

/// Whether a DSM user can be used today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// The account is enabled and has not expired.
    Active,
    /// The account is disabled, or its `expired` has an unknown value.
    Disabled,
    /// The date in `expired` is reached.
    Expired,
}

impl Activity {
    /// Reads `expired`: `normal`, `now`, or a date
    /// (docs/development/dsm-facts.md, 3.1). The format of the date is a guess:
    /// two are read, and any other value means disabled.
    pub fn of(user: &ListedUser, today: Date) -> Self {
        match Expiry::of(user) {
            Expiry::Never => Self::Active,
            Expiry::On(end) if end > today => Self::Active,
            Expiry::On(_) => Self::Expired,
            Expiry::Now | Expiry::Unknown => Self::Disabled,
        }
    }
}

/// Returns whether `expired` is missing or has an unknown format, so that the
/// user is refused although DSM may not have disabled the account.
pub fn has_unknown_expiry(user: &ListedUser) -> bool {
    matches!(Expiry::of(user), Expiry::Unknown)
}

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

/// Parses `2026/3/1` or `2026-03-01`.
fn date(text: &str) -> Option<Date> {
    let formats = ["%Y/%m/%d", "%Y-%m-%d"];
    let mut dates = formats
        .iter()
        .filter_map(|it| Date::strptime(it, text.trim()).ok());
    dates.next().filter(|date| date.year() >= 1000)
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
            "3/3/26",
            "Normal",
        ] {
            check(Some(text), Activity::Disabled);
        }
        check(None, Activity::Disabled);
    }
}
