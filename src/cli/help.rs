//! What `--help` teaches of the commands that ask the daemon.

pub(super) const RELOAD: &str = "\
Make the daemon that runs read its config again, and print what has changed, by key path.

A config that is not good is refused with all its problems, and the one of before stays in force. \
Whoever is in the middle of a sign-in ends it undisturbed. `listen`, `storage` and `control` count \
from the next start on, and the answer says so. The daemon also asks DSM for its users now, \
even if DSM refused its password and was to be left alone. A SIGHUP does the same, and tells it in \
the log.";

pub(super) const RELOAD_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso check && google-to-synology-sso reload
      Look first whether the config is good.
  kill -HUP \"$(pidof google-to-synology-sso)\"
      The same without an answer.

Exit codes:
  0   the config is in force
  1   it cannot be put in force, such as a log that does not open
  75  the daemon to ask is not running
  78  the config is bad or missing; the one of before is in force";

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso status
      When DSM and Google were last asked, the last refusals, and recent problems.
  google-to-synology-sso status --json | jq -c '.refusals[]'
      The last refusals, for a program.";

pub(super) const USERS: &str = "\
Who can sign in, who cannot and why: each DSM user with what would come of a sign-in now. The \
verdict is `ok` or the name of a refusal, as the pages and the log have it; `no-address` means \
that the user has no valid e-mail in DSM and no alias. Names in users.alias that DSM does not list \
have a row of their own.

The daemon knows the users as DSM last listed them; `reload` makes it ask again.";

pub(super) const USERS_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso users
      Everybody, with the names of those who share an e-mail.
  google-to-synology-sso users --json | jq '.[] | select(.verdict != \"ok\")'
      Those who cannot sign in.";

pub(super) const LINKS: &str = "\
The first sign-in links a Google account to the DSM user who has its address. From then on the \
account counts, not the address: who gets hold of an address later does not get the files of the \
one before.";

pub(super) const LINKS_REMOVE: &str = "\
Forget which Google accounts sign in as a DSM user. The next sign-in with the user's e-mail makes \
a new link. For somebody who has a new Google account with the same address, and is refused with \
`linked-to-another`.";

pub(super) const LINKS_REMOVE_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso links remove jeanne
      Whichever Google account with Jeanne's address comes first is hers from now on.

Exit codes:
  0   what is printed was removed
  1   no Google account was linked to the user
  75  the daemon to ask is not running";

pub(super) const KEYS: &str = "\
DSM believes an ID token that is signed by a key which the daemon publishes. A new key is \
published first, signs two days later, when everybody has fetched it, and the one of before stays \
published for two days more.";

pub(super) const KEYS_ROTATE: &str = "\
Generate the next key and publish it; it signs in two days. With --now, for keys that may be \
stolen, the new key signs at once, and all others are removed from the JWKS, the state and its \
copy: tokens that they signed are no longer accepted. A client that caches the keys may reject \
sign-ins until it fetches them again (after an hour at most, if it honours max-age).";

pub(super) const KEYS_ROTATE_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso keys rotate
      A new key, announced.
  google-to-synology-sso keys rotate --now
      A new key signs from now on; all others are removed.";
