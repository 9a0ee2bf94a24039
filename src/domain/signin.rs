//! The four steps of a login. Each takes the previous step's result by value;
//! none imports another.

pub mod authorize;
pub mod directory;
pub mod google;
pub mod token;
