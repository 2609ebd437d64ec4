//! The files of a store against what they must hold, however scarce memory and descriptors are.

use std::fs;
use std::path::Path;

use md5::{Digest, Md5};
use proptest::prelude::*;
use tempfile::TempDir;

use super::create::Creation;
use super::folder::OutputFolder;
use super::naming::Namer;
use super::store::{FileId, FileStore, Limits};
use super::template::Template;
use super::tools::Tools;
use crate::config::Verbosity;
use crate::messages::Messages;
use crate::scan::{Algorithms, Content, RunningHashes};
use crate::time::Timestamp;

const STAMP: Timestamp = Timestamp::from_micros(1_223_315_694_796_605);

fn store(folder: &TempDir, memory: u64, descriptors: usize) -> FileStore {
    store_beside(folder, memory, descriptors, true)
}

/// A store whose files may be anywhere in `folder`.
pub(super) fn store_beside(
    folder: &TempDir,
    memory: u64,
    descriptors: usize,
    beside: bool,
) -> FileStore {
    store_within(folder, Limits { memory, early: 200_000, descriptors, beside })
}

/// The same within any limits.
pub(super) fn store_within(folder: &TempDir, limits: Limits) -> FileStore {
    let messages = Messages::new("test", Verbosity { level: 0, quiet: true });
    let namer = Namer::new(OutputFolder::new(folder.path()), Template::default());
    let tools = Tools::new(namer, messages);
    FileStore::new(limits, tools)
}

fn add(store: &mut FileStore, folder: &TempDir, name: &str) -> FileId {
    let creation = Creation::Replace(folder.path().join(name));
    let md5 = Algorithms { md5: true, ..Algorithms::default() };
    store.add(creation, Some(STAMP), Some(RunningHashes::new(md5)))
}

/// Finishes the file; its MD5 as it was computed on the way, and all bytes as a scanner sees them.
fn finish(store: &mut FileStore, id: FileId) -> (Vec<u8>, Vec<u8>) {
    let look = |_: &Path, mut content: Content<'_>, hashes: Option<RunningHashes>| {
        let mut bytes = Vec::new();
        content.for_each_chunk(|chunk| bytes.extend_from_slice(chunk))?;
        let hashes = hashes.expect("hashes were begun").finish(&mut content)?;
        Ok((hashes[0].digest.clone(), bytes))
    };
    store.close(id, look).unwrap().findings
}

fn check(store: &mut FileStore, folder: &TempDir, id: FileId, name: &str, expected: &[u8]) {
    let (md5, seen) = finish(store, id);
    assert_eq!(seen, expected, "what scanners see");
    assert_eq!(md5, Md5::digest(expected).to_vec());
    let path = folder.path().join(name);
    assert_eq!(fs::read(&path).unwrap(), expected, "what is on disk");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(modified, STAMP.to_system_time());
}

#[test]
fn a_file_larger_than_its_window_is_written_in_pieces() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 1 << 20, 8);
    let id = add(&mut store, &folder, "large");
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    for (number, piece) in bytes.chunks(1460).enumerate() {
        store.put(id, number as u64 * 1460, piece);
    }
    check(&mut store, &folder, id, "large", &bytes);
}

#[test]
fn a_file_without_bytes_is_made_all_the_same() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 1 << 20, 8);
    let id = add(&mut store, &folder, "empty");
    check(&mut store, &folder, id, "empty", b"");
}

#[test]
fn one_descriptor_is_enough_for_many_files() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 0, 1);
    let ids: Vec<_> = (0..50).map(|n| add(&mut store, &folder, &n.to_string())).collect();
    for round in 0..3 {
        for (number, &id) in ids.iter().enumerate() {
            store.put(id, round * 2, &[number as u8, round as u8]);
        }
    }
    for (number, id) in ids.into_iter().enumerate() {
        let n = number as u8;
        check(&mut store, &folder, id, &number.to_string(), &[n, 0, n, 1, n, 2]);
    }
}

