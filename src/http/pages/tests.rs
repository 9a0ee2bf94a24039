//! What every page has, in either language.

use std::collections::BTreeSet;

use super::*;
use crate::machine::random::OsRandom;
use domain::base::address::CanonicalAddress;
use domain::base::ids::{ClientId, DsmUsername};
use domain::base::parameters::shortened;

const NAS: &str = "https://nas.example.com";
const RETRY: &str = "https://login.example.com/auth?again";

const REFUSALS: [Refusal; 12] = [
    Refusal::AddressNotVerified,
    Refusal::AddressUnknown,
    Refusal::AddressAmbiguous,
    Refusal::DomainNotAllowed,
    Refusal::AddressNotAuthoritative,
    Refusal::AccountDisabled,
    Refusal::AccountExpired,
    Refusal::AccountDenied,
    Refusal::AdministratorRefused,
    Refusal::LinkedToAnother,
    Refusal::DirectoryStale,
    Refusal::ClockWrong { ahead: -7500 },
];

fn refused(refusal: Refusal, slow: bool) -> Page<'static> {
    Page::Refused {
        refusal,
        address: Some("igor@example.com"),
        detail: None,
        slow,
        retry: RETRY.to_owned(),
    }
}

fn rejected(fault: ClientFault) -> Page<'static> {
    Page::GoogleRejectsUs {
        fault,
        redirect_uri: "https://login.example.com/callback".to_owned(),
        retry: RETRY.to_owned(),
    }
}

fn all() -> Vec<Page<'static>> {
    let others = [
        Page::Landing {
            name: "Synology",
            failed: &[],
        },
        Page::Checklist {
            open: &[Milestone::SignedIn],
            entered: Some("rejected"),
            failed: &[],
        },
        Page::BadRequest { error: None },
        Page::BadCallback,
        Page::NoSuchLogin,
        Page::AlreadyUsed,
        Page::GoogleFailed {
            retry: RETRY.to_owned(),
        },
        rejected(ClientFault::Credentials),
        Page::TooMany,
        Page::Broken,
        Page::NotFound,
        Page::NotSetUp,
        Page::SetUpWrongly { places: &[] },
        Page::Refused {
            refusal: Refusal::AddressNotVerified,
            address: None,
            detail: None,
            slow: false,
            retry: RETRY.to_owned(),
        },
    ];
    let refusals = REFUSALS.map(|refusal| refused(refusal, false));
    others.into_iter().chain(refusals).collect()
}

/// Returns the part for the user and the administrator's section.
fn written(page: &Page<'_>, language: Language) -> (String, String) {
    let id = RequestId::new(&OsRandom::default(), 1);
    let body = page.html(language, &id, NAS).unwrap().render().unwrap();
    let (_, main) = body.split_once("<main>").unwrap();
    let (main, rest) = main.split_once("</main>").unwrap();
    (main.to_owned(), rest.to_owned())
}

#[test]
fn settings_that_were_entered_are_not_asked_for_again() {
    in_both(|language, _| {
        let hint = |entered| {
            let checklist = Page::Checklist {
                open: &[Milestone::DiscoveryFetched],
                entered,
                failed: &[],
            };
            written(&checklist, language).0
        };
        assert!(hint(None).contains("<code>dsm-settings</code>"));
        assert!(hint(Some("points-elsewhere")).contains("<code>dsm-settings</code>"));
        let done = hint(Some("done"));
        assert!(
            !done.contains("dsm-settings") && !done.contains("SSO Client"),
            "{done}"
        );
    });
}

fn in_both(check: impl Fn(Language, &str)) {
    check(Language::English, "the person who looks after the NAS");
    check(Language::French, "la personne qui s’occupe du NAS");
}

#[test]
fn nothing_is_left_to_fill_in_and_no_two_pages_are_alike() {
    in_both(|language, _| {
        let mut titles = BTreeSet::new();
        for page in all() {
            let (main, footer) = written(&page, language);
            assert!(!main.contains("{}") && !main.contains('`'), "{main}");
            assert!(!footer.contains("{}") && !footer.contains('`'), "{footer}");
            let (_, title) = main.split_once("<h1>").unwrap();
            let (title, _) = title.split_once("</h1>").unwrap();
            assert!(titles.insert(title.to_owned()), "{title}");
        }
    });
}

#[test]
fn a_refusal_names_the_address_what_to_do_and_the_contact() {
    in_both(|language, whom| {
        for refusal in REFUSALS {
            let (main, footer) = written(&refused(refusal, false), language);
            assert!(main.contains(">igor@example.com</bdi>"), "{main}");
            assert!(main.contains(&format!("href=\"{RETRY}\"")), "{main}");
            assert!(main.contains(whom), "{main}");
            // Read out on the telephone, it is found in the log.
            let name = format!("<code>{refusal}</code>");
            assert!(footer.contains(&name), "{footer}");
        }
    });
}

