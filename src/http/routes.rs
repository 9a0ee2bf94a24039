//! The table of routes: method and path → flow.

use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use hyper::http::request;
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use std::net::IpAddr;

use super::Server;
use super::administration::Visit;
use super::cookies::{self, CookieJar, TooManyCookies};
use super::documents;
use super::error::{self, Responder};
use super::observe;
use super::pages::Page;
use super::request::{Client, FormError, Language, RequestId, form, is_prefetch};
use super::response::{
    Reply, json, not_allowed, oauth, plain, preflight, readable_by_scripts, see_other,
    with_cookies, with_header,
};
use super::sighting;
use crate::app::AppState;
use crate::config::Config;
use crate::flow::{self, FlowError, TokenResponse};
use domain::base::oauth::OAuthError;
use domain::base::parameters::{ParameterError, Parameters, TooManyParameters};
use domain::base::secret::Secret;
use domain::model::login::LoginId;
use domain::model::observed::Endpoint;
use domain::model::relying_party::{RegisteredRedirect, RelyingParty};
use domain::signin::google::callback::login_of_state;
use domain::signin::token::TOKEN_LIFE;
use domain::signin::token::request::{AuthenticationError, Credentials};

const RFC_8414: &str = "/.well-known/oauth-authorization-server";

enum Route {
    Discovery,
    Keys,
    Authorize,
    Callback,
    Token,
    Userinfo,
    Healthz,
    Landing,
    Administration,
}

impl Route {
    /// Returns the route of `path`, relative to the path of the issuer, and
    /// its methods as `Allow` names them.
    fn find(path: &str) -> Option<(Self, &'static str)> {
        const DOCUMENT: &str = "GET, HEAD, OPTIONS";
        Some(match path {
            "/.well-known/openid-configuration" | RFC_8414 => (Self::Discovery, DOCUMENT),
            "/keys" => (Self::Keys, DOCUMENT),
            "/auth" => (Self::Authorize, "GET, POST"),
            // Without HEAD: a program that previews a link must not use up the
            // login.
            "/callback" => (Self::Callback, "GET"),
            "/token" => (Self::Token, "POST"),
            "/userinfo" => (Self::Userinfo, "GET, POST, OPTIONS"),
            "/healthz" => (Self::Healthz, "GET, HEAD"),
            "" | "/" => (Self::Landing, "GET, HEAD"),
            _ if below_admin(path).is_some() => (Self::Administration, "GET, POST"),
            _ => return None,
        })
    }

    /// The path of the route, under the issuer's.
    const fn name(&self) -> &'static str {
        match self {
            Self::Discovery => "/.well-known/openid-configuration",
            Self::Keys => "/keys",
            Self::Authorize => "/auth",
            Self::Callback => "/callback",
            Self::Token => "/token",
            Self::Userinfo => "/userinfo",
            Self::Healthz => "/healthz",
            Self::Landing => "/",
            Self::Administration => "/admin",
        }
    }
}

/// Responds to one request, and counts it.
pub(super) async fn answer(
    server: &Server,
    app: &AppState,
    request: Request<Incoming>,
    peer: IpAddr,
    id: &RequestId,
) -> Reply {
    let route = find(&app.config, request.uri().path());
    let name = route.as_ref().map_or("other", |(route, _)| route.name());
    let reply = respond(server, app, request, peer, id).await;
    app.count(|metrics| metrics.request(name, reply.status().as_u16()));
    reply
}

async fn respond(
    server: &Server,
    app: &AppState,
    request: Request<Incoming>,
    peer: IpAddr,
    id: &RequestId,
) -> Reply {
    let (head, body) = request.into_parts();
    let config = &app.config;
    let responder = Responder {
        app,
        issuer: &config.issuer,
        language: Language::of(&head.headers),
        id,
        nas: nas(config),
    };
    let Some((route, methods)) = find(config, head.uri.path()) else {
        return responder.page(StatusCode::NOT_FOUND, &Page::NotFound);
    };
    if !methods.split(", ").any(|method| head.method == method) {
        return not_allowed(methods);
    }
    let client = Client::of(peer, &head.headers, &config.listen.trusted_proxies);
    if matches!(route, Route::Healthz) {
        sighting::note(app, &head, peer, client);
    }
    let call = Call {
        server,
        app,
        head,
        responder,
        client,
        peer: peer.to_canonical(),
    };
    match route {
        Route::Discovery => {
            let document = documents::discovery(app).into();
            call.document(Endpoint::Discovery, document, "max-age=300")
        }
        Route::Keys => {
            let keys = Bytes::from_owner(app.keys.jwks(app.clock.now()));
            call.document(Endpoint::Keys, keys, "max-age=3600")
        }
        Route::Authorize => call.authorize(body).await,
        Route::Callback => call.callback().await,
        Route::Token => call.token(body).await,
        Route::Userinfo => readable_by_scripts(call.userinfo(body).await),
        Route::Healthz => plain(StatusCode::OK, "ok"),
        Route::Landing => call.landing(),
        Route::Administration => call.administration(body).await,
    }
}

