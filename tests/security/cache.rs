//! The cached shader program: no folder is created for a home that doesn't exist, and nothing is read or written
//! through files that somebody else may have put in its place.

use crate::support::{have_gl, rust_gears};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Draws with a cache in `home`, or in a folder named by `XDG_CACHE_HOME`.
fn draw(home: &Path, cache: Option<&Path>) {
    let mut command = rust_gears();
    command.args(["--off-screen", "--frames", "2"]).env("HOME", home);
    match cache {
        Some(cache) => command.env("XDG_CACHE_HOME", cache),
        None => command.env_remove("XDG_CACHE_HOME"),
    };
    command.assert().success();
}

#[test]
fn a_home_that_is_not_there_is_not_made() {
    if !have_gl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("no/such/home");
    draw(&home, None);
    draw(&home, Some(&folder.path().join("no/such/cache")));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a folder was made");
    // In a home that exists, its cache folder is created as usual.
    draw(folder.path(), None);
    assert_ne!(fs::read_dir(folder.path().join(".cache/rust-gears")).unwrap().count(), 0);
}

#[test]
fn a_link_in_place_of_the_cache_leads_nowhere() {
    if !have_gl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (cache, victim) = (folder.path().join("cache"), folder.path().join("victim"));
    fs::create_dir_all(&cache).unwrap();
    fs::create_dir(&victim).unwrap();
    symlink(&victim, cache.join("rust-gears")).unwrap();
    draw(folder.path(), Some(&cache));
    assert_eq!(fs::read_dir(&victim).unwrap().count(), 0, "the program was written through the link");
}