#[test]
fn where_nothing_can_be_repeated_the_link_leads_to_the_nas() {
    in_both(|language, _| {
        for page in all() {
            let (main, _) = written(&page, language);
            let repeats = matches!(
                page,
                Page::Refused { .. } | Page::GoogleFailed { .. } | Page::GoogleRejectsUs { .. }
            );
            let link = if repeats { RETRY } else { NAS };
            assert!(main.contains(&format!("<a href=\"{link}\">")), "{main}");
            assert_eq!(main.matches("<a ").count(), 1, "{main}");
        }
    });
}

#[test]
fn who_was_added_a_moment_ago_learns_that_the_nas_was_slow() {
    in_both(|language, _| {
        let (slow, action) = match language {
            Language::English => ("The NAS was slow", "or choose another account</a>"),
            Language::French => ("Le NAS a été lent", "ou choisir un autre compte</a>"),
        };
        let (main, _) = written(&refused(Refusal::AddressUnknown, true), language);
        assert!(main.contains(slow) && main.contains(action), "{main}");
        let (main, _) = written(&refused(Refusal::AddressUnknown, false), language);
        assert!(!main.contains(slow), "{main}");
    });
}

#[test]
fn what_the_caretaker_has_to_type_is_set_apart() {
    in_both(|language, _| {
        let (main, footer) = written(&refused(Refusal::LinkedToAnother, false), language);
        let command = "sudo -u google-to-synology-sso google-to-synology-sso links remove ";
        assert!(footer.contains(&format!("<code>{command}")), "{footer}");
        assert!(!main.contains("google-to-synology-sso"), "{main}");
        let (_, footer) = written(
            &Page::Landing {
                name: "Synology",
                failed: &[],
            },
            language,
        );
        assert!(!footer.contains("<footer>"), "{footer}");
    });
}

#[test]
fn the_administrator_reads_the_account_s_domain() {
    in_both(|language, _| {
        for (domain, expected) in [
            (Some("other.example"), "<code>other.example</code>"),
            (Some("a`<b>\n"), "<code>a&#39;&#60;b&#62;\\n</code>"),
            (None, "<code>hd</code>"),
        ] {
            let detail = Detail::HostedDomain(domain.map(str::to_owned));
            let page = Page::Refused {
                refusal: Refusal::DomainNotAllowed,
                address: Some("igor@example.com"),
                detail: Some(&detail),
                slow: false,
                retry: RETRY.to_owned(),
            };
            let (main, footer) = written(&page, language);
            assert!(footer.contains(expected), "{footer}");
            assert!(!main.contains("hd") && !main.contains("other.example"));
        }
    });
}

#[test]
fn the_administrator_reads_which_alias_or_link_is_to_blame() {
    let google = CanonicalAddress::of("igor@example.com").unwrap();
    let alias = |dsm: &str| Detail::AliasWithoutUser {
        google: google.clone(),
        dsm: dsm.to_owned(),
    };
    let reserved = Detail::Reserved(DsmUsername::new("jeanne"));
    for (refusal, detail, expected) in [
        (
            Refusal::AddressUnknown,
            alias(r"CORP\paul"),
            r"<code>CORP\paul</code>",
        ),
        (
            Refusal::AddressUnknown,
            alias("le\u{301}a"),
            r"<code>le\u{301}a</code>",
        ),
        (Refusal::LinkedToAnother, reserved, "<code>jeanne</code>"),
    ] {
        in_both(|language, _| {
            let page = Page::Refused {
                refusal,
                address: Some("igor@example.com"),
                detail: Some(&detail),
                slow: false,
                retry: RETRY.to_owned(),
            };
            let (main, footer) = written(&page, language);
            assert!(footer.contains(expected), "{footer}");
            assert!(!main.contains(expected), "{main}");
            let enter_the_address = "User &#38; Group";
            assert!(!footer.contains(enter_the_address), "{footer}");
        });
    }
}

#[test]
fn the_caretaker_reads_what_google_rejects() {
    in_both(|language, _| {
        for (fault, part) in [
            (
                ClientFault::Credentials,
                "<code>google.client-secret-file</code>",
            ),
            (
                ClientFault::RedirectUri,
                "<code>https://login.example.com/callback</code>",
            ),
            (ClientFault::Other("unauthorized_client"), "Web"),
        ] {
            let (main, footer) = written(&rejected(fault), language);
            let code = format!("<code>{}</code>", fault.code());
            assert!(footer.contains(part) && footer.contains(&code), "{footer}");
            assert!(!main.contains(fault.code()), "{main}");
        }
    });
}

