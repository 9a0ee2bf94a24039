//! The certificate in use. Renewed files are loaded without a restart.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::{AlertDescription, ServerConfig};

use super::{TlsFileError, TlsFiles, load, rejections};
use domain::base::clock::Clock;

/// The two files, and the config that was last loaded from them.
#[derive(Debug)]
pub struct TlsSource {
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    current: ArcSwap<ServerConfig>,
    read: Mutex<Stamps>,
    /// The alerts of clients that were logged since the certificate was loaded.
    alerts: Mutex<Vec<AlertDescription>>,
}

/// There are about ten alerts for a certificate, but an attacker can send 256.
const MOST_ALERTS: usize = 8;

/// When each of the two files was last written.
type Stamps = [Option<SystemTime>; 2];

impl TlsSource {
    /// Loads `files` for the first time.
    pub fn load(files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Self, TlsFileError> {
        let stamps = stamps(&files);
        let config = load(&files)?;
        Ok(Self {
            files,
            clock,
            current: ArcSwap::from_pointee(config),
            read: Mutex::new(stamps),
            alerts: Mutex::default(),
        })
    }

    /// Returns the config for the next connection. Loads the files again if one
    /// has changed; if they are invalid (a renewal half written), logs that
    /// once and keeps the previous certificate. `host` returns the host of the
    /// issuer, which the certificate has to name.
    pub fn current(&self, host: impl FnOnce() -> String) -> Arc<ServerConfig> {
        let now = stamps(&self.files);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read != now {
            *read = now;
            match load(&self.files) {
                Ok(config) => {
                    self.current.store(Arc::new(config));
                    tracing::info!("the certificate was loaded again");
                    self.alerts().clear();
                    self.warn_of_rejections(host());
                }
                Err(error) => tracing::error!(
                    error = &error as &dyn Error,
                    "cannot load the changed certificate; keeping the previous one"
                ),
            }
        }
        self.current.load_full()
    }

    /// Logs why clients will reject the certificate, on another thread, since
    /// loading the authorities of this machine takes a while.
    fn warn_of_rejections(&self, host: String) {
        let (files, now) = (self.files.clone(), self.clock.now());
        drop(tokio::task::spawn_blocking(move || {
            for rejection in rejections(&files, &host, now) {
                tracing::warn!(
                    key = "listen.tls-certificate",
                    "clients will reject the certificate: {rejection}"
                );
            }
        }));
    }

    /// Logs that the handshake with `peer` failed. An alert is how a client
    /// says that it rejects the certificate: each is a warning once, until
    /// the certificate is read again, so that no client can fill the log.
    pub fn handshake_failed(&self, peer: SocketAddr, error: &io::Error) {
        if let Some(alert) = alert(error).filter(|alert| self.is_new(*alert)) {
            tracing::warn!(
                %peer,
                ?alert,
                "a client ended the TLS handshake with an alert; check shows what is wrong with \
                 the certificate"
            );
            return;
        }
        tracing::debug!(%peer, %error, "a TLS handshake failed");
    }

    fn is_new(&self, alert: AlertDescription) -> bool {
        let mut alerts = self.alerts();
        if alerts.len() >= MOST_ALERTS || alerts.contains(&alert) {
            return false;
        }
        alerts.push(alert);
        true
    }

    fn alerts(&self) -> std::sync::MutexGuard<'_, Vec<AlertDescription>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the alert that a client sent, if that is the error.
fn alert(error: &io::Error) -> Option<AlertDescription> {
    let error: &(dyn Error + 'static) = error.get_ref()?;
    if let rustls::Error::AlertReceived(alert) = error.downcast_ref()? {
        return Some(*alert);
    }
    None
}

fn stamps(files: &TlsFiles) -> Stamps {
    [&files.certificate, &files.private_key]
        .map(|path| path.metadata().and_then(|file| file.modified()).ok())
}
