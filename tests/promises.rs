//! Every test that `docs/promises.md` names exists: a promise whose test was renamed or removed is
//! nothing but words.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../docs/promises.md");

/// What stands between backquotes on the page.
fn quoted() -> impl Iterator<Item = &'static str> {
    PAGE.split('`').skip(1).step_by(2)
}

/// Whether this is the name of a test: no other name there has as many words.
fn is_test_name(word: &str) -> bool {
    word.matches('_').count() >= 2 && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
}

/// The names of all tests in the Rust files below a folder.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            names.extend(tests_in(&text));
        }
    }
}

/// The names of the functions behind `#[test]`, other attributes between or not.
fn tests_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line == "#[test]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
            names.extend(rest.split(['(', '<']).next().map(str::to_owned));
            is_test = false;
        }
    }
    names
}

#[test]
fn every_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests_below(&root.join(folder), &mut tests);
    }
    let named: BTreeSet<&str> = quoted().filter(|word| is_test_name(word)).collect();
    assert!(named.len() >= 40, "only {} tests were found on the page", named.len());
    let missing: Vec<_> = named.into_iter().filter(|&name| !tests.contains(name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

#[test]
fn every_file_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in quoted().filter(|word| word.ends_with(".rs")) {
        assert!(root.join(file).exists(), "{file}");
    }
}

/// Every file of tests about hostile captures stands for promises that the page must tell.
#[test]
fn every_hostile_capture_is_promised() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_captures");
    let mut tests = BTreeSet::new();
    tests_below(&folder, &mut tests);
    let untold: Vec<_> = tests.iter().filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
    assert!(untold.is_empty(), "not on the page: {untold:?}");
}
