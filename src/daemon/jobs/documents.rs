//! Fetches Google's documents, and saves them for the next start.

use std::sync::Arc;

use tokio::sync::watch;

use super::retry;
use crate::app::CurrentState;
use crate::clients::upstream::Upstream;

/// Fetches and saves Google's documents.
#[derive(Debug)]
pub struct DocumentsJob {
    pub(super) current: Arc<CurrentState>,
}

impl DocumentsJob {
    /// Fetches the documents at start, until that succeeds; then those that a
    /// login finds too old. Begins anew when a reload changes how Google is
    /// reached. Never returns.
    pub(super) async fn run_fetch_loop(self: Arc<Self>) {
        let mut upstream = Arc::clone(&self.current.load().upstream);
        loop {
            upstream = tokio::select! {
                another = self.current.another_upstream(&upstream) => another,
                () = fetch(&upstream) => return,
            };
        }
    }

    /// Saves the documents whenever one has changed. Never returns.
    pub(super) async fn run_save_loop(self: Arc<Self>) {
        let mut upstream = Arc::clone(&self.current.load().upstream);
        let mut changes = upstream.changes();
        loop {
            upstream = tokio::select! {
                another = self.current.another_upstream(&upstream) => another,
                () = self.save(&upstream, &mut changes) => return,
            };
            changes = upstream.changes();
            // They may be here already.
            changes.mark_changed();
        }
    }

    async fn save(&self, upstream: &Upstream, changes: &mut watch::Receiver<u64>) {
        let store = &self.current.load().store;
        while changes.changed().await.is_ok() {
            changes.borrow_and_update();
            if let Err(error) = store.save_documents(upstream.to_keep()).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "cannot save Google's documents");
            }
        }
    }
}

async fn fetch(upstream: &Upstream) {
    let what = "cannot fetch Google's documents";
    retry(what, || upstream.refresh(), |_| true).await;
    upstream.refresh_when_asked().await;
}
