//! `completions` and `man`: what the command line's definition says, for a
//! shell and for `man`.

use std::fs;
use std::io;
use std::path::Path;

use arguments::Shell;
use arguments::manual::{Page, pages};

use super::{FAILED, complain, print_result};

/// Prints the completions for `shell`; returns the exit code.
pub(super) fn completions(shell: Shell) -> u8 {
    print_result(&arguments::manual::completions(shell), 0)
}

/// Prints the program's manual page, or writes the pages of all commands to
/// `directory`; returns the exit code.
pub(super) fn man(directory: Option<&Path>) -> u8 {
    let pages = match pages(env!("CARGO_PKG_VERSION")) {
        Ok(pages) => pages,
        Err(error) => {
            complain(&format!("cannot make the manual pages: {error}"));
            return FAILED;
        }
    };
    let Some(directory) = directory else {
        let page = pages.first().map_or("", |page| page.text.as_str());
        return print_result(page, 0);
    };
    match write(directory, &pages) {
        Ok(()) => 0,
        Err(error) => {
            let directory = directory.display();
            complain(&format!(
                "cannot write the manual pages to {directory}: {error}"
            ));
            FAILED
        }
    }
}

fn write(directory: &Path, pages: &[Page]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut pages = pages.iter();
    pages.try_for_each(|page| fs::write(directory.join(&page.file), &page.text))
}
