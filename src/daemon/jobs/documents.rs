//! Google's documents: fetched, and kept for the next start.

use std::error::Error;
use std::sync::Arc;

use tokio::sync::watch;

use super::{Jobs, persist};
use crate::clients::upstream::Upstream;

impl Jobs {
    /// Fetches Google's documents at start, until it works; then those that a
    /// login finds too old. Begins anew when the config names another way to
    /// Google. Never returns.
    pub async fn run_documents_loop(&self) {
        let mut upstream = Arc::clone(&self.app().upstream);
        loop {
            upstream = tokio::select! {
                another = self.current.another_upstream(&upstream) => another,
                () = refresh_in_background(&upstream) => return,
            };
        }
    }

    /// Writes Google's documents to disk whenever one has changed. Never
    /// returns.
    pub async fn save_documents(&self) {
        let mut upstream = Arc::clone(&self.app().upstream);
        let mut changes = upstream.changes();
        loop {
            upstream = tokio::select! {
                another = self.current.another_upstream(&upstream) => another,
                () = self.save_documents_of(&upstream, &mut changes) => return,
            };
            changes = upstream.changes();
            // They may be here already.
            changes.mark_changed();
        }
    }

    async fn save_documents_of(&self, upstream: &Upstream, changes: &mut watch::Receiver<u64>) {
        let store = &self.app().store;
        while changes.changed().await.is_ok() {
            changes.borrow_and_update();
            if let Err(error) = store.save_documents(upstream.to_keep()).await {
                let error = &error as &dyn Error;
                tracing::error!(error, "Google's documents cannot be kept");
            }
        }
    }
}

async fn refresh_in_background(upstream: &Upstream) {
    let what = "Google's documents cannot be fetched";
    persist(what, || upstream.refresh(), |_| true).await;
    upstream.refresh_when_asked().await;
}