/// Returns the part of `path` below `/admin`, without the slash.
fn below_admin(path: &str) -> Option<&str> {
    let below = path.strip_prefix("/admin")?;
    if below.is_empty() {
        return Some(below);
    }
    below.strip_prefix('/')
}

/// Returns the route of `path`, and its methods.
fn find(config: &Config, path: &str) -> Option<(Route, &'static str)> {
    if path == config.issuer.rfc8414_path() {
        return Route::find(RFC_8414);
    }
    Route::find(path.strip_prefix(config.issuer.path())?)
}

/// A family has one NAS; of several clients, it is the first one with pages.
fn nas(config: &Config) -> &str {
    let clients = config.clients.iter();
    let mut redirects = clients.flat_map(|client| &client.redirect_uris);
    redirects
        .find_map(RegisteredRedirect::origin)
        .unwrap_or("/")
}

/// A request with a route.
struct Call<'a> {
    server: &'a Server,
    app: &'a AppState,
    head: request::Parts,
    responder: Responder<'a>,
    client: Client,
    peer: IpAddr,
}

/// Why a client is not authenticated.
#[derive(Debug, thiserror::Error)]
enum Unauthenticated {
    #[error(transparent)]
    Malformed(#[from] OAuthError),
    #[error(transparent)]
    Rejected(#[from] AuthenticationError),
}

impl Call<'_> {
    fn document(&self, endpoint: Endpoint, body: Bytes, cache_control: &'static str) -> Reply {
        if self.head.method == Method::OPTIONS {
            return preflight();
        }
        let from = self.client.limit_key();
        observe::document_request(self.app, endpoint, from, &self.head.headers);
        let reply = json(StatusCode::OK, body);
        readable_by_scripts(with_header(reply, CACHE_CONTROL, cache_control))
    }

    fn landing(&self) -> Reply {
        let first = self.app.config.clients.first();
        let name = first.map_or("NAS", |client| client.name.as_str());
        let failed = self.app.failed_checks.load();
        let failed = failed.as_slice();
        let open = self.app.open_milestones();
        let entered = self.app.wizard_result.load();
        let page = match open.as_slice() {
            [] => Page::Landing { name, failed },
            open => Page::Checklist {
                open,
                entered: entered.as_ref().map(|it| it.result.as_str()),
                failed,
            },
        };
        self.responder.page(StatusCode::OK, &page)
    }

    /// Passes the request on, unless there is no administration page.
    async fn administration(&self, body: Incoming) -> Reply {
        let path = self.head.uri.path();
        let path = path.strip_prefix(self.app.config.issuer.path());
        let page = self.server.administration.as_ref();
        let (Some(page), Some(path)) = (page, path.and_then(below_admin)) else {
            return self.responder.page(StatusCode::NOT_FOUND, &Page::NotFound);
        };
        if let Err(wait) = self.server.limits.administration.count_others(self.client) {
            return self.responder.too_many(wait);
        }
        let parameters = self.query_or_form(body).await;
        page.answer(Visit {
            app: self.app,
            responder: self.responder,
            head: &self.head,
            path,
            client: self.client,
            peer: self.peer,
            parameters,
        })
        .await
    }

    /// OpenID Connect Core, section 3.1.2.1: by GET or by POST.
    async fn authorize(&self, body: Incoming) -> Reply {
        if let Err(wait) = self.server.limits.authorize.count_others(self.client) {
            return self.responder.too_many(wait);
        }
        let parameters = match self.query_or_form(body).await {
            Ok(parameters) => parameters,
            Err(error) => {
                tracing::info!(%error, "cannot read an authorization request");
                let page = Page::BadRequest { error: None };
                return self.responder.page(error.status(), &page);
            }
        };
        let jar = CookieJar::of(self.app);
        let present = match jar.read(&self.head.headers) {
            Ok(present) => present,
            Err(error) => return self.too_many_cookies(error),
        };
        match flow::authorize(self.app, &parameters).await {
            Ok(redirect) => with_cookies(
                see_other(&redirect.location),
                jar.begin(&redirect, &present, self.app),
            ),
            Err(error) => self.login_failed(&error),
        }
    }

    async fn callback(&self) -> Reply {
        // When the user follows the link, the browser sends the request again.
        // The login must not be used up by then.
        if is_prefetch(&self.head.headers) {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "not for prefetching");
        }
        if let Err(wait) = self.server.limits.callback.count_others(self.client) {
            return self.responder.too_many(wait);
        }
        let parsed = self.query();
        let (Ok(query) | Err(TooManyParameters(query))) = &parsed;
        let state = query.text("state").ok().flatten();
        let login = state.and_then(login_of_state);
        let reply = if parsed.is_ok() {
            self.finish(query, login).await
        } else {
            tracing::info!(error = %FormError::TooMany, "cannot read a callback");
            self.responder
                .page(StatusCode::BAD_REQUEST, &Page::BadCallback)
        };
        // Whatever the response is, this login has ended.
        with_cookies(reply, login.map(|id| CookieJar::of(self.app).delete(id)))
    }

