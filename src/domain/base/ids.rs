//! A type for each string that must not be confused with another.

use std::fmt;

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps `text` unchanged.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the text unchanged.
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
    /// Google's `sub`, which together with the issuer identifies an account.
    GoogleSubject
}
string_id! {
    /// The name of a DSM user, exactly as DSM lists it.
    DsmUsername
}
string_id! {
    /// The `kid` of one of our signing keys.
    KeyId
}
