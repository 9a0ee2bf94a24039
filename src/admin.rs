//! The administration page at `/admin`: what the commands print, for the person
//! who looks after the NAS, and the forms that change it.
//!
//! The page is a client of the requests in [`crate::control`]. No code here
//! reads DSM or the state, or decides who may sign in.
//!
//! A page of the navigation consists of [`Section`](section::Section)s, listed
//! in [`pages`].

mod config;
mod context;
mod cookies;
mod forms;
mod frame;
mod health;
mod keys;
mod message;
mod pages;
pub(crate) mod people;
mod request;
mod section;
mod session;
mod setup;
mod sign_in;
mod spent;
mod text;
mod unreadable;
pub(crate) mod week;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::control::Operations;
use crate::http::{Administration, Reply, Visit};
use domain::base::random::Random;
use domain::base::seal::{SealError, SealingKey};
use domain::base::secret::Secret;
use forms::Forms;
pub(crate) use people::words::{about_user, verdicts};
use session::Sessions;

/// Answers the requests below `/admin`, each with a page or a redirect.
#[derive(Debug)]
pub(crate) struct AdministrationPage {
    operations: Arc<dyn Operations>,
    /// Seals sessions, sign-ins and forms. Made at start and never stored: a
    /// restart ends all sessions.
    key: SealingKey,
    sessions: Sessions,
    forms: Forms,
}

impl AdministrationPage {
    /// Creates the page. `operations` is what the commands ask, too.
    pub(crate) fn new(
        operations: Arc<dyn Operations>,
        random: &dyn Random,
    ) -> Result<Self, SealError> {
        Ok(Self {
            operations,
            key: SealingKey::new(&Secret::new(random.bytes()?))?,
            sessions: Sessions::default(),
            forms: Forms::default(),
        })
    }
}

impl Administration for AdministrationPage {
    fn answer<'a>(&'a self, visit: Visit<'a>) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(request::answer(self, visit))
    }
}
