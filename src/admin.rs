//! The administration page at `/admin`: what the commands print, for the person
//! who looks after the NAS, and the forms that change it.
//!
//! The page is a client of the requests in [`crate::control`]. No code here
//! reads DSM or the state, or decides who may sign in.
//!
//! A page of the navigation consists of [sections](section::Section), listed in
//! [`pages`].

#![expect(dead_code, reason = "used once the sign-in is complete")]

mod context;
mod frame;
mod health;
mod keys;
mod pages;
mod people;
mod section;
mod setup;
mod text;
mod unreadable;
pub(crate) mod week;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::StatusCode;

use crate::control::Operations;
use crate::http::pages::Page as PublicPage;
use crate::http::{Administration, Reply, Visit};

/// Answers the requests below `/admin`, each with a page or a redirect.
#[derive(Debug)]
pub(crate) struct AdministrationPage {
    operations: Arc<dyn Operations>,
}

impl AdministrationPage {
    /// Creates the page. `operations` is what the commands ask, too.
    pub(crate) fn new(operations: Arc<dyn Operations>) -> Self {
        Self { operations }
    }
}

impl Administration for AdministrationPage {
    fn answer<'a>(&'a self, visit: Visit<'a>) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        let _ = &self.operations;
        // Until the sign-in is complete, there is no page.
        Box::pin(async move {
            visit
                .responder
                .page(StatusCode::NOT_FOUND, &PublicPage::NotFound)
        })
    }
}
