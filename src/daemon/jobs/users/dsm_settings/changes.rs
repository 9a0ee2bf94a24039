//! What an order changes in DSM, part by part.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Direction;
use crate::clients::dsm::{DsmError, RawSettings};
use crate::config::Config;
use crate::control::LeftPlace;
use crate::doctor::dsm::Compared;
use domain::model::dsm_settings::{
    Before, Endpoint, Needed, Part, Row, Settings, Undo, client_of_dsm,
};

/// The order of `dsm-settings --compare`.
const IN_ORDER: [Part; 3] = [Part::SsoProfile, Part::OidcClient, Part::ReverseProxy];

/// The changes of an order, in the order of their writes.
pub(super) struct Changes {
    pub(super) direction: Direction,
    /// The file that has the new secret; `None`: DSM had it before.
    pub(super) secret_file: Option<PathBuf>,
    pub(super) all: Vec<Change>,
}

/// The change of one part. Its JSON may have the secret of a client.
pub(super) struct Change {
    pub(super) part: Part,
    /// The name in the state.
    pub(super) key: String,
    /// The source of the rule, for the reverse proxy.
    pub(super) source: Option<Endpoint>,
    pub(super) present: Value,
    pub(super) target: Value,
    /// Whether DSM lacks what the target has.
    pub(super) is_due: bool,
    /// Why this is not written without consent.
    pub(super) why_left: Option<String>,
    /// What the state has about this part.
    pub(super) saved: Option<Before>,
}

impl Changes {
    /// Returns what DSM lacks of what this service needs.
    pub(super) fn to_apply(
        config: &Config,
        raw: &RawSettings,
        saved: &[Before],
    ) -> Result<Self, DsmError> {
        let (client, profile, rules) = (raw.client()?, raw.profile()?, raw.rules()?);
        let mut changes = Self {
            direction: Direction::Apply,
            secret_file: None,
            all: Vec::new(),
        };
        let Some(needed) = needed(config, raw)? else {
            return Ok(changes);
        };
        changes.secret_file = Some(needed.client.secret_file.clone());
        let source = needed.source();
        let mut add = |part: Part, target: Value, rows: &[Row], why_left: Option<String>| {
            let source = (part == Part::ReverseProxy).then(|| source.clone());
            let key = key(part, source.as_ref());
            changes.all.push(Change {
                part,
                present: raw.part(part, source.as_ref()).clone(),
                target,
                is_due: rows.iter().any(|row| !row.same),
                why_left,
                saved: saved.iter().find(|saved| saved.key == key).cloned(),
                source,
                key,
            });
        };
        let other_service = needed.other_service(&profile, &client);
        add(
            Part::OidcClient,
            raw.with_client(&needed.completed(&client)),
            &needed.compare_client(&client),
            other_service.clone(),
        );
        add(
            Part::SsoProfile,
            raw.with_profile(&needed.offered()),
            &needed.compare_profile(&profile),
            other_service,
        );
        add(
            Part::ReverseProxy,
            raw.with_rule(&source, &needed.destination()),
            &needed.compare_proxy(&rules),
            needed.other_destination(&rules),
        );
        Ok(changes)
    }

    /// Returns what DSM lacks of what it had before.
    pub(super) fn to_undo(raw: &RawSettings, saved: &[Before]) -> Self {
        let of = |part| {
            saved
                .iter()
                .filter(move |saved| part_of(saved) == Some(part))
        };
        // The login page must not offer a client that is not complete.
        let parts = [Part::SsoProfile, Part::OidcClient, Part::ReverseProxy];
        let changes = parts.into_iter().flat_map(|part| {
            of(part).map(move |saved| {
                let source = source_of(part, saved);
                let present = raw.part(part, source.as_ref());
                let undo = saved.undo(present);
                let why = format!("DSM's {part} was changed after dsm-settings --apply");
                Change {
                    part,
                    key: saved.key.clone(),
                    present: present.clone(),
                    target: saved.previous.clone(),
                    is_due: undo != Undo::Nothing,
                    why_left: (undo == Undo::ChangedSince).then_some(why),
                    saved: Some(saved.clone()),
                    source,
                }
            })
        });
        Self {
            direction: Direction::Undo,
            secret_file: None,
            all: changes.collect(),
        }
    }

    /// Returns DSM's values beside those that are written, letter by letter,
    /// also if the present value would work.
    pub(super) fn planned(&self) -> Result<Vec<Compared>, DsmError> {
        let mut rows = Vec::new();
        for part in IN_ORDER {
            let of_part = self.all.iter().filter(|change| change.part == part);
            for change in of_part.filter(|change| change.is_due) {
                rows.extend(change.rows_between(&change.present, &change.target)?);
            }
        }
        Ok(rows.into_iter().map(Compared::from).collect())
    }

