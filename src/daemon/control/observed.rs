//! What was observed of the clients, for the report of `doctor`.

use super::Control;
use crate::control::{Observation, Time};
use domain::model::observed;

impl Control {
    pub(super) fn observed(&self) -> Vec<Observation> {
        let rows = self.current.load().store.observed().rows();
        rows.into_iter().map(Observation::from).collect()
    }
}

impl From<observed::Observation> for Observation {
    fn from(seen: observed::Observation) -> Self {
        Self {
            client: seen.client,
            endpoint: seen.endpoint,
            fact: seen.fact,
            value: seen.value,
            times: seen.times,
            last: Time(seen.last),
        }
    }
}
