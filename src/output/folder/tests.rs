//! Files below a folder in which links were planted, and from which folders vanish.

use std::io::Write as _;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// A folder `out`, beside which `elsewhere` is.
fn place() -> (TempDir, OutputFolder) {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("out")).unwrap();
    fs::create_dir(place.path().join("elsewhere")).unwrap();
    let folder = OutputFolder::new(&place.path().join("out"));
    (place, folder)
}

fn open(place: &TempDir, folder: &OutputFolder, name: &str, how: Opening) -> io::Result<File> {
    folder.open(&place.path().join("out").join(name), how, FILE_MODE)
}

#[test]
fn folders_are_made_and_found_again() {
    let (place, folder) = place();
    for name in ["a", "b/c", "b/d", "e/f/g", "b//c2", "b/./c3"] {
        open(&place, &folder, name, Opening::New).unwrap().write_all(b"x").unwrap();
        let taken = open(&place, &folder, name, Opening::New).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AlreadyExists, "{name}");
        let again = open(&place, &folder, name, Opening::Again).unwrap();
        assert_eq!(again.metadata().unwrap().len(), 1, "{name}");
        assert_eq!(fs::read(place.path().join("out").join(name)).unwrap(), b"x", "{name}");
    }
    let empty = open(&place, &folder, "b/c", Opening::Empty).unwrap();
    assert_eq!(empty.metadata().unwrap().len(), 0);
    for name in ["missing", "missing/file"] {
        let error = open(&place, &folder, name, Opening::Again).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert!(!place.path().join("out/missing").exists(), "opening again makes no folders");
    folder.remove(&place.path().join("out/e/f/g")).unwrap();
    folder.remove(&place.path().join("out/a")).unwrap();
    assert!(!place.path().join("out/e/f/g").exists() && !place.path().join("out/a").exists());
}

#[test]
fn links_are_not_followed_wherever_they_stand() {
    let (place, folder) = place();
    let out = place.path().join("out");
    let elsewhere = place.path().join("elsewhere");
    fs::write(elsewhere.join("victim"), "precious").unwrap();
    symlink(elsewhere.join("victim"), out.join("file")).unwrap();
    symlink(&elsewhere, out.join("folder")).unwrap();
    fs::create_dir(out.join("real")).unwrap();
    symlink(&elsewhere, out.join("real/folder")).unwrap();
    for (name, words) in [
        ("file", "is a symbolic link, which is not followed"),
        ("folder/victim", "the folder 'folder' is a symbolic link, which is not followed"),
        ("real/folder/victim", "the folder 'folder' is a symbolic link"),
        ("folder/new/victim", "the folder 'folder' is a symbolic link"),
    ] {
        for how in [Opening::Empty, Opening::Again] {
            let error = open(&place, &folder, name, how).unwrap_err();
            assert!(error.to_string().contains(words), "{name}: {error}");
        }
        assert!(open(&place, &folder, name, Opening::New).is_err(), "{name}");
    }
    assert!(folder.remove(&out.join("folder/victim")).is_err());
    assert!(folder.create_anywhere(&out.join("missing/file")).is_err(), "a folder was made");
    for path in [out.join("file"), out.join("folder/victim")] {
        let error = folder.create_anywhere(&path).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{}", path.display());
    }
    assert_eq!(fs::read(elsewhere.join("victim")).unwrap(), b"precious");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1, "something was made elsewhere");
}

#[test]
fn links_outside_are_the_users_own() {
    let (place, folder) = place();
    let target = place.path().join("elsewhere/report");
    symlink(&target, place.path().join("link")).unwrap();
    folder.create_anywhere(&place.path().join("link")).unwrap().write_all(b"x").unwrap();
    assert_eq!(fs::read(target).unwrap(), b"x");
    symlink(place.path().join("out"), place.path().join("way")).unwrap();
    let through = OutputFolder::new(&place.path().join("way"));
    through.open(&place.path().join("way/a/b"), Opening::New, FILE_MODE).unwrap();
    assert!(place.path().join("out/a/b").exists());
}

#[test]
fn no_name_leads_out() {
    let (place, folder) = place();
    for name in ["../x", "a/../../x", "a/..", ".."] {
        let error = open(&place, &folder, name, Opening::New).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
    }
    let here = OutputFolder::new(Path::new("."));
    let error = here.open(Path::new("/tmp/x"), Opening::New, FILE_MODE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(open(&place, &folder, "/below", Opening::New).is_err(), "another prefix");
    open(&place, &folder, "..a/b..", Opening::New).unwrap();
}

#[test]
fn a_folder_removed_meanwhile_is_made_again() {
    for is_held in [false, true] {
        let (place, folder) = place();
        let folder = OutputFolder { is_held, ..folder };
        open(&place, &folder, "a/b", Opening::New).unwrap();
        fs::remove_dir_all(place.path().join("out/a")).unwrap();
        open(&place, &folder, "a/b", Opening::New).unwrap();
        fs::remove_dir_all(place.path().join("out")).unwrap();
        open(&place, &folder, "a/b", Opening::New).unwrap();
        fs::remove_dir_all(place.path().join("out")).unwrap();
        open(&place, &folder, "c", Opening::New).unwrap();
        fs::remove_dir_all(place.path().join("out")).unwrap();
        assert!(open(&place, &folder, "c", Opening::Again).is_err());
        open(&place, &folder, "c", Opening::New).unwrap();
        assert!(place.path().join("out/c").exists());
    }
}

#[test]
fn a_folder_moved_away_goes_on_only_if_it_is_held() {
    for (is_held, expected) in [(false, "out/b"), (true, "moved/b")] {
        let (place, folder) = place();
        let folder = OutputFolder { is_held, ..folder };
        open(&place, &folder, "a", Opening::New).unwrap();
        fs::rename(place.path().join("out"), place.path().join("moved")).unwrap();
        open(&place, &folder, "b", Opening::New).unwrap();
        assert!(place.path().join(expected).exists(), "{expected}");
    }
}
