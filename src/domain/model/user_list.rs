//! What DSM says of its users, as far as we ask.

use crate::base::ids::DsmUsername;

/// One row of DSM's user list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// The name, exactly as DSM lists it.
    pub name: DsmUsername,
    /// The e-mail address, as typed; `None` when there is none.
    pub email: Option<String>,
    /// `normal`, `now` (disabled), a date from which the account is disabled,
    /// or an unknown value (docs/development/dsm-facts.md, 3.1). `None`:
    /// the row had none.
    pub expired: Option<String>,
}

/// Whole and plausible answers of DSM: all local users, and who is an
/// administrator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserList {
    /// The users, in DSM's order; no two of one name.
    pub users: Vec<ListedUser>,
    /// The members of the group `administrators` (gid 101) as they were last
    /// read, which may be longer ago than the users, by name. `None`: never,
    /// so nobody can tell who is none of them.
    pub administrators: Option<Vec<DsmUsername>>,
}
