//! DSM trades a code for tokens: who may, with what, and what they say.

/// The client says who it is.
mod client;

/// A request of good form, and what is none.
mod request;

/// A code: once, soon, by its owner, for its redirect URI and verifier.
mod code;

/// Who was let in a moment ago may be out now.
mod judged;

/// What the ID token says, and that others can verify it.
mod claims;
