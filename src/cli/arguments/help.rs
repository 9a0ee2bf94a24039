//! The help texts that are longer than a line.

pub(super) const PROGRAM: &str = "\
Sign in to a Synology NAS with Google: an OpenID provider for DSM and an OpenID client of Google. \
A user clicks the button on DSM's sign-in page and signs in at Google; DSM then signs them in as \
the DSM user who has that e-mail address.";

pub(super) const PROGRAM_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso setup
      Ask for the values of a first config; write the config and its secret files.
  google-to-synology-sso check
      Read the config and every file that it names, and print all problems.
  google-to-synology-sso --config ./config.toml run
      Run the daemon in the foreground with another config.
  google-to-synology-sso status
      Show daemon health, recent sign-ins, refusals and problems.
  google-to-synology-sso check --json | jq '.[] | select(.result == \"fail\")'
      Print the failures as JSON.

On a NAS, by SSH:
  sudo -u google-to-synology-sso google-to-synology-sso status
      Run every command as the package's user, which owns the config. That user can replace this \
program, so never run it as root there.

Config:
  The file that --config names, else the one in GOOGLE_TO_SYNOLOGY_SSO_CONFIG, else, as on a NAS, \
/var/packages/google-to-synology-sso/home/config.toml. Relative paths in it begin at its directory.

Exit codes:
  0   success
  1   failure
  2   usage error
  75  the daemon that the command asks is not running
  78  the config is invalid or missing";

pub(super) const DOCTOR: &str = "\
Test everything that a sign-in needs, for real, and print one line for each check: `ok`, `warn` or \
`fail`, what was tried, what the result was, what to do, and in which dialog.

It runs `check` first. Then it opens the public name from this machine, and Google; it reads DSM's \
users and sign-in settings, and compares the settings with those that `dsm-settings` prints. DSM \
allows one session, so that the running daemon reads DSM; without a daemon, the command does. \
Nothing is changed. It takes 30 seconds at most.

A check that could not be made, because another one failed, is `warn` and says `not tested`.";

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso doctor
      Test everything; print one line for each check.
  google-to-synology-sso doctor --json | jq -r '.[] | select(.result == \"fail\") | .name'
      Print the names of the checks that fail.
  google-to-synology-sso doctor --report /tmp/report.txt
      Also write a report for an issue; read it before you publish it.

Exit codes:
  0   no check failed
  1   a check failed
  78  the config is invalid or missing";

pub(super) const IMPORT_DEX: &str = "\
Create a config from the dex.yaml of the Dex fork which this service replaces, and from its \
variables SYNO_URL, SYNO_USER, SYNO_PASSWD and those that dex.yaml names, such as \
GOOGLE_CLIENT_ID. A variable is looked up in the given files, then in the environment.

The issuer, the clients and every `sub` stay the same, so that the settings that DSM has saved \
remain valid. The output lists each setting that was carried over, and each that has no \
counterpart.";

pub(super) const IMPORT_DEX_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso --config ./config.toml import-dex dex.yaml --env-file dex.env
      Create config.toml; take the variables from dex.env.
  google-to-synology-sso import-dex dex.yaml --compose compose.yaml --force
      Replace the config; take the variables from the services of compose.yaml.

Exit codes:
  0   the config was written
  1   nothing was written, because a value is missing or invalid, or a config exists";

pub(super) const DSM_SETTINGS: &str = "\
Print the values to enter in DSM's SSO settings and in the Google console, or let the daemon write \
those of DSM.

`--apply` writes DSM's SSO client, and the rule of its reverse proxy for the public URL. It first \
shows each value of DSM (`-`) with the new one (`+`), and waits for a typed `yes`. A value that \
works stays as it is. Each write is read back. An SSO client or a rule that points to another \
service stays, too, unless `--force` is given. Certificates are not changed.

`--undo` restores what DSM had before the first `--apply` since the last `--undo`. It does not \
replace what someone has changed since, unless `--force` is given.

The secret is compared and written, and never printed.";

pub(super) const DSM_SETTINGS_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso dsm-settings
      Print the values to enter in DSM and in the Google console.
  google-to-synology-sso dsm-settings --compare
      Show which values in DSM differ, and which certificate browsers get.
  google-to-synology-sso dsm-settings --apply
      Show what would be written to DSM; write it after a typed yes.
  google-to-synology-sso dsm-settings --apply --yes --json
      Write it without a question, and print what DSM has then.
  google-to-synology-sso dsm-settings --undo
      Restore what DSM had before.

Exit codes:
  0   success; DSM has the same values, or those from before --apply
  1   a value differs or was left, nothing was written, or DSM cannot be read
  2   usage error; also --apply or --undo without a terminal and without --yes
  75  with --apply or --undo, the daemon is not running
  78  the config is invalid or missing";

