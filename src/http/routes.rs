//! The table: method and path → flow.

use std::fmt;
use std::net::IpAddr;

use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ALLOW, AUTHORIZATION,
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE,
};
use hyper::http::request;
use hyper::{Method, Request, StatusCode};
use serde_json::json;

use super::cookies::{self, CookieJar, TooManyCookies};
use super::documents;
use super::error::{self, RefreshOutcome};
use super::limits::RetryAfter;
use super::pages::Page;
use super::request::{Client, FormError, Language, RequestId, form, is_prefetch};
use super::{Reply, Server};
use crate::app::{AppState, Problem};
use crate::config::Config;
use crate::flow::{self, AuthorizationResponse, FlowError, TokenAnswer};
use domain::base::oauth::OAuthError;
use domain::base::parameters::{
    ParameterError, Parameters, TooManyParameters, encode, encode_bytes, with_query,
};
use domain::base::secret::Secret;
use domain::model::login::LoginId;
use domain::model::relying_party::RegisteredRedirect;
use domain::signin::google;
use domain::signin::token::TOKEN_LIFE;
use domain::signin::token::request::{AuthenticationError, Credentials};

/// A place under the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Discovery,
    Keys,
    Authorize,
    Callback,
    Token,
    Userinfo,
    Healthz,
    Landing,
}

impl Route {
    /// `path` relative to the issuer's.
    fn find(path: &str) -> Option<Self> {
        Some(match path {
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                Self::Discovery
            }
            "/keys" => Self::Keys,
            "/auth" => Self::Authorize,
            "/callback" => Self::Callback,
            "/token" => Self::Token,
            "/userinfo" => Self::Userinfo,
            "/healthz" => Self::Healthz,
            "" | "/" => Self::Landing,
            _ => return None,
        })
    }

    /// For `Allow`. `/callback` has no HEAD: whoever looks at a link in
    /// advance must not use the login up.
    fn methods(self) -> &'static str {
        match self {
            Self::Discovery | Self::Keys => "GET, HEAD, OPTIONS",
            Self::Userinfo => "GET, POST, OPTIONS",
            Self::Authorize => "GET, POST",
            Self::Callback => "GET",
            Self::Token => "POST",
            Self::Healthz | Self::Landing => "GET, HEAD",
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.methods()
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

/// Answers one request.
pub(super) async fn answer(
    server: &Server,
    app: &AppState,
    request: Request<Incoming>,
    peer: IpAddr,
    id: &RequestId,
) -> Reply {
    let (head, body) = request.into_parts();
    let config = &app.config;
    let asked = RefreshOutcome {
        issuer: &config.issuer,
        language: Language::of(&head.headers),
        id,
        nas: nas(config),
    };
    let Some(route) = route(app, head.uri.path()) else {
        return asked.page(StatusCode::NOT_FOUND, Page::NotFound);
    };
    if !route.allows(&head.method) {
        return not_allowed(route.methods());
    }
    let client = Client::of(peer, &head.headers, &config.listen.trusted_proxies);
    let call = Call {
        server,
        app,
        head,
        asked,
        client,
    };
    match route {
        Route::Discovery => call.document(documents::discovery(app).into(), "max-age=300"),
        Route::Keys => call.document(keys(app), "max-age=3600"),
        Route::Authorize => call.authorize(body).await,
        Route::Callback => call.callback().await,
        Route::Token => call.token(body).await,
        Route::Userinfo => error::readable_by_scripts(call.userinfo(body).await),
        Route::Healthz => plain(StatusCode::OK, "ok"),
        Route::Landing => call.landing(),
    }
}

fn route(app: &AppState, path: &str) -> Option<Route> {
    let issuer = &app.config.issuer;
    if path == issuer.rfc8414_path() {
        return Some(Route::Discovery);
    }
    Route::find(path.strip_prefix(issuer.path())?)
}

/// The JWKS of the hour.
fn keys(app: &AppState) -> Bytes {
    Bytes::from_owner(app.keys.jwks(app.clock.now()))
}

/// A family has one; with several clients, the first that has pages is theirs.
fn nas(config: &Config) -> &str {
    let clients = config.clients.iter();
    let mut redirects = clients.flat_map(|client| &client.redirect_uris);
    redirects
        .find_map(RegisteredRedirect::origin)
        .unwrap_or("/")
}

/// `methods` are those that are, for `Allow`.
pub(super) fn not_allowed(methods: &'static str) -> Reply {
    let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    let methods = HeaderValue::from_static(methods);
    reply.headers_mut().insert(ALLOW, methods);
    reply
}

/// An answer for programs.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Reply::new(Bytes::from_static(text.as_bytes()).into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// One request that found its place.
struct Call<'a> {
    server: &'a Server,
    app: &'a AppState,
    head: request::Parts,
    asked: RefreshOutcome<'a>,
    client: Client,
}