/// What a request contains is shown as what it is.
#[test]
fn the_caretaker_reads_what_came_and_what_was_expected() {
    let hostile = "<b>`{known}`</b>\u{202e}\n{asked}";
    let unknown = UntrustedRequest::UnknownClient {
        asked: shortened(hostile),
        known: vec!["synology".to_owned(), "photos".to_owned()],
    };
    let unregistered = UntrustedRequest::UnregisteredRedirect {
        client: ClientId::new("synology"),
        asked: shortened(&"https://nas/".repeat(100)),
        registered: vec!["https://nas.example.com/".to_owned()],
    };
    in_both(|language, _| {
        let page = Page::BadRequest {
            error: Some(&unknown),
        };
        let (main, footer) = written(&page, language);
        let came = "<code>&#60;b&#62;&#39;{known}&#39;&#60;/b&#62;\\u{202e}\\n{asked}</code>";
        assert!(footer.contains(came), "{footer}");
        let expected = "<code>synology</code>,</span> <span class=\"code\"><code>photos</code>";
        assert!(footer.contains(expected), "{footer}");
        assert!(!main.contains("synology"), "{main}");
        let page = Page::BadRequest {
            error: Some(&unregistered),
        };
        let (_, footer) = written(&page, language);
        assert!(footer.contains("<code>https://nas.example.com/</code>"));
        assert!(
            footer.contains("https://nas/https:") && footer.len() < 900,
            "{footer}"
        );
    });
}

/// On a phone a command fills its line; what ends the sentence stays with it.
#[test]
fn no_full_stop_stands_alone_behind_a_command() {
    in_both(|language, _| {
        for page in all() {
            let (_, footer) = written(&page, language);
            let (advice, _reference) = footer.rsplit_once("<p>").unwrap_or_default();
            for (_, behind) in advice
                .match_indices("</code>")
                .map(|(at, code)| advice.split_at(at + code.len()))
            {
                let (inside, outside) = behind.split_once("</span>").unwrap();
                assert!(inside.chars().count() <= 2, "{inside}");
                assert!(
                    !outside.starts_with(['.', ',', ':', ';', '\u{a0}']),
                    "{footer}"
                );
            }
        }
    });
}

/// The rest of the line stays as it is, whatever way a name is written.
#[test]
fn a_name_from_right_to_left_turns_nothing_else_round() {
    in_both(|language, _| {
        let name = "\u{202e}NAS של דוד";
        let (main, _) = written(&Page::Landing { name, failed: &[] }, language);
        assert!(main.contains(&format!("\u{2068}{name}\u{2069}")), "{main}");
        let (main, _) = written(&refused(Refusal::AddressUnknown, false), language);
        assert!(main.contains("<bdi dir=\"ltr\">igor@"), "{main}");
    });
}

#[test]
fn every_page_has_icon_and_names_of_nas_and_product() {
    in_both(|language, _| {
        for page in all() {
            let id = RequestId::new(&OsRandom::default(), 1);
            let mut html = page.html(language, &id, NAS).unwrap();
            html.nas_name = Some("NAS <b> der Oma");
            let body = html.render().unwrap();
            let (header, _) = body.split_once("</header>").unwrap();
            assert!(header.contains(ICON), "{header}");
            let name = "<strong><bdi>NAS &#60;b&#62; der Oma</bdi></strong>";
            assert!(header.contains(name), "{header}");
            assert!(header.contains("google-to-synology-sso</span>"), "{header}");
            html.nas_name = None;
            let body = html.render().unwrap();
            assert!(body.contains("<strong>google-to-synology-sso</strong>"));
        }
    });
}

/// A page that is for the administrator shows everything at once.
#[test]
fn the_administrator_s_section_opens_on_a_click() {
    in_both(|language, _| {
        for page in all() {
            let (_, footer) = written(&page, language);
            let open = matches!(
                page,
                Page::Checklist { .. } | Page::NotSetUp | Page::SetUpWrongly { .. }
            );
            let is_closed = footer.contains("<details>");
            assert_eq!(footer.contains("<details open>"), open, "{footer}");
            let has_section = !matches!(page, Page::Landing { .. });
            assert_eq!(is_closed, has_section && !open, "{footer}");
        }
    });
}

#[test]
fn the_log_is_beside_the_reference() {
    in_both(|language, _| {
        let page = refused(Refusal::AddressUnknown, false);
        let id = RequestId::new(&OsRandom::default(), 1);
        let mut html = page.html(language, &id, NAS).unwrap();
        html.log = Some("/var/log/<ours>");
        let body = html.render().unwrap();
        let (_, reference) = body
            .split_once("<code>address-unknown</code></p>\n")
            .unwrap();
        let (log, _) = reference.split_once('\n').unwrap();
        assert!(
            log.ends_with("<code>/var/log/&#60;ours&#62;</code></p>"),
            "{log}"
        );
    });
}
