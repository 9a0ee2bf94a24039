//! `explain`: what a Google account with an address would get, rule by rule.

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{Control, failed, refused, report};
use crate::app::AppState;
use crate::control::{At, Explanation, Reason, Rule, Time};
use domain::base::clock::UnixTime;
use domain::signin::directory::{self, Examined};

impl Control {
    /// Judges the account at the given time, by the users and links of now.
    /// Writes nothing, and does not ask DSM.
    pub(super) async fn explain(&self, address: &str, at: Option<At>) -> Vec<u8> {
        let app = self.current.load();
        let moment = match at {
            None => app.moment(),
            Some(At::Instant(at)) => app.moment_at(at.0),
            Some(At::Local(local)) => match instant(&app, local) {
                Ok(at) => app.moment_at(at),
                Err(error) => return refused(Reason::Failed, format!("cannot use --at: {error}")),
            },
        };
        let links = match app.store.links().await {
            Ok(links) => links,
            Err(error) => return failed(error),
        };
        let snapshot = app.snapshot.load_full();
        let explained =
            directory::explain(address, &links, snapshot.as_deref(), &app.policy, moment);
        match on_the_wire(&app, address, explained, Time(moment.now)) {
            Ok(explanation) => report(&explanation),
            Err(error) => failed(error),
        }
    }
}

/// A time that the clocks skip is that much later; of one that they repeat, the
/// first is meant.
fn instant(app: &AppState, local: DateTime) -> Result<UnixTime, jiff::Error> {
    let zoned = local.to_zoned(app.time_zone.clone())?;
    let instant: Timestamp = zoned.timestamp();
    Ok(UnixTime::from_seconds(instant.as_second()))
}

fn on_the_wire(
    app: &AppState,
    address: &str,
    explained: directory::Explanation,
    at: Time,
) -> Result<Explanation, serde_json::Error> {
    let (verdict, user) = match &explained.verdict {
        Ok(admission) => ("ok", Some(admission.user.name())),
        Err(refused) => (refused.refusal.name(), None),
    };
    let issuing = app.issuing();
    let identity = &explained.identity;
    let claims = user.map(|user| {
        if explained.has_signed_in {
            issuing.userinfo(identity, user)
        } else {
            issuing.without_sub(identity, user)
        }
    });
    let claims = claims.map(|claims| serde_json::to_string(&claims));
    let claims = claims.transpose()?;
    Ok(Explanation {
        address: address.to_owned(),
        at,
        verdict: verdict.to_owned(),
        user: user.map(ToString::to_string),
        claims: claims
            .map(|claims| serde_json::from_str(&claims))
            .transpose()?,
        rules: explained.rules.into_iter().map(Rule::from).collect(),
    })
}

impl From<Examined> for Rule {
    fn from(examined: Examined) -> Self {
        Self {
            number: examined.rule,
            result: examined.outcome.name().to_owned(),
            message: examined.message,
        }
    }
}
