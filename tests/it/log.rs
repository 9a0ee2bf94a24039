//! The log that an administrator reads in the morning: one line for the end
//! of each login, findable by the reference on the page, and nothing in it
//! that would let its reader sign in.

mod budget;
mod clock;
mod ends;
mod file;
mod news;
mod secrets;
