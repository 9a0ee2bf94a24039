//! `/token`: authentication, codes, and the contents of the tokens.

/// Client authentication.
mod client;

/// The form of the request.
mod request;

/// A code is valid once, for a minute, for its client, redirect URI and
/// verifier.
mod code;

/// A user who was accepted may be rejected later.
mod judged;

/// The claims of the ID token, and its signature.
mod claims;