pub(super) const RELOAD: &str = "\
Reload the daemon's config and print the keys that changed.

An invalid config is rejected with all its problems, and the daemon keeps the previous config. \
A sign-in in progress is not disturbed. Changes to `listen`, `storage` and `control` need a \
restart, and the output says so. The daemon also reads DSM's users again, and ends a sign-in pause. \
SIGHUP does the same and logs the result.";

pub(super) const RELOAD_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso check && google-to-synology-sso reload
      Check the config before the daemon reloads it.
  kill -HUP \"$(pidof google-to-synology-sso)\"
      The same; the result is in the log.

Exit codes:
  0   the daemon uses the config
  1   the daemon cannot use the config, for example because the log cannot be opened
  75  the daemon is not running
  78  the config is invalid or missing; the daemon keeps the previous one";

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso status
      When DSM and Google were last read, the last sign-ins and refusals, and recent problems.
  google-to-synology-sso status --json | jq -c '.refusals[]'
      Print the last 100 refusals as JSON.
  google-to-synology-sso status --json | jq -c '.sign_ins[]'
      Print the last 200 sign-ins as JSON.
  google-to-synology-sso status --svg week.svg
      Draw seven days back and seven ahead: when the NAS was and will be on, jobs, sign-ins and \
refusals.";

pub(super) const USERS: &str = "\
List the DSM users with the result that a sign-in would have. The verdict is `ok` or the name of a \
refusal, as on the pages and in the log; `no-address` means that the user has no valid e-mail in \
DSM and no alias. The last sign-in is that of the name, as DSM lists it now. A name in users.alias that DSM does not list has a row of its own.

The list is the one that DSM returned last; `reload` reads it again.";

pub(super) const USERS_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso users
      List all users, and name those who have the same e-mail.
  google-to-synology-sso users --json | jq '.[] | select(.verdict != \"ok\")'
      Print the users who cannot sign in.";

pub(super) const EXPLAIN: &str = "\
Show what a verified Google account with this address would get: each of the seven rules in order, \
what it examined and what it found, then the claims that DSM would get. The rules are those of \
docs/concepts/who-may-sign-in.md. The account is the one that is linked by this address, or else \
one that has never signed in. Its Workspace domain is assumed to be that of the address.

The daemon answers from the users that DSM listed last, and changes nothing; `reload` reads the \
users again. With --at, the same users are judged at another time: an account may have expired by \
then, and the user list may be too old.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso explain jeanne.martin@gmail.com
      Show why Jeanne's Google account is signed in or refused.
  google-to-synology-sso explain lea@example.net --at \"2026-12-01 23:10\"
      The same at another time, in the time zone of the NAS.
  google-to-synology-sso explain lea@example.net --json | jq '.rules[] | select(.result == \"fail\")'
      Print the rule that refuses.

Exit codes:
  0   the result is printed, also if it is a refusal
  2   the time is invalid, or the address is too long
  75  the daemon is not running";

pub(super) const LINKS: &str = "\
Manage the Google accounts that are linked to DSM users. The first sign-in links the Google \
account to the DSM user who has its address. After that, only the linked account can sign in as \
this user, even if another account gets the same address.";

pub(super) const LINKS_REMOVE: &str = "\
Remove the links of a DSM user. The next sign-in with the user's e-mail creates a new link. Use \
this for a user who has a new Google account with the same address and is refused with \
`linked-to-another`.";

pub(super) const LINKS_REMOVE_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso links remove jeanne
      Link Jeanne's user to the next Google account that signs in with her address.

Exit codes:
  0   the printed links were removed
  1   the user has no link
  75  the daemon is not running";

pub(super) const KEYS: &str = "\
Manage the ID-token signing keys. DSM verifies an ID token with a key that the daemon publishes. \
A new key is published first and signs two days later, when all clients have fetched it. The \
previous key stays published for two more days.";

pub(super) const KEYS_ROTATE: &str = "\
Generate and publish the next key; it signs in two days. With --now, for keys that may be stolen, \
the new key signs at once, and all others are removed from the JWKS, the state and its copy: \
tokens that they signed are no longer accepted. A client that caches the keys may reject sign-ins \
until it fetches them again (after an hour at most, if it honours max-age).";

pub(super) const KEYS_ROTATE_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso keys rotate
      Publish a new key, which signs in two days.
  google-to-synology-sso keys rotate --now
      Replace all keys by a new one at once.";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso completions bash > ~/.local/share/bash-completion/completions/google-to-synology-sso
      For bash, for your own user.
  google-to-synology-sso completions zsh > ~/.zfunc/_google-to-synology-sso
      For zsh, if ~/.zfunc is in its fpath.";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  google-to-synology-sso man | man --local-file -
      Read the manual page.
  google-to-synology-sso man /usr/local/share/man/man1
      Write a page for each command there.";
