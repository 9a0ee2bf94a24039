//! A server in front of another one, or in its place.

use std::net::{SocketAddr, TcpListener};

use fakes::certificates::Certificate;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};
use tokio_rustls::TlsAcceptor;

use super::network::Network;
use super::task::Task;

/// What it does with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Conduct {
    /// Passes it on, byte by byte, as a router does.
    Forward(SocketAddr),
    /// Sends this response to each request.
    Respond(String),
    /// Accepts the request, and never responds.
    Silence,
    /// Sends the beginning, and then this for ever.
    Endless(&'static str, &'static str),
    /// Sends the beginning, and then a byte each second.
    Drip(&'static str),
}

/// Serves until dropped.
pub(crate) struct Front {
    _task: Task,
}

impl Front {
    /// With a `certificate`, it is the end of the encryption.
    pub(crate) fn start(
        network: &Network,
        listener: TcpListener,
        certificate: Option<&Certificate>,
        conduct: Conduct,
    ) -> Self {
        let acceptor = certificate.map(Certificate::acceptor);
        let serving = serve(listener, acceptor, conduct);
        Self {
            _task: Task::start(&network.runtime, serving),
        }
    }
}

async fn serve(listener: TcpListener, acceptor: Option<TlsAcceptor>, conduct: Conduct) {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, conduct) = (acceptor.clone(), conduct.clone());
        connections.spawn(async move {
            // A client may leave at any time.
            let _ = match acceptor {
                None => converse(stream, &conduct).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => converse(stream, &conduct).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

async fn converse<S>(mut stream: S, conduct: &Conduct) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Conduct::Forward(address) = conduct {
        let mut behind = TcpStream::connect(address).await?;
        Box::pin(copy_bidirectional(&mut stream, &mut behind)).await?;
        return Ok(());
    }
    let mut request = vec![0; 16 << 10];
    if stream.read(&mut request).await? == 0 {
        return Ok(());
    }
    match conduct {
        Conduct::Forward(_) => {}
        Conduct::Respond(response) => {
            stream.write_all(response.as_bytes()).await?;
            stream.shutdown().await?;
        }
        Conduct::Silence => while stream.read(&mut request).await? > 0 {},
        Conduct::Endless(beginning, more) => {
            stream.write_all(beginning.as_bytes()).await?;
            let more = more.repeat(1 + (8 << 10) / more.len());
            loop {
                stream.write_all(more.as_bytes()).await?;
            }
        }
        Conduct::Drip(beginning) => {
            stream.write_all(beginning.as_bytes()).await?;
            loop {
                stream.write_all(b"a").await?;
                stream.flush().await?;
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
    Ok(())
}
