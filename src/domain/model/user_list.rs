//! The user list of DSM, as far as it is needed.

use crate::base::ids::DsmUsername;

/// One row of DSM's user list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// The user's name, exactly as DSM lists it.
    pub name: DsmUsername,
    /// The e-mail address, as typed in DSM.
    pub email: Option<String>,
    /// `normal`, `now` (disabled), a date from which the account is disabled,
    /// or an unknown value (docs/development/dsm-facts.md, 3.1). `None` if the
    /// row does not have it.
    pub expired: Option<String>,
}

/// All local users of DSM and its administrators, complete and plausible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserList {
    /// The users in DSM's order, without duplicate names.
    pub users: Vec<ListedUser>,
    /// The members of the group `administrators` (gid 101), sorted by name.
    /// They may be older than the users. `None` if they were never read: then
    /// any user may be an administrator.
    pub administrators: Option<Vec<DsmUsername>>,
}
