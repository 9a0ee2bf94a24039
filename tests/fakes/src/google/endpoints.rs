//! The response of each endpoint.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::Method;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::page;
use super::token::{self, Draft, Facts};
use super::{CLIENT_ID, CLIENT_SECRET, Endpoint, Granted, Person, ResponseIssuer, State, Trouble};
use crate::server::{Received, Reply, reply};

impl State {
    pub(super) async fn answer(&self, request: Received) -> Reply {
        let mut answer = match endpoint(request.uri.path()) {
            Some(endpoint) => self.endpoint(endpoint, &request).await,
            None => reply(404, "text/plain", "not found"),
        };
        let seconds = self.now().max(0).unsigned_abs();
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        answer.headers_mut().insert("date", date.parse().unwrap());
        answer
    }

    async fn endpoint(&self, endpoint: Endpoint, request: &Received) -> Reply {
        let trouble = {
            let mut changing = self.changing.lock().unwrap();
            let once = changing.once.get_mut(&endpoint);
            once.and_then(std::collections::VecDeque::pop_front)
                .or_else(|| changing.trouble.get(&endpoint).cloned())
        };
        self.requests
            .send_modify(|requests| *requests.entry(endpoint).or_default() += 1);
        if let Some(trouble) = trouble
            && let Some(answer) = fail(trouble).await
        {
            return answer;
        }
        match endpoint {
            Endpoint::Discovery => {
                let body = self.changing.lock().unwrap().discovery.clone();
                self.document(endpoint, "public, max-age=3600", &body)
            }
            Endpoint::Keys => {
                // As in Google's responses in 2026, apart from the number.
                let caching = "public, max-age=22180, must-revalidate, no-transform";
                self.document(endpoint, caching, &self.jwks())
            }
            Endpoint::Authorization => self.authorization(request),
            Endpoint::Chosen => self.chosen(request),
            Endpoint::ErrorPage => reply(400, "text/html", page::refused("see authError")),
            Endpoint::Token => self.token(request),
        }
    }

    fn document(&self, endpoint: Endpoint, caching: &str, body: &Value) -> Reply {
        let changing = self.changing.lock().unwrap();
        let caching = changing
            .cache_control
            .get(&endpoint)
            .map_or(caching, String::as_str);
        let mut answer = reply(200, "application/json; charset=UTF-8", body.to_string());
        if !caching.is_empty() {
            answer
                .headers_mut()
                .insert("cache-control", caching.parse().unwrap());
        }
        answer
    }

    /// The signing key and the previous one.
    fn jwks(&self) -> Value {
        let changing = self.changing.lock().unwrap();
        if let Some(jwks) = &changing.jwks {
            return jwks.clone();
        }
        let keys = (changing.key.saturating_sub(1)..=changing.key).rev();
        json!({"keys": keys.map(token::jwk).collect::<Vec<_>>()})
    }

    fn authorization(&self, request: &Received) -> Reply {
        let query = request.uri.query().unwrap_or_default();
        if let Err(reason) = self.check(query) {
            return page::error_redirect(reason, request.parameter("client_id").as_deref());
        }
        let prompt = request.parameter("prompt");
        let changing = self.changing.lock().unwrap();
        let people = changing.people.clone();
        let signed_in = people
            .iter()
            .find(|person| Some(&person.subject) == changing.signed_in.as_ref());
        drop(changing);
        let to = match (prompt.as_deref(), signed_in) {
            (None | Some("none"), Some(person)) => self.grant(query, person.clone()),
            // Or `interaction_required`, with `error_subtype=access_denied`
            // (zmartzone/lua-resty-openidc, issue 8).
            (Some("none"), None) => self.refusal(query, "login_required"),
            (None | Some(_), _) => {
                let hint = request.parameter("login_hint");
                let body = page::chooser(&people, query, hint.as_deref());
                return reply(200, "text/html; charset=utf-8", body);
            }
        };
        redirect(to)
    }

