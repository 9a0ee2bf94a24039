//! DSM's error codes, each with what to do about it.

use super::Call;
use super::error::Reaction;

/// What DSM means by the number in `error.code`.
///
/// Built with the call it answers, since from 400 on the same number means
/// one thing to `SYNO.API.Auth` and another elsewhere. The text is for the
/// administrator: what is wrong, then what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Code {
    /// 100: something failed inside DSM.
    #[error("DSM failed without saying why (100); it is asked again")]
    Unknown,
    /// 101: api, method or version is missing.
    #[error("DSM does not understand the request (101); please report this as a bug")]
    Incomplete,
    /// 102: there is no such API.
    #[error("this DSM lacks the API (102); DSM 7 is needed")]
    NoSuchApi,
    /// 103: there is no such method, or the `SynoToken` is missing.
    #[error("this DSM lacks the method, or wants a SynoToken (103); please report this as a bug")]
    NoSuchMethod,
    /// 104: the API exists in other versions.
    #[error("this DSM lacks this version of the API (104); DSM 7 is needed")]
    NoSuchVersion,
    /// 105, or 402 other than at sign-in: the session may not do this. Also
    /// what DSM returns to the session of a client that it takes for a remote
    /// one. DSM 7.4 has been seen to return 402 where older releases returned
    /// 105.
    #[error(
        "DSM denies it to the account ({0}): put dsm.account into the group administrators, and \
         let dsm.url be a loopback address, such as http://127.0.0.1:5000, since DSM gives remote \
         clients limited sessions"
    )]
    NoPermission(i64),
    /// 106: the session timed out.
    #[error("DSM ended the session, as too old (106); a new one is opened")]
    SessionTimedOut,
    /// 107: another sign-in took the session's place.
    #[error("another sign-in of the account ended the session (107); let no one else use it")]
    SessionDisplaced,
    /// 119: there is no such session, or the `SynoToken` is not its own.
    #[error("DSM does not know the session (119); a new one is opened")]
    SessionNotFound,
    /// 150: the request comes from another address than the sign-in did.
    #[error(
        "DSM saw the session come from another address (150): let dsm.url be a loopback address, \
         such as http://127.0.0.1:5000"
    )]
    AddressChanged,
    /// 109, 110, 111, 117, 118: busy, or trouble with its network.
    #[error("DSM is busy ({0}); it is asked again")]
    Busy(i64),
    /// 114: a parameter is missing.
    #[error("DSM misses a parameter (114); please report this as a bug")]
    MissingParameter,
    /// 120: a parameter has a value that DSM does not take.
    #[error("DSM does not take a parameter (120); please report this as a bug")]
    InvalidParameter,
    /// 160: the account may not use the application.
    #[error(
        "the account lacks an application privilege (160): allow DSM to dsm.account in Control \
         Panel > Application Privileges"
    )]
    NoPrivilege,
    /// 400 at sign-in.
    #[error(
        "the account name or the password is wrong (400): correct dsm.account or the file that \
         dsm.password-file names; meanwhile nothing signs in, lest DSM block this machine"
    )]
    WrongPassword,
    /// 401 at sign-in.
    #[error("the account is disabled (401): enable dsm.account in Control Panel > User & Group")]
    AccountDisabled,
    /// 402 at sign-in.
    #[error(
        "the account may not sign in (402): allow DSM to dsm.account in Control Panel > \
         Application Privileges"
    )]
    SignInDenied,
    /// 403 at sign-in.
    #[error(
        "the account has 2-factor sign-in, and DSM knows no device token of ours (403): run \
         sudo -u google-to-synology-sso google-to-synology-sso setup --otp, or let dsm.account be \
         one without it"
    )]
    OtpNeeded,
    /// 404 at sign-in.
    #[error(
        "the one-time code or the device token is wrong (404): run sudo -u \
         google-to-synology-sso google-to-synology-sso setup --otp again, with a new code"
    )]
    OtpWrong,
    /// 406 at sign-in.
    #[error(
        "DSM enforces 2-factor sign-in and the account has none yet (406): sign in to DSM as \
         dsm.account and set it up, then run sudo -u google-to-synology-sso \
         google-to-synology-sso setup --otp; or exempt it"
    )]
    OtpNotSetUp,
    /// 407 at sign-in: Auto Block.
    #[error(
        "DSM has blocked this machine's address (407): remove it from the block list in Control \
         Panel > Security > Protection, and put 127.0.0.1 on the allow list"
    )]
    AddressBlocked,
    /// 408 at sign-in.
    #[error(
        "the password has expired and the account cannot change it (408): set a new one in \
         Control Panel > User & Group, and in the file that dsm.password-file names"
    )]
    PasswordExpiredForGood,
    /// 409 at sign-in.
    #[error(
        "the password has expired (409): set a new one in Control Panel > User & Group, and in \
         the file that dsm.password-file names"
    )]
    PasswordExpired,
    /// 410 at sign-in.
    #[error(
        "the password must be changed (410): sign in to DSM once as dsm.account and change it, \
         also in the file that dsm.password-file names"
    )]
    PasswordMustChange,
    /// 411 at sign-in: Account Protection.
    #[error(
        "DSM has locked the account (411): wait, or unlock it in Control Panel > Security > \
         Account"
    )]
    AccountLocked,
    /// 449 at sign-in.
    #[error(
        "the sign-in waits for an approval in Secure SignIn (449): let dsm.account be one that \
         signs in with its password, or with one-time codes and sudo -u google-to-synology-sso \
         google-to-synology-sso setup --otp"
    )]
    ApprovalNeeded,
    /// 405, which nobody has described, but it stands among the refusals.
    #[error("DSM refuses the sign-in ({0}): try to sign in to DSM as dsm.account by hand")]
    SignInRefused(i64),
    /// A number that nobody has described.
    #[error("DSM answers with a code that is not known here ({0})")]
    Other(i64),
}

