//! What is served while there is no config: how to make one, to whoever looks.

use std::sync::{Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};

use super::Reply;
use super::error::soon_different;
use super::pages::Page;
use super::request::{Language, RequestId};
use super::routes::{not_allowed, plain};

/// Nothing else is there to be read, and nothing to be written.
const METHODS: &str = "GET, HEAD";

/// The public URL is in the config: whatever page this is, its link leads
/// back to it.
const HERE: &str = "";

/// Why there is no config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigProblem {
    /// There is no file.
    Missing,
    /// There is one, and it is not good: where, in our own names alone. What
    /// is wrong there may repeat what was typed, and a proxy may show our
    /// pages to everybody already.
    Bad(Vec<String>),
}

/// Answers for as long as there is no config.
#[derive(Debug)]
pub struct Waiting(Mutex<ConfigProblem>);

impl Waiting {
    /// From the beginning, `lack` is why.
    pub fn new(lack: ConfigProblem) -> Self {
        Self(Mutex::new(lack))
    }

    /// From now on, `lack` is why.
    pub fn tell(&self, lack: ConfigProblem) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = lack;
    }

    /// Why.
    pub fn lack(&self) -> ConfigProblem {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn answer(&self, request: &Request<Incoming>, id: &RequestId) -> Reply {
        let path = request.uri().path();
        let page = |status| self.page(status, Language::of(request.headers()), id);
        if !matches!(path, "/" | "/healthz") {
            return soon_different(page(StatusCode::SERVICE_UNAVAILABLE));
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return not_allowed(METHODS);
        }
        if path == "/healthz" {
            return plain(StatusCode::OK, "ok");
        }
        page(StatusCode::OK)
    }

    fn page(&self, status: StatusCode, language: Language, id: &RequestId) -> Reply {
        match self.lack() {
            ConfigProblem::Missing => Page::NotSetUp.reply(status, language, id, HERE),
            ConfigProblem::Bad(places) => {
                let places = &places;
                Page::SetUpWrongly { places }.reply(status, language, id, HERE)
            }
        }
    }
}
