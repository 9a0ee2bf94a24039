//! The pages in English.

use super::{Labels, Words};
use crate::http::pages::Page;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};
use domain::signin::google::ClientFault;

pub(super) static LABELS: Labels = Labels {
    signed_in_as: "You signed in to Google as",
    administrator: "For the person who looks after the NAS",
    reference: "Reference:",
    slow: "The NAS was slow to respond, so a change that was made a moment ago may not have taken \
           effect yet. Wait a minute, then try again.",
    slow_action: "Try again, or choose another account",
    clock_fast: "fast",
    clock_slow: "slow",
    days: "days",
    years: "years",
};

const CHOOSE: &str = "Choose another Google account";
const TRY_AGAIN: &str = "Try again";
const CHECK_AGAIN: &str = "Check again";
const TO_THE_NAS: &str = "Go to the NAS";
const ASK: &str = "Choose another Google account, or ask the person who looks after the NAS.";
const UNTIL_THEN: &str = "Until it is, sign in to the NAS with name and password.";
const STEPS_BELOW: &str = "The person who looks after the NAS finds the next steps below.";
const SEE_LOG: &str = "The log has the reason, in the lines with this reference.";

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn words(page: &Page<'_>) -> Words {
    match page {
        Page::Landing { .. } => Words {
            title: "Sign in to {name} with Google",
            paragraphs: &[
                "This page is only used during a sign-in: there is nothing to do here.",
                "Go to the NAS and choose the Google button there.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::BadRequest { error } => Words {
            title: "This sign-in link is not right",
            paragraphs: &[
                "The NAS sent you here with a request that this service cannot process. It is not \
                 your fault.",
                "Go to the NAS and choose the Google button again. If you come back here, tell the \
                 person who looks after the NAS.",
            ],
            action: TO_THE_NAS,
            advice: match error {
                Some(UntrustedRequest::UnknownClient { .. }) => {
                    "DSM sent the Application ID {asked}, and the config has {known} as \
                     `clients.id`. Correct one of them; DSM’s is in Control Panel > Domain/LDAP > \
                     SSO Client."
                }
                Some(UntrustedRequest::UnregisteredRedirect { .. }) => {
                    "DSM sent the redirect URI {asked}, and the config has {known} as \
                     `clients.redirect-uris`. Correct one of them; DSM’s is in Control Panel > \
                     Domain/LDAP > SSO Client."
                }
                Some(UntrustedRequest::Parameter(_) | UntrustedRequest::TooLong(_)) | None => {
                    "DSM’s SSO settings and the config of this service do not match. The log has \
                     the reason, in the lines with this reference."
                }
            },
        },
        Page::BadCallback => Words {
            title: "This is not a complete answer from Google",
            paragraphs: &[
                "A part of what Google sends is missing.",
                "Go to the NAS and choose the Google button again. If it happens again, tell the \
                 person who looks after the NAS.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::NoSuchLogin => Words {
            title: "This sign-in attempt has expired",
            paragraphs: &[
                "It took too long, or it was started in another browser, or this browser blocks \
                 cookies.",
                "Go to the NAS and choose the Google button again. If it happens each time, ask \
                 the person who looks after the NAS.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::AlreadyUsed => Words {
            title: "This sign-in was already used",
            paragraphs: &[
                "Each sign-in works only once. This page may have been loaded a second time.",
                "If you are not signed in yet, go to the NAS and choose the Google button again.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::GoogleFailed { .. } => Words {
            title: "Google did not answer as it should",
            paragraphs: &[
                "Your account is not the cause.",
                "Wait a moment, then try again. If it happens again, tell the person who looks \
                 after the NAS.",
            ],
            action: TRY_AGAIN,
            advice: SEE_LOG,
        },
        Page::GoogleRejectsUs { fault, .. } => Words {
            title: "Google does not accept this sign-in service",
            paragraphs: &[
                "One of its settings at Google is wrong or has changed. Your account is not the \
                 cause.",
                "Until this is corrected, sign in to the NAS with name and password. Tell the \
                 person who looks after the NAS.",
            ],
            action: TRY_AGAIN,
            advice: match fault {
                ClientFault::Credentials => {
                    "Google returned {code}: the client ID or the client secret is wrong. Compare \
                     `google.client-id` and the file in `google.client-secret-file` with the \
                     Google console, then run \
                     `sudo -u google-to-synology-sso google-to-synology-sso reload`."
                }
                ClientFault::RedirectUri => {
                    "Google returned {code}: add {redirect_uri} to the client’s Authorized \
                     redirect URIs in the Google console."
                }
                ClientFault::Other(_) => {
                    "Google returned {code}: in the Google console, the client must be enabled and \
                     of the type Web application."
                }
            },
        },
        Page::Refused {
            refusal: Refusal::AddressNotVerified,
            address: None,
            ..
        } => Words {
            title: "This Google account has no e-mail address",
            paragraphs: &[
                "The NAS recognises people by their e-mail address, and Google did not send one \
                 for this account.",
                ASK,
            ],
            action: CHOOSE,
            advice: "Google’s ID token is valid but has no claim `email`.",
        },
        Page::Refused {
            refusal, detail, ..
        } => refused(*refusal, *detail),
        Page::TooMany => Words {
            title: "Too many tries",
            paragraphs: &[
                "Too many sign-ins were started from here in a short time.",
                "Wait a minute, then go to the NAS and choose the Google button again.",
            ],
            action: TO_THE_NAS,
            advice: "If there were few tries, all users may appear to have the same address: add \
                     the proxy to `listen.trusted-proxies` in the config.",
        },
        Page::Broken => Words {
            title: "Something went wrong here",
            paragraphs: &[
                "It is not your fault.",
                "Wait a moment, then go to the NAS and try again. If it happens again, tell the \
                 person who looks after the NAS.",
            ],
            action: TO_THE_NAS,
            advice: SEE_LOG,
        },
        Page::NotFound => Words {
            title: "There is nothing here",
            paragraphs: &[
                "A part of this page’s address may be missing.",
                "To sign in, go to the NAS and choose the Google button there.",
            ],
            action: TO_THE_NAS,
            advice: "",
        },
        Page::NotSetUp => Words {
            title: "Sign-in with Google is not set up yet",
            paragraphs: &[UNTIL_THEN, STEPS_BELOW],
            action: CHECK_AGAIN,
            advice: "The questions of the installation were skipped. Either uninstall the package \
                     in Package Center and install it again, which asks them again; or run \
                     `sudo -u google-to-synology-sso google-to-synology-sso setup` on the NAS, by \
                     SSH. The service then starts by itself.",
        },
        Page::SetUpWrongly { .. } => Words {
            title: "Sign-in with Google is not set up right",
            paragraphs: &[UNTIL_THEN, STEPS_BELOW],
            action: CHECK_AGAIN,
            advice: "The config is not valid. Correct {places}. On the NAS, \
                     `sudo -u google-to-synology-sso google-to-synology-sso check` says what is \
                     wrong with each, and so does the log. The service then starts by itself.",
        },
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn refused(refusal: Refusal, detail: Option<&Detail>) -> Words {
    match refusal {
        Refusal::AddressNotVerified => Words {
            title: "Google has not verified this address",
            paragraphs: &[
                "Google does not vouch that this address is yours.",
                "Open your Google account, confirm the address there, then come back and try \
                 again. If you do not know how, ask the person who looks after the NAS.",
            ],
            action: CHOOSE,
            advice: "",
        },
        Refusal::AddressUnknown => Words {
            title: "The NAS does not know this Google account",
            paragraphs: &[
                "No user of the NAS has this address.",
                "If you have another Google account, choose that one. If not, ask the person who \
                 looks after the NAS to add this address.",
            ],
            action: CHOOSE,
            advice: match detail {
                Some(Detail::AliasWithoutUser { .. }) => {
                    "In the config, `users.alias` maps this address to a user that DSM does not \
                     list as a local user: {alias}. Correct the user’s name there; domain and LDAP \
                     users are not read. \
                     `sudo -u google-to-synology-sso google-to-synology-sso users` lists the names."
                }
                Some(Detail::HostedDomain(_) | Detail::Reserved(_)) | None => {
                    "Control Panel > User & Group: edit the user, and enter this address as \
                     “Email”. The next try uses it."
                }
            },
        },
        Refusal::AddressAmbiguous => Words {
            title: "Several people on the NAS have this address",
            paragraphs: &["So the NAS cannot tell which of them you are.", ASK],
            action: CHOOSE,
            advice: "Control Panel > User & Group: more than one user has this address as “Email”. \
                     Remove it from all but one of them. The next try uses the change.",
        },
        Refusal::DomainNotAllowed => Words {
            title: "This Google account is not from the right organisation",
            paragraphs: &[
                "The NAS accepts only Google accounts of certain organisations, such as a school \
                 or a company.",
                "Choose your account of that organisation, or ask the person who looks after the \
                 NAS.",
            ],
            action: CHOOSE,
            advice: match detail {
                Some(Detail::HostedDomain(Some(_))) => {
                    "`google.hosted-domains` in the config lists the allowed domains. This \
                     account’s domain (Google’s claim `hd`) is {domain}."
                }
                Some(_) | None => {
                    "`google.hosted-domains` in the config lists the allowed domains. This account \
                     belongs to no domain: Google sends no claim `hd`."
                }
            },
        },
        Refusal::AddressNotAuthoritative => Words {
            title: "The NAS cannot rely on this address",
            paragraphs: &[
                "Google does not manage this address, and the NAS relies only on addresses that \
                 Google manages.",
                "Choose a Google account whose address ends in gmail.com, or ask the person who \
                 looks after the NAS.",
            ],
            action: CHOOSE,
            advice: "`google.authoritative-addresses-only` in the config excludes this address. An \
                     alias under `users.alias` makes an exception for it.",
        },
        Refusal::AccountDisabled => Words {
            title: "Your account on the NAS is disabled",
            paragraphs: &[
                "The NAS knows this address, but the account is disabled.",
                ASK,
            ],
            action: CHOOSE,
            advice: "Control Panel > User & Group: edit the user who has this address, and enable \
                     the account.",
        },
        Refusal::AccountExpired => Words {
            title: "Your account on the NAS has expired",
            paragraphs: &[
                "The NAS knows this address, but the expiry date of the account has passed.",
                ASK,
            ],
            action: CHOOSE,
            advice: "Control Panel > User & Group: edit the user who has this address, and change \
                     the expiry date of the account.",
        },
        Refusal::AccountDenied => Words {
            title: "This NAS account cannot be used with Google",
            paragraphs: &[
                "This address belongs to an account of the NAS that may not sign in with Google.",
                ASK,
            ],
            action: CHOOSE,
            advice: "The user who has this address is listed in `users.deny` in the config, or is \
                     `admin`, `guest` or `root`, which can never sign in with Google.",
        },
        Refusal::AdministratorRefused => Words {
            title: "Administrators do not sign in with Google here",
            paragraphs: &[
                "This address belongs to an administrator of the NAS.",
                "Go back to the NAS and sign in with name and password there, choose another \
                 Google account, or ask the person who looks after the NAS.",
            ],
            action: CHOOSE,
            advice: "`users.administrators` in the config sets whether administrators may sign in \
                     with Google.",
        },
        Refusal::LinkedToAnother => Words {
            title: "Another Google account is in use for this person",
            paragraphs: &[
                "A user of the NAS has this address, but signs in with another Google account, \
                 which had the same address.",
                "If that other account is yours, choose it. If it no longer exists and this is \
                 your new one, ask the person who looks after the NAS.",
            ],
            action: CHOOSE,
            advice: match detail {
                Some(Detail::Reserved(_)) => {
                    "Another Google account with this address is linked to the user {user}, which \
                     was deleted or renamed in DSM. If this Google account is the right one now, \
                     remove that link: \
                     `sudo -u google-to-synology-sso google-to-synology-sso links remove` {user}."
                }
                Some(_) | None => {
                    "If this Google account is the right one now, remove the link of the other: \
                     `sudo -u google-to-synology-sso google-to-synology-sso links remove USER`."
                }
            },
        },
        Refusal::DirectoryStale => Words {
            title: "The NAS is not ready yet",
            paragraphs: &[
                "Its list of users is not available yet. The NAS may still be starting.",
                "Wait a minute, then try again. If this lasts, tell the person who looks after the \
                 NAS.",
            ],
            action: TRY_AGAIN,
            advice: "`sudo -u google-to-synology-sso google-to-synology-sso status` says why DSM’s \
                     users cannot be read.",
        },
        Refusal::ClockWrong { .. } => Words {
            title: "The clock of the NAS is wrong",
            paragraphs: &[
                "It is {difference} compared with Google’s, so Google’s answers appear too old or \
                 too new. Your account is not the cause.",
                "Tell the person who looks after the NAS, and try again when the clock is right.",
            ],
            action: TRY_AGAIN,
            advice: "Control Panel > Regional Options > Time: synchronise with an NTP server.",
        },
    }
}
