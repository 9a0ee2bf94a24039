//! What a client's requests look like: facts about DSM's OpenID client that no
//! source has (docs/development/dsm-facts.md, section 1.2).
//!
//! The value of a fact is a word of this file, a length, or the short text of a
//! header that has no secret. Of other values, only the presence is noted.

mod facts;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::base::clock::UnixTime;
pub use facts::{
    Fact, of_authorization, of_headers, of_redeemed_code, of_token_request, of_user_agent, text_of,
};

/// The most different values of one fact. Anyone can send an authorization
/// request in the name of a client.
const MOST_VALUES: usize = 8;

/// The most facts of all clients together: enough for twenty clients.
const MOST_FACTS: usize = 600;

/// The most addresses whose requests for documents are counted.
const MOST_READERS: usize = 16;

/// The requests that are observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The authorization request, from a browser.
    Authorization,
    /// The token request, from the client.
    Token,
    /// The userinfo request, from the client.
    Userinfo,
    /// The request for the discovery document.
    Discovery,
    /// The request for the keys.
    Keys,
}

impl Endpoint {
    /// Returns the name in the state and in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorization => "/auth",
            Self::Token => "/token",
            Self::Userinfo => "/userinfo",
            Self::Discovery => "discovery",
            Self::Keys => "/keys",
        }
    }
}

/// How often a client was seen to do something, and when last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The client's ID; empty for the documents, which anyone may fetch.
    pub client: String,
    /// The [name](Endpoint::name) of the request.
    pub endpoint: String,
    /// The property of the request, such as `nonce`.
    pub fact: String,
    /// Its value, such as `missing`.
    pub value: String,
    /// The number of requests.
    pub times: u64,
    /// The time of the last one.
    pub last: UnixTime,
}

/// All observations, of a limited number and length.
#[derive(Debug, Default)]
pub struct Observations {
    facts: BTreeMap<Place, Vec<Seen>>,
    readers: Vec<Reader>,
}

/// Client, endpoint and name of a fact.
type Place = (String, String, String);

#[derive(Debug)]
struct Seen {
    value: String,
    times: u64,
    last: UnixTime,
}

/// An address that fetches documents, the latest last in its list.
#[derive(Debug)]
struct Reader {
    address: IpAddr,
    discovery: u32,
    keys: u32,
}

impl Observations {
    /// Returns the observations that `rows` had.
    pub fn restored(rows: Vec<Observation>) -> Self {
        let mut restored = Self::default();
        for row in rows {
            let seen = Seen {
                value: row.value,
                times: row.times,
                last: row.last,
            };
            let place = (row.client, row.endpoint, row.fact);
            restored.facts.entry(place).or_default().push(seen);
        }
        restored
    }

    /// Returns all observations, by client, endpoint and fact; the most
    /// frequent value of a fact first.
    pub fn rows(&self) -> Vec<Observation> {
        let mut rows = Vec::new();
        for ((client, endpoint, fact), values) in &self.facts {
            let mut values: Vec<&Seen> = values.iter().collect();
            values.sort_by_key(|seen| std::cmp::Reverse((seen.times, seen.last)));
            rows.extend(values.into_iter().map(|seen| Observation {
                client: client.clone(),
                endpoint: endpoint.clone(),
                fact: fact.clone(),
                value: seen.value.clone(),
                times: seen.times,
                last: seen.last,
            }));
        }
        rows
    }

    /// Returns whether an OpenID client was seen to fetch the discovery
    /// document. As DSM's, it has an empty User-Agent; browsers and `doctor`
    /// have one (docs/development/dsm-facts.md, section 1.2). A token request
    /// proves it, too.
    pub fn has_discovery_of_client(&self) -> bool {
        self.facts.iter().any(|((_, endpoint, fact), values)| {
            endpoint == Endpoint::Token.name()
                || endpoint == Endpoint::Discovery.name()
                    && fact == facts::USER_AGENT
                    && values.iter().any(|seen| facts::is_absent(&seen.value))
        })
    }

    /// Returns whether a client has redeemed a code.
    pub fn has_sign_in(&self) -> bool {
        let token = Endpoint::Token.name();
        let mut places = self.facts.keys();
        places.any(|(_, endpoint, fact)| endpoint == token && fact == facts::REDEEMED)
    }

