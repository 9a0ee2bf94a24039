//! The pages in English.

use super::{Book, Clock, HostedDomain, Words};

const CHOOSE: &str = "Choose another Google account";
const TRY_AGAIN: &str = "Try again";
const LOOK_AGAIN: &str = "Check again";
const TO_THE_NAS: &str = "Go to the NAS";
const ASK: &str = "Choose another Google account, or ask the person who looks after the NAS.";
const SEE_LOG: Option<&str> = Some("The log has the reason, in the lines with this reference.");

pub(super) static BOOK: Book = Book {
    signed_in_as: "You signed in to Google as",
    caretaker: "For the person who looks after the NAS",
    reference: "Reference:",
    slow: "The NAS was slow to answer, so what was changed there a moment ago may not count yet. \
           Wait a minute, then try again.",
    slow_action: "Try again, or choose another account",
    hosted_domain: HostedDomain {
        is: "This account’s domain (Google’s claim `hd`) is `{}`.",
        none: "This account belongs to no domain: Google sends no claim `hd`.",
    },
    alias_without_user: "`users.alias` in the config leads from this address to a user that DSM does \
                         not list as a local user: {}. Correct the user’s name there; domain and \
                         LDAP users are not read. `sudo -u google-to-synology-sso \
                         google-to-synology-sso users` lists the names.",
    reserved: "Another Google account with this address is linked to the user {}, which was deleted or \
               renamed in DSM. If this Google account is the right one now, remove that link: \
               `sudo -u google-to-synology-sso google-to-synology-sso links remove` {}.",
    clock: Clock {
        fast: "fast",
        slow: "slow",
        days: "days",
        years: "years",
    },
    landing: Words {
        title: "Sign in to {} with Google",
        paragraphs: &[
            "This page only helps to sign in: there is nothing to do here.",
            "Go to the NAS and choose the Google button there.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    bad_request: Words {
        title: "This sign-in link is not right",
        paragraphs: &[
            "The NAS sent you here with a question that this page does not understand. It is not \
             your fault.",
            "Go to the NAS and choose the Google button again. If you come back here, tell the \
             person who looks after the NAS.",
        ],
        action: TO_THE_NAS,
        mend: Some(
            "DSM’s SSO settings and the config of this service do not match. The log has the \
             reason, in the lines with this reference.",
        ),
    },
    unknown_client: "DSM sent the Application ID {asked}, and the config has {known} as `clients.id`. Correct one \
                     of them; DSM’s is in Control Panel > Domain/LDAP > SSO Client.",
    unregistered_redirect: "DSM sent the redirect URI {asked}, and the config has {known} as \
                            `clients.redirect-uris`. Correct one of them; DSM’s is in Control \
                            Panel > Domain/LDAP > SSO Client.",
    bad_callback: Words {
        title: "This is not a complete answer from Google",
        paragraphs: &[
            "A part of what Google sends along is missing.",
            "Go to the NAS and choose the Google button again. If it happens again, tell the \
             person who looks after the NAS.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    no_such_login: Words {
        title: "This sign-in attempt has expired",
        paragraphs: &[
            "It took too long, or it was begun in another browser, or this browser refuses \
             cookies.",
            "Go to the NAS and choose the Google button again. If it happens each time, ask the \
             person who looks after the NAS.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    already_used: Words {
        title: "This sign-in was already used",
        paragraphs: &[
            "A sign-in works only once. Perhaps this page was loaded a second time.",
            "If you are not signed in yet, go to the NAS and choose the Google button again.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    google_failed: Words {
        title: "Google did not answer as it should",
        paragraphs: &[
            "Nothing is wrong with your account.",
            "Wait a moment, then try again. If it happens again, tell the person who looks after \
             the NAS.",
        ],
        action: TRY_AGAIN,
        mend: SEE_LOG,
    },
    google_rejects_us: Words {
        title: "Google does not accept this sign-in service",
        paragraphs: &[
            "One of its settings at Google is wrong or has changed. Your account is not the cause.",
            "Until this is corrected, sign in to the NAS with name and password. Tell the person \
             who looks after the NAS.",
        ],
        action: TRY_AGAIN,
        mend: SEE_LOG,
    },
    google_credentials: "Google answered {}: the client ID or the client secret is wrong. Compare \
                         `google.client-id` and the file in `google.client-secret-file` with the \
                         Google console, then run \
                         `sudo -u google-to-synology-sso google-to-synology-sso reload`.",
    google_redirect_uri: "Google answered {}: add {known} to the client’s Authorized redirect URIs \
                          in the Google console.",
    google_client: "Google answered {}: in the Google console, the client must be enabled and of \
                    the type Web application.",
    too_many: Words {
        title: "Too many tries",
        paragraphs: &[
            "Too many sign-ins were begun from here in a short time.",
            "Wait a minute, then go to the NAS and choose the Google button again.",
        ],
        action: TO_THE_NAS,
        mend: Some(
            "If nobody tried so often, everybody seems to come from one place: name the proxy in \
             `listen.trusted-proxies` in the config.",
        ),
    },
    broken: Words {
        title: "Something went wrong here",
        paragraphs: &[
            "It is not your fault.",
            "Wait a moment, then go to the NAS and try again. If it happens again, tell the \
             person who looks after the NAS.",
        ],
        action: TO_THE_NAS,
        mend: SEE_LOG,
    },
    not_found: Words {
        title: "There is nothing here",
        paragraphs: &[
            "Perhaps a part of this page’s address is missing.",
            "To sign in, go to the NAS and choose the Google button there.",
        ],
        action: TO_THE_NAS,
        mend: None,
    },
    not_set_up: Words {
        title: "Sign-in with Google is not set up yet",
        paragraphs: &[
            "Until it is, sign in to the NAS with name and password.",
            "The person who looks after the NAS finds below what there is to do.",
        ],
        action: LOOK_AGAIN,
        mend: Some(
            "The questions of the installation were skipped, and nothing was answered since. Either \
             uninstall the package in Package Center and install it again, which asks them once \
             more; or type `sudo -u google-to-synology-sso google-to-synology-sso setup` on the NAS, \
             by SSH. Nothing has to be started then: it begins by itself.",
        ),
    },
    set_up_wrongly: Words {
        title: "Sign-in with Google is not set up right",
        paragraphs: &[
            "Until it is, sign in to the NAS with name and password.",
            "The person who looks after the NAS finds below what there is to do.",
        ],
        action: LOOK_AGAIN,
        mend: Some(
            "The config is there, but not good. To be mended: {}. On the NAS, \
             `sudo -u google-to-synology-sso google-to-synology-sso check` says what is wrong with \
             each, and so does the log. Nothing has to be started then: it begins by itself.",
        ),
    },
    address_missing: Words {
        title: "This Google account has no e-mail address",
        paragraphs: &[
            "The NAS recognises people by their e-mail address, and Google did not send one for \
             this account.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some("Google’s ID token was valid but has no claim `email`."),
    },
    address_not_verified: Words {
        title: "Google has not verified this address",
        paragraphs: &[
            "Google does not vouch that this address is yours.",
            "Open your Google account, confirm the address there, then come back and try again. \
             If you do not know how, ask the person who looks after the NAS.",
        ],
        action: CHOOSE,
        mend: None,
    },
    address_unknown: Words {
        title: "The NAS does not know this Google account",
        paragraphs: &[
            "Nobody on the NAS has this address.",
            "If you have another Google account, choose that one. If not, ask the person who looks \
             after the NAS to add this address.",
        ],
        action: CHOOSE,
        mend: Some(
            "Control Panel > User & Group: edit the user, and enter this address as “Email”. It \
             counts at the next try.",
        ),
    },
    address_ambiguous: Words {
        title: "Several people on the NAS have this address",
        paragraphs: &["So the NAS cannot tell which of them you are.", ASK],
        action: CHOOSE,
        mend: Some(
            "Control Panel > User & Group: more than one user has this address as “Email”. Leave \
             it to one of them. It counts at the next try.",
        ),
    },
    domain_not_allowed: Words {
        title: "This Google account is not from the right organisation",
        paragraphs: &[
            "The NAS only lets in Google accounts of certain organisations, such as a school or a \
             company.",
            "Choose the account that you have from there, or ask the person who looks after the \
             NAS.",
        ],
        action: CHOOSE,
        mend: Some("`google.hosted-domains` in the config lists the domains that are allowed. {}"),
    },
    address_not_authoritative: Words {
        title: "The NAS cannot rely on this address",
        paragraphs: &[
            "This address is not managed by Google, and the NAS only relies on addresses that are.",
            "Choose a Google account whose address ends in gmail.com, or ask the person who looks \
             after the NAS.",
        ],
        action: CHOOSE,
        mend: Some(
            "An alias under `users.alias` in the config lets this address in; \
             `google.authoritative-addresses-only` is what keeps it out.",
        ),
    },
    account_disabled: Words {
        title: "Your account on the NAS is switched off",
        paragraphs: &[
            "The NAS knows this address, but the account is switched off.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some(
            "Control Panel > User & Group: edit the user who has this address; the account is \
             disabled there.",
        ),
    },
    account_expired: Words {
        title: "Your account on the NAS has expired",
        paragraphs: &[
            "The NAS knows this address, but the account was only meant to last until a certain \
             day.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some(
            "Control Panel > User & Group: edit the user who has this address; the account has a \
             last day there, and it is over.",
        ),
    },
    account_denied: Words {
        title: "This NAS account cannot be used with Google",
        paragraphs: &[
            "This address belongs to an account of the NAS that nobody may use with Google.",
            ASK,
        ],
        action: CHOOSE,
        mend: Some(
            "The user who has this address is listed in `users.deny` in the config, or is one of \
             `admin`, `guest` and `root`, as whom nobody signs in with Google.",
        ),
    },
    administrator_refused: Words {
        title: "Administrators do not sign in with Google here",
        paragraphs: &[
            "This address belongs to an administrator of the NAS.",
            "Go back to the NAS and sign in with name and password there, choose another Google \
             account, or ask the person who looks after the NAS.",
        ],
        action: CHOOSE,
        mend: Some("`users.administrators` in the config says whether administrators may."),
    },
    linked_to_another: Words {
        title: "Another Google account is in use for this person",
        paragraphs: &[
            "Somebody on the NAS has this address, but signs in with another Google account, one \
             that had the same address.",
            "If that other account is yours, choose it. If it is gone and this is your new one, \
             ask the person who looks after the NAS.",
        ],
        action: CHOOSE,
        mend: Some(
            "If this Google account is the right one now, forget the other: \
             `sudo -u google-to-synology-sso google-to-synology-sso links remove USER`.",
        ),
    },
    directory_stale: Words {
        title: "The NAS is not ready yet",
        paragraphs: &[
            "It has not said yet who may sign in. Perhaps it is still starting.",
            "Wait a minute, then try again. If it lasts, tell the person who looks after the NAS.",
        ],
        action: TRY_AGAIN,
        mend: Some(
            "`sudo -u google-to-synology-sso google-to-synology-sso status` says why DSM’s users \
             cannot be read.",
        ),
    },
    clock_wrong: Words {
        title: "The clock of the NAS is wrong",
        paragraphs: &[
            "It is {} compared with Google’s, so the NAS takes Google’s answers for too old or too \
             new. Nothing is wrong with your account.",
            "Tell the person who looks after the NAS, and try again when the clock is right.",
        ],
        action: TRY_AGAIN,
        mend: Some("Control Panel > Regional Options > Time: synchronise with an NTP server."),
    },
};