impl Code {
    /// What `number` means as an answer to `call`.
    pub fn of(call: Call, number: i64) -> Self {
        if call == Call::SignIn && number >= 400 {
            return Self::of_sign_in(number);
        }
        match number {
            100 => Self::Unknown,
            101 => Self::Incomplete,
            102 => Self::NoSuchApi,
            103 => Self::NoSuchMethod,
            104 => Self::NoSuchVersion,
            105 | 402 => Self::NoPermission(number),
            106 => Self::SessionTimedOut,
            107 => Self::SessionDisplaced,
            109 | 110 | 111 | 117 | 118 => Self::Busy(number),
            114 => Self::MissingParameter,
            119 => Self::SessionNotFound,
            120 => Self::InvalidParameter,
            150 => Self::AddressChanged,
            160 => Self::NoPrivilege,
            _ => Self::Other(number),
        }
    }

    fn of_sign_in(number: i64) -> Self {
        match number {
            400 => Self::WrongPassword,
            401 => Self::AccountDisabled,
            402 => Self::SignInDenied,
            403 => Self::OtpNeeded,
            404 => Self::OtpWrong,
            405 => Self::SignInRefused(number),
            406 => Self::OtpNotSetUp,
            407 => Self::AddressBlocked,
            408 => Self::PasswordExpiredForGood,
            409 => Self::PasswordExpired,
            410 => Self::PasswordMustChange,
            411 => Self::AccountLocked,
            449 => Self::ApprovalNeeded,
            _ => Self::Other(number),
        }
    }

    /// Whether the same question may be answered in a new session.
    pub(super) fn is_about_the_session(self, call: Call) -> bool {
        // A sign-in has no session that could be stale, and trying it twice
        // counts twice.
        if call == Call::SignIn {
            return false;
        }
        // 105 and 402 too: after a restart of DSM, an old session loses its
        // rights.
        matches!(
            self,
            Self::NoPermission(_)
                | Self::SessionTimedOut
                | Self::SessionDisplaced
                | Self::SessionNotFound
                | Self::AddressChanged
        )
    }

    pub(super) fn reaction(self, call: Call) -> Reaction {
        match self {
            // It may count toward Auto Block as those that are known do. Of a
            // list, the likeliest cause is a DSM that is not quite up yet.
            Self::Other(400..) if call == Call::SignIn => Reaction::PauseSignIns,
            Self::Other(_) if call == Call::SignIn => Reaction::Report,
            Self::Unknown
            | Self::SessionTimedOut
            | Self::SessionDisplaced
            | Self::SessionNotFound
            | Self::AddressChanged
            | Self::Busy(_)
            | Self::Other(_) => Reaction::Retry,
            Self::WrongPassword
            | Self::AccountDisabled
            | Self::SignInDenied
            | Self::OtpNeeded
            | Self::OtpWrong
            | Self::OtpNotSetUp
            | Self::AddressBlocked
            | Self::PasswordExpiredForGood
            | Self::PasswordExpired
            | Self::PasswordMustChange
            | Self::AccountLocked
            | Self::ApprovalNeeded
            | Self::SignInRefused(_) => Reaction::PauseSignIns,
            Self::Incomplete
            | Self::NoSuchApi
            | Self::NoSuchMethod
            | Self::NoSuchVersion
            | Self::NoPermission(_)
            | Self::MissingParameter
            | Self::InvalidParameter
            | Self::NoPrivilege => Reaction::Report,
        }
    }
}
