//! A type for each string that must not be taken for another.

use std::fmt;

/// Declares a string type whose values are made by name and read by
/// `as_str`, so that a client id is never passed for a subject.
macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is, byte for byte.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text, byte for byte.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

string_id! {
    /// A relying party's `client_id`, such as `synology`.
    ClientId
}
string_id! {
    /// Google's issuer identifier, as configured and compared byte for byte.
    GoogleIssuer
}
string_id! {
    /// Google's `sub`: with the issuer, the key of a person.
    GoogleSubject
}
string_id! {
    /// A DSM user's name, exactly as DSM lists it.
    DsmUsername
}
string_id! {
    /// The `kid` of one of our signing keys.
    KeyId
}
