//! The certificate in use: renewed ones are taken up without a restart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;

use super::{TlsFileError, TlsFiles, load};

/// The two files, and what was last read from them.
#[derive(Debug)]
pub struct TlsSource {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
    read: Mutex<Stamps>,
}

/// When each of the two files was last written.
type Stamps = [Option<SystemTime>; 2];

impl TlsSource {
    /// Reads `files` for the first time.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsFileError> {
        let stamps = stamps(files);
        let config = load(files)?;
        Ok(Self {
            files: files.clone(),
            current: ArcSwap::from_pointee(config),
            read: Mutex::new(stamps),
        })
    }

    /// What to greet the next connection with. Looks whether a file has
    /// changed; a change that is no good (a renewal half written) leaves the
    /// certificate of before in use and is said once.
    pub fn current(&self) -> Arc<ServerConfig> {
        let now = stamps(&self.files);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read != now {
            *read = now;
            match load(&self.files) {
                Ok(config) => {
                    self.current.store(Arc::new(config));
                    tracing::info!("the certificate was read again");
                }
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the changed certificate is not good; the one of before stays in use"
                ),
            }
        }
        self.current.load_full()
    }
}

fn stamps(files: &TlsFiles) -> Stamps {
    [&files.certificate, &files.private_key]
        .map(|path| path.metadata().and_then(|file| file.modified()).ok())
}