    fn chosen(&self, request: &Received) -> Reply {
        let query = request.uri.query().unwrap_or_default();
        if request.parameter("cancel").is_some() {
            return redirect(self.refusal(query, "access_denied"));
        }
        let subject = request.parameter("person").unwrap_or_default();
        let changing = self.changing.lock().unwrap();
        let mut people = changing.people.iter();
        let person = people.find(|person| person.subject == subject).cloned();
        drop(changing);
        match person {
            Some(person) => redirect(self.grant(query, person)),
            None => reply(400, "text/html", page::refused("unknown account")),
        }
    }

    /// Checks a request. Google shows these errors on its own page and does not
    /// send them to the client.
    fn check(&self, query: &str) -> Result<HashMap<String, String>, &'static str> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            if parameters.insert(name, value).is_some() {
                return Err("invalid_request: a parameter is there twice");
            }
        }
        let is = |name: &str, value: &str| parameters.get(name).is_some_and(|is| is == value);
        if !is("client_id", CLIENT_ID) {
            return Err("invalid_client: the OAuth client was not found");
        }
        let redirect_uri = parameters
            .get("redirect_uri")
            .ok_or("redirect_uri_mismatch")?;
        let changing = self.changing.lock().unwrap();
        if let Some(registered) = &changing.redirect_uris
            && !registered.contains(redirect_uri)
        {
            return Err("redirect_uri_mismatch");
        }
        let scope = parameters.get("scope").map_or("", String::as_str);
        if !is("response_type", "code") || !scope.split(' ').any(|word| word == "openid") {
            return Err("invalid_request: response_type or scope");
        }
        if parameters.contains_key("code_challenge") && !is("code_challenge_method", "S256") {
            return Err("invalid_request: code_challenge_method");
        }
        Ok(parameters)
    }

    /// The user agreed: returns a code.
    pub(super) fn grant(&self, query: &str, person: Person) -> Result<Url, &'static str> {
        let parameters = self.check(query)?;
        let mut changing = self.changing.lock().unwrap();
        changing.counter += 1;
        let code = format!("4/0Afake-{}", changing.counter);
        let granted = Granted {
            person,
            nonce: parameters.get("nonce").cloned(),
            redirect_uri: parameters["redirect_uri"].clone(),
            challenge: parameters.get("code_challenge").cloned(),
        };
        changing.codes.insert(code.clone(), granted);
        drop(changing);
        let mut url = self.back(&parameters);
        url.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("scope", "email profile openid")
            .append_pair("authuser", "0")
            .append_pair("prompt", "none");
        Ok(url)
    }

    /// The user or Google refused.
    pub(super) fn refusal(&self, query: &str, error: &str) -> Result<Url, &'static str> {
        let mut url = self.back(&self.check(query)?);
        url.query_pairs_mut().append_pair("error", error);
        Ok(url)
    }

    fn back(&self, parameters: &HashMap<String, String>) -> Url {
        let mut url = Url::parse(&parameters["redirect_uri"]).unwrap();
        if let Some(state) = parameters.get("state") {
            url.query_pairs_mut().append_pair("state", state);
        }
        match &self.changing.lock().unwrap().response_issuer {
            ResponseIssuer::Missing => {}
            ResponseIssuer::Right => {
                url.query_pairs_mut().append_pair("iss", &self.url);
            }
            ResponseIssuer::Other(other) => {
                url.query_pairs_mut().append_pair("iss", other);
            }
        }
        url
    }

    fn token(&self, request: &Received) -> Reply {
        if request.method != Method::POST {
            return reply(405, "text/plain", "POST only");
        }
        match self.redeem(request) {
            Ok(tokens) => reply(200, "application/json; charset=utf-8", tokens.to_string()),
            Err((status, error)) => oauth_error(status, error),
        }
    }

    fn redeem(&self, request: &Received) -> Result<Value, (u16, &'static str)> {
        let form: HashMap<String, String> = request.form().into_iter().collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let posted = (
            field("client_id").to_owned(),
            field("client_secret").to_owned(),
        );
        let client = basic(request).unwrap_or(posted);
        if client != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned()) {
            return Err((401, "invalid_client"));
        }
        if field("grant_type") != "authorization_code" {
            return Err((400, "unsupported_grant_type"));
        }
        // A code is single use, whatever else is wrong with the request.
        let granted = self.changing.lock().unwrap().codes.remove(field("code"));
        let granted = granted.ok_or((400, "invalid_grant"))?;
        if field("redirect_uri") != granted.redirect_uri {
            return Err((400, "redirect_uri_mismatch"));
        }
        let answer = URL_SAFE_NO_PAD.encode(digest(&SHA256, field("code_verifier").as_bytes()));
        if granted
            .challenge
            .is_some_and(|challenge| challenge != answer)
        {
            return Err((400, "invalid_grant"));
        }
        Ok(self.tokens(granted.person, granted.nonce))
    }

    fn tokens(&self, person: Person, nonce: Option<String>) -> Value {
        let now = self.now();
        let mut changing = self.changing.lock().unwrap();
        changing.counter += 1;
        let access_token = format!("ya29.a0fake-{}", changing.counter);
        let mut draft = Draft::honest(&Facts {
            issuer: self.url.clone(),
            client_id: CLIENT_ID.to_owned(),
            person,
            nonce,
            access_token: access_token.clone(),
            now,
            key: changing.key,
        });
        if let Some(tamper) = &changing.tamper {
            tamper(&mut draft);
        }
        if let Some(lie) = changing.lie {
            draft.falsify(lie, CLIENT_SECRET);
        }
        json!({
            "access_token": access_token,
            "expires_in": 3599,
            "scope": "https://www.googleapis.com/auth/userinfo.email \
                      https://www.googleapis.com/auth/userinfo.profile openid",
            "token_type": "Bearer",
            "id_token": draft.sign(),
        })
    }

    fn now(&self) -> i64 {
        self.clock.now().seconds() + self.changing.lock().unwrap().date_offset
    }
}

