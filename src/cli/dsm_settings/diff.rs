//! What would change in DSM, field by field.

use super::{REVERSE_PROXY, SSO_CLIENT};
use crate::cli::table::{Cell, Reader, Tone};
use crate::control::SettingsPlan;
use crate::doctor::dsm::Compared;

/// Returns the changes of `plan`, with those that need `force` only if it is
/// given; `None` if nothing changes.
pub(super) fn text(plan: &SettingsPlan, force: bool, reader: &Reader) -> Option<String> {
    let is_left = |row: &Compared| {
        plan.left
            .iter()
            .any(|left| left.fields.contains(&row.field))
    };
    let rows = plan.rows.iter().filter(|row| !row.same);
    let rows: Vec<&Compared> = rows.filter(|row| force || !is_left(row)).collect();
    if rows.is_empty() {
        return None;
    }
    let mut lines = vec!["Changes in DSM, with its value (-) and the new one (+):".to_owned()];
    let mut place = "";
    for row in &rows {
        if place != row.place {
            place = &row.place;
            let heading = format!("{}: {}", Cell::printable(place), dialog(place));
            lines.extend([String::new(), reader.painted(&heading, Tone::Heading)]);
        }
        lines.extend(lines_of(row, reader));
    }
    let word = if force {
        "replaced by --force"
    } else {
        "not changed"
    };
    for left in &plan.left {
        let left = format!("{} is {word}: {}.", left.place, left.why);
        lines.extend([String::new(), Cell::printable(&left)]);
    }
    Some(lines.join("\n") + "\n")
}

/// The place of the reverse proxy's rule.
const RULE: &str = "reverse-proxy";

/// Returns the path of the dialog for a place in DSM.
pub(super) fn dialog(place: &str) -> &'static str {
    if place == RULE {
        REVERSE_PROXY
    } else {
        SSO_CLIENT
    }
}

fn lines_of(row: &Compared, reader: &Reader) -> [String; 3] {
    let minus = format!("- {}", value(row, row.dsm.as_deref()));
    let plus = format!("+ {}", value(row, row.ours.as_deref()));
    [
        format!("  {}", Cell::printable(&row.field)),
        format!("    {}", reader.painted(&minus, Tone::Bad)),
        format!("    {}", reader.painted(&plus, Tone::Good)),
    ]
}

/// DSM's values may be long, and have any characters.
fn value(row: &Compared, value: Option<&str>) -> String {
    match value {
        None if row.field == "application_secret" => "(hidden)".to_owned(),
        None => "(none)".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(value) => Cell::short(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table::tests::reader;
    use crate::control::LeftPlace;

    fn row(place: &str, field: &str, dsm: Option<&str>, ours: Option<&str>) -> Compared {
        Compared {
            place: place.to_owned(),
            field: field.to_owned(),
            dsm: dsm.map(str::to_owned),
            ours: ours.map(str::to_owned),
            same: false,
        }
    }

    fn plan() -> SettingsPlan {
        let scope = Compared {
            same: true,
            ..row("sso-client", "scope", Some(""), Some("openid"))
        };
        SettingsPlan {
            rows: vec![
                row("sso-client", "enabled", Some("false"), Some("true")),
                row("sso-client", "application_id", Some(""), Some("synology")),
                row("sso-client", "application_secret", None, None),
                scope,
                row("reverse-proxy", "source", None, Some("https://login:443")),
            ],
            left: Vec::new(),
            seen: "0".to_owned(),
        }
    }

    #[test]
    fn only_what_changes_is_shown_under_its_dialog() {
        let text = text(&plan(), false, &reader()).unwrap();
        let expected = "\
Changes in DSM, with its value (-) and the new one (+):

sso-client: Control Panel > Domain/LDAP > SSO Client
  enabled
    - false
    + true
  application_id
    - (empty)
    + synology
  application_secret
    - (hidden)
    + (hidden)

reverse-proxy: Control Panel > Login Portal > Advanced > Reverse Proxy
  source
    - (none)
    + https://login:443
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_points_elsewhere_is_shown_only_with_force() {
        let mut plan = plan();
        plan.left.push(LeftPlace {
            place: "sso-client".to_owned(),
            fields: ["enabled", "application_id", "application_secret"]
                .map(str::to_owned)
                .into(),
            why: "DSM offers \"azure\"".to_owned(),
        });
        let without = text(&plan, false, &reader()).unwrap();
        assert!(!without.contains("application_id"), "{without}");
        let left = "\nsso-client is not changed: DSM offers \"azure\".\n";
        assert!(without.ends_with(left), "{without}");
        let with = text(&plan, true, &reader()).unwrap();
        assert!(with.contains("application_id"), "{with}");
        let replaced = "\nsso-client is replaced by --force: DSM offers \"azure\".\n";
        assert!(with.ends_with(replaced), "{with}");

        plan.rows.pop();
        assert_eq!(text(&plan, false, &reader()), None);
    }

    #[test]
    fn a_value_of_dsm_cannot_steer_the_terminal() {
        let mut plan = plan();
        let hostile = "\u{1b}[2J\u{202e}\n".to_owned() + &"x".repeat(100_000);
        for row in &mut plan.rows {
            row.dsm = Some(hostile.clone());
            row.field += &hostile[..7];
        }
        let text = text(&plan, false, &reader()).unwrap();
        let steers = |c: &char| *c != '\n' && (c.is_control() || *c == '\u{202e}');
        assert_eq!(text.chars().find(steers), None, "{text:?}");
        assert!(text.len() < 3_000, "{}", text.len());
    }
}
