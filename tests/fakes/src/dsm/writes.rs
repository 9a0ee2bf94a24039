//! The changes of the fake DSM's sign-in settings, and the source of each
//! response. The keys of the sources are those of [`api`](super::api) and
//! [`settings`](super::settings); besides:
//!
//! - portal: pmilano1/synology-dsm-api, `login-portal.md`: list and create of
//!   reverse proxy rules, captured on DSM 7 in July 2026
//! - devwareh: devwareh/SynoReverseProxy, used by others on DSM 7
//! - batonogov: batonogov/terraform-provider-synology-dsm, tried on DSM 7.4,
//!   but its reverse proxy rules only against its own tests
//!
//! Recorded (portal): a successful change is `{"success": true}`. Guess: that
//! it never has `data`; batonogov expects `data`, too, perhaps with the new
//! UUID. `SYNO.Core.Directory.SSO.Setting` has a `set` (krg, provider), which
//! the daemon never calls, and which is missing here.

use serde_json::{Map, Value, json};

use super::State;
use super::api::Plain;
use super::settings::Settings;
use crate::server::Received;

/// What a request changes, or the failure that it gets.
pub(super) type Change = fn(&mut Settings, &Received) -> Result<(), Plain>;

impl State {
    /// Recorded (dsmaccess, dsm-mini): on DSM 7.4, a session of version 6 gets
    /// 402 from changes of users and groups, also as an administrator. Guess:
    /// these changes are treated the same, and any lower version, too.
    pub(super) fn write(&mut self, request: &Received, change: Change) -> Plain {
        let session = match self.rights(request) {
            Ok(session) => session,
            Err(refused) => return refused,
        };
        if self.behaviour.rejects_writes_of_old_sessions && session.version < 7 {
            return Plain::failure(402);
        }
        match change(&mut self.behaviour.settings, request) {
            Ok(()) => Plain::json(&json!({"success": true})),
            Err(refused) => refused,
        }
    }

    /// Makes the change in `request`, and puts `fields` over what it changed.
    pub(super) fn stores(&mut self, request: &Received, fields: &Value) -> Plain {
        let before = self.behaviour.settings.clone();
        let answer = self.usual(request);
        let settings = &mut self.behaviour.settings;
        if settings.client != before.client {
            merge(&mut settings.client, fields);
        }
        if settings.profile != before.profile {
            merge(&mut settings.profile, fields);
        }
        for rule in &mut settings.proxy {
            if !before.proxy.contains(rule) {
                merge(rule, fields);
            }
        }
        answer
    }
}

/// Recorded (krg, a capture of DSM 7.3's dialog and tries with its API): the
/// fields as JSON with `profile="oidc"`; fields that are not sent keep their
/// values, also the two endpoints, which DSM does not take from the well-known
/// URL; the SSO service stays as it is. Guesses: 114 without `profile`, 120
/// for another one, and that unknown parameters are ignored.
pub(super) fn set_client(settings: &mut Settings, request: &Received) -> Result<(), Plain> {
    let profile = required(request, "profile", Value::is_string)?;
    if profile != "oidc" {
        return Err(Plain::failure(120));
    }
    let mut sent = Map::new();
    for (name, stored) in settings.client.as_object().unwrap() {
        let is_right = if stored.is_boolean() {
            Value::is_boolean
        } else {
            Value::is_string
        };
        if let Some(value) = optional(request, name, is_right)? {
            sent.insert(name.clone(), value);
        }
    }
    merge(&mut settings.client, &Value::Object(sent));
    Ok(())
}

/// Recorded (krg, provider): both parameters, of which the dialog's list has
/// `azure`, `websphere` and `oidc`; a deletion by provider sends
/// `sso_enable=false` with `oidc`. Guesses: 114 without one of them, 120 for
/// another profile, and that an empty one is accepted, as DSM has it before
/// the first set-up.
pub(super) fn set_profile(settings: &mut Settings, request: &Received) -> Result<(), Plain> {
    let profile = required(request, "sso_profile", Value::is_string)?;
    let enable = required(request, "sso_enable", Value::is_boolean)?;
    let profiles = ["", "azure", "websphere", "oidc"];
    if !profiles.iter().any(|known| profile == *known) {
        return Err(Plain::failure(120));
    }
    let sent = json!({"sso_enable": enable, "sso_profile": profile});
    merge(&mut settings.profile, &sent);
    Ok(())
}

