//! The four requests of a login, each a column of steps: [`authorize`] and
//! [`callback`] by the browser, [`token`](fn@token) and [`userinfo`] by the
//! relying party.
//!
//! The steps decide; what they decide on is fetched and kept here, between
//! two of them.

mod bridge;
mod configured;
mod current;
mod error;
mod refusals;
mod spent;

use std::time::Duration;

use crate::authorize as step_one;
use crate::directory::{Admission, LinkedBy, Refusal, Refused};
use crate::google::{self, CallbackAnswer, CallbackOutcome, Expected};
use crate::login::{AuthorizationRequest, GoogleIdentity, IdToken, LoginId, PendingLogin, Scope};
use crate::oauth::OAuthError;
use crate::parameters::Parameters;
use crate::refresh_desk::Asked;
use crate::relying_party::{RelyingParty, TrustedRedirect};
use crate::secret::Secret;
use crate::store::{Decision, Linked, Redeemed};
use crate::token::claims::Claims;
use crate::token::request::TokenRequest;
use crate::token::{self, CODE_LIFE, TOKEN_LIFE, Unredeemable};

pub use bridge::Bridge;
pub use configured::{dsm_client, policy, upstream};
pub use current::CurrentBridge;
pub use error::{BearerError, ClientError, FlowError, GoogleFailure, TokenError};
pub use refusals::{Refusals, RefusedLogin};
pub use spent::SpentLogins;

/// Location and cookie together. nginx drops an answer whose headers do not
/// fit into 4 kB; all others need 300 bytes.
const MAX_DEPARTURE_BYTES: usize = 3700;

/// A person waits so long for DSM's newer users before a refusal.
const PATIENCE: Duration = Duration::from_secs(15);

/// And so long while there are none that can be trusted: nobody gets in then,
/// and DSM is slow while a NAS wakes up.
const PATIENCE_WITHOUT_USERS: Duration = Duration::from_secs(30);

/// Where the browser goes next, and the login that it takes along.
#[derive(Debug)]
pub struct Departure {
    /// Google's authorization endpoint with our request.
    pub location: String,
    /// Names the cookie.
    pub id: LoginId,
    /// The cookie's value.
    pub sealed: String,
}

/// The answer that the browser carries to the relying party.
#[derive(Debug)]
pub struct Arrival {
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
pub async fn authorize(bridge: &Bridge, parameters: &Parameters) -> Result<Departure, FlowError> {
    let client = step_one::trust(parameters, &bridge.config.clients)?;
    let mut request = step_one::understand(parameters, &client)
        .map_err(|error| ClientError::new(client.redirect, client.state, error))?;
    let login_hint = request.login_hint.take();
    let metadata = match bridge.upstream.metadata().await {
        Ok(metadata) => metadata,
        Err(error) => return Err(FlowError::google_failed(request, error.into())),
    };
    let pending = begin(bridge, request)?;
    let sealed = bridge.sealer.seal(&pending, &*bridge.random)?;
    let to_google = |hint| google::authorization_url(&metadata, bridge.google(), &pending, hint);
    let mut location = to_google(login_hint.as_deref());
    // A person can do without the hint, but not without the answer.
    if location.len() + sealed.len() > MAX_DEPARTURE_BYTES {
        location = to_google(None);
    }
    Ok(Departure {
        location,
        id: pending.id,
        sealed,
    })
}

fn begin(bridge: &Bridge, request: AuthorizationRequest) -> Result<PendingLogin, FlowError> {
    let random = &*bridge.random;
    Ok(PendingLogin {
        id: LoginId::new(random.bytes()?),
        state_secret: Secret::new(random.bytes()?),
        google_nonce: Secret::new(random.bytes()?),
        google_verifier: Secret::new(random.bytes()?),
        google_issuer: bridge.google().issuer.clone(),
        started: bridge.clock.now(),
        request,
    })
}

/// `/callback`: Google's answer → the way back to the relying party.
///
/// `cookies` gives the values of the cookies that bear a login's id.
pub async fn callback<'a, C, V>(
    bridge: &Bridge,
    query: &Parameters,
    cookies: C,
) -> Result<Arrival, FlowError>
where
    C: FnOnce(LoginId) -> V,
    V: Iterator<Item = &'a str>,
{
    let answer = CallbackAnswer::parse(query)?;
    let id = google::callback::login_of_state(&answer.state).ok_or(FlowError::NoSuchLogin)?;
    if bridge.spent.contains(id, bridge.clock.now()) {
        return Err(FlowError::AlreadyUsed(id));
    }
    let pending = pending(bridge, id, &answer, cookies(id))?;
    if !bridge.spent.spend(id, bridge.clock.now()) {
        return Err(FlowError::AlreadyUsed(id));
    }
    let identity = match identify(bridge, &pending, answer).await {
        Ok(identity) => identity,
        Err(stop) => return Err(stop.ending(bridge, pending.request)),
    };
    admit(bridge, pending.request, identity).await
}

