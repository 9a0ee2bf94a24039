//! Tests of the whole daemon through its public interfaces.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

/// A whole login from DSM to Google and back.
mod login;

/// Three hundred users sign in at the same moment.
mod crowd;

/// `/auth`: valid requests, and the errors for invalid ones.
mod authorize;

/// `/callback`: Google's response is valid once, in the browser that began.
mod callback;

/// The sealed cookie that contains a login in progress.
mod cookies;

/// Links between Google accounts and DSM users, and attacks on them.
mod links;

/// Links that an administrator makes for refused Google accounts.
mod chosen_links;

/// Refusals that are delayed by a refresh of DSM's users.
mod misses;

/// `/token`: a client exchanges a code for tokens.
mod token;

/// `/userinfo`: a client asks for the user of an access token.
mod userinfo;

/// The public documents, such as discovery and keys.
mod documents;

/// The rotation of the signing keys.
mod keys;

/// The rate limits for each client address.
mod limits;

/// The limit of connections, and their time-outs.
mod connections;

/// HTTPS without a reverse proxy.
mod tls;

/// The state on disk.
mod store;

/// The copy of the state.
mod state_copy;

/// A damaged state is replaced by its copy.
mod damage;

/// A disk that is full or read-only.
mod full_disk;

/// An idle daemon does not write to the disk.
mod quiet;

/// The jobs run while the NAS is on, by its power schedule.
mod night;

/// When the NAS was and will be on, as a picture.
mod week;

/// A simulated year with nightly power-offs and failures.
mod year;

/// The pages that a user sees when a login fails.
mod pages;

/// What is left to do before the first sign-in.
mod checklist;

/// The daemon enters the settings in DSM, as the installation chose.
mod wizard_apply;

/// Wrong settings are shown on the page and in `status`.
mod problems;

/// Google's ID token: each invalid property is rejected by name.
mod id_token;

/// The cache of Google's documents, and the exchange of codes.
mod upstream;

/// The client of DSM's web API, and its reactions to failures.
mod dsm;

/// The fake DSM's login page behaves as DSM's does.
mod dsm_login;

/// The log of a login, without secrets.
mod log;

/// The daemon writes DSM's sign-in settings, and restores them.
mod apply;

/// `/metrics`: what a monitoring program reads.
mod metrics;

/// What is observed of the clients.
mod observed;

/// The sign-ins and refusals that are saved, and shown to the administrator.
mod sign_ins;

/// The errors and warnings of `check` for a config.
mod config;

/// The reference page of the config matches the code.
mod readme;

/// Behaviour that all commands share: arguments, exit codes, output.
mod command_line;

/// `import-dex`: the config of the Dex fork becomes ours.
mod import_dex;

/// `setup` and `dsm-settings`: config, secrets and values for the forms.
mod setup;

/// The user as which a command runs.
mod owner;

/// The commands that ask the daemon.
mod control;

/// `doctor`: each fault has one line that names it.
mod doctor;

/// The checks of `doctor` that the running daemon makes on request.
mod examination;

/// `dsm-settings`: DSM's settings are written and restored.
mod dsm_settings;

/// `users` and `links`: who can sign in, as which DSM user.
mod users;

/// `explain`: why a Google account is signed in or refused.
mod explain;

/// The config is reloaded during sign-ins.
mod reload;

/// Clients and providers of other projects work with the daemon.
mod interop;

/// Sign-ins in Chromium, and the accessibility of the pages.
mod chromium;

/// The icon on DSM's desktop, and its help page.
mod desktop;

/// Power cuts during logins and other writes.
mod kill;

/// Attacks that were once possible.
mod attacks;

/// A flood of requests uses little memory.
mod flood;

/// The administration page: who opens it, and what it accepts.
mod admin;

/// The daemon starts before Google and DSM can be reached.
mod warm_start;

/// Refreshes of DSM's users, and lists that are rejected.
mod refresh;

/// The power schedule: its sources and their order.
mod schedule;

/// The stop of the daemon, and starts that fail.
mod stop;

/// The daemon runs before its config exists.
mod wait_for_config;

/// The log line about the reason of a start.
mod starts;

/// systemd starts, supervises and stops the daemon.
mod systemd;

/// Rules for the source files.
mod tidy;

/// The words of the comments in `src`.
mod words;

/// The documentation: links, length, picture.
mod docs;

/// The drawings of forms in the guides.
mod drawings;

/// Helpers that several modules use.
mod support;
