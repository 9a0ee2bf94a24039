//! The documentation: working links, a short README, an up-to-date picture.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fakes::picture;

const MOST_WORDS_IN_README: usize = 1_000;
const LARGEST_PICTURE: u64 = 150_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown page of the repository, by its path from the root.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut directories = vec![root().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() && name != "target" && name != ".git" {
                directories.push(path);
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(&path).unwrap();
                pages.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
            }
        }
    }
    pages
}

/// The page without its code blocks.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect()
}

/// The targets of `](...)`, without external sites.
fn links(text: &str) -> Vec<String> {
    let targets = prose(text);
    let targets = targets.split("](").skip(1);
    let targets = targets.filter_map(|after| after.split(')').next());
    let ours = targets.filter(|target| !target.contains("://") && !target.contains(' '));
    ours.map(str::to_owned).collect()
}

/// The anchors of a page's headings, as GitHub creates them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
            let kept = heading.chars().filter(kept);
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The broken links of `page`.
fn broken(page: &Path, text: &str, pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let leads_nowhere = |link: &String| {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = match path {
            "" => page.to_owned(),
            _ => normal(&page.parent().unwrap().join(path)),
        };
        let has = |text: &String| anchor.is_empty() || anchors(text).iter().any(|a| a == anchor);
        match pages.get(&target) {
            Some(text) => !has(text),
            None => !root().join(&target).exists() || !anchor.is_empty(),
        }
    };
    let links = links(text).into_iter().filter(leads_nowhere);
    links
        .map(|link| format!("{}: {link}", page.display()))
        .collect()
}

/// Removes `..` from `path`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path {
        if part == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 20, "looked in the wrong place: {pages:?}");
    let broken: Vec<String> = pages
        .iter()
        .flat_map(|(page, text)| broken(page, text, &pages))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let mut pages = BTreeMap::new();
    pages.insert(PathBuf::from("docs/a.md"), "# Two words, here\n".to_owned());
    let text = "[x](a.md) [x](a.md#two-words-here) [x](../README.md) [x](https://b/c.md)\n\
                [x](b.md) [x](a.md#else)\n```\n[x](c.md)\n```\n";
    let found = broken(Path::new("docs/b/../here.md"), text, &pages);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words < MOST_WORDS_IN_README, "{words} words");
}

#[tokio::test]
async fn the_picture_shows_the_page_as_it_is() {
    let source = fs::read_to_string(root().join(picture::SOURCE)).unwrap();
    let is_current = source == picture::source().await;
    assert!(is_current, "run `cargo screenshots` and commit the picture");
    let picture = fs::metadata(root().join(picture::PICTURE)).unwrap();
    assert!(picture.len() < LARGEST_PICTURE, "{} bytes", picture.len());
}
