//! DSM's error codes, each with what to do about it.

use std::fmt;

use super::Call;
use Reaction::{PauseSignIns, Report, Retry};

/// What a caller does after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Retry with back-off: the cause is temporary.
    Retry,
    /// Do not sign in for 15 minutes or more: DSM's Auto Block counts rejected
    /// sign-ins, and would block this machine.
    PauseSignIns,
    /// Continue with the normal schedule: an administrator has to act.
    Report,
}

/// The number in `error.code` of a response to a call: from 400 on, it means
/// something else to `SYNO.API.Auth` than to other APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    call: Call,
    number: i64,
}

/// What to do, what is wrong, and the advice that follows the number.
type Meaning = (Reaction, &'static str, &'static str);

impl Code {
    /// Something failed inside DSM.
    pub(super) const UNKNOWN: i64 = 100;

    /// The API exists, but not in the requested version.
    pub(super) const NO_SUCH_VERSION: i64 = 104;

    /// Returns `number` as a response to `call`.
    pub fn of(call: Call, number: i64) -> Self {
        Self { call, number }
    }

    /// Returns the number that DSM sent.
    pub fn number(self) -> i64 {
        self.number
    }

    /// Whether DSM does not know the session any more.
    pub(super) fn says_session_ended(self) -> bool {
        self.call != Call::SignIn && matches!(self.number, 106 | 107 | 119 | 150)
    }

    /// Whether the call may succeed in a new session.
    pub(super) fn is_about_the_session(self) -> bool {
        // A sign-in does not have a session, and DSM counts each attempt. A
        // session loses its rights when DSM restarts: 105 and 402.
        let has_fewer_rights = self.call != Call::SignIn && matches!(self.number, 105 | 402);
        has_fewer_rights || self.says_session_ended()
    }

    /// Whether DSM denies the request to the account. DSM 7.4 has been seen to
    /// send 402, older releases 105.
    pub fn is_about_rights(self) -> bool {
        self.call != Call::SignIn && matches!(self.number, 105 | 160 | 402)
    }

    /// Returns what is wrong, without advice.
    pub fn problem(self) -> String {
        let (_, problem, _) = self.meaning();
        format!("{problem} ({})", self.number)
    }

    pub(super) fn reaction(self) -> Reaction {
        let (reaction, ..) = self.meaning();
        reaction
    }

    fn meaning(self) -> Meaning {
        match self.number {
            400.. if self.call == Call::SignIn => self.of_sign_in(),
            Self::UNKNOWN => (
                Retry,
                "DSM failed without saying why",
                "; it is asked again",
            ),
            101 => (
                Report,
                "DSM does not understand the request",
                "; please report this as a bug",
            ),
            102 => (Report, "this DSM lacks the API", "; DSM 7 is needed"),
            103 => (
                Report,
                "this DSM lacks the method, or wants a SynoToken",
                "; please report this as a bug",
            ),
            Self::NO_SUCH_VERSION => (
                Report,
                "this DSM lacks this version of the API",
                "; DSM 7 is needed",
            ),
            // Also the response to a client that DSM takes for a remote one.
            105 | 402 => (
                Report,
                "DSM denies it to the account",
                ": put dsm.account into the group administrators in Control Panel > User & Group, \
                 and let dsm.url be a loopback address, such as http://127.0.0.1:5000, since DSM \
                 gives remote clients limited sessions",
            ),
            106 => (
                Retry,
                "DSM ended the session, as too old",
                "; a new one is opened",
            ),
            107 => (
                Retry,
                "another sign-in of the account ended the session",
                "; use the account for nothing else",
            ),
            109 | 110 | 111 | 117 | 118 => (Retry, "DSM is busy", "; it is asked again"),
            114 => (
                Report,
                "DSM misses a parameter",
                "; please report this as a bug",
            ),
            // Or the SynoToken belongs to another session.
            119 => (
                Retry,
                "DSM does not know the session",
                "; a new one is opened",
            ),
            120 => (
                Report,
                "DSM does not take a parameter",
                "; please report this as a bug",
            ),
            150 => (
                Retry,
                "DSM saw the session come from another address",
                ": let dsm.url be a loopback address, such as http://127.0.0.1:5000",
            ),
            160 => (
                Report,
                "the account lacks an application privilege",
                ": allow DSM to dsm.account in Control Panel > Application Privileges",
            ),
            // For a list, the likely cause is a DSM that is starting.
            _ if self.call == Call::SignIn => (Report, NOT_KNOWN, ""),
            _ => (Retry, NOT_KNOWN, ""),
        }
    }

    fn of_sign_in(self) -> Meaning {
        let (problem, advice) = match self.number {
            400 => (
                "the account name or the password is wrong",
                ": compare dsm.account and the file that dsm.password-file names with Control Panel \
                 > User & Group; until then the daemon does not sign in, so that DSM does not block \
                 this machine",
            ),
            401 => (
                "the account is disabled",
                ": enable dsm.account in Control Panel > User & Group",
            ),
            402 => (
                "the account may not sign in",
                ": allow DSM to dsm.account in Control Panel > Application Privileges",
            ),
            403 => (
                "the account has 2-factor sign-in, and DSM knows no device token of ours",
                ": run sudo -u google-to-synology-sso google-to-synology-sso setup --otp, or let \
                 dsm.account be one without it. For an account without it, DSM's Adaptive MFA asks \
                 for the code: turn that off in Control Panel > Security > Account",
            ),
            404 => (
                "the one-time code or the device token is wrong",
                ": run sudo -u google-to-synology-sso google-to-synology-sso setup --otp again, \
                 with a new code",
            ),
            405 => (
                "DSM refuses the sign-in",
                ": try to sign in to DSM as dsm.account by hand, and look at the account in Control \
                 Panel > User & Group",
            ),
            406 => (
                "DSM enforces 2-factor sign-in and the account has none yet",
                ": sign in to DSM as dsm.account and set it up, then run sudo -u \
                 google-to-synology-sso google-to-synology-sso setup --otp; or exempt it in Control \
                 Panel > Security > Account",
            ),
            407 => (
                "DSM has blocked this machine's address",
                ": remove it from the block list in Control Panel > Security > Protection, and \
                 put 127.0.0.1 on the allow list",
            ),
            408 => (
                "the password has expired and the account cannot change it",
                ": set a new one in Control Panel > User & Group, and in the file that \
                 dsm.password-file names",
            ),
            409 => (
                "the password has expired",
                ": set a new one in Control Panel > User & Group, and in the file that \
                 dsm.password-file names",
            ),
            410 => (
                "the password must be changed",
                ": sign in to DSM once as dsm.account and change it, or set it in Control Panel > \
                 User & Group; then enter it in the file that dsm.password-file names",
            ),
            411 => (
                "DSM has locked the account",
                ": wait, or unlock it in Control Panel > Security > Account",
            ),
            449 => (
                "the sign-in waits for an approval in Secure SignIn",
                ": let dsm.account be one that signs in with its password, or with one-time codes \
                 (its Personal > Security) and sudo -u google-to-synology-sso \
                 google-to-synology-sso setup --otp",
            ),
            // Auto Block may count it, as it does the others.
            _ => (NOT_KNOWN, ""),
        };
        (PauseSignIns, problem, advice)
    }
}

const NOT_KNOWN: &str = "DSM answers with a code that is not known here";

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, problem, advice) = self.meaning();
        write!(f, "{problem} ({}){advice}", self.number)
    }
}
