//! The command line's definition: commands, options, help texts. `--help`, the
//! manual pages and the shell completions are made of it.

mod help;
pub mod manual;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
pub use clap_complete::Shell;

/// The name of the program, of the package, and of the package's user.
pub const NAME: &str = "google-to-synology-sso";

/// The config of the package, on a NAS.
pub const CONFIG: &str = "/var/packages/google-to-synology-sso/home/config.toml";

/// The default of `run --wait-for-config`.
pub const WAITING_ADDRESS: &str = "127.0.0.1:5556";

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST_HELP: usize = 100;

/// All arguments of the program.
#[derive(Parser)]
#[command(
    name = NAME,
    about = "Sign in to a Synology NAS with Google",
    long_about = help::PROGRAM,
    after_help = help::PROGRAM_EXAMPLES,
    max_term_width = WIDEST_HELP
)]
pub struct Arguments {
    /// The config file
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "GOOGLE_TO_SYNOLOGY_SSO_CONFIG",
        default_value = CONFIG
    )]
    pub config: PathBuf,

    /// The command to run
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Run the daemon in the foreground; SIGTERM or SIGINT stops it, SIGHUP
    /// reloads the config
    Run(Run),
    /// Check the config and every file that it names, offline; print every
    /// problem with its key path
    Check {
        /// Print JSON: a list of name, result (ok, warn or fail) and message
        #[arg(long)]
        json: bool,
    },
    /// Test everything that a sign-in needs, for real; say what to do about
    /// what fails, and where
    #[command(long_about = help::DOCTOR, after_help = help::DOCTOR_EXAMPLES)]
    Doctor(Doctor),
    /// Create the config and its secret files, or change an existing config
    // Beside the longest option, the config's default does not fit in 80
    // columns.
    #[command(next_line_help = true)]
    Setup(Setup),
    /// Create a config from that of the Dex fork which this service replaces
    #[command(long_about = help::IMPORT_DEX, after_help = help::IMPORT_DEX_EXAMPLES)]
    ImportDex(ImportDex),
    /// Print the values to enter in DSM's SSO settings and the Google console;
    /// compare them with DSM's, or write them
    #[command(long_about = help::DSM_SETTINGS, after_help = help::DSM_SETTINGS_EXAMPLES)]
    DsmSettings(DsmSettings),
    /// One of the commands about the command line itself
    #[command(flatten)]
    Manual(Manual),
    /// One of the commands that ask the daemon
    #[command(flatten)]
    Question(Question),
}

/// The commands about the command line itself.
#[derive(Subcommand)]
pub enum Manual {
    /// Print the script that completes arguments in a shell
    #[command(after_help = help::COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands
    #[command(after_help = help::MAN_EXAMPLES)]
    Man {
        /// The directory for the pages; created if it is missing
        directory: Option<PathBuf>,
    },
}

/// The options of `run`.
#[derive(Args)]
pub struct Run {
    /// Start without a valid config; a page at ADDRESS explains what to do
    /// until the config is valid [default: 127.0.0.1:5556]
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = WAITING_ADDRESS
    )]
    pub wait_for_config: Option<SocketAddr>,
}

/// The options of `doctor`.
#[derive(Args, Default)]
pub struct Doctor {
    /// Print JSON: a list of name, result (ok, warn or fail) and message
    #[arg(long)]
    pub json: bool,
    /// Also write a report for an issue to FILE, which must not exist: the
    /// findings, versions, settings and the last log lines, without secrets
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Do not shorten the e-mail addresses in the report
    #[arg(long, requires = "report")]
    pub with_addresses: bool,
}

/// The options of `dsm-settings`.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct DsmSettings {
    /// Read DSM's SSO client and reverse proxy, and show the differences field
    /// by field, and the certificate of the public URL
    #[arg(long, conflicts_with = "writing")]
    pub compare: bool,
    /// Show what DSM lacks, write it after a typed `yes`, and show what DSM has
    /// then
    #[arg(long, group = "writing")]
    pub apply: bool,
    /// Show what DSM had before --apply, and restore it after a typed `yes`
    #[arg(long, group = "writing")]
    pub undo: bool,
    /// Do not wait for a typed `yes`
    #[arg(long, requires = "writing")]
    pub yes: bool,
    /// With --apply, also replace an SSO client or a rule that points to
    /// another service; with --undo, also what was changed since
    #[arg(long, requires = "writing")]
    pub force: bool,
    /// Print JSON: dsm, clients and google; with --compare, --apply and --undo,
    /// a list of place, field, dsm, ours and same
    #[arg(long)]
    pub json: bool,
}

