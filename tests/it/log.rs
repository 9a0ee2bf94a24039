//! The log that an administrator reads: one line for the end of each login,
//! which the reference on the page identifies, and no secret that would let a
//! reader sign in.

mod budget;
mod clock;
mod ends;
mod file;
mod news;
mod secrets;
