//! What a part of the administration page is made of: a section, which shows
//! reports, and its forms, which change something.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use askama::Template;

use super::context::Context;
use crate::control::Refused;
use domain::base::parameters::Parameters;

/// A future that borrows what it works with.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One of the pages in the navigation.
#[derive(Debug)]
pub(crate) struct Page {
    /// Below `/admin`; empty for the first page.
    pub(crate) path: &'static str,
    /// The name in the navigation and in the title, English and French.
    pub(crate) name: [&'static str; 2],
    /// From top to bottom.
    pub(crate) sections: &'static [&'static Section],
}

/// A part of a page, with a heading of its own.
pub(crate) struct Section {
    /// Shows the section: a `<section>` with a heading.
    pub(crate) show: for<'a> fn(&'a Context<'a>) -> Boxed<'a, Html>,
    /// The forms in the section.
    pub(crate) forms: &'static [Form],
}

/// A form, sent by POST to the page that it is on. Its fields include those
/// that [`Context::form`] returns.
pub(crate) struct Form {
    /// Unique on the whole administration page.
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    /// Makes the change. The second argument has the fields of the form, from
    /// an administrator's browser, but not validated.
    pub(crate) submit:
        for<'a> fn(&'a Context<'a>, &'a Parameters) -> Boxed<'a, Result<Done, NotDone>>,
}

/// What a form needs beside a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Session,
    /// A sign-in that is not older than ten minutes: to change links, DSM's
    /// settings or keys, and to show a secret.
    FreshSignIn,
}

/// The result of a form.
#[derive(Debug)]
pub(crate) enum Done {
    /// Something was changed: the browser loads the page again, with this
    /// sentence above it. The log says so, too.
    Changed(String),
    /// Something was read or checked, and nothing was changed: as above, but
    /// without a line in the log.
    Read(String),
    /// Nothing was changed: a preview, or a secret. It is shown in place of the
    /// page, and only once.
    Shown(Html),
}

/// Why a form did nothing.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// The daemon refused it, with a message in English.
    Refused(Refused),
    /// The page says why, in the language of the request.
    Explained(String),
}

impl From<Refused> for NotDone {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Markup that a template rendered, with every value escaped.
#[derive(Debug)]
pub(crate) struct Html(String);

impl Html {
    /// Renders `template`; an error is logged and gives no markup.
    pub(crate) fn of(template: &impl Template) -> Self {
        Self(template.render().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot render a part of the administration page");
            String::new()
        }))
    }

    /// Returns the markup, for the filter `safe`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.forms).finish()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
