//! The directory of the pictures.

use std::env;
use std::fs;
use std::path::PathBuf;

/// A directory of pictures, with a page that shows them all.
#[derive(Debug)]
pub(crate) struct Album {
    directory: PathBuf,
}

impl Album {
    /// Creates an empty directory in cargo's target directory.
    pub(crate) fn new() -> Self {
        let program = env::current_exe().unwrap();
        // target/debug/examples/screenshots
        let target = program.ancestors().nth(3).unwrap();
        let directory = target.join("screenshots");
        if directory.exists() {
            fs::remove_dir_all(&directory).unwrap();
        }
        fs::create_dir_all(&directory).unwrap();
        Self { directory }
    }

    /// Adds a PNG picture.
    pub(crate) fn add(&self, name: &str, picture: &[u8]) {
        fs::write(self.directory.join(format!("{name}.png")), picture).unwrap();
    }

    /// Writes the page that shows all of them side by side.
    pub(crate) fn bind(&self) -> String {
        let files = fs::read_dir(&self.directory).unwrap();
        let names = files.map(|file| file.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        let figures = names.iter().map(|name| {
            format!(
                "<figure><img src=\"{name}\" alt=\"\"><figcaption>{name}</figcaption></figure>\n"
            )
        });
        let page = format!(
            "<!doctype html>\n<meta charset=\"utf-8\"><title>Screenshots</title>\n<style>\
             body{{font:14px system-ui;background:#888}}figure{{display:inline-block;margin:8px;\
             vertical-align:top}}img{{max-width:640px;display:block}}</style>\n{}",
            figures.collect::<String>()
        );
        let index = self.directory.join("index.html");
        fs::write(&index, page).unwrap();
        format!("{} pictures: {}", names.len(), index.display())
    }
}