impl Call<'_> {
    fn document(&self, body: Bytes, cache_control: &'static str) -> Reply {
        if self.head.method == Method::OPTIONS {
            return preflight();
        }
        let mut reply = error::json(StatusCode::OK, Vec::new());
        *reply.body_mut() = body.into();
        let cache_control = HeaderValue::from_static(cache_control);
        reply.headers_mut().insert(CACHE_CONTROL, cache_control);
        error::readable_by_scripts(reply)
    }

    fn landing(&self) -> Reply {
        let first = self.app.config.clients.first();
        let name = first.map_or("NAS", |client| client.name.as_str());
        self.asked.page(StatusCode::OK, Page::Landing { name })
    }

    /// OpenID Connect Core, section 3.1.2.1: by GET or by POST.
    async fn authorize(&self, body: Incoming) -> Reply {
        if let Err(wait) = self.server.limits.authorize(self.client) {
            return self.asked.too_many(wait);
        }
        let parameters = match self.query_or_form(body).await {
            Ok(parameters) => parameters,
            Err(error) => {
                tracing::info!(%error, "an authorization request cannot be read");
                return self
                    .asked
                    .page(error.status(), Page::BadRequest { error: None });
            }
        };
        let app = self.app;
        let jar = CookieJar::of(app);
        let present = match jar.read(&self.head.headers) {
            Ok(present) => present,
            Err(TooManyCookies(delete)) => return self.too_many_cookies(&delete),
        };
        let departure = match flow::authorize(app, &parameters).await {
            Ok(departure) => departure,
            Err(error) => return self.failed(error),
        };
        let mut reply = error::see_other(&departure.location);
        for line in jar.begin(&departure, &present, app) {
            set_cookie(&mut reply, &line);
        }
        reply
    }

    async fn callback(&self) -> Reply {
        // The browser asks again when the user follows the link. The login must
        // not be used up by then.
        if is_prefetch(&self.head.headers) {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "not for prefetching");
        }
        if let Err(wait) = self.server.limits.callback(self.client) {
            return self.asked.too_many(wait);
        }
        let app = self.app;
        let jar = CookieJar::of(app);
        let (query, mut reply) = match (self.query(), jar.read(&self.head.headers)) {
            (Err(TooManyParameters(first)), _) => {
                tracing::info!(error = %FormError::TooMany, "an answer of Google cannot be read");
                let page = self.asked.page(StatusCode::BAD_REQUEST, Page::BadCallback);
                (first, page)
            }
            (Ok(query), Err(TooManyCookies(delete))) => (query, self.too_many_cookies(&delete)),
            (Ok(query), Ok(present)) => {
                let values = |id| cookies::values_of(&present, id);
                let reply = match flow::callback(app, &query, values).await {
                    Ok(arrival) => self.arrive(&arrival),
                    Err(error) => self.failed(error),
                };
                (query, reply)
            }
        };
        if let Some(id) = login_named_by(&query) {
            set_cookie(&mut reply, &jar.delete(id));
        }
        reply
    }

    /// A page that tells the user to start again, which works once `delete`
    /// has removed the cookies.
    fn too_many_cookies(&self, delete: &[String]) -> Reply {
        tracing::info!("a request with too many login cookies is rejected");
        let mut reply = self.asked.page(StatusCode::BAD_REQUEST, Page::NoSuchLogin);
        for line in delete {
            set_cookie(&mut reply, line);
        }
        reply
    }

    /// The answer to a login that does not lead on, which `status` shows if it
    /// is a problem.
    fn failed(&self, error: FlowError) -> Reply {
        if let Some(problem) = Problem::of_login(&error, self.app.google()) {
            self.note(problem);
        }
        self.asked.flow(error)
    }

    fn note(&self, problem: Problem) {
        self.app.note_problem(self.client.source(), problem);
    }

    /// RFC 6749, section 4.1.2, with `iss` (RFC 9207, section 2).
    fn arrive(&self, arrival: &AuthorizationResponse) -> Reply {
        let mut pairs = vec![("code", arrival.code.expose().clone())];
        pairs.extend(
            arrival
                .state
                .as_deref()
                .map(|state| ("state", encode_bytes(state))),
        );
        pairs.push(("iss", encode(self.asked.issuer.as_str())));
        error::see_other(&with_query(arrival.redirect.as_str(), pairs))
    }

    async fn token(&self, body: Incoming) -> Reply {
        let form = match self.form(body).await {
            Ok(form) => form,
            Err(error) => {
                let status = error.status();
                let error = OAuthError::invalid_request(error.to_string());
                return error::oauth(status, &error);
            }
        };
        let app = self.app;
        let credentials = match self.credentials(&form) {
            Ok(credentials) => credentials,
            Err(error) => {
                let _ = self.failed_authentication(&error);
                return error::oauth(StatusCode::BAD_REQUEST, &error);
            }
        };
        let party = credentials
            .ok_or(AuthenticationError::Missing)
            .and_then(|found| found.authenticate(&app.config.clients));
        let party = match party {
            Ok(party) => party,
            Err(error) => {
                return match self.failed_authentication(&error) {
                    Ok(()) => {
                        self.note(Problem::of_authentication(&error));
                        error::invalid_client()
                    }
                    Err(wait) => error::too_many_guesses(wait),
                };
            }
        };
        match flow::token(app, party, &form).await {
            Ok(answer) => tokens(&answer),
            Err(error) => {
                if let Some(problem) = Problem::of_token_request(&party.id, &error) {
                    self.note(problem);
                }
                error::token(&error, self.asked.id)
            }
        }
    }

    /// Counts it, and says so as often as it may be tried: a stranger must not
    /// fill the log.
    fn failed_authentication(&self, why: &dyn fmt::Display) -> Result<(), RetryAfter> {
        self.server.limits.failed_authentication(self.client)?;
        tracing::warn!(
            from = %self.client,
            %why,
            "a client does not authenticate"
        );
        Ok(())
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
                return error::oauth(status, &OAuthError::invalid_request(error.to_string()));
            }
        };
        let Ok(in_header) = self.authorization() else {
            return error::bearer_doubled();
        };
        let in_header = in_header.map(|value| bearer(value.as_bytes()));
        let token = match (in_header, form.text("access_token")) {
            (Some(_), Ok(Some(_))) | (_, Err(ParameterError::Doubled(_))) => {
                return error::bearer_doubled();
            }
            (Some(Some(token)), _) => token,
            (None, Ok(Some(token))) => Secret::new(token.to_owned()),
            (_, _) => return error::bearer_missing(),
        };
        match flow::userinfo(self.app, &token).await {
            Ok(claims) => match serde_json::to_vec(&claims) {
                Ok(body) => error::json(StatusCode::OK, body),
                Err(_) => plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the claims cannot be written",
                ),
            },
            Err(error) => error::bearer(&error),
        }
    }

    /// What a relying party says of itself, in one way.
    fn credentials(&self, form: &Parameters) -> Result<Option<Credentials>, OAuthError> {
        let header = self.authorization()?;
        let header = header.map(|value| value.to_str().unwrap_or_default());
        Credentials::find(header, form)
    }

    /// The one Authorization header: of two, a proxy may have looked at the
    /// other (RFC 9110, section 5.3: only a list may come in several).
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

    /// A POST without a form may still bring its token in the header.
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