    /// Notes the facts of one request, and returns whether one has a new value.
    /// `client` is a client of the config.
    pub fn note(
        &mut self,
        now: UnixTime,
        client: &str,
        endpoint: Endpoint,
        facts: Vec<Fact>,
    ) -> bool {
        let mut is_new = false;
        for Fact { name, value } in facts {
            self.make_room(client, endpoint, name);
            let place = (client.to_owned(), endpoint.name().to_owned(), name.into());
            is_new |= note_value(self.facts.entry(place).or_default(), value, now);
        }
        is_new
    }

    /// Notes that `address` fetched a document, and returns whether that is
    /// new. Anyone may, so that a User-Agent is only compared with those of the
    /// clients.
    pub fn note_document(
        &mut self,
        now: UnixTime,
        address: IpAddr,
        endpoint: Endpoint,
        user_agent: Option<&[u8]>,
    ) -> bool {
        let known = |text: &str| {
            let mut places = self.facts.iter();
            places.any(|((_, endpoint, fact), values)| {
                endpoint == Endpoint::Token.name()
                    && fact == facts::USER_AGENT
                    && values.iter().any(|seen| seen.value == text)
            })
        };
        let fact = of_user_agent(user_agent, known);
        let is_new = self.note(now, "", endpoint, vec![fact]);
        let reader = self.reader(address);
        match endpoint {
            Endpoint::Discovery => reader.discovery = reader.discovery.saturating_add(1),
            Endpoint::Keys => reader.keys = reader.keys.saturating_add(1),
            Endpoint::Authorization | Endpoint::Token | Endpoint::Userinfo => {}
        }
        is_new
    }

    /// Returns how often `address`, which sends a token request now, has
    /// fetched each document since its previous one.
    pub fn documents_of(&mut self, address: IpAddr) -> Vec<Fact> {
        let reader = self.reader(address);
        let facts = vec![
            facts::count("discovery since the previous", reader.discovery),
            facts::count("keys since the previous", reader.keys),
        ];
        (reader.discovery, reader.keys) = (0, 0);
        facts
    }

    /// Moves the entry of `address` to the end of the list, and returns it.
    fn reader(&mut self, address: IpAddr) -> &mut Reader {
        let found = self.readers.iter().position(|it| it.address == address);
        let reader = match found {
            Some(index) => self.readers.remove(index),
            None => Reader {
                address,
                discovery: 0,
                keys: 0,
            },
        };
        if self.readers.len() >= MOST_READERS {
            self.readers.remove(0);
        }
        self.readers.push_mut(reader)
    }

    /// Removes the fact that was seen least recently if the fact is new and
    /// there are too many.
    fn make_room(&mut self, client: &str, endpoint: Endpoint, fact: &str) {
        if self.facts.len() < MOST_FACTS {
            return;
        }
        let is_it =
            |place: &&Place| place.0 == client && place.1 == endpoint.name() && place.2 == fact;
        if self.facts.keys().any(|place| is_it(&place)) {
            return;
        }
        let last = |values: &[Seen]| values.iter().map(|seen| seen.last).max();
        let oldest = self.facts.iter().min_by_key(|(_, values)| last(values));
        if let Some(place) = oldest.map(|(place, _)| place.clone()) {
            self.facts.remove(&place);
        }
    }
}

/// Counts `value`, and returns whether it is new. A new one replaces the rarest
/// one, of these the oldest, if there are too many.
fn note_value(values: &mut Vec<Seen>, value: String, now: UnixTime) -> bool {
    if let Some(seen) = values.iter_mut().find(|seen| seen.value == value) {
        seen.times = seen.times.saturating_add(1);
        seen.last = now;
        return false;
    }
    if values.len() >= MOST_VALUES {
        let rarest = values.iter().enumerate();
        let rarest = rarest.min_by_key(|(_, seen)| (seen.times, seen.last));
        if let Some((index, _)) = rarest {
            values.swap_remove(index);
        }
    }
    values.push(Seen {
        value,
        times: 1,
        last: now,
    });
    true
}

#[cfg(test)]
mod tests;
