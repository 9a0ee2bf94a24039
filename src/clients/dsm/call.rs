//! The requests to DSM: name, parameters and size limit of each.

use std::fmt;

/// [`MAX_ROWS`](super::MAX_ROWS) rows of 130 bytes, about twice the size of
/// DSM's rows.
const MAX_LIST_BYTES: usize = 128 * 1024 * 1024;

/// Ten times a power schedule of 400 tasks. Parsed JSON takes about twenty
/// times this memory.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// A request to DSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `SYNO.API.Auth` login: opens a session.
    SignIn,
    /// `SYNO.Core.User` list: the local users.
    ListUsers,
    /// `SYNO.Core.Group.Member` list: the administrators.
    ListAdministrators,
    /// `SYNO.Core.Hardware.PowerSchedule` load: the tasks of both kinds.
    LoadPowerSchedule,
    /// `SYNO.Core.Directory.SSO.Profile` get: whether and which SSO is offered.
    ReadSsoProfile,
    /// `SYNO.Core.Directory.OIDC.SSO` get: the OpenID client, with its secret.
    ReadSsoClient,
    /// `SYNO.Core.Directory.SSO.Setting` get: whether SSO is the default.
    ReadSsoDefault,
    /// `SYNO.Core.AppPortal.ReverseProxy` list: the rules.
    ListProxyRules,
    /// `SYNO.Core.Web.DSM` get: the ports and the name of DSM.
    ReadWebSettings,
    /// `SYNO.DSM.Info` getinfo: the version.
    ReadVersion,
    /// `SYNO.API.Auth` logout: closes the session.
    SignOut,
}

impl Call {
    /// Whether the response may have a secret, which no error may quote.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::SignIn | Self::ReadSsoClient)
    }

    /// The constant parameters. Values are JSON, except for `SYNO.API.Auth`,
    /// which takes text, and whose version varies.
    pub(super) fn parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::SignIn => &[("api", "SYNO.API.Auth"), ("method", "login")],
            Self::SignOut => &[("api", "SYNO.API.Auth"), ("method", "logout")],
            Self::ListUsers => &[
                ("api", "SYNO.Core.User"),
                ("version", "1"),
                ("method", "list"),
                ("type", r#""local""#),
                ("additional", r#"["email","expired"]"#),
            ],
            // The group with gid 101 has this name in every language.
            Self::ListAdministrators => &[
                ("api", "SYNO.Core.Group.Member"),
                ("version", "1"),
                ("method", "list"),
                ("group", r#""administrators""#),
                ("ingroup", "true"),
            ],
            Self::LoadPowerSchedule => &[
                ("api", "SYNO.Core.Hardware.PowerSchedule"),
                ("version", "1"),
                ("method", "load"),
            ],
            Self::ReadSsoProfile => &[
                ("api", "SYNO.Core.Directory.SSO.Profile"),
                ("version", "1"),
                ("method", "get"),
            ],
            Self::ReadSsoClient => &[
                ("api", "SYNO.Core.Directory.OIDC.SSO"),
                ("version", "1"),
                ("method", "get"),
            ],
            Self::ReadSsoDefault => &[
                ("api", "SYNO.Core.Directory.SSO.Setting"),
                ("version", "1"),
                ("method", "get"),
            ],
            Self::ListProxyRules => &[
                ("api", "SYNO.Core.AppPortal.ReverseProxy"),
                ("version", "1"),
                ("method", "list"),
            ],
            Self::ReadWebSettings => &[
                ("api", "SYNO.Core.Web.DSM"),
                ("version", "2"),
                ("method", "get"),
            ],
            // Version 1 does not exist.
            Self::ReadVersion => &[
                ("api", "SYNO.DSM.Info"),
                ("version", "2"),
                ("method", "getinfo"),
            ],
        }
    }

    pub(super) fn max_answer_bytes(self) -> usize {
        match self {
            Self::ListUsers | Self::ListAdministrators => MAX_LIST_BYTES,
            Self::SignIn
            | Self::LoadPowerSchedule
            | Self::ReadSsoProfile
            | Self::ReadSsoClient
            | Self::ReadSsoDefault
            | Self::ListProxyRules
            | Self::ReadWebSettings
            | Self::ReadVersion
            | Self::SignOut => MAX_ANSWER_BYTES,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "sign in to DSM",
            Self::ListUsers => "list the users of DSM",
            Self::ListAdministrators => "list the administrators of DSM",
            Self::LoadPowerSchedule => "read the power schedule of DSM",
            Self::ReadSsoProfile => "read the SSO profile of DSM",
            Self::ReadSsoClient => "read the SSO client of DSM",
            Self::ReadSsoDefault => "read the default sign-in of DSM",
            Self::ListProxyRules => "list the reverse proxy rules of DSM",
            Self::ReadWebSettings => "read the ports of DSM",
            Self::ReadVersion => "read the version of DSM",
            Self::SignOut => "sign out of DSM",
        })
    }
}