    /// Returns the values in `raw` beside the new ones.
    pub(super) fn rows(
        &self,
        config: &Config,
        raw: &RawSettings,
    ) -> Result<Vec<Compared>, DsmError> {
        let mut rows = Vec::new();
        for part in IN_ORDER {
            if self.direction == Direction::Apply {
                rows.extend(rows_to_apply(part, config, raw)?);
                continue;
            }
            let of_part = self.all.iter().filter(|change| change.part == part);
            for change in of_part.filter(|change| change.is_due) {
                rows.extend(change.rows_to_target(raw)?);
            }
        }
        Ok(rows.into_iter().map(Compared::from).collect())
    }

    /// Returns the rows of `change` that are not as they should be in `raw`.
    pub(super) fn differing(
        &self,
        change: &Change,
        config: &Config,
        raw: &RawSettings,
    ) -> Result<Vec<Row>, DsmError> {
        let mut rows = match self.direction {
            Direction::Apply => rows_to_apply(change.part, config, raw)?,
            Direction::Undo => change.rows_to_target(raw)?,
        };
        rows.retain(|row| !row.same);
        Ok(rows)
    }

    /// Returns the places that are not written without consent.
    pub(super) fn left(&self) -> Vec<LeftPlace> {
        let mut left: Vec<LeftPlace> = Vec::new();
        for change in self.all.iter().filter(|change| change.is_due) {
            let Some(why) = change.why_left.clone() else {
                continue;
            };
            let fields = change.part.fields().iter();
            let fields = fields.map(|field| field.name().to_owned());
            // The two parts of the SSO client usually have the same reason.
            match left.iter_mut().find(|other| other.why == why) {
                Some(same) => same.fields.extend(fields),
                None => left.push(LeftPlace {
                    place: change.part.place().to_owned(),
                    fields: fields.collect(),
                    why,
                }),
            }
        }
        left
    }

    /// Returns everything that the administrator agrees to, as JSON.
    pub(super) fn json(&self) -> String {
        let changes = self.all.iter();
        let changes = changes.map(|change| json!([change.key, change.present, change.target]));
        changes.collect::<Value>().to_string()
    }
}

impl Change {
    /// Returns the part as it is in `raw`.
    pub(super) fn found<'r>(&self, raw: &'r RawSettings) -> &'r Value {
        raw.part(self.part, self.source.as_ref())
    }

    fn rows_to_target(&self, raw: &RawSettings) -> Result<Vec<Row>, DsmError> {
        self.rows_between(self.found(raw), &self.target)
    }

    /// Returns the values of `from` beside those of `to`.
    pub(super) fn rows_between(&self, from: &Value, to: &Value) -> Result<Vec<Row>, DsmError> {
        let from = RawSettings::parsed(self.part, from)?;
        Ok(from.compare(&RawSettings::parsed(self.part, to)?))
    }
}

fn needed<'a>(config: &'a Config, raw: &RawSettings) -> Result<Option<Needed<'a>>, DsmError> {
    let stored = raw.client()?.application_id;
    let client = client_of_dsm(&config.clients, Some(&stored));
    // The secret of another client does not belong in DSM.
    let client = client.filter(|client| client.is_dsm());
    Ok(client.map(|client| config.needed_by_dsm(client)))
}

fn rows_to_apply(part: Part, config: &Config, raw: &RawSettings) -> Result<Vec<Row>, DsmError> {
    let Some(needed) = needed(config, raw)? else {
        return Ok(Vec::new());
    };
    Ok(match part {
        Part::SsoProfile => needed.compare_profile(&raw.profile()?).into(),
        Part::OidcClient => needed.compare_client(&raw.client()?).into(),
        Part::ReverseProxy => needed.compare_proxy(&raw.rules()?).into(),
    })
}

fn key(part: Part, source: Option<&Endpoint>) -> String {
    match source {
        Some(source) => format!("{} {source}", part.name()),
        None => part.name().to_owned(),
    }
}

fn part_of(saved: &Before) -> Option<Part> {
    let name = saved.key.split(' ').next();
    Part::ALL.into_iter().find(|part| name == Some(part.name()))
}

/// Returns the source of the rule that was replaced or created.
fn source_of(part: Part, saved: &Before) -> Option<Endpoint> {
    let mut rules = std::iter::once(&saved.previous).chain(&saved.written);
    rules.find_map(|rule| match RawSettings::parsed(part, rule) {
        Ok(Settings::ReverseProxy(rule)) => Some(rule?.source),
        Ok(Settings::OidcClient(_) | Settings::SsoProfile(_)) | Err(_) => None,
    })
}
