//! A second server, and enough files for its connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fakes::house::House;
use google_to_synology_sso::http::Server;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The number of connections that the server accepts.
pub(crate) const PLACES: usize = 512;

/// Both ends of all connections are in this process, beside those of other
/// tests: more than the default limit of 1024 files.
pub(crate) fn allow_many_files() {
    let allowed = getrlimit(Resource::Nofile);
    let wanted = u64::try_from(4 * PLACES).unwrap();
    if allowed.current.is_some_and(|now| now < wanted) {
        let current = Some(wanted.min(allowed.maximum.unwrap_or(wanted)));
        setrlimit(Resource::Nofile, Rlimit { current, ..allowed }).unwrap();
    }
}

/// Serves the house a second time, with another time-out, until the set is
/// dropped.
pub(crate) async fn serve_with(house: &House, patience: Duration) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(Arc::clone(house.current()), None, patience);
    let mut serving = JoinSet::new();
    serving.spawn(Arc::new(server).serve(listener, CancellationToken::new()));
    (address, serving)
}
