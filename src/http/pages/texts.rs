//! The sentences: a table with a column for each language.

mod english;
mod french;

use super::Page;
use crate::http::request::Language;
use domain::base::address::quoted;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};
use domain::signin::google::ClientFault;

/// What one page says.
#[derive(Debug)]
pub(super) struct Words {
    /// What happened.
    pub(super) title: &'static str,
    /// Why, what to do next, and whom to ask. `{}` is what varies.
    pub(super) paragraphs: &'static [&'static str],
    /// What the page's one link says.
    pub(super) action: &'static str,
    /// What the person who looks after the NAS can mend. What stands between
    /// backticks is to be typed, or found, letter by letter; `{}` as above.
    pub(super) mend: Option<&'static str>,
}

/// All pages in one language.
#[derive(Debug)]
pub(super) struct Book {
    /// Stands before the Google address.
    pub(super) signed_in_as: &'static str,
    /// The heading above what is not for everybody.
    pub(super) caretaker: &'static str,
    /// Stands before the request's id.
    pub(super) reference: &'static str,
    /// What a refusal adds when the NAS was slow.
    pub(super) slow: &'static str,
    /// What its link says then.
    pub(super) slow_action: &'static str,
    hosted_domain: HostedDomain,
    /// What to correct when an alias names no user; `{}` is both.
    alias_without_user: &'static str,
    /// What to do about the link of a user who is gone; `{}` is the user.
    reserved: &'static str,
    clock: Clock,
    landing: Words,
    bad_request: Words,
    unknown_client: &'static str,
    unregistered_redirect: &'static str,
    bad_callback: Words,
    no_such_login: Words,
    already_used: Words,
    google_failed: Words,
    google_rejects_us: Words,
    google_credentials: &'static str,
    google_redirect_uri: &'static str,
    google_client: &'static str,
    too_many: Words,
    broken: Words,
    not_found: Words,
    not_set_up: Words,
    set_up_wrongly: Words,
    address_missing: Words,
    address_not_verified: Words,
    address_unknown: Words,
    address_ambiguous: Words,
    domain_not_allowed: Words,
    address_not_authoritative: Words,
    account_disabled: Words,
    account_expired: Words,
    account_denied: Words,
    administrator_refused: Words,
    linked_to_another: Words,
    directory_stale: Words,
    clock_wrong: Words,
}

/// The Workspace domain that Google sends for an account.
#[derive(Debug)]
struct HostedDomain {
    /// `{}` is the domain.
    is: &'static str,
    none: &'static str,
}

/// How far a clock is off.
#[derive(Debug)]
struct Clock {
    fast: &'static str,
    slow: &'static str,
    days: &'static str,
    years: &'static str,
}