/// The options of `setup`.
#[derive(Args)]
pub struct Setup {
    /// Take the values from the variables of Package Center's wizard, such as
    /// `wizard_issuer`; write nothing if all are empty
    #[arg(long)]
    pub from_env: bool,
    /// Take Google's client ID and secret, and the public URL, from the
    /// `client_secret_….json` that the Google console offers
    #[arg(long, value_name = "FILE")]
    pub google_client: Option<PathBuf>,
    /// Replace a config and secret files that exist
    #[arg(long)]
    pub force: bool,
    /// Sign in to DSM once with a one-time code and save the device token that
    /// DSM returns, for an account with 2-factor sign-in
    #[arg(long, conflicts_with_all = ["from_env", "force", "google_client"])]
    pub otp: bool,
}

/// The arguments of `import-dex`.
#[derive(Args)]
pub struct ImportDex {
    /// Dex's config, dex.yaml
    #[arg(value_name = "DEX.YAML")]
    pub dex: PathBuf,
    /// Take variables from a file with a line NAME=value for each, as for
    /// `docker run --env-file`
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Take variables from a compose file, or from a container that Container
    /// Manager has exported
    #[arg(long, value_name = "FILE")]
    pub compose: Option<PathBuf>,
    /// Replace a config and secret files that exist
    #[arg(long)]
    pub force: bool,
}

/// The commands that ask the daemon.
#[derive(Subcommand)]
pub enum Question {
    /// Reload the daemon's config; print what changed
    #[command(long_about = help::RELOAD, after_help = help::RELOAD_EXAMPLES)]
    Reload {
        /// Print JSON: changes and directory
        #[arg(long)]
        json: bool,
    },
    /// Show daemon health, recent sign-ins, refusals and problems
    #[command(after_help = help::STATUS_EXAMPLES)]
    Status {
        /// Print JSON: version, started, directory, power, google, jobs,
        /// `sign_ins`, refusals, problems and apply; before a valid config:
        /// waiting and problems
        #[arg(long)]
        json: bool,
        /// Write the week as a picture to FILE, which must not exist; to
        /// standard output if FILE is -
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        svg: Option<PathBuf>,
    },
    /// List the DSM users with the result that a sign-in would have
    #[command(long_about = help::USERS, after_help = help::USERS_EXAMPLES)]
    Users {
        /// Print JSON: a list of name, email, verdict, link, aliases and
        /// `last_sign_in`
        #[arg(long)]
        json: bool,
    },
    /// Show what a Google account with an address would get, rule by rule
    #[command(long_about = help::EXPLAIN, after_help = help::EXPLAIN_EXAMPLES)]
    Explain {
        /// The address of the Google account
        address: String,
        /// The time of the sign-in: in RFC 3339, or as "2026-12-01 23:10" in
        /// local time [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Print JSON: address, at, verdict, user, rules and claims
        #[arg(long)]
        json: bool,
    },
    /// Manage the Google accounts that are linked to DSM users
    #[command(subcommand, long_about = help::LINKS)]
    Links(Links),
    /// Manage the ID-token signing keys
    #[command(subcommand, long_about = help::KEYS)]
    Keys(Keys),
}

/// The commands for links.
#[derive(Subcommand)]
pub enum Links {
    /// List all links, newest first
    List {
        /// Print JSON: a list of user, issuer, subject, address and since
        #[arg(long)]
        json: bool,
    },
    /// Remove the links of a DSM user
    #[command(long_about = help::LINKS_REMOVE, after_help = help::LINKS_REMOVE_EXAMPLES)]
    Remove {
        /// The DSM user; case does not matter
        user: String,
        /// Print JSON: the removed links, as `links list` does
        #[arg(long)]
        json: bool,
    },
}

/// The commands for signing keys.
#[derive(Subcommand)]
pub enum Keys {
    /// List the published keys
    List {
        /// Print JSON: a list of `kid`, `state`, `created`, `signs_from` and
        /// `gone_after`
        #[arg(long)]
        json: bool,
    },
    /// Generate and publish the next key; list the keys
    #[command(long_about = help::KEYS_ROTATE, after_help = help::KEYS_ROTATE_EXAMPLES)]
    Rotate {
        /// Sign with the new key at once, and remove all other keys
        #[arg(long)]
        now: bool,
        /// Print JSON, as `keys list` does
        #[arg(long)]
        json: bool,
    },
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Arguments, Command};

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn run_waits_at_the_given_or_the_default_address() {
        let check = |option: &str, expected: Option<&str>| {
            let arguments = ["google-to-synology-sso", "run", option];
            let arguments = arguments.iter().filter(|argument| !argument.is_empty());
            let parsed = Arguments::try_parse_from(arguments).unwrap();
            let Command::Run(options) = parsed.command else {
                panic!("{option}");
            };
            let address = options.wait_for_config.map(|address| address.to_string());
            assert_eq!(address.as_deref(), expected, "{option}");
        };
        check("", None);
        check("--wait-for-config", Some("127.0.0.1:5556"));
        check("--wait-for-config=[::1]:80", Some("[::1]:80"));
    }
}
