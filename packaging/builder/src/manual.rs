use anyhow::{Context, Result};
use arguments::manual::{completions, pages};
use arguments::{NAME, Shell};

/// Returns the manual pages and shell completions, by their names below
/// `share`, where man and the shells look for them.
pub(crate) fn manual(release: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let places = [
        (Shell::Bash, format!("bash-completion/completions/{NAME}")),
        (Shell::Zsh, format!("zsh/site-functions/_{NAME}")),
        (
            Shell::Fish,
            format!("fish/vendor_completions.d/{NAME}.fish"),
        ),
    ];
    let scripts = places.map(|(shell, file)| (file, completions(shell).into_bytes()));
    let pages = pages(release).context("cannot make the manual pages")?;
    let pages = pages.into_iter().map(|page| {
        let file = format!("man/man1/{}", page.file);
        (file, page.text.into_bytes())
    });
    Ok(scripts.into_iter().chain(pages).collect())
}