impl Book {
    /// The one for `language`.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::BOOK,
            Language::French => &french::BOOK,
        }
    }

    /// What `page` says.
    pub(super) fn words(&self, page: &Page<'_>) -> &Words {
        match page {
            Page::Landing { .. } => &self.landing,
            Page::BadRequest { .. } => &self.bad_request,
            Page::BadCallback => &self.bad_callback,
            Page::NoSuchLogin => &self.no_such_login,
            Page::AlreadyUsed => &self.already_used,
            Page::GoogleFailed { .. } => &self.google_failed,
            Page::GoogleRejectsUs { .. } => &self.google_rejects_us,
            Page::Refused {
                refusal: Refusal::AddressNotVerified,
                address: None,
                ..
            } => &self.address_missing,
            Page::Refused { refusal, .. } => self.refusal(*refusal),
            Page::TooMany => &self.too_many,
            Page::Broken => &self.broken,
            Page::NotFound => &self.not_found,
            Page::NotSetUp => &self.not_set_up,
            Page::SetUpWrongly { .. } => &self.set_up_wrongly,
        }
    }

    fn refusal(&self, refusal: Refusal) -> &Words {
        match refusal {
            Refusal::AddressNotVerified => &self.address_not_verified,
            Refusal::AddressUnknown => &self.address_unknown,
            Refusal::AddressAmbiguous => &self.address_ambiguous,
            Refusal::DomainNotAllowed => &self.domain_not_allowed,
            Refusal::AddressNotAuthoritative => &self.address_not_authoritative,
            Refusal::AccountDisabled => &self.account_disabled,
            Refusal::AccountExpired => &self.account_expired,
            Refusal::AccountDenied => &self.account_denied,
            Refusal::AdministratorRefused => &self.administrator_refused,
            Refusal::LinkedToAnother => &self.linked_to_another,
            Refusal::DirectoryStale => &self.directory_stale,
            Refusal::ClockWrong { .. } => &self.clock_wrong,
        }
    }

    fn detail(&self, detail: &Detail) -> String {
        match detail {
            Detail::HostedDomain(Some(domain)) => {
                self.hosted_domain.is.replace("{}", &literal(domain))
            }
            Detail::HostedDomain(None) => self.hosted_domain.none.to_owned(),
            Detail::AliasWithoutUser { google, dsm } => {
                format!("`{}` → `{}`", literal(google.as_str()), literal(dsm))
            }
            Detail::Reserved(user) => format!("`{}`", literal(user.as_str())),
        }
    }

    /// What the administrator can do about `page`.
    pub(super) fn mend(&self, page: &Page<'_>) -> Option<&'static str> {
        match page {
            Page::BadRequest {
                error: Some(UntrustedRequest::UnknownClient { .. }),
            } => Some(self.unknown_client),
            Page::BadRequest {
                error: Some(UntrustedRequest::UnregisteredRedirect { .. }),
            } => Some(self.unregistered_redirect),
            Page::Refused {
                detail: Some(Detail::AliasWithoutUser { .. }),
                ..
            } => Some(self.alias_without_user),
            Page::Refused {
                detail: Some(Detail::Reserved(_)),
                ..
            } => Some(self.reserved),
            Page::GoogleRejectsUs { fault, .. } => Some(match fault {
                ClientFault::Credentials => self.google_credentials,
                ClientFault::RedirectUri => self.google_redirect_uri,
                ClientFault::Other(_) => self.google_client,
            }),
            Page::Landing { .. }
            | Page::BadRequest { .. }
            | Page::BadCallback
            | Page::NoSuchLogin
            | Page::AlreadyUsed
            | Page::GoogleFailed { .. }
            | Page::Refused { .. }
            | Page::TooMany
            | Page::Broken
            | Page::NotFound
            | Page::NotSetUp
            | Page::SetUpWrongly { .. } => self.words(page).mend,
        }
    }

    /// What the placeholders on `page` stand for. What a request contains comes
    /// last: nothing in it is filled in again.
    pub(super) fn varying(&self, page: &Page<'_>) -> Vec<(&'static str, String)> {
        match page {
            Page::Landing { name, .. } => vec![("{}", isolated(name))],
            Page::Refused {
                refusal: Refusal::ClockWrong { ahead },
                ..
            } => vec![("{}", self.clock.off_by(*ahead))],
            Page::Refused {
                detail: Some(detail),
                ..
            } => vec![("{}", self.detail(detail))],
            Page::Refused { detail: None, .. } => vec![("{}", String::new())],
            Page::SetUpWrongly { places } => vec![("{}", literals(places))],
            Page::BadRequest {
                error: Some(UntrustedRequest::UnknownClient { asked, known }),
            } => vec![
                ("{known}", literals(known)),
                ("{asked}", code(asked.as_str())),
            ],
            Page::BadRequest {
                error:
                    Some(UntrustedRequest::UnregisteredRedirect {
                        asked, registered, ..
                    }),
            } => vec![
                ("{known}", literals(registered)),
                ("{asked}", code(asked.as_str())),
            ],
            Page::GoogleRejectsUs {
                fault,
                redirect_uri,
                ..
            } => vec![("{known}", code(redirect_uri)), ("{}", code(fault.code()))],
            Page::BadRequest { .. }
            | Page::BadCallback
            | Page::NoSuchLogin
            | Page::AlreadyUsed
            | Page::GoogleFailed { .. }
            | Page::TooMany
            | Page::Broken
            | Page::NotFound
            | Page::NotSetUp => Vec::new(),
        }
    }
}

/// `text` with its placeholders filled in.
pub(super) fn filled(text: &str, varying: &[(&'static str, String)]) -> String {
    let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
    varying.iter().fold(text.to_owned(), fill)
}

/// Several values, each between backticks.
fn literals(values: &[String]) -> String {
    const MOST: usize = 20;
    let values = values.iter().take(MOST).map(|value| code(value));
    let values: Vec<String> = values.collect();
    values.join(", ")
}

fn code(value: &str) -> String {
    format!("`{}`", literal(value))
}

/// Text from outside as it may stand between backticks: no control or
/// invisible characters, nothing that ends the literal, not too long.
fn literal(text: &str) -> String {
    const MOST: usize = 100;
    let text: String = text.chars().take(MOST).collect();
    let quoted = quoted(&text).replace('`', "'");
    let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.unwrap_or(&quoted).to_owned()
}

/// A name inside a sentence: Unicode's isolates keep one that is written from
/// right to left from turning the rest of the line round.
fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

impl Clock {
    /// `2 h 5 min`, `3 min`, `61 s` in both languages; longer ones in words.
    fn off_by(&self, ahead: i64) -> String {
        let direction = if ahead > 0 { self.fast } else { self.slow };
        let seconds = ahead.unsigned_abs();
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        match (hours, minutes) {
            (0, 0..=1) => format!("{seconds} s {direction}"),
            (0, minutes) => format!("{minutes} min {direction}"),
            (hours @ 1..=47, minutes) => format!("{hours} h {minutes} min {direction}"),
            (hours, _) if hours < 24 * 730 => format!("{} {} {direction}", hours / 24, self.days),
            (hours, _) => format!("{} {} {direction}", hours / 24 / 365, self.years),
        }
    }
}
