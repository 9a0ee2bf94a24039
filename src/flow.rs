//! The four requests of a login, each a column of steps: [`authorize`] and
//! [`callback`] by the browser, [`token`](fn@token) and [`userinfo`] by the
//! relying party.
//!
//! The steps decide; what they decide on is fetched and kept here, between
//! two of them.

mod error;
mod issue_code;
mod problems;
mod recheck;

use crate::app::AppState;
use crate::logging;
use crate::store::{Decision, Redeemed};
use domain::base::ids::KeyId;
use domain::base::oauth::OAuthError;
use domain::base::parameters::Parameters;
use domain::base::secret::Secret;
use domain::model::login::{
    AuthorizationRequest, GoogleIdentity, IdToken, LoginId, PendingLogin, Scope,
};
use domain::model::relying_party::{RelyingParty, TrustedRedirect};
use domain::signin::authorize as step_one;
use domain::signin::google::{self, CallbackAnswer, CallbackOutcome, Expected};
use domain::signin::token::claims::Claims;
use domain::signin::token::request::TokenRequest;
use domain::signin::token::silent;
use domain::signin::token::{self, TOKEN_LIFE, Unredeemable};

pub use error::{BearerError, ClientError, FlowError, GoogleFailure, TokenError};

/// Location and cookie together. nginx drops an answer whose headers do not
/// fit into 4 kB; all others need 300 bytes.
const MAX_REDIRECT_BYTES: usize = 3700;

/// Where the browser goes next, and the login that it takes along.
#[derive(Debug)]
pub struct GoogleRedirect {
    /// Google's authorization endpoint with our request.
    pub location: String,
    /// Names the cookie.
    pub id: LoginId,
    /// The cookie's value.
    pub sealed: String,
}

/// The answer that the browser carries to the relying party.
#[derive(Debug)]
pub struct AuthorizationResponse {
    /// Where the relying party wants it.
    pub redirect: TrustedRedirect,
    /// Its state, byte for byte.
    pub state: Option<Vec<u8>>,
    /// The authorization code.
    pub code: Secret<String>,
}

/// What the relying party gets for a code.
#[derive(Debug)]
pub struct TokenAnswer {
    /// For userinfo.
    pub access_token: Secret<String>,
    /// Who signed in.
    pub id_token: IdToken,
    /// Which of our scopes were asked for.
    pub scope: Scope,
}

/// `/auth`: a relying party's request → the way to Google.
pub async fn authorize(
    app: &AppState,
    parameters: &Parameters,
) -> Result<GoogleRedirect, FlowError> {
    let client = step_one::trust(parameters, &app.config.clients)?;
    let mut request = step_one::understand(parameters, &client)
        .map_err(|error| ClientError::new(client.redirect, client.state, error))?;
    let login_hint = request.login_hint.take();
    if let Some(hint) = step_one::id_token_hint(parameters, &request) {
        let key = |kid: &KeyId| app.keys.find(kid);
        request.hinted = silent::hinted(hint, app.config.issuer.as_str(), key);
    }
    let metadata = match app.upstream.metadata().await {
        Ok(metadata) => metadata,
        Err(error) => return Err(FlowError::google_failed(app, request, error.into())),
    };
    let pending = begin(app, request)?;
    let sealed = app.sealer.seal(&pending, &*app.random)?;
    let to_google = |hint| google::authorization_url(&metadata, app.google(), &pending, hint);
    let mut location = to_google(login_hint.as_deref());
    // A person can do without the hint, but not without the answer.
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

/// `/callback`: Google's answer → the way back to the relying party.
///
/// `cookies` gives the values of the cookies that bear a login's id.
pub async fn callback<'a, C, V>(
    app: &AppState,
    query: &Parameters,
    cookies: C,
) -> Result<AuthorizationResponse, FlowError>
where
    C: FnOnce(LoginId) -> V,
    V: Iterator<Item = &'a str>,
{
    let answer = CallbackAnswer::parse(query)?;
    let id = google::callback::login_of_state(&answer.state).ok_or(FlowError::NoSuchLogin)?;
    if app.used_logins.contains(id, app.clock.now()) {
        return Err(FlowError::AlreadyUsed(id));
    }
    let pending = pending(app, id, &answer, cookies(id))?;
    if !app.used_logins.insert(id, app.clock.now()) {
        return Err(FlowError::AlreadyUsed(id));
    }
    let identity = match identify(app, &pending, answer).await {
        Ok(identity) => identity,
        Err(stop) => return Err(stop.ending(app, pending.request)),
    };
    let request = pending.request;
    if let Err(error) = silent::check(&request, &identity, app.clock.now()) {
        return Err(FlowError::denied(request, error));
    }
    issue_code::admit(app, request, identity).await
}

