//! Every fixture gives its expected tree, and is what the generator makes.
//!
//! `UPDATE_FIXTURES=1 cargo test --test cli fixtures` writes `fixtures/` anew.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::support::captures::FIRST_SECOND;
use crate::support::fixtures::{ExpectedFlow, Fixture, all};
use crate::support::sandbox::{Sandbox, fixture};

/// What stands in `fixtures/` for one capture, by path below that folder.
fn files_of(fixture: &Fixture) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = Path::new("expected").join(fixture.file);
    let mut files = BTreeMap::from([(PathBuf::from(fixture.file), fixture.bytes.clone())]);
    for (name, content) in fixture.flows.iter().filter_map(|flow| flow.file.as_ref()) {
        files.insert(folder.join(name), content.clone());
    }
    let lines: String = fixture.flows.iter().map(ExpectedFlow::line).collect();
    files.insert(folder.join("report.txt"), lines.into_bytes());
    files
}

#[test]
fn committed_files_are_what_the_generator_makes() {
    let folder = fixture("");
    let mut made: BTreeMap<PathBuf, Vec<u8>> = all().iter().flat_map(files_of).collect();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        let _ = fs::remove_dir_all(&folder);
        for (name, content) in &made {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
    }
    let mut pending = vec![folder.clone()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder).expect("a path below the folder");
            let expected = made.remove(name);
            let committed = fs::read(&path).expect("a file");
            assert!(expected == Some(committed), "{} is not made like this", name.display());
        }
    }
    assert!(made.is_empty(), "missing: {:?}", made.keys());
}

#[test]
fn every_fixture_gives_its_expected_tree() {
    for Fixture { file, flows, damaged, .. } in all() {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run(&format!("-o out -r {{{file}}}"));
        match damaged {
            false => drop(outcome.succeeds()),
            true => drop(outcome.fails(1, &[file, "truncated"])),
        }
        let mut expected = BTreeMap::new();
        for flow in &flows {
            let Some((name, content)) = &flow.file else { continue };
            expected.insert((*name).to_owned(), content.clone());
            let metadata = fs::metadata(sandbox.path("out").join(name)).expect(file);
            let time = (metadata.mtime(), metadata.mtime_nsec() / 1000);
            assert_eq!(
                time,
                (i64::from(FIRST_SECOND), i64::from(flow.first_microsecond())),
                "{file}: {name}"
            );
            assert_eq!(metadata.mtime_nsec() % 1000, 0, "{file}: {name}");
        }
        assert_eq!(sandbox.tree("out"), expected, "{file}");
        let lines: String = flows.iter().map(ExpectedFlow::line).collect();
        let report = sandbox.report("out/report.xml");
        assert_eq!(report.lines("out/"), lines, "{file}");
        let packets: u32 = flows.iter().map(|flow| flow.packets).sum();
        assert_eq!(report.text_of("total_packets"), packets.to_string(), "{file}");
        assert_eq!(report.text_of("total_flows"), flows.len().to_string(), "{file}");
    }
}
