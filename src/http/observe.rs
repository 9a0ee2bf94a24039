//! Notes what the requests of clients look like. Only those of authenticated
//! clients are described; of the documents, which anyone may fetch, the
//! requests are counted.

use std::net::IpAddr;

use hyper::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::app::AppState;
use crate::flow::UserinfoResponse;
use domain::base::ids::ClientId;
use domain::base::parameters::Parameters;
use domain::model::observed::{Endpoint, Fact, of_headers, of_token_request};

/// Notes a token request of the authenticated `client`.
pub(super) fn token_request(
    app: &AppState,
    client: &ClientId,
    from: IpAddr,
    headers: &HeaderMap,
    form: &Parameters,
) {
    let observed = app.store.observed();
    let method = if headers.contains_key(AUTHORIZATION) {
        "client_secret_basic"
    } else {
        "client_secret_post"
    };
    let mut facts = vec![Fact::new("authentication", method)];
    facts.extend(of_token_request(form));
    facts.extend(header_facts(headers));
    facts.extend(observed.documents_of(from));
    observed.note(app.clock.now(), client, Endpoint::Token, facts);
}

/// Notes a userinfo request with a valid access token, which gets `response`.
pub(super) fn userinfo_request(app: &AppState, response: &UserinfoResponse, head: &Parts) {
    let in_header = head.headers.contains_key(AUTHORIZATION);
    let is_post = head.method == Method::POST;
    let has_capitals = response.user.as_str().chars().any(char::is_uppercase);
    let mut facts = vec![
        Fact::new("method", if is_post { "POST" } else { "GET" }),
        Fact::new(
            "token",
            if in_header {
                "in the header"
            } else {
                "in the form"
            },
        ),
        Fact::new(
            "user name sent",
            if has_capitals {
                "with capital letters"
            } else {
                "without capital letters"
            },
        ),
    ];
    facts.extend(header_facts(&head.headers));
    let observed = app.store.observed();
    observed.note(app.clock.now(), &response.client, Endpoint::Userinfo, facts);
}

/// Notes a request for a document.
pub(super) fn document_request(
    app: &AppState,
    endpoint: Endpoint,
    from: IpAddr,
    headers: &HeaderMap,
) {
    let user_agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
    let observed = app.store.observed();
    observed.note_document(app.clock.now(), from, endpoint, user_agent);
}

fn header_facts(headers: &HeaderMap) -> Vec<Fact> {
    let pairs = headers.iter();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_bytes()));
    of_headers(&pairs.collect::<Vec<_>>())
}
