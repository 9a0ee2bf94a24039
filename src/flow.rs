//! The four requests of a login, each a column of steps: [`authorize`] and
//! [`callback`] come from the browser, [`token`](fn@token) and [`userinfo`]
//! from the client.
//!
//! The steps in [`domain::signin`] decide; this module does the I/O between
//! two of them. It neither logs nor records a failure: [`report`] does, when
//! the error becomes a response.

mod administration;
mod error;
mod issue_code;
mod recheck;
mod redeem_code;
mod report;

use std::sync::Arc;

use crate::app::{AppState, LoginOutcome};
use crate::logging;
use domain::base::ids::{ClientId, DsmUsername, KeyId};
use domain::base::parameters::Parameters;
use domain::base::secret::Secret;
use domain::model::login::{
    AuthorizationRequest, GoogleIdentity, GrantedCode, IdToken, LoginId, PendingLogin, Scope,
};
use domain::model::observed::{Endpoint, of_authorization};
use domain::model::relying_party::{RelyingParty, TrustedRedirect};
use domain::signin::authorize as step_one;
use domain::signin::google::{self, CallbackAnswer, CallbackOutcome, Expected};
use domain::signin::token::claims::{Claims, Issuing};
use domain::signin::token::request::TokenRequest;
use domain::signin::token::{self, silent};

pub(crate) use administration::{NotAdministrator, administrator, redeem_here};
use error::NotIdentified;
pub(crate) use error::{BearerError, FlowError, RefusedRequest, TokenError};
use issue_code::issue_code;
pub(crate) use issue_code::log_link;
use recheck::recheck;
use redeem_code::redeem_code;
pub(crate) use report::{report_login, report_token, report_userinfo, unauthenticated};

/// Location and cookie together. nginx drops a response whose headers do not
/// fit into 4 kB; all others need 300 bytes.
const MAX_REDIRECT_BYTES: usize = 3700;

/// The redirect to Google, with the cookie that has the login in progress.
#[derive(Debug)]
pub(crate) struct GoogleRedirect {
    pub(crate) location: String,
    /// Part of the cookie's name.
    pub(crate) id: LoginId,
    /// The value of the cookie: the login, encrypted.
    pub(crate) sealed: String,
}

/// The response that the browser carries to the client.
#[derive(Debug)]
pub(crate) struct AuthorizationResponse {
    pub(crate) redirect: TrustedRedirect,
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) code: Secret<String>,
}

#[derive(Debug)]
pub(crate) struct UserinfoResponse {
    pub(crate) client: ClientId,
    pub(crate) user: DsmUsername,
    pub(crate) claims: Claims,
}

#[derive(Debug)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret<String>,
    pub(crate) id_token: IdToken,
    pub(crate) scope: Scope,
}

/// `/auth`: a client's request → the redirect to Google.
pub(crate) async fn authorize(
    app: &AppState,
    parameters: &Parameters,
) -> Result<GoogleRedirect, FlowError> {
    let client = step_one::trust(parameters, &app.parties)?;
    if !client.party.is_administration() {
        let facts = of_authorization(parameters);
        let (now, id) = (app.clock.now(), &client.party.id);
        let observed = app.store.observed();
        observed.note(now, id, Endpoint::Authorization, facts);
    }
    let mut request = step_one::understand(parameters, &client)
        .map_err(|error| FlowError::rejected(client.redirect, client.state, error))?;
    let login_hint = request.login_hint.take();
    if let Some(hint) = step_one::id_token_hint(parameters, &request) {
        let key = |kid: &KeyId| app.keys.find(kid);
        request.hinted = silent::hinted(hint, app.config.issuer.as_str(), key);
    }
    let metadata = app.upstream.metadata().await;
    let metadata = metadata.map_err(|error| NotIdentified::from(error).end(&request))?;
    let pending = begin(app, request)?;
    let sealed = app.sealer.seal(&pending, &*app.random)?;
    let to_google = |hint| google::authorization_url(&metadata, app.google(), &pending, hint);
    let mut location = to_google(login_hint.as_deref());
    // Without the hint, the user chooses the account.
    if location.len() + sealed.len() > MAX_REDIRECT_BYTES {
        location = to_google(None);
    }
    Ok(GoogleRedirect {
        location,
        id: pending.id,
        sealed,
    })
}

fn begin(app: &AppState, request: AuthorizationRequest) -> Result<PendingLogin, FlowError> {
    let random = &*app.random;
    Ok(PendingLogin {
        id: LoginId::new(random.bytes()?),
        state_secret: Secret::new(random.bytes()?),
        google_nonce: Secret::new(random.bytes()?),
        google_verifier: Secret::new(random.bytes()?),
        google_issuer: app.google().issuer.clone(),
        started: app.clock.now(),
        request,
    })
}

