//! Sign in to a Synology NAS with Google: an OpenID provider for DSM, an
//! OpenID client of Google.
//!
//! # One login
//!
//! ```text
//! browser ──GET /auth──────▶ authorize: query + clients ─▶ PendingLogin
//!                            sealed into a cookie ─▶ 303 to Google
//! Google  ──GET /callback──▶ google:    cookie + code ─▶ GoogleIdentity
//!                            directory: + users, links, policy ─▶ DsmUser
//!                            token:     code and link, stored ─▶ 303 to DSM
//! DSM     ──POST /token────▶ token:     code, once; evaluated again ─▶ tokens
//! DSM     ──GET /userinfo──▶ token:     evaluated again ─▶ username, e-mail
//! ```
//!
//! # Invariants
//!
//! - Imports point one way, from a group of the list below to those above it;
//!   `tests/it/tidy.rs` has the order within a group. What decides about a
//!   login is in the crate [`domain`], which has no access to a socket, a file,
//!   the log or a clock. Its four steps never import each other; `flow` calls
//!   them in order and does the I/O between two of them.
//! - No token without a [`DsmUser`](domain::model::login::DsmUser), no
//!   `DsmUser` without a
//!   [`GoogleIdentity`](domain::model::login::GoogleIdentity), no
//!   `GoogleIdentity` without a verified signature and nonce.
//! - A look-up never waits for DSM, with one exception: a sign-in that would be
//!   refused waits at the [`clients::refresh_coordinator`] for newer users,
//!   15 s at most, and all that wait share one refresh. No lock is held across
//!   an await on a socket, except to let one of several equal requests through.
//! - A request from anyone who is neither an admitted user nor an authenticated
//!   client writes nothing to the database.
//! - What is observed of the clients, a refusal, and when the daemon and its
//!   jobs ran, are saved with a write that another request or job causes. A
//!   sign-in is saved in the transaction that redeems its code.
//! - Of the state of sign-ins, only the data of the last access token is in
//!   memory, too, until the next commit (`store::last_access`).
//! - An unchanged refresh writes nothing: freshness is held in memory and saved
//!   once a day and at stop.
//! - Links are evaluated when they are used, by
//!   [`directory::judge`](domain::signin::directory::judge), and never deleted
//!   by a refresh: a short list must not unlink any user. A link is created in
//!   the transaction that stores its code.
//! - What a request works with is one [`app::AppState`], which a reload
//!   replaces as a whole; a request ends with the one with which it began.
//! - No command but `run` opens the state: the others ask the daemon, by
//!   `daemon::control`. Without a daemon, `doctor` reads it by
//!   [`store::glimpse`], and writes nothing.
//! - Time is passed as an argument; the clock, the random source, the
//!   environment and the spawning of tasks are each named in one file.
//! - serde types are wire types; domain types do not use serde.
//!
//! # Reading order
//!
//! Read `flow` first, then the steps in [`domain::signin`], then the layers
//! from the bottom up:

// What the machine and its administrator give.
pub mod config;
pub mod logging;
pub mod machine;

// DSM, Google and the disk.
pub mod clients;
pub mod store;

// A request, from what it works with to its response.
pub mod app;
pub(crate) mod flow;
pub mod http;

// What tests all of it, and the requests and reports of the commands.
pub(crate) mod control;
pub mod doctor;

// The administration page, which shows these reports.
pub(crate) mod admin;

// What runs all of it, and the command line.
pub mod cli;
pub mod daemon;
