//! Binds the address to listen on, and says which user has it if it is in use.

use std::io;
use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clients::backoff::Backoff;
use crate::daemon::lifecycle::supervisor;
use crate::http;
use crate::machine::listeners::Listener;

/// Binds `address`, which is the value of `key` in the config. Tries again
/// while it is in use, and logs that once. `None`: stopped before it was free.
pub(super) async fn bind(
    address: SocketAddr,
    key: &str,
    stop: &CancellationToken,
) -> anyhow::Result<Option<TcpListener>> {
    let mut backoff = Backoff::new();
    let mut is_logged = false;
    loop {
        match http::listen(address) {
            Ok(listener) => return Ok(Some(listener)),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                return Err(error).with_context(|| format!("cannot listen on {address}"));
            }
            Err(_) if !is_logged => {
                is_logged = true;
                let whose = Listener::on(address)
                    .map_or_else(String::new, |listener| format!(" (uid {})", listener.uid));
                tracing::error!(
                    "cannot listen on {address}: it is in use by another program{whose}; trying \
                     again until it is free. Stop that program, or change {key}"
                );
                supervisor::status(&format!("waiting for {address}, which another program has"));
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(backoff.next_wait()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_port_in_use_is_logged_once_and_taken_when_it_is_free() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
        let _logging = tracing::subscriber::set_default(log.finish());
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = other.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (bound, ()) = tokio::join!(bind(address, "listen.address", &stop), async {
            tokio::time::sleep(Duration::from_hours(1)).await;
            drop(other);
        });
        assert_eq!(bound.unwrap().unwrap().local_addr().unwrap(), address);
        let mut log = String::new();
        (&*file).rewind().unwrap();
        (&*file).read_to_string(&mut log).unwrap();
        let uid = nix::unistd::Uid::effective();
        let words = format!("in use by another program (uid {uid});");
        assert_eq!(log.matches(&words).count(), 1, "{log}");
        assert_eq!(log.matches("ERROR").count(), 1, "{log}");
    }
}
