//! The calls of DSM's web API that the fake knows.

use google_to_synology_sso::clients::dsm::Call;

use crate::server::Received;

/// A call of DSM's web API, as a test names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `SYNO.API.Info` query.
    Info,
    /// `SYNO.API.Auth` login.
    SignIn,
    /// `SYNO.API.Auth` logout.
    SignOut,
    /// `SYNO.Core.User` list.
    Users,
    /// `SYNO.Core.Group` list.
    Groups,
    /// `SYNO.Core.Group.Member` list.
    Members,
    /// `SYNO.Core.Hardware.PowerSchedule` load.
    PowerSchedule,
    /// `SYNO.Core.Directory.SSO.Profile` get.
    SsoProfile,
    /// `SYNO.Core.Directory.OIDC.SSO` get.
    SsoClient,
    /// `SYNO.Core.Directory.SSO.Setting` get.
    SsoDefault,
    /// `SYNO.Core.AppPortal.ReverseProxy` list.
    ProxyRules,
    /// `SYNO.Core.Web.DSM` get.
    Web,
    /// `SYNO.DSM.Info` getinfo.
    Version,
    /// `SYNO.Core.Directory.OIDC.SSO` set.
    SetSsoClient,
    /// `SYNO.Core.Directory.SSO.Profile` set.
    SetSsoProfile,
    /// `SYNO.Core.AppPortal.ReverseProxy` create.
    CreateProxyRule,
    /// `SYNO.Core.AppPortal.ReverseProxy` update.
    UpdateProxyRule,
    /// `SYNO.Core.AppPortal.ReverseProxy` delete.
    DeleteProxyRule,
}

impl Api {
    /// Returns the call in `request`; `None` if the fake does not know it.
    pub fn of(request: &Received) -> Option<Self> {
        let api = request.parameter("api")?;
        let method = request.parameter("method")?;
        match (api.as_str(), method.as_str()) {
            ("SYNO.API.Info", "query") => Some(Self::Info),
            ("SYNO.API.Auth", "login") => Some(Self::SignIn),
            ("SYNO.API.Auth", "logout") => Some(Self::SignOut),
            ("SYNO.Core.User", "list") => Some(Self::Users),
            ("SYNO.Core.Group", "list") => Some(Self::Groups),
            ("SYNO.Core.Group.Member", "list") => Some(Self::Members),
            ("SYNO.Core.Hardware.PowerSchedule", "load") => Some(Self::PowerSchedule),
            ("SYNO.Core.Directory.SSO.Profile", "get") => Some(Self::SsoProfile),
            ("SYNO.Core.Directory.OIDC.SSO", "get") => Some(Self::SsoClient),
            ("SYNO.Core.Directory.SSO.Setting", "get") => Some(Self::SsoDefault),
            ("SYNO.Core.AppPortal.ReverseProxy", "list") => Some(Self::ProxyRules),
            ("SYNO.Core.Web.DSM", "get") => Some(Self::Web),
            ("SYNO.DSM.Info", "getinfo") => Some(Self::Version),
            ("SYNO.Core.Directory.OIDC.SSO", "set") => Some(Self::SetSsoClient),
            ("SYNO.Core.Directory.SSO.Profile", "set") => Some(Self::SetSsoProfile),
            ("SYNO.Core.AppPortal.ReverseProxy", "create") => Some(Self::CreateProxyRule),
            ("SYNO.Core.AppPortal.ReverseProxy", "update") => Some(Self::UpdateProxyRule),
            ("SYNO.Core.AppPortal.ReverseProxy", "delete") => Some(Self::DeleteProxyRule),
            _ => None,
        }
    }

    /// Returns the call that the daemon's `call` makes.
    pub fn asked_by(call: Call) -> Self {
        match call {
            Call::SignIn => Self::SignIn,
            Call::ListUsers => Self::Users,
            Call::ListAdministrators => Self::Members,
            Call::LoadPowerSchedule => Self::PowerSchedule,
            Call::ReadSsoProfile => Self::SsoProfile,
            Call::ReadSsoClient => Self::SsoClient,
            Call::ReadSsoDefault => Self::SsoDefault,
            Call::ListProxyRules => Self::ProxyRules,
            Call::ReadWebSettings => Self::Web,
            Call::ReadVersion => Self::Version,
            Call::SetSsoClient => Self::SetSsoClient,
            Call::SetSsoProfile => Self::SetSsoProfile,
            Call::CreateProxyRule => Self::CreateProxyRule,
            Call::UpdateProxyRule => Self::UpdateProxyRule,
            Call::DeleteProxyRule => Self::DeleteProxyRule,
            Call::SignOut => Self::SignOut,
        }
    }
}