/// The login that a callback answers, and ends, however it is answered.
fn login_named_by(query: &Parameters) -> Option<LoginId> {
    google::callback::login_of_state(query.text("state").ok()??)
}

/// RFC 6749, section 5.1; OpenID Connect Core, section 3.1.3.3.
fn tokens(answer: &TokenAnswer) -> Reply {
    let mut body = json!({
        "access_token": answer.access_token.expose(),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE.as_secs(),
        "id_token": answer.id_token.as_str(),
    });
    let scope = answer.scope.to_string();
    if let (Some(members), false) = (body.as_object_mut(), scope.is_empty()) {
        members.insert("scope".to_owned(), scope.into());
    }
    error::json(StatusCode::OK, body.to_string().into_bytes())
}

/// The token of an Authorization header, if it is of scheme Bearer.
fn bearer(header: &[u8]) -> Option<Secret<String>> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let bearer = scheme.eq_ignore_ascii_case("bearer");
    bearer.then(|| Secret::new(token.trim().to_owned()))
}

/// Lets scripts ask with a Bearer token (Fetch, section 4.8).
fn preflight() -> Reply {
    let mut reply = plain(StatusCode::NO_CONTENT, "");
    let headers = reply.headers_mut();
    let mut insert =
        |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    insert(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    insert(ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type");
    error::readable_by_scripts(reply)
}

fn set_cookie(reply: &mut Reply, line: &str) {
    // A stranger's cookie name may hold what no header can.
    if let Ok(value) = HeaderValue::from_str(line) {
        reply.headers_mut().append(SET_COOKIE, value);
    }
}
