//! A request below `/admin`, from its address to its response: who may send it,
//! and what it does.

use std::error::Error;

use hyper::header::{HeaderValue, ORIGIN};
use hyper::{Method, StatusCode};
use tracing::Instrument;

use super::AdministrationPage;
use super::context::Context;
use super::cookies::Cookie;
use super::forms::MadeFor;
use super::frame;
use super::message::Message;
use super::pages::PAGES;
use super::section::{Done, Form, Html, Needs, NotDone, Page};
use super::session::{Notice, Session};
use super::sign_in::{self, Ask};
use super::text::short;
use crate::config::{AdminAccess, Config};
use crate::flow::{self, NotAdministrator};
use crate::http::pages::{Page as PublicPage, reply_with_forms};
use crate::http::{
    FormError, Reply, Visit, X_FORWARDED_FOR, see_other, with_cookies, with_retry_after,
};
use crate::logging;
use domain::base::ids::DsmUsername;
use domain::base::parameters::Parameters;
use domain::base::web_url::is_local;
use domain::model::login::GoogleIdentity;

/// The form that ends the session; it is on every page.
pub(super) const SIGN_OUT: &str = "sign-out";

/// As long as other temporary failures (`Retry-After`).
const TEMPORARY_SECONDS: u64 = 30;

/// Responds to a request.
pub(super) async fn answer(page: &AdministrationPage, mut visit: Visit<'_>) -> Reply {
    let (config, language) = (&visit.app.config, visit.responder.language);
    let issuer = &config.issuer;
    match admits(&visit) {
        Access::Open => {}
        Access::NoPage => return not_found(&visit),
        Access::Elsewhere => {
            let from = visit.client;
            tracing::info!(%from, "the administration page is closed to this address");
            return Message::Elsewhere.reply(config, language);
        }
    }
    let parameters = std::mem::replace(&mut visit.parameters, Ok(Parameters::default()));
    let parameters = match parameters {
        Ok(parameters) => parameters,
        Err(error) => return unreadable(&visit, error),
    };
    let is_get = visit.head.method == Method::GET;
    if is_get && visit.path == "callback" {
        return sign_in::finish(page, &visit, &parameters).await;
    }
    if is_get && visit.path == "sign-in" {
        return sign_in::begin(page, &visit, Ask::Again);
    }
    if !is_get && !is_ours(&visit) {
        tracing::warn!(from = %visit.client, "rejected a form without our Origin");
        return Message::Foreign.reply(config, language);
    }
    let now = visit.app.clock.now();
    let headers = &visit.head.headers;
    let Some(session) = page.sessions.find(&page.key, headers, issuer, now) else {
        if is_get {
            return sign_in::begin(page, &visit, Ask::IfNeeded);
        }
        // Not a redirect: the policy `form-action` would stop it at Google.
        return Message::SessionEnded.reply(config, language);
    };
    if let Err(why) = flow::administrator(visit.app, &session.identity, &session.user).await {
        if !why.is_temporary() {
            page.sessions.end(&session, now);
        }
        return refuse(&visit, &session.identity, &session.user, &why);
    }
    let span = tracing::error_span!("admin", administrator = session.user.as_str());
    let request = AdministratorsRequest {
        page,
        visit: &visit,
        session: &session,
    };
    let answered = request.answer(&parameters).instrument(span).await;
    match answered {
        Answered::Session(reply) => request.in_session(reply),
        Answered::SignedOut(reply) => reply,
    }
}

/// Whether a request may have any response of the administration page.
enum Access {
    Open,
    NoPage,
    Elsewhere,
}

fn admits(visit: &Visit<'_>) -> Access {
    match visit.app.config.admin_access {
        AdminAccess::Off => return Access::NoPage,
        AdminAccess::Anywhere => return Access::Open,
        AdminAccess::Local => {}
    }
    match visit.client.known_address() {
        Some(address) if is_local(address) && !has_unknown_proxy(visit) => Access::Open,
        None if visit.app.config.issuer.is_loopback() => Access::Open,
        Some(_) | None => Access::Elsewhere,
    }
}