#[test]
fn a_file_that_cannot_be_made_does_not_disturb_the_others() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 0, 4);
    fs::write(folder.path().join("in-the-way"), b"").unwrap();
    let bad = add(&mut store, &folder, "in-the-way/flow");
    let good = add(&mut store, &folder, "good");
    for position in 0..3 {
        store.put(bad, position, b"x");
        store.put(good, position, b"y");
    }
    assert!(store.close(bad, |_, _, _| Ok(())).is_none());
    check(&mut store, &folder, good, "good", b"yyy");
    assert_eq!(store.memory_used(), 0);
}

#[test]
fn a_number_stands_for_its_file_until_it_is_forgotten() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 1 << 20, 8);
    let first = add(&mut store, &folder, "first");
    let file = store.detach(first).unwrap();
    store.recycle(file);
    assert!(!store.is_growing(first));
    let second = add(&mut store, &folder, "second");
    assert_ne!(first, second);
    store.forget(first);
    assert_eq!(add(&mut store, &folder, "third"), first);
    store.put(first, 0, b"3");
    check(&mut store, &folder, first, "third", b"3");
    check(&mut store, &folder, second, "second", b"");
}

/// A window in blocks takes more memory than the same in one piece.
#[test]
fn a_window_of_blocks_that_is_patched_is_counted_as_what_it_is() {
    let folder = TempDir::new().unwrap();
    let mut store = store_beside(&folder, 32 * 1024, 4, false);
    let other = add(&mut store, &folder, "other");
    store.put(other, 0, &[9; 2000]);
    let id = add(&mut store, &folder, "patched");
    store.put(id, 0, &[1; 7900]);
    store.put(id, 5, &[2; 10]);
    let mut expected = [1; 7900];
    expected[5..15].fill(2);
    check(&mut store, &folder, id, "patched", &expected);
    check(&mut store, &folder, other, "other", &[9; 2000]);
    assert_eq!(store.memory_used(), 0);
}

/// Its window was forgotten while the memory in it still counted.
#[test]
fn the_window_of_a_file_that_fails_takes_no_memory() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in-the-way"), b"").unwrap();
    let mut store = store_beside(&folder, 4000, 4, false);
    let bad = add(&mut store, &folder, "in-the-way/flow");
    let good = add(&mut store, &folder, "good");
    for position in 0..30 {
        store.put(bad, position * 300, &[1; 300]);
        store.put(good, position * 300, &[2; 300]);
    }
    store.differing(good, 8000, &[2; 900]);
    assert!(store.close(bad, |_, _, _| Ok(())).is_none());
    check(&mut store, &folder, good, "good", &[2; 9000]);
    assert_eq!(store.memory_used(), 0);
}

/// Each of these packets made the program move all that came before; 16,000 took minutes.
#[test]
fn a_stream_that_arrives_backwards_is_moved_seldom() {
    const PIECES: u64 = 16_000;
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 64 << 20, 8);
    let id = add(&mut store, &folder, "backwards");
    let piece = |number: u64| [number as u8; 1000];
    let begin = std::time::Instant::now();
    store.put(id, 0, &piece(PIECES - 1));
    for number in (0..PIECES - 1).rev() {
        store.move_up(id, 1000, None);
        store.put(id, 0, &piece(number));
    }
    let expected: Vec<u8> = (0..PIECES).flat_map(piece).collect();
    check(&mut store, &folder, id, "backwards", &expected);
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}

/// As many as may stay open; the others would be opened twice.
#[test]
fn an_idle_thread_makes_files_before_memory_is_scarce() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 1 << 20, 8);
    let ids: Vec<_> = (0..100).map(|n| add(&mut store, &folder, &n.to_string())).collect();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    for round in 0..12 {
        for &id in &ids {
            store.put(id, round * 400, &[round as u8; 400]);
        }
        // Memory is never scarce, but it might have been.
        assert!(store.memory_used() < 700_000);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(files(), 8);
    let expected: Vec<u8> = (0..12).flat_map(|round| [round; 400]).collect();
    for (number, id) in ids.into_iter().enumerate() {
        check(&mut store, &folder, id, &number.to_string(), &expected);
    }
}

