//! The router's nameserver: a table of names, and nothing else.

use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use super::network::Network;
use super::task::Task;

/// The response to a query for a name.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Addresses(Vec<IpAddr>),
    /// The name does not exist; the default for any that was not set.
    Unknown,
    /// SERVFAIL, as from a router without an uplink.
    Failure,
    /// None at all.
    Silence,
}

/// Serves until dropped.
pub(crate) struct Nameserver {
    table: Arc<Mutex<HashMap<String, Answer>>>,
    _task: Task,
}

impl Nameserver {
    pub(crate) fn start(network: &Network) -> Self {
        let table = Arc::new(Mutex::new(HashMap::new()));
        let socket = network.nameserver();
        let serving = serve(socket, Arc::clone(&table));
        Self {
            table,
            _task: Task::start(&network.runtime, serving),
        }
    }

    /// Sets the response to queries for `name`.
    pub(crate) fn set(&self, name: &str, answer: Answer) {
        self.table.lock().unwrap().insert(name.to_owned(), answer);
    }
}

async fn serve(socket: UdpSocket, table: Arc<Mutex<HashMap<String, Answer>>>) {
    socket.set_nonblocking(true).unwrap();
    let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
    let mut query = [0; 512];
    loop {
        let (size, client) = socket.recv_from(&mut query).await.unwrap();
        let response = respond(&query[..size], &table.lock().unwrap());
        if let Some(response) = response {
            socket.send_to(&response, client).await.unwrap();
        }
    }
}

const A: [u8; 2] = [0, 1];
const AAAA: [u8; 2] = [0, 28];
const NO_ERROR: u8 = 0;
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;

/// RFC 1035, section 4.1, for a query with one question; `None`: no response.
fn respond(query: &[u8], table: &HashMap<String, Answer>) -> Option<Vec<u8>> {
    let (name, after) = name(&query[12..]);
    let question = &query[12..12 + after + 4];
    let kind = &question[after..after + 2];
    let (code, addresses) = match table.get(&name) {
        None | Some(Answer::Unknown) => (NXDOMAIN, &[][..]),
        Some(Answer::Addresses(addresses)) => (NO_ERROR, &addresses[..]),
        Some(Answer::Failure) => (SERVFAIL, &[][..]),
        Some(Answer::Silence) => return None,
    };
    let records: Vec<Vec<u8>> = addresses
        .iter()
        .filter_map(|address| record(*address, kind))
        .collect();
    let mut response = query[..2].to_vec();
    // A response; recursion was desired and is available.
    response.extend([0x81, 0x80 | code, 0, 1]);
    response.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    response.extend([0, 0, 0, 0]);
    response.extend(question);
    response.extend(records.concat());
    Some(response)
}

/// The name at the start of `bytes`, and its encoded length.
fn name(bytes: &[u8]) -> (String, usize) {
    let mut labels = Vec::new();
    let mut at = 0;
    while bytes[at] != 0 {
        let end = at + 1 + usize::from(bytes[at]);
        let label = String::from_utf8_lossy(&bytes[at + 1..end]);
        labels.push(label.to_ascii_lowercase());
        at = end;
    }
    (labels.join("."), at + 1)
}

/// A resource record with the name of the question, if `kind` asks for it.
fn record(address: IpAddr, kind: &[u8]) -> Option<Vec<u8>> {
    let (its_kind, bytes) = match address {
        IpAddr::V4(address) => (A, address.octets().to_vec()),
        IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
    };
    let name_of_the_question = [0xc0, 12];
    let class_and_lifetime = [0, 1, 0, 0, 0, 0];
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let record = [
        &name_of_the_question[..],
        &its_kind,
        &class_and_lifetime,
        &length,
        &bytes,
    ];
    (its_kind == kind).then(|| record.concat())
}
