//! A task that has ended when it was dropped, and its sockets with it.

use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

pub(crate) struct Task {
    handle: JoinHandle<()>,
    runtime: Handle,
}

impl Task {
    pub(crate) fn start(
        runtime: &Runtime,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            handle: runtime.spawn(future),
            runtime: runtime.handle().clone(),
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
        let _ = self.runtime.block_on(&mut self.handle);
    }
}
