//! Sign in to a Synology NAS with Google: an OpenID provider toward DSM, an
//! OpenID client toward Google.
//!
//! # One login
//!
//! ```text
//! browser ──GET /auth──────▶ authorize: query + clients ─▶ PendingLogin
//!                            sealed into a cookie ─▶ 303 to Google
//! Google  ──GET /callback──▶ google:    cookie + code ─▶ GoogleIdentity
//!                            directory: + users, links, policy ─▶ DsmUser
//!                            token:     code and link, stored ─▶ 303 to DSM
//! DSM     ──POST /token────▶ token:     code, once; judged again ─▶ tokens
//! DSM     ──GET /userinfo──▶ token:     judged again ─▶ username, e-mail
//! ```
//!
//! # Invariants
//!
//! - Imports point one way: `http → flow → authorize | google | directory |
//!   token → login, keys`. The four steps never import each other, nor `http`,
//!   `store`, `dsm`, `upstream` or `http_client`: `flow` alone calls those
//!   between two steps. Only `daemon` knows everything, and only `cli` knows
//!   `daemon`.
//! - No token without a [`login::DsmUser`], no `DsmUser` without a
//!   [`login::GoogleIdentity`], no `GoogleIdentity` without a verified
//!   signature and nonce.
//! - A look-up never waits for DSM, with one exception: who would be refused
//!   for want of newer users waits at the [`refresh_desk`], 15 s at most, all
//!   of them for one reading. A lock is held across an await on a socket only
//!   as a turnstile, of those who would ask the same.
//! - A stranger's request writes nothing to the database.
//! - An unchanged refresh writes nothing: freshness lives in memory and goes to
//!   disk once a day and at stop.
//! - Links are judged when they are used, by [`directory::judge`], and never
//!   deleted by a refresh: a list that came back short must not unlink anybody.
//!   One is made in the transaction that stores its code.
//! - What a request works with is one [`flow::Bridge`], which a reload replaces
//!   as a whole; a request ends with the one with which it began.
//! - No command but `run` opens the state: they ask the daemon, by
//!   [`control`].
//! - Time comes in as an argument; the clock, chance, the environment and the
//!   spawning of tasks are each named in one file.
//! - serde types are wire types; domain types have no serde.
//!
//! # Reading order

// What flows: a login's stages, and the words that they are made of.
pub mod address;
pub mod ids;
pub mod issuer;
pub mod login;
pub mod oauth;
pub mod parameters;
pub mod power;
pub mod relying_party;
pub mod user_list;

// The four steps: they decide, and touch nothing.
pub mod authorize;
pub mod directory;
pub mod google;
pub mod token;

// Where the steps meet.
pub mod flow;

// Around them: the doors to the browser, Google, DSM and the disk.
pub mod dsm;
pub mod http;
pub mod http_client;
pub mod key_ring;
pub mod keys;
pub mod refresh_desk;
pub mod store;
pub mod tls;
pub mod upstream;

// What runs all of it.
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod jobs;
pub mod lifecycle;
pub mod logging;

// Where time, chance and secrets enter.
pub mod clock;
pub mod random;
pub mod secret;
pub mod time_zone;

mod backoff;
mod web_url;