/// `/callback`: Google's response → the response to the client.
///
/// `login` is the login that the `state` in `query` names, and `cookies` are
/// the values of its cookies: a browser may send several of one name.
pub(crate) async fn callback(
    app: &AppState,
    query: &Parameters,
    login: Option<LoginId>,
    cookies: &[&str],
) -> Result<AuthorizationResponse, FlowError> {
    let answer = CallbackAnswer::parse(query)?;
    let id = login.ok_or(FlowError::NoSuchLogin)?;
    let pending = use_up(app, id, &answer, cookies)?;
    let request = &pending.request;
    let identity = identify(app, &pending, answer).await;
    let identity = identity.map_err(|error| error.end(request))?;
    silent::check(request, &identity, app.clock.now())
        .map_err(|error| FlowError::denied(request, error))?;
    issue_code(app, request, &identity).await
}

/// Returns the login in progress from the cookie of the browser that began it,
/// and marks it as used.
fn use_up(
    app: &AppState,
    id: LoginId,
    answer: &CallbackAnswer,
    cookies: &[&str],
) -> Result<PendingLogin, FlowError> {
    let now = app.clock.now();
    // The cookie of a used login is deleted: looked at first, a reloaded page
    // would say that the sign-in has expired.
    if app.used_logins.contains(id, now) {
        return Err(FlowError::AlreadyUsed(id));
    }
    let clients = &app.parties;
    let opened = cookies
        .iter()
        .filter_map(|value| app.sealer.open(id, value, clients, now).ok());
    let pending = opened.into_iter().find(|pending| answer.answers(pending));
    let pending = pending.ok_or(FlowError::NoSuchLogin)?;
    if !app.used_logins.insert(id, now) {
        return Err(FlowError::AlreadyUsed(id));
    }
    Ok(pending)
}

/// Google's response → the Google account that signed in.
async fn identify(
    app: &AppState,
    pending: &PendingLogin,
    answer: CallbackAnswer,
) -> Result<GoogleIdentity, NotIdentified> {
    let metadata = app.upstream.metadata().await?;
    answer.check_issuer(&metadata, pending)?;
    let code = match answer.outcome {
        CallbackOutcome::Code(code) => code,
        CallbackOutcome::Refused(code) => return Err(NotIdentified::Denied(code)),
    };
    let (tokens, date) = app.upstream.exchange(pending, &code).await?;
    let keys = app.upstream.keys_for(tokens.id_token.kid()).await?;
    let expected = Expected::of(app.google(), pending, &tokens.access_token);
    let now = app.clock.now();
    let verified = tokens.id_token.verify(&keys, &expected, now);
    verified.map_err(|error| NotIdentified::unverified(error, date, now))
}

/// `/token`: the code of an authenticated client → its tokens.
pub(crate) async fn token(
    app: &AppState,
    party: &RelyingParty,
    form: &Parameters,
) -> Result<TokenResponse, TokenError> {
    let request = TokenRequest::parse(form)?;
    // Without random numbers, the code is not used up.
    let access_token = Secret::new(app.random.token::<32>()?);
    let jti = app.random.token::<16>()?;
    let issuer = app.config.issuer.as_str().to_owned();
    let username_claim = app.config.username_claim.clone();
    let (keys, token) = (Arc::clone(&app.keys), access_token.clone());
    let issue = move |granted: &GrantedCode, now| {
        let issuing = Issuing {
            issuer: &issuer,
            username_claim: &username_claim,
        };
        let claims = issuing.id_token(granted, &token, jti, now);
        Ok(keys.signing(now).sign(&serde_json::to_vec(&claims)?)?)
    };
    let (granted, id_token) = redeem_code(app, party, request, &access_token, issue).await?;
    note_sign_in(app, &granted);
    Ok(TokenResponse {
        access_token,
        id_token,
        scope: granted.scope,
    })
}

fn note_sign_in(app: &AppState, granted: &GrantedCode) {
    app.count(|metrics| metrics.login(LoginOutcome::SignedIn));
    logging::unlimited(|| {
        tracing::info!(
            user = granted.user.as_str(),
            client = %granted.client,
            subject = %granted.identity.account.subject,
            "signed in"
        );
    });
}

/// `/userinfo`: an access token → the claims of its user.
pub(crate) async fn userinfo(
    app: &AppState,
    access_token: &Secret<String>,
) -> Result<UserinfoResponse, BearerError> {
    let moment = app.moment();
    let access = app.store.access(access_token, moment.now).await?;
    let (access, links) = access
        .filter(|(access, _)| token::is_current(access, moment.now))
        .ok_or(BearerError::InvalidToken)?;
    let admitted = app.judge(moment)(&access.identity, &links);
    recheck(admitted, &access.identity, &access.user)?;
    Ok(UserinfoResponse {
        claims: app.issuing().userinfo(&access.identity, &access.user),
        client: access.client,
        user: access.user,
    })
}
