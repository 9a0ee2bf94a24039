//! The requests to DSM: name, parameters and size limit of each.

use std::fmt;

/// [`MAX_ROWS`](super::MAX_ROWS) rows of 130 bytes, about twice the size of
/// DSM's rows.
const MAX_LIST_BYTES: usize = 128 * 1024 * 1024;

/// Ten times a power schedule of 400 tasks. Parsed JSON takes about twenty
/// times this memory.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

const SSO_PROFILE: &str = "SYNO.Core.Directory.SSO.Profile";
const SSO_CLIENT: &str = "SYNO.Core.Directory.OIDC.SSO";
const REVERSE_PROXY: &str = "SYNO.Core.AppPortal.ReverseProxy";

/// API, version, method and other parameters.
type Request = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

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
    /// `SYNO.Core.Directory.OIDC.SSO` set: all fields of the OpenID client.
    SetSsoClient,
    /// `SYNO.Core.Directory.SSO.Profile` set: whether and which SSO is offered.
    SetSsoProfile,
    /// `SYNO.Core.AppPortal.ReverseProxy` create: a rule.
    CreateProxyRule,
    /// `SYNO.Core.AppPortal.ReverseProxy` update: a rule, by its `UUID`.
    UpdateProxyRule,
    /// `SYNO.Core.AppPortal.ReverseProxy` delete: a rule, by its `UUID`.
    DeleteProxyRule,
    /// `SYNO.API.Auth` logout: closes the session.
    SignOut,
}

impl Call {
    /// Whether the response may have a secret, which no error may quote.
    pub(super) fn is_secret(self) -> bool {
        matches!(
            self,
            Self::SignIn | Self::ReadSsoClient | Self::SetSsoClient
        )
    }

    /// Whether the call changes settings of DSM.
    pub(super) fn writes(self) -> bool {
        matches!(
            self,
            Self::SetSsoClient
                | Self::SetSsoProfile
                | Self::CreateProxyRule
                | Self::UpdateProxyRule
                | Self::DeleteProxyRule
        )
    }

    /// The constant parameters. Values are JSON, except for `SYNO.API.Auth`,
    /// which takes text.
    pub(super) fn parameters(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let (api, version, method, others) = self.request();
        let of_all = [("api", api), ("version", version), ("method", method)];
        let of_all = of_all.into_iter().filter(|(_, value)| !value.is_empty());
        of_all.chain(others.iter().copied())
    }

    /// Returns API, version, method and other parameters. The version of
    /// `SYNO.API.Auth` varies, and is none of them.
    fn request(self) -> Request {
        match self {
            Self::SignIn => ("SYNO.API.Auth", "", "login", &[]),
            Self::SignOut => ("SYNO.API.Auth", "", "logout", &[]),
            Self::ListUsers => (
                "SYNO.Core.User",
                "1",
                "list",
                &[
                    ("type", r#""local""#),
                    ("additional", r#"["email","expired"]"#),
                ],
            ),
            // The group with gid 101 has this name in every language.
            Self::ListAdministrators => (
                "SYNO.Core.Group.Member",
                "1",
                "list",
                &[("group", r#""administrators""#), ("ingroup", "true")],
            ),
            Self::LoadPowerSchedule => ("SYNO.Core.Hardware.PowerSchedule", "1", "load", &[]),
            Self::ReadSsoProfile => (SSO_PROFILE, "1", "get", &[]),
            Self::SetSsoProfile => (SSO_PROFILE, "1", "set", &[]),
            Self::ReadSsoClient => (SSO_CLIENT, "1", "get", &[]),
            // A constant that the response to `get` does not have.
            Self::SetSsoClient => (SSO_CLIENT, "1", "set", &[("profile", r#""oidc""#)]),
            Self::ReadSsoDefault => ("SYNO.Core.Directory.SSO.Setting", "1", "get", &[]),
            Self::ListProxyRules => (REVERSE_PROXY, "1", "list", &[]),
            Self::CreateProxyRule => (REVERSE_PROXY, "1", "create", &[]),
            Self::UpdateProxyRule => (REVERSE_PROXY, "1", "update", &[]),
            Self::DeleteProxyRule => (REVERSE_PROXY, "1", "delete", &[]),
            Self::ReadWebSettings => ("SYNO.Core.Web.DSM", "2", "get", &[]),
            // Version 1 does not exist.
            Self::ReadVersion => ("SYNO.DSM.Info", "2", "getinfo", &[]),
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
            | Self::SetSsoClient
            | Self::SetSsoProfile
            | Self::CreateProxyRule
            | Self::UpdateProxyRule
            | Self::DeleteProxyRule
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
            Self::SetSsoClient => "write the SSO client of DSM",
            Self::SetSsoProfile => "write the SSO profile of DSM",
            Self::CreateProxyRule => "create a reverse proxy rule in DSM",
            Self::UpdateProxyRule => "change a reverse proxy rule of DSM",
            Self::DeleteProxyRule => "delete a reverse proxy rule of DSM",
            Self::SignOut => "sign out of DSM",
        })
    }
}
