//! Tells the administrator what a Google account with an address would get,
//! rule by rule.

mod messages;

use super::{
    Admission, Candidacy, Case, Finding, Lapsed, Link, LinkedBy, Moment, Policy, Refusal, Refused,
    Snapshot, assumed, newest_first,
};
use crate::base::address::CanonicalAddress;
use crate::model::login::{GoogleIdentity, VerifiedAddress};
use crate::model::user_list::ListedUser;

/// What a Google account would get, and what each rule examined.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The account, with what is assumed about it.
    pub identity: GoogleIdentity,
    /// Whether the account has signed in before; else its subject is unknown.
    pub has_signed_in: bool,
    /// The result of [`judge`](super::judge).
    pub verdict: Result<Admission, Refused>,
    /// The seven rules, in their order.
    pub rules: Vec<Examined>,
}

/// What one rule examined and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// 1 to 7.
    pub rule: u8,
    /// What the rule found.
    pub outcome: Outcome,
    /// The reason, for the administrator.
    pub message: String,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rule accepted the account, or found its DSM user.
    Pass,
    /// The rule had nothing to decide.
    Skip,
    /// The rule refused the account.
    Fail,
}

impl Outcome {
    /// Returns the name that the command line shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Fail => "fail",
        }
    }
}

/// Explains the verdict on the Google account with this address: the one that
/// is linked by it, else one that has never signed in. If several are linked by
/// it, the newest that may sign in, else the newest.
///
/// `links` are all links.
pub fn explain(
    address: &str,
    links: &[Link],
    snapshot: Option<&Snapshot>,
    policy: &Policy,
    moment: Moment,
) -> Explanation {
    let address = VerifiedAddress::vouched_for(address.trim().to_owned());
    let mut linked = links.to_vec();
    linked.retain(|link| {
        let is_same = address
            .canonical()
            .is_some_and(|it| Some(it) == link.address.canonical());
        is_same && link.account.issuer == policy.issuer
    });
    newest_first(&mut linked);
    let explained = |identity: GoogleIdentity, has_signed_in| {
        let case = Case {
            identity: &identity,
            links,
            snapshot,
            policy,
            moment,
        };
        let (verdict, rules) = case.explain();
        Explanation {
            identity,
            has_signed_in,
            verdict,
            rules,
        }
    };
    let mut known: Vec<Explanation> = linked
        .iter()
        .map(|link| assumed::identity(link.account.clone(), link.address.clone()))
        .map(|identity| explained(identity, true))
        .collect();
    if known.is_empty() {
        return explained(assumed::identity(assumed::newcomer(policy), address), false);
    }
    let admitted = known.iter().position(|it| it.verdict.is_ok());
    let mut chosen = known.swap_remove(admitted.unwrap_or(0));
    if !known.is_empty()
        && let Some(by_link) = chosen.rules.iter_mut().find(|it| it.rule == 3)
    {
        let (message, others) = (&by_link.message, known.len());
        by_link.message =
            format!("{message}; other Google accounts linked by this address: {others}");
    }
    chosen
}

impl Case<'_> {
    /// Judges the account; also returns what each rule found.
    pub(super) fn explain(self) -> (Result<Admission, Refused>, Vec<Examined>) {
        let mut trace = Trace {
            case: self,
            alias: None,
            link: None,
            having: Vec::new(),
            found: None,
            anothers: None,
        };
        let verdict = self.judge(&mut |finding| trace.note(finding));
        let rules = trace.rules(&verdict);
        (verdict, rules)
    }
}

