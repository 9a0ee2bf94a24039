//! What is left to do before the first sign-in, for the page at `/`.

use super::state::AppState;

/// A part of the setup that works once it was seen to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// DSM has accepted or rejected a sign-in of this daemon.
    DsmReached,
    /// DSM has listed its users.
    UsersRead,
    /// Google's documents were fetched.
    GoogleReached,
    /// DSM's OpenID client has fetched the discovery document.
    DiscoveryFetched,
    /// A user has signed in.
    SignedIn,
}

impl AppState {
    /// Returns the milestones that were not reached yet, in their order.
    /// Everything is in memory: anyone can ask for it.
    pub fn open_milestones(&self) -> Vec<Milestone> {
        let has_users = self.snapshot.load().is_some();
        let observed = self.store.observed();
        // A pause from before a restart is an answer of DSM, too.
        let is_paused = self.refresh_coordinator.signin_pause().is_some();
        let milestones = [
            (
                Milestone::DsmReached,
                has_users || is_paused || self.dsm.has_answered(),
            ),
            (Milestone::UsersRead, has_users),
            (
                Milestone::GoogleReached,
                self.upstream.keys_fetched().is_some(),
            ),
            (
                Milestone::DiscoveryFetched,
                observed.has_discovery_of_client(),
            ),
            (Milestone::SignedIn, observed.has_sign_in()),
        ];
        let open = milestones.into_iter().filter(|(_, is_reached)| !is_reached);
        open.map(|(milestone, _)| milestone).collect()
    }
}