/// The pending login whose secret the callback knows, from its own browser's
/// cookie. There may be several cookies of one name; one of them must open.
fn pending<'a>(
    app: &AppState,
    id: LoginId,
    answer: &CallbackAnswer,
    cookies: impl Iterator<Item = &'a str>,
) -> Result<PendingLogin, FlowError> {
    let now = app.clock.now();
    for value in cookies {
        let Ok(pending) = app.sealer.open(id, value, &app.config.clients, now) else {
            continue;
        };
        if answer.answers(&pending) {
            return Ok(pending);
        }
    }
    Err(FlowError::NoSuchLogin)
}

/// Google's answer → the person for whom Google vouches.
async fn identify(
    app: &AppState,
    pending: &PendingLogin,
    answer: CallbackAnswer,
) -> Result<GoogleIdentity, error::Stop> {
    let metadata = app.upstream.metadata().await?;
    answer.check_issuer(&metadata, pending)?;
    let code = match answer.outcome {
        CallbackOutcome::Code(code) => code,
        CallbackOutcome::Refused(code) => return Err(error::Stop::Google(code)),
    };
    let tokens = app.upstream.exchange(pending, &code).await?;
    let keys = app.upstream.keys_for(tokens.id_token.kid()).await?;
    let expected = Expected::of(app.google(), pending, &tokens.access_token);
    let now = app.clock.now();
    let verified = tokens.id_token.verify(&keys, &expected, now);
    verified.map_err(|lie| error::Stop::unverified(lie, tokens.date, now))
}

/// Why a code is not worth tokens.
enum NotRedeemed {
    Code(Unredeemable),
    Person(recheck::AccessRevoked),
}

/// `/token`: an authenticated relying party's code → its tokens.
pub async fn token(
    app: &AppState,
    party: &RelyingParty,
    form: &Parameters,
) -> Result<TokenAnswer, TokenError> {
    let request = TokenRequest::parse(form)?;
    let access_token = Secret::new(app.random.token::<32>()?);
    let jti = app.random.token::<16>()?;
    let moment = app.moment();
    let now = moment.now;
    let judge = app.judge(moment);
    let client = party.id.clone();
    let code = request.code.clone();
    let redeemed = app
        .store
        .redeem(
            &code,
            &access_token,
            now.plus(TOKEN_LIFE),
            move |granted, links| {
                match token::check(granted, &client, &request, now) {
                    Ok(()) => {}
                    Err(error @ Unredeemable::AnotherClient) => {
                        return Decision::Leave(NotRedeemed::Code(error));
                    }
                    Err(error) => return Decision::Spend(NotRedeemed::Code(error)),
                }
                let admitted = judge(&granted.identity, links);
                match recheck::still(admitted, &granted.identity, &granted.user) {
                    Ok(()) => Decision::Redeem,
                    Err(out) => Decision::Spend(NotRedeemed::Person(out)),
                }
            },
        )
        .await?;
    let granted = match redeemed {
        Redeemed::Now(granted) => granted,
        Redeemed::Refused(NotRedeemed::Code(error)) => {
            return Err(OAuthError::from(error).into());
        }
        Redeemed::Refused(NotRedeemed::Person(out)) => {
            out.say(app, "refused when the code was redeemed");
            return Err(TokenError::Refused(Unredeemable::Refused.into()));
        }
        Redeemed::Before => return Err(OAuthError::from(Unredeemable::UsedBefore).into()),
        Redeemed::Unknown => return Err(OAuthError::from(Unredeemable::Unknown).into()),
    };
    let claims = app.issuing().id_token(&granted, &access_token, jti, now);
    let key = app.keys.signing(now);
    let id_token = key.sign(&serde_json::to_vec(&claims)?)?;
    logging::unlimited(|| {
        tracing::info!(
            user = granted.user.as_str(),
            client = %granted.client,
            subject = %granted.identity.account.subject,
            "signed in"
        );
    });
    Ok(TokenAnswer {
        access_token,
        id_token,
        scope: granted.scope,
    })
}

/// `/userinfo`: an access token → who signed in.
pub async fn userinfo(
    app: &AppState,
    access_token: &Secret<String>,
) -> Result<Claims, BearerError> {
    let moment = app.moment();
    let access = app.store.access(access_token, moment.now).await?;
    let (access, links) = access
        .filter(|(access, _)| token::is_current(access, moment.now))
        .ok_or(BearerError::InvalidToken)?;
    let admitted = app.judge(moment)(&access.identity, &links);
    if let Err(out) = recheck::still(admitted, &access.identity, &access.user) {
        out.say(app, "refused at userinfo");
        return Err(BearerError::InvalidToken);
    }
    Ok(app.issuing().userinfo(&access.identity, &access.user))
}