/// What the rules found on their way to the verdict.
struct Trace<'a> {
    case: Case<'a>,
    alias: Option<&'a CanonicalAddress>,
    link: Option<(&'a Link, Option<Lapsed>)>,
    having: Vec<(&'a ListedUser, Candidacy)>,
    found: Option<(&'a ListedUser, LinkedBy)>,
    anothers: Option<&'a Link>,
}

impl<'a> Trace<'a> {
    fn note(&mut self, finding: Finding<'a>) {
        match finding {
            Finding::Alias(google) => self.alias = Some(google),
            Finding::Link(link, lapsed) => self.link = Some((link, lapsed)),
            Finding::Having(user, candidacy) => self.having.push((user, candidacy)),
            Finding::Found(user, by) => self.found = Some((user, by)),
            Finding::Anothers(link) => self.anothers = Some(link),
        }
    }

    fn rules(&self, verdict: &Result<Admission, Refused>) -> Vec<Examined> {
        let refused = verdict.as_ref().err();
        let failed = refused.map(|refused| (self.failed_rule(refused), refused));
        let examined = (1..=7).map(|rule| {
            let (outcome, message) = match failed {
                Some((failed, refused)) if failed == rule => (Outcome::Fail, self.why(refused)),
                Some((failed, _)) if failed < rule => {
                    (Outcome::Skip, format!("not reached: rule {failed} refuses"))
                }
                Some(_) | None => self.accepted(rule, verdict.as_ref().ok()),
            };
            Examined {
                rule,
                outcome,
                message,
            }
        });
        examined.collect()
    }

    /// The rule that refused. The age of the user list is checked before
    /// rule 2, which needs it first. If rule 5 excludes every user who has the
    /// address, the refusal is that of rule 5.
    fn failed_rule(&self, refused: &Refused) -> u8 {
        match refused.refusal {
            Refusal::AddressNotVerified
            | Refusal::ClockWrong { .. }
            | Refusal::DomainNotAllowed => 1,
            Refusal::DirectoryStale => 2,
            Refusal::AddressUnknown if self.alias.is_some() => 2,
            Refusal::AddressUnknown
            | Refusal::AddressAmbiguous
            | Refusal::AddressNotAuthoritative => 4,
            Refusal::AccountDisabled
            | Refusal::AccountExpired
            | Refusal::AccountDenied
            | Refusal::AdministratorRefused => 5,
            Refusal::LinkedToAnother => 6,
        }
    }

    /// Why the rule refused.
    fn why(&self, refused: &Refused) -> String {
        let detail = refused.detail.as_ref().map(ToString::to_string);
        match refused.refusal {
            Refusal::DomainNotAllowed => self.another_domain(),
            Refusal::DirectoryStale => self.stale(),
            Refusal::AddressUnknown => detail.unwrap_or_else(|| self.no_candidate()),
            Refusal::AddressAmbiguous => format!(
                "{}; remove it from all but one, or add an alias",
                self.having()
            ),
            Refusal::AddressNotAuthoritative => "google.authoritative-addresses-only is on, and \
                                                 Google does not host this mailbox; add an alias"
                .to_owned(),
            Refusal::AccountDisabled
            | Refusal::AccountExpired
            | Refusal::AccountDenied
            | Refusal::AdministratorRefused => self.excluded(refused.refusal),
            Refusal::LinkedToAnother => self.linked_to_another(refused.detail.is_some()),
            Refusal::AddressNotVerified | Refusal::ClockWrong { .. } => {
                refused.refusal.name().to_owned()
            }
        }
    }

    fn accepted(&self, rule: u8, admission: Option<&Admission>) -> (Outcome, String) {
        match (rule, admission) {
            (1, _) => (Outcome::Pass, self.verified()),
            (2, _) => self.by_alias(),
            (3, _) => self.by_link(),
            (4, _) => self.by_address(),
            (5, _) => (Outcome::Pass, self.active()),
            (6, Some(admission)) => {
                let Link { user, address, .. } = &admission.link;
                let address = address.as_written();
                let message = format!("no other Google account is linked to {user} by {address}");
                (Outcome::Pass, message)
            }
            (_, Some(admission)) => (Outcome::Pass, self.linked(&admission.link)),
            (_, None) => (Outcome::Skip, String::new()),
        }
    }
}