/// The pending login whose secret the callback knows, from its own browser's
/// cookie. There may be several cookies of one name; one of them must open.
fn pending<'a>(
    bridge: &Bridge,
    id: LoginId,
    answer: &CallbackAnswer,
    cookies: impl Iterator<Item = &'a str>,
) -> Result<PendingLogin, FlowError> {
    let now = bridge.clock.now();
    for value in cookies {
        let Ok(pending) = bridge.sealer.open(id, value, &bridge.config.clients, now) else {
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
    bridge: &Bridge,
    pending: &PendingLogin,
    answer: CallbackAnswer,
) -> Result<GoogleIdentity, error::Stop> {
    let metadata = bridge.upstream.metadata().await?;
    answer.check_issuer(&metadata, pending)?;
    let code = match answer.outcome {
        CallbackOutcome::Code(code) => code,
        CallbackOutcome::Refused(code) => return Err(error::Stop::Google(code)),
    };
    let tokens = bridge.upstream.exchange(pending, &code).await?;
    let keys = bridge.upstream.keys_for(tokens.id_token.kid()).await?;
    let expected = Expected::of(bridge.google(), pending, &tokens.access_token);
    let now = bridge.clock.now();
    let verified = tokens.id_token.verify(&keys, &expected, now);
    verified.map_err(|lie| error::Stop::unverified(lie, tokens.date, now))
}

/// A person → the DSM user → a code, kept. Who may have been added or mended
/// in DSM a minute ago is looked up there once more.
async fn admit(
    bridge: &Bridge,
    request: AuthorizationRequest,
    identity: GoogleIdentity,
) -> Result<Arrival, FlowError> {
    let mut turned_away = match grant(bridge, request, identity).await? {
        Ok(arrival) => return Ok(arrival),
        Err(turned_away) => turned_away,
    };
    let asked = ask_dsm(bridge, turned_away.refused.refusal).await;
    if matches!(asked, Some(Asked::Ended | Asked::TakesLonger)) {
        let TurnedAway {
            request, identity, ..
        } = *turned_away;
        turned_away = match grant(bridge, request, identity).await? {
            Ok(arrival) => return Ok(arrival),
            Err(turned_away) => turned_away,
        };
    }
    let TurnedAway {
        refused,
        request,
        identity,
    } = *turned_away;
    let dsm_is_slow = asked == Some(Asked::TakesLonger);
    let error = FlowError::refused(bridge, request, refused, Some(&identity.address));
    Err(if dsm_is_slow {
        error.after_slow_dsm()
    } else {
        error
    })
}

/// Waits for newer users, where they may change `refusal`.
async fn ask_dsm(bridge: &Bridge, refusal: Refusal) -> Option<Asked> {
    if !refusal.may_be_mended_in_dsm() {
        return None;
    }
    let patience = if refusal == Refusal::DirectoryStale {
        PATIENCE_WITHOUT_USERS
    } else {
        PATIENCE
    };
    Some(bridge.refresh_desk.ask(patience).await)
}

/// Somebody who may not sign in, with all that another judgement needs.
struct TurnedAway {
    refused: Refused,
    request: AuthorizationRequest,
    identity: GoogleIdentity,
}

/// Judges where the links are locked, and keeps code and link.
async fn grant(
    bridge: &Bridge,
    request: AuthorizationRequest,
    identity: GoogleIdentity,
) -> Result<Result<Arrival, Box<TurnedAway>>, FlowError> {
    let redirect = request.redirect.clone();
    let state = request.state.clone();
    let code = Secret::new(bridge.random.token::<32>()?);
    let moment = bridge.moment();
    let judge = bridge.judge(moment);
    let granted = bridge
        .store
        .grant(
            &code,
            identity,
            CODE_LIFE,
            move |identity, links| match judge(&identity, links) {
                Ok(Admission { user, link }) => {
                    Ok((token::grant(request, identity, &user, moment.now), link))
                }
                Err(refused) => Err(Box::new(TurnedAway {
                    refused,
                    request,
                    identity,
                })),
            },
        )
        .await?;
    Ok(granted.map(|linked| {
        say_linked(&linked);
        Arrival {
            redirect,
            state,
            code,
        }
    }))
}

/// Who signs in as whom from now on is worth an administrator's look.
fn say_linked(linked: &Linked) {
    let (before, now) = match linked {
        Linked::AsBefore => return,
        Linked::Anew(now) => (None, now),
        Linked::InPlaceOf { before, now } => (Some(before), now),
    };
    tracing::warn!(
        user = now.user.as_str(),
        subject = %now.account.subject,
        address = now.address.as_written(),
        by = match now.by {
            LinkedBy::Alias => "alias",
            LinkedBy::Address => "address",
        },
        before = before.map(|before| before.user.as_str()),
        address_before = before.map(|before| before.address.as_written()),
        "linked a Google account to a DSM user"
    );
}

/// `/token`: an authenticated relying party's code → its tokens.
pub async fn token(
    bridge: &Bridge,
    party: &RelyingParty,
    form: &Parameters,
) -> Result<TokenAnswer, TokenError> {
    let request = TokenRequest::parse(form)?;
    let access_token = Secret::new(bridge.random.token::<32>()?);
    let jti = bridge.random.token::<16>()?;
    let moment = bridge.moment();
    let now = moment.now;
    let judge = bridge.judge(moment);
    let client = party.id.clone();
    let code = request.code.clone();
    let redeemed = bridge
        .store
        .redeem(
            &code,
            &access_token,
            now.plus(TOKEN_LIFE),
            move |granted, links| {
                match token::check(granted, &client, &request, now) {
                    Ok(()) => {}
                    Err(error @ Unredeemable::AnotherClient) => return Decision::Leave(error),
                    Err(error) => return Decision::Spend(error),
                }
                // Whoever was let in a moment ago must still be the same user.
                match judge(&granted.identity, links) {
                    Ok(admitted) if *admitted.user.name() == granted.user => Decision::Redeem,
                    Ok(_) | Err(_) => Decision::Spend(Unredeemable::Refused),
                }
            },
        )
        .await?;
    let granted = match redeemed {
        Redeemed::Now(granted) => granted,
        Redeemed::Refused(error) => return Err(OAuthError::from(error).into()),
        Redeemed::Before => return Err(OAuthError::from(Unredeemable::UsedBefore).into()),
        Redeemed::Unknown => return Err(OAuthError::from(Unredeemable::Unknown).into()),
    };
    let claims = bridge.issuing().id_token(&granted, &access_token, jti, now);
    let key = bridge.keys.signing(now);
    let id_token = key.sign(&serde_json::to_vec(&claims)?)?;
    tracing::info!(
        user = granted.user.as_str(),
        client = %granted.client,
        subject = %granted.identity.account.subject,
        "signed in"
    );
    Ok(TokenAnswer {
        access_token,
        id_token,
        scope: granted.scope,
    })
}

/// `/userinfo`: an access token → who signed in.
pub async fn userinfo(
    bridge: &Bridge,
    access_token: &Secret<String>,
) -> Result<Claims, BearerError> {
    let moment = bridge.moment();
    let access = bridge.store.access(access_token, moment.now).await?;
    let (access, links) = access
        .filter(|(access, _)| token::is_current(access, moment.now))
        .ok_or(BearerError::InvalidToken)?;
    match bridge.judge(moment)(&access.identity, &links) {
        Ok(admitted) if *admitted.user.name() == access.user => {}
        Ok(_) | Err(_) => return Err(BearerError::InvalidToken),
    }
    Ok(bridge.issuing().userinfo(&access.identity, &access.user))
}
