//! The daemon and its command line; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    google_to_synology_sso::cli::main()
}