/// Whether the request came through a proxy that the config does not trust: its
/// address is not that of the browser.
fn has_unknown_proxy(visit: &Visit<'_>) -> bool {
    let mut trusted = visit.app.config.listen.trusted_proxies.iter();
    let is_trusted = trusted.any(|net| net.contains(&visit.peer));
    visit.head.headers.contains_key(X_FORWARDED_FOR) && !is_trusted
}

/// Whether the only `Origin` is ours. Browsers send it with every form.
fn is_ours(visit: &Visit<'_>) -> bool {
    let mut origins = visit.head.headers.get_all(ORIGIN).iter();
    let origin = origins.next().map(HeaderValue::as_bytes);
    origin == Some(visit.app.config.issuer.origin().as_bytes()) && origins.next().is_none()
}

/// A request in the session of an administrator.
struct AdministratorsRequest<'a> {
    page: &'a AdministrationPage,
    visit: &'a Visit<'a>,
    session: &'a Session,
}

enum Answered {
    Session(Reply),
    SignedOut(Reply),
}

impl AdministratorsRequest<'_> {
    async fn answer(&self, parameters: &Parameters) -> Answered {
        if self.visit.head.method == Method::GET {
            return Answered::Session(self.show(parameters).await);
        }
        if self.visit.path == SIGN_OUT {
            return self.sign_out(parameters);
        }
        Answered::Session(self.submit(parameters).await)
    }

    async fn show(&self, query: &Parameters) -> Reply {
        let Some(page) = self.found() else {
            return not_found(self.visit);
        };
        let context = self.context(query);
        let notice = self.page.sessions.take_notice(self.session);
        let html = frame::whole(&context, page, &self.base(), notice.as_ref()).await;
        reply_with_forms(StatusCode::OK, html)
    }

    fn sign_out(&self, form: &Parameters) -> Answered {
        if !self.accepts(form, SIGN_OUT) {
            return Answered::Session(self.message(Message::Stale));
        }
        let now = self.visit.app.clock.now();
        self.page.sessions.end(self.session, now);
        let cookie = Cookie::Session.delete(&self.visit.app.config.issuer);
        Answered::SignedOut(with_cookies(self.message(Message::SignedOut), [cookie]))
    }

    async fn submit(&self, fields: &Parameters) -> Reply {
        let Some(page) = self.found() else {
            return not_found(self.visit);
        };
        let name = fields.text("form").ok().flatten().unwrap_or_default();
        let mut forms = page.sections.iter().flat_map(|section| section.forms);
        let Some(form) = forms.find(|form| form.name == name) else {
            return self.message(Message::Invalid);
        };
        let now = self.visit.app.clock.now();
        if form.needs == Needs::FreshSignIn && !self.session.is_fresh(now) {
            return self.message(Message::NeedsFreshSignIn);
        }
        if !self.accepts(fields, form.name) {
            return self.message(Message::Stale);
        }
        self.run(page, form, fields).await
    }

    async fn run(&self, page: &Page, form: &Form, fields: &Parameters) -> Reply {
        let empty = Parameters::default();
        let context = self.context(&empty);
        let done = (form.submit)(&context, fields).await;
        let notice = match done {
            Ok(Done::Changed(notice)) => {
                logging::unlimited(|| {
                    tracing::warn!(form = form.name, "changed on the administration page");
                });
                Notice::Changed(notice)
            }
            Ok(Done::Shown(html)) => return self.shown(&context, page, html),
            Ok(Done::Read(notice)) => Notice::Read(notice),
            Err(not_done) => {
                tracing::info!(form = form.name, "a form of the administration page failed");
                match not_done {
                    NotDone::Explained(text) => Notice::Failed(text),
                    NotDone::Refused(refused) => Notice::Refused(short(&refused.message)),
                }
            }
        };
        self.page.sessions.leave_notice(self.session, notice);
        let path = match page.path {
            "" => "/admin".to_owned(),
            path => format!("/admin/{path}"),
        };
        see_other(&self.visit.app.config.issuer.endpoint(&path))
    }

    fn shown(&self, context: &Context<'_>, page: &Page, html: Html) -> Reply {
        let html = frame::framed(context, page, &self.base(), None, &[html]);
        reply_with_forms(StatusCode::OK, html)
    }

    /// Whether the form has the unused token of this form and session.
    fn accepts(&self, form: &Parameters, name: &str) -> bool {
        let token = form.text("token").ok().flatten();
        token.is_some_and(|token| self.page.forms.accept(token, name, self.made_for()))
    }

    fn made_for(&self) -> MadeFor<'_> {
        MadeFor {
            key: &self.page.key,
            session: self.session.id,
            now: self.visit.app.clock.now(),
        }
    }

    fn context<'a>(&'a self, query: &'a Parameters) -> Context<'a> {
        let app = self.visit.app;
        Context {
            language: self.visit.responder.language,
            now: app.clock.now(),
            time_zone: &app.time_zone,
            nas_name: nas_name(&app.config),
            administrator: self.session.user.as_str(),
            query,
            operations: &*self.page.operations,
            made_for: self.made_for(),
            random: &*app.random,
        }
    }

    fn found(&self) -> Option<&'static Page> {
        PAGES.iter().find(|page| page.path == self.visit.path)
    }

    /// The path of `/admin` in links.
    fn base(&self) -> String {
        format!("{}/admin", self.visit.app.config.issuer.path())
    }

    fn message(&self, message: Message) -> Reply {
        message.reply(&self.visit.app.config, self.visit.responder.language)
    }

    /// Adds the cookie of the session, which was used now.
    fn in_session(&self, reply: Reply) -> Reply {
        let app = self.visit.app;
        let (issuer, now) = (&app.config.issuer, app.clock.now());
        let cookie = self
            .session
            .cookie(&self.page.key, issuer, now, &*app.random);
        with_cookies(reply, cookie.ok())
    }
}