/// Recorded (portal): `entry` is JSON, and the new rule is in the list with a
/// `UUID`; devwareh and ccsync have seen a `_key`, too. Recorded (batonogov):
/// 4154 if the rule exists. Guesses: the form of both keys, that they are
/// equal, and that a rule exists if its source is the same.
pub(super) fn create_rule(settings: &mut Settings, request: &Received) -> Result<(), Plain> {
    let mut rule = entry(request)?;
    let source =
        |rule: &Value| ["fqdn", "port", "protocol"].map(|key| rule["frontend"][key].clone());
    let exists = settings.proxy.iter();
    if exists.map(source).any(|taken| taken == source(&rule)) {
        return Err(Plain::failure(4154));
    }
    let mut keys = (1..).map(|number: u32| format!("9a1c3b52-0000-4000-8000-{number:012}"));
    let is_free = |key: &String| settings.proxy.iter().all(|rule| rule["UUID"] != *key);
    let key = keys.find(is_free);
    merge(&mut rule, &json!({"UUID": key, "_key": key}));
    settings.proxy.push(rule);
    Ok(())
}

/// Recorded (devwareh): the whole rule with its `UUID` and `_key`, both of
/// which are needed. Guess: 4151 if one is missing or unknown.
pub(super) fn update_rule(settings: &mut Settings, request: &Received) -> Result<(), Plain> {
    let rule = entry(request)?;
    let mut rules = settings.proxy.iter_mut();
    let same = |stored: &&mut Value| ["UUID", "_key"].iter().all(|key| stored[key] == rule[key]);
    let stored = rules.find(same).ok_or_else(|| Plain::failure(4151))?;
    *stored = rule;
    Ok(())
}

/// Recorded (devwareh, batonogov, and a Go client): `uuids` is a JSON list,
/// also for one rule. Guesses: 114 without it, 120 for another form, and 4151
/// for an unknown rule.
pub(super) fn delete_rules(settings: &mut Settings, request: &Received) -> Result<(), Plain> {
    let uuids = required(request, "uuids", Value::is_array)?;
    let uuids = uuids.as_array().unwrap();
    let before = settings.proxy.len();
    let mut left = settings.proxy.clone();
    left.retain(|rule| !uuids.contains(&rule["UUID"]));
    if left.len() + uuids.len() != before {
        return Err(Plain::failure(4151));
    }
    settings.proxy = left;
    Ok(())
}

/// Recorded (portal): 4151 if `entry` is missing or is not JSON. Guess: also
/// for a rule without source or destination, or with a number as text.
fn entry(request: &Received) -> Result<Value, Plain> {
    let entry = request.parameter("entry").unwrap_or_default();
    let entry: Value = serde_json::from_str(&entry).unwrap_or_default();
    let is_whole = ["frontend", "backend"].iter().all(|end| {
        let end = &entry[end];
        end["fqdn"].is_string() && end["port"].is_u64() && end["protocol"].is_u64()
    });
    if is_whole {
        Ok(entry)
    } else {
        Err(Plain::failure(4151))
    }
}

fn required(request: &Received, name: &str, is_right: fn(&Value) -> bool) -> Result<Value, Plain> {
    let given = optional(request, name, is_right)?;
    given.ok_or_else(|| Plain::failure(114))
}

/// Returns the JSON value of a parameter. Recorded (krg, dsm-mini): values are
/// JSON, text with its quotes; without them comes 120 with the name of the
/// parameter and the reason `type`, 101 or 105 (dsm-mini, by other APIs of DSM
/// 7.2.2). Guess: that these APIs answer 120.
fn optional(
    request: &Received,
    name: &str,
    is_right: fn(&Value) -> bool,
) -> Result<Option<Value>, Plain> {
    let Some(given) = request.parameter(name) else {
        return Ok(None);
    };
    match serde_json::from_str(&given) {
        Ok(value) if is_right(&value) => Ok(Some(value)),
        Ok(_) | Err(_) => {
            let reason = json!({"name": name, "reason": "type"});
            let error = json!({"code": 120, "errors": reason});
            Err(Plain::json(&json!({"error": error, "success": false})))
        }
    }
}

/// Puts the fields of `over` into the object `under`.
fn merge(under: &mut Value, over: &Value) {
    let under = under.as_object_mut().unwrap();
    under.extend(over.as_object().unwrap().clone());
}