    async fn finish(&self, query: &Parameters, login: Option<LoginId>) -> Reply {
        let present = match CookieJar::of(self.app).read(&self.head.headers) {
            Ok(present) => present,
            Err(error) => return self.too_many_cookies(error),
        };
        let cookies = cookies::values_of(&present, login);
        match flow::callback(self.app, query, login, &cookies).await {
            Ok(response) => {
                let code = vec![("code", response.code.expose().clone())];
                let state = response.state.as_deref();
                self.responder
                    .redirect_to_client(&response.redirect, state, code)
            }
            Err(error) => self.login_failed(&error),
        }
    }

    /// A page that tells the user to start again, which works once the cookies
    /// in `delete` are gone.
    fn too_many_cookies(&self, TooManyCookies(delete): TooManyCookies) -> Reply {
        tracing::info!("rejected a request with too many login cookies");
        let page = self
            .responder
            .page(StatusCode::BAD_REQUEST, &Page::NoSuchLogin);
        with_cookies(page, delete)
    }

    fn login_failed(&self, error: &FlowError) -> Reply {
        flow::report_login(self.app, self.client.source(), error);
        self.responder.login(error)
    }

    async fn token(&self, body: Incoming) -> Reply {
        let form = match self.form(body).await {
            Ok(form) => form,
            Err(error) => {
                let status = error.status();
                return oauth(status, &OAuthError::invalid_request(error.to_string()));
            }
        };
        let party = match self.authenticate(&form) {
            Ok(party) => party,
            Err(error) => return self.unauthenticated(&error),
        };
        let from = self.client.limit_key();
        observe::token_request(self.app, &party.id, from, &self.head.headers, &form);
        match flow::token(self.app, party, &form).await {
            Ok(response) => tokens(&response),
            Err(error) => {
                flow::report_token(self.app, self.client.source(), &party.id, &error);
                error::token(&error, self.responder.id)
            }
        }
    }

    fn authenticate(&self, form: &Parameters) -> Result<&RelyingParty, Unauthenticated> {
        let header = self.authorization()?;
        let header = header.map(|value| value.to_str().unwrap_or_default());
        let credentials = Credentials::find(header, form)?.ok_or(AuthenticationError::Missing)?;
        Ok(credentials.authenticate(&self.app.config.clients)?)
    }

    /// Logs failures only below the limit for each address: an attacker must
    /// not fill the log.
    fn unauthenticated(&self, error: &Unauthenticated) -> Reply {
        let counted = self.server.limits.failed_authentication.count(self.client);
        if counted.is_ok() {
            tracing::warn!(from = %self.client, why = %error, "client authentication failed");
        }
        match (error, counted) {
            (Unauthenticated::Malformed(error), _) => oauth(StatusCode::BAD_REQUEST, error),
            (Unauthenticated::Rejected(_), Err(wait)) => error::too_many_guesses(wait),
            (Unauthenticated::Rejected(error), Ok(())) => {
                let problem = flow::unauthenticated(error);
                self.app.note_problem(self.client.source(), problem);
                error::invalid_client()
            }
        }
    }