fn endpoint(path: &str) -> Option<Endpoint> {
    match path {
        "/.well-known/openid-configuration" => Some(Endpoint::Discovery),
        "/oauth2/v3/certs" => Some(Endpoint::Keys),
        "/o/oauth2/v2/auth" => Some(Endpoint::Authorization),
        "/chosen" => Some(Endpoint::Chosen),
        page::ERROR => Some(Endpoint::ErrorPage),
        "/token" => Some(Endpoint::Token),
        _ => None,
    }
}

/// The response of a failing endpoint; `None` if it only delayed the usual one.
async fn fail(trouble: Trouble) -> Option<Reply> {
    match trouble {
        Trouble::Hang => std::future::pending().await,
        Trouble::Gated(mut gate) => {
            while gate.changed().await.is_ok() {}
            None
        }
        Trouble::Status(status) => Some(reply(status, "text/plain", "no")),
        Trouble::Html => Some(reply(
            200,
            "text/html",
            "<!doctype html><title>Sorry</title>",
        )),
        Trouble::Redirect => {
            let mut answer = reply(302, "text/plain", "");
            let elsewhere = "https://accounts.example.com/".parse().unwrap();
            answer.headers_mut().insert("location", elsewhere);
            Some(answer)
        }
        Trouble::TooLarge => Some(reply(200, "application/json", vec![b' '; 2 << 20])),
        Trouble::OAuthError(error) => Some(oauth_error(400, error)),
        Trouble::ErrorPage(error) => Some(page::error_redirect(error, None)),
        Trouble::Json(json) => Some(reply(200, "application/json", json.to_string())),
    }
}

fn oauth_error(status: u16, error: &str) -> Reply {
    let body = json!({"error": error, "error_description": "Bad Request"});
    reply(status, "application/json; charset=utf-8", body.to_string())
}

fn redirect(to: Result<Url, &'static str>) -> Reply {
    match to {
        Ok(url) => {
            let mut answer = reply(302, "text/html", "");
            answer
                .headers_mut()
                .insert("location", url.as_str().parse().unwrap());
            answer
        }
        Err(reason) => reply(400, "text/html", page::refused(reason)),
    }
}

/// Both halves are form-encoded (RFC 6749, section 2.3.1).
fn basic(request: &Received) -> Option<(String, String)> {
    let header = request.headers.get("authorization")?.to_str().ok()?;
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |half: &str| {
        let mut decoded = form_urlencoded::parse(half.as_bytes());
        decoded
            .next()
            .map_or(String::new(), |(text, _)| text.into_owned())
    };
    Some((decoded(id), decoded(secret)))
}
