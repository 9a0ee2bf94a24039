//! The daemon as others see it: each module tells one side of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

/// One person signs in: the whole way.
mod login;

/// Everybody comes home at once.
mod crowd;

/// What a relying party may ask, and what it is told when it asks wrongly.
mod authorize;

/// Google's answer is good for the browser that asked, once.
mod callback;

/// A login in progress travels in its browser's cookie, and in nothing else.
mod cookies;

/// A Google account stays who it was, whatever happens to its address.
mod links;

/// Some refusals ask DSM once more before they are said.
mod misses;

/// DSM trades a code for tokens.
mod token;

/// DSM asks who the bearer of a token is.
mod userinfo;

/// What anybody may read.
mod documents;

/// The signing keys are replaced.
mod keys;

/// How often one client may ask.
mod limits;

/// How many connections, and how slow.
mod connections;

/// HTTPS without a proxy.
mod tls;

/// The state on disk.
mod store;

/// The copy beside the state.
mod state_copy;

/// The state is damaged, and the copy takes its place.
mod damage;

/// The disk is full, or cannot be written.
mod full_disk;

/// The disk sleeps while nothing happens.
mod quiet;

/// What runs by itself heeds the hours in which the NAS is off.
mod night;

/// A year of nights, and of all that may go wrong in one.
mod year;

/// What a person reads who cannot go on.
mod pages;

/// What is set up wrongly is on the page and in `status`.
mod problems;

/// Google vouches, or lies: each lie by its name.
mod id_token;

/// Google's documents: kept, refreshed, and never waited for without need.
mod upstream;

/// DSM's web API: how it is asked, and what its bad days make us do.
mod dsm;

/// The fake DSM's login page acts as DSM's own does.
mod dsm_login;

/// What the log says of a login, and what it never says.
mod log;

/// What an administrator reads who wrote the config and asks `check`.
mod config;

/// The reference page of the config matches the code.
mod readme;

/// What every command has in common: arguments, exit codes, where its output
/// goes.
mod command_line;

/// The first run: a config and its secrets, and what to paste where.
mod setup;

/// Who a command runs as.
mod owner;

/// The commands that ask the daemon.
mod control;

/// Who can sign in, and as whom: what an administrator is told.
mod users;

/// The config is read again while the family signs in.
mod reload;

/// Software that is not ours signs in through us, with strangers all around.
mod interop;

/// Chromium does what a family member does, and a page is for everybody.
mod chromium;

/// The icon on DSM's desktop, and the help behind it.
mod desktop;

/// The power goes in the middle of a login.
mod kill;

/// Ways in that were open once.
mod attacks;

/// A flood of requests uses little memory.
mod flood;

/// Morning: the daemon is up before Google and DSM are.
mod warm_start;

/// DSM's users change, and a list is not what it should be.
mod refresh;

/// When the NAS is on: who tells it.
mod schedule;

/// Evening: the daemon ends in good order, or does not begin.
mod stop;

/// The daemon is there before its config is.
mod wait_for_config;

/// Why the daemon begins.
mod starts;

/// systemd starts the daemon, watches it and ends it.
mod systemd;

/// The sources keep their shape.
mod tidy;

/// The pages that people read: links, length, picture.
mod docs;

/// What several stories use.
mod support;
