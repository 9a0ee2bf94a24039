//! `dsm.users`: who can sign in, and who cannot for lack of an address.

use super::words::{explained, named, told};
use super::{Access, Inspection, is_about_a_file, is_about_rights};
use crate::clients::dsm::{Call, DsmError};
use crate::config::Config;
use crate::doctor::Finding;
use domain::signin::directory::{
    FoldedName, Link, Moment, Policy, Snapshot, Verdict, aliases_without_user, has_unknown_expiry,
    verdicts,
};

const NAME: &str = "dsm.users";
const DIALOG: &str = "Control Panel > User & Group";

/// The users, as far as the findings need them.
#[derive(Debug)]
pub struct UsersSeen {
    verdicts: Vec<Verdict>,
    /// The names in `users.alias` that DSM does not list.
    missing: Vec<String>,
    /// Why the administrators were not read.
    administrators_error: Option<String>,
}

impl UsersSeen {
    /// Evaluates all users of `snapshot`.
    pub fn judged(
        snapshot: &Snapshot,
        links: &[Link],
        policy: &Policy,
        moment: Moment,
        administrators_error: Option<String>,
    ) -> Self {
        let missing = aliases_without_user(snapshot, policy);
        Self {
            verdicts: verdicts(snapshot, links, policy, moment),
            missing: missing.into_keys().map(str::to_owned).collect(),
            administrators_error,
        }
    }

    fn names(&self, is_meant: impl Fn(&Verdict) -> bool) -> Vec<&str> {
        let meant = self.verdicts.iter().filter(|verdict| is_meant(verdict));
        meant.map(|verdict| verdict.user.name.as_str()).collect()
    }

    /// Returns what is worth attention.
    fn remarks(&self, config: &Config) -> Vec<String> {
        let account = FoldedName::of(&config.dsm.account);
        let is_account = |verdict: &Verdict| FoldedName::of(verdict.user.name.as_str()) == account;
        let of = |names: Vec<&str>, text: &str| {
            let named = named(names.iter().copied());
            (!names.is_empty()).then(|| format!("{} {text}: {named}", names.len()))
        };
        let missing = self.missing.iter().map(String::as_str).collect();
        let administrators = self.administrators_error.as_ref().map(|error| {
            let error = explained(error);
            format!("the last known administrators are used: {error}")
        });
        let remarks = [
            of(
                self.names(|verdict| verdict.name == "no-address" && !is_account(verdict)),
                "without an e-mail address (enter it there, or put the name into users.deny)",
            ),
            of(
                self.names(|verdict| verdict.name == "address-ambiguous"),
                "cannot sign in, because they share an e-mail address",
            ),
            of(
                self.names(|verdict| has_unknown_expiry(&verdict.user)),
                "are refused, because their expiry date is not understood (please report it)",
            ),
            of(missing, "of users.alias do not exist in DSM"),
            administrators,
        ];
        remarks.into_iter().flatten().collect()
    }
}

impl Inspection<'_> {
    pub(super) fn users(&self) -> Finding {
        let seen = match (&self.access, &self.users) {
            (Access::Read, Some(seen)) => seen,
            (Access::Unusable(why), _) => {
                return Finding::fail(
                    NAME,
                    format!("DSM's user list is not used: {}", explained(why)),
                );
            }
            (Access::Failed(error), _) if error.call().is_none_or(is_of_a_list) => {
                return self.unlisted(error);
            }
            (Access::Read | Access::Failed(_) | Access::Paused { .. } | Access::NoAnswer, _) => {
                let why = self.obstacle().unwrap_or("the links cannot be read");
                return Finding::not_tested(NAME, why);
            }
        };
        let all = seen.verdicts.len();
        let able = seen.names(|verdict| verdict.name == "ok");
        let mut parts = vec![match able.len() {
            0 => format!(
                "DSM lists {all} users, and none of them can sign in with Google: enter the \
                 address of each person's Google account as e-mail in {DIALOG}"
            ),
            some => format!(
                "DSM lists {all} users, and {some} can sign in: {}",
                named(able.iter().copied())
            ),
        }];
        let remarks = seen.remarks(self.config);
        let is_complete = remarks.is_empty();
        parts.extend(remarks);
        let message = parts.join("; ");
        match (able.is_empty(), is_complete) {
            (true, _) => Finding::fail(NAME, message),
            (false, true) => Finding::ok(NAME, message),
            (false, false) => Finding::warn(NAME, format!("{message}. See {DIALOG}")),
        }
    }

    /// The user list failed: in DSM, or by what it has.
    fn unlisted(&self, error: &DsmError) -> Finding {
        if is_about_a_file(error) || is_about_rights(error) {
            let why = self.obstacle().unwrap_or_default();
            return Finding::not_tested(NAME, why);
        }
        Finding::fail(NAME, told(error))
    }
}

fn is_of_a_list(call: Call) -> bool {
    call == Call::ListUsers
}
