//! The package, looked at before a NAS does.

use crate::built;

#[test]
fn its_version_is_one_that_package_center_compares() {
    let version = built::version();
    let (release, build) = version.split_once('-').unwrap();
    assert!(release.split('.').all(|part| part.parse::<i32>().is_ok()));
    assert!(build.len() >= 4 && build.parse::<i32>().unwrap() > 0);
}
