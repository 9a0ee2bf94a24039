//! What is served without a valid config: a page that says how to make one.

use std::sync::{Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};

use super::error::temporary;
use super::pages::{Page, PageContext};
use super::request::{Language, RequestId};
use super::response::{Reply, not_allowed, plain};

/// The link of the page leads to the page itself: without a config, the URL of
/// the NAS is not known.
const HERE: &str = "";

/// Why a valid config is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigProblem {
    /// The config file does not exist.
    Missing,
    /// The file is invalid, at these keys. The errors are not here: they may
    /// repeat a typed secret, and a proxy may already show the page to anyone.
    Bad(Vec<String>),
}

/// Responds to requests while a valid config is missing.
#[derive(Debug)]
pub struct SetupMode(Mutex<ConfigProblem>);

impl SetupMode {
    /// Creates the responder, which shows `problem`.
    pub fn new(problem: ConfigProblem) -> Self {
        Self(Mutex::new(problem))
    }

    /// Replaces the problem that the page shows.
    pub fn set_problem(&self, problem: ConfigProblem) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Returns the problem that the page shows.
    pub fn problem(&self) -> ConfigProblem {
        let problem = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problem.clone()
    }

    pub(super) fn answer(&self, request: &Request<Incoming>, id: &RequestId) -> Reply {
        let path = request.uri().path();
        let language = Language::of(request.headers());
        if !matches!(path, "/" | "/healthz") {
            return temporary(self.page(StatusCode::SERVICE_UNAVAILABLE, language, id));
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        if path == "/healthz" {
            return plain(StatusCode::OK, "ok");
        }
        self.page(StatusCode::OK, language, id)
    }

    fn page(&self, status: StatusCode, language: Language, id: &RequestId) -> Reply {
        let problem = self.problem();
        let page = match &problem {
            ConfigProblem::Missing => Page::NotSetUp,
            ConfigProblem::Bad(places) => Page::SetUpWrongly { places },
        };
        let context = PageContext {
            language,
            id,
            nas: HERE,
            nas_name: None,
            log: None,
            off_at: None,
        };
        page.reply(status, &context)
    }
}