    /// OpenID Connect Core, section 5.3.1; RFC 6750, sections 2.1 and 2.2.
    async fn userinfo(&self, body: Incoming) -> Reply {
        if self.head.method == Method::OPTIONS {
            return preflight();
        }
        let form = match self.bearer_form(body).await {
            Ok(form) => form,
            Err(error) => {
                let status = error.status();
                return oauth(status, &OAuthError::invalid_request(error.to_string()));
            }
        };
        let token = match self.bearer_token(&form) {
            Ok(token) => token,
            Err(reply) => return *reply,
        };
        // A flood of large forms must not wait for the state in memory.
        drop(form);
        match flow::userinfo(self.app, &token).await {
            Ok(response) => {
                observe::userinfo_request(self.app, &response, &self.head);
                let body = serde_json::to_vec(&response.claims).unwrap_or_default();
                json(StatusCode::OK, body)
            }
            Err(error) => {
                flow::report_userinfo(self.app, &error);
                error::bearer(&error)
            }
        }
    }

    /// Returns the access token, which is in the header or in the form.
    fn bearer_token(&self, form: &Parameters) -> Result<Secret<String>, Box<Reply>> {
        let Ok(in_header) = self.authorization() else {
            return Err(Box::new(error::bearer_doubled()));
        };
        let in_header = in_header.map(|value| bearer(value.as_bytes()));
        match (in_header, form.text("access_token")) {
            (Some(_), Ok(Some(_))) | (_, Err(ParameterError::Doubled(_))) => {
                Err(Box::new(error::bearer_doubled()))
            }
            (Some(Some(token)), _) => Ok(token),
            (None, Ok(Some(token))) => Ok(Secret::new(token.to_owned())),
            (_, _) => Err(Box::new(error::bearer_missing())),
        }
    }

    /// Returns the only Authorization header: of two, a proxy may have examined
    /// the other one (RFC 9110, section 5.3: only a list may be repeated).
    fn authorization(&self) -> Result<Option<&HeaderValue>, OAuthError> {
        let mut values = self.head.headers.get_all(AUTHORIZATION).iter();
        let header = values.next();
        if values.next().is_some() {
            return Err(OAuthError::invalid_request(
                "the Authorization header is given twice",
            ));
        }
        Ok(header)
    }

    async fn query_or_form(&self, body: Incoming) -> Result<Parameters, FormError> {
        if self.head.method == Method::POST {
            return self.form(body).await;
        }
        Ok(self.query()?)
    }

    fn query(&self) -> Result<Parameters, TooManyParameters> {
        let query = self.head.uri.query().unwrap_or_default();
        Parameters::parse(query.as_bytes())
    }

    /// A POST without a form may have its token in the header.
    async fn bearer_form(&self, body: Incoming) -> Result<Parameters, FormError> {
        if self.head.method != Method::POST {
            return Ok(Parameters::default());
        }
        match self.form(body).await {
            Err(FormError::NotAForm) => Ok(Parameters::default()),
            read => read,
        }
    }

    async fn form(&self, body: Incoming) -> Result<Parameters, FormError> {
        form(&self.head.headers, body, self.server.read_timeout).await
    }
}

/// RFC 6749, section 5.1; OpenID Connect Core, section 3.1.3.3.
fn tokens(response: &TokenResponse) -> Reply {
    let mut body = json!({
        "access_token": response.access_token.expose(),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE.as_secs(),
        "id_token": response.id_token.as_str(),
    });
    let scope = response.scope.to_string();
    if let (Some(members), false) = (body.as_object_mut(), scope.is_empty()) {
        members.insert("scope".to_owned(), scope.into());
    }
    json(StatusCode::OK, body.to_string())
}

/// The token of an Authorization header with the scheme Bearer.
fn bearer(header: &[u8]) -> Option<Secret<String>> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let bearer = scheme.eq_ignore_ascii_case("bearer");
    bearer.then(|| Secret::new(token.trim().to_owned()))
}