/// The page for a user who may not use the administration page. Ends the
/// session in the browser, unless the cause is temporary.
pub(super) fn refuse(
    visit: &Visit<'_>,
    identity: &GoogleIdentity,
    user: &DsmUsername,
    why: &NotAdministrator,
) -> Reply {
    let (config, language) = (&visit.app.config, visit.responder.language);
    logging::unlimited(|| {
        tracing::warn!(
            user = user.as_str(),
            address = identity.address.as_written(),
            error = why as &dyn Error,
            "the administration page was refused"
        );
    });
    if why.is_temporary() {
        let reply = Message::Unknown.reply(config, language);
        return with_retry_after(reply, TEMPORARY_SECONDS);
    }
    let reply = Message::NotAdministrator.reply(config, language);
    with_cookies(reply, [Cookie::Session.delete(&config.issuer)])
}

/// Returns what the family calls the NAS.
pub(super) fn nas_name(config: &Config) -> &str {
    let first = config.clients.first();
    first.map_or("NAS", |client| client.name.as_str())
}

pub(super) fn broken(visit: &Visit<'_>, error: &dyn Error) -> Reply {
    tracing::error!(%error, "the administration page failed: internal error");
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    visit.responder.page(status, &PublicPage::Broken)
}

fn unreadable(visit: &Visit<'_>, error: FormError) -> Reply {
    tracing::info!(%error, "cannot read a request for the administration page");
    let page = PublicPage::BadRequest { error: None };
    visit.responder.page(error.status(), &page)
}

fn not_found(visit: &Visit<'_>) -> Reply {
    let page = PublicPage::NotFound;
    visit.responder.page(StatusCode::NOT_FOUND, &page)
}
