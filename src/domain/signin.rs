//! The four steps of a login. Each takes the result of the previous one by
//! value; none imports another.

pub mod authorize;
pub mod directory;
pub mod google;
pub mod token;
