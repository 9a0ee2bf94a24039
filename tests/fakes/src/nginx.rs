//! The files of nginx and of other servers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Returns `template` with each `{{name}}` replaced by its value.
pub fn filled(template: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
}

/// Writes a file that other users can read: servers started by root read their
/// files as another user.
pub fn write_public(path: &Path, text: &str) {
    let directory = path.parent().unwrap();
    fs::create_dir_all(directory).unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}