#[test]
fn a_planted_link_is_not_followed() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("victim"), b"precious").unwrap();
    std::os::unix::fs::symlink("victim", folder.path().join("flow")).unwrap();
    let mut store = store(&folder, 1 << 20, 4);
    let id = add(&mut store, &folder, "flow");
    store.put(id, 0, b"evil");
    assert!(store.close(id, |_, _, _| Ok(())).is_none());
    assert_eq!(fs::read(folder.path().join("victim")).unwrap(), b"precious");
}

/// What is done to a file.
#[derive(Clone, Debug)]
enum Step {
    Put(u64, Vec<u8>),
    MoveUp(u64),
    Flush,
    Compare(u64, Vec<u8>),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let near = (0_u64..300, prop::collection::vec(any::<u8>(), 1..60));
    let far = (0_u64..400_000, prop::collection::vec(any::<u8>(), 1..60));
    let compared = (0_u64..300, prop::collection::vec(0_u8..2, 1..60));
    let step = prop_oneof![
        8 => near.prop_map(|(position, bytes)| Step::Put(position, bytes)),
        4 => far.prop_map(|(position, bytes)| Step::Put(position, bytes)),
        1 => (1_u64..100_000).prop_map(Step::MoveUp),
        1 => Just(Step::Flush),
        4 => compared.prop_map(|(position, bytes)| Step::Compare(position, bytes)),
    ];
    prop::collection::vec((0_usize..3, step), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn files_hold_what_was_stored_last(
        steps in steps(),
        memory in prop_oneof![Just(0_u64), 1_u64..5_000, Just(1 << 20)],
        descriptors in 1_usize..4,
        limit in prop::option::of(0_u64..500),
        beside in any::<bool>(),
    ) {
        let folder = TempDir::new().unwrap();
        let mut store = store_beside(&folder, memory, descriptors, beside);
        let ids: Vec<_> = (0..3).map(|n| add(&mut store, &folder, &n.to_string())).collect();
        let mut models = vec![Vec::new(); 3];
        for (file, step) in steps {
            let (id, model) = (ids[file], &mut models[file]);
            match step {
                Step::Put(position, bytes) => {
                    // As the writer of flow files does it.
                    let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(position));
                    let bytes = &bytes[..room.min(bytes.len() as u64) as usize];
                    store.put(id, position, bytes);
                    if !bytes.is_empty() {
                        let end = position as usize + bytes.len();
                        model.resize(model.len().max(end), 0);
                        model[position as usize..end].copy_from_slice(bytes);
                    }
                }
                // A stream moves only when it has bytes, the first of them at its beginning.
                Step::MoveUp(distance) if !model.is_empty() => {
                    store.move_up(id, distance, limit);
                    model.splice(..0, vec![0; distance as usize]);
                    model.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
                }
                Step::MoveUp(_) => {}
                Step::Flush => {
                    store.flush();
                    for (number, model) in models.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
                        let written = fs::read(folder.path().join(number.to_string())).unwrap();
                        prop_assert!(&written == model, "flushed files are as they should be");
                    }
                }
                Step::Compare(position, bytes) => {
                    let stored = model.get(position as usize..).unwrap_or_default();
                    let differing = stored.iter().zip(&bytes).filter(|(old, new)| old != new);
                    // Bytes that were never stored are not asked for.
                    if stored.len() >= bytes.len() {
                        let expected = differing.count() as u64;
                        prop_assert_eq!(store.differing(id, position, &bytes), expected);
                    }
                }
            }
        }
        for (number, (id, model)) in ids.into_iter().zip(models).enumerate() {
            check(&mut store, &folder, id, &number.to_string(), &model);
        }
        prop_assert_eq!(store.memory_used(), 0, "windows that are gone take no memory");
    }
}
