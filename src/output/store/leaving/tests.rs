//! Files that leave their payloads in the capture, against what they must hold.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use tempfile::TempDir;

use super::REACH;
use crate::chunk::Chunk;
use crate::origin::Origin;
use crate::output::create::Creation;
use crate::output::store::{FileId, FileStore, Limits};
use crate::output::tests::{store_beside, store_within};

const FILES: usize = 40;
const PAYLOAD: usize = 300;

/// A capture that holds `chunk` at `position`.
pub(in crate::output::store) fn capture_of(chunk: &Chunk, position: u64) -> Origin {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(chunk.bytes(), position).unwrap();
    Origin::new(Arc::new(file), position)
}

fn chunk(seed: usize) -> Chunk {
    let mut chunk = Chunk::new(200_000);
    let byte = |n: usize| ((n * 37 + seed * 5) % 249 + 1) as u8;
    chunk.bytes_to_change().iter_mut().enumerate().for_each(|(n, it)| *it = byte(n));
    chunk
}

/// A store with so much in memory that files leave what they can.
fn store(folder: &TempDir, descriptors: usize, beside: bool) -> FileStore {
    let mut store = store_beside(folder, 1 << 20, descriptors, beside);
    let other = add(&mut store, folder, "other");
    store.put(other, 0, &[1; 100_000]);
    store
}

fn add(store: &mut FileStore, folder: &TempDir, name: &str) -> FileId {
    store.add(Creation::Replace(folder.path().join(name)), None, None)
}

/// Many files, each with the bytes that it must hold.
struct Files {
    /// The number that the first one is called by.
    first: usize,
    ids: Vec<FileId>,
    models: Vec<Vec<u8>>,
}

impl Files {
    fn add(store: &mut FileStore, folder: &TempDir) -> Self {
        Self::add_from(0, store, folder)
    }

    /// The same beside others, which have other names.
    fn add_from(first: usize, store: &mut FileStore, folder: &TempDir) -> Self {
        let numbers = first..first + FILES;
        let ids = numbers.map(|number| add(store, folder, &number.to_string())).collect();
        Self { first, ids, models: vec![Vec::new(); FILES] }
    }

    /// Each file takes `count` payloads of a chunk, in turns.
    fn take_turns(&mut self, store: &mut FileStore, chunk: &Chunk, count: usize) {
        for (number, payload) in chunk.bytes().chunks(PAYLOAD).take(count * FILES).enumerate() {
            self.put(store, number % FILES, payload);
        }
    }

    fn put(&mut self, store: &mut FileStore, number: usize, payload: &[u8]) {
        let model = &mut self.models[number];
        store.put(self.ids[number], model.len() as u64, payload);
        model.extend_from_slice(payload);
    }

    fn check(self, store: &mut FileStore, folder: &TempDir) {
        for (number, (id, model)) in (self.first..).zip(self.ids.into_iter().zip(self.models)) {
            assert!(store.close(id, |_, _, _| Ok(())).is_some());
            let path = folder.path().join(number.to_string());
            assert!(fs::read(path).unwrap() == model, "file {number}");
        }
    }
}

#[test]
fn what_many_files_left_takes_little_memory() {
    for beside in [false, true] {
        let folder = TempDir::new().unwrap();
        let mut store = store(&folder, 8, beside);
        let mut files = Files::add(&mut store, &folder);
        let before = store.memory_used();
        let chunk = chunk(0);
        store.lend(&chunk, Some(capture_of(&chunk, 24)));
        files.take_turns(&mut store, &chunk, 6);
        assert_eq!(store.leaving.bytes(), (FILES * 6 * PAYLOAD) as u64);
        let memory = (store.memory_used() - before) as usize;
        assert!(memory * 3 < FILES * 6 * PAYLOAD, "{memory} bytes");
        store.end_lending();
        files.check(&mut store, &folder);
        assert_eq!(store.leaving.bytes(), 0);
    }
}

#[test]
fn files_begin_to_leave_when_part_of_the_budget_is_in_use() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { memory: 128 << 20, early: u64::MAX, descriptors: 8, beside: true };
    let mut store = store_within(&folder, limits);
    let mut files = Files::add(&mut store, &folder);
    let others: Vec<_> = (0..500).map(|n| add(&mut store, &folder, &format!("o{n}"))).collect();
    others.iter().for_each(|&other| store.put(other, 0, &[1; 100]));
    let chunk = chunk(0);
    store.lend(&chunk, Some(capture_of(&chunk, 24)));
    files.take_turns(&mut store, &chunk, 3);
    assert_eq!(store.leaving.bytes(), 0);
    others.iter().for_each(|&other| store.put(other, 100, &[1; 20_000]));
    files.take_turns(&mut store, &chunk, 12);
    // Memory that was there was used first: a small block and a large one for each file.
    let (left, most) = (store.leaving.bytes(), (FILES * 12 * PAYLOAD) as u64);
    assert!(left < most && left > most / 2, "{left} of {most}");
    // Brought back, written, and closed.
    assert_eq!(store.differing(files.ids[0], 100, &files.models[0][100..2000]), 0);
    store.write_out(files.ids[1]);
    files.check(&mut store, &folder);
    assert_eq!(store.leaving.bytes(), 0);
}

#[test]
fn the_next_capture_finds_everything_in_memory() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 8, true);
    let mut files = Files::add(&mut store, &folder);
    for number in 0..3 {
        let chunk = chunk(number);
        store.lend(&chunk, Some(capture_of(&chunk, 0)));
        assert_eq!(store.leaving.bytes(), 0);
        let (some, most) = files.models.split_at(FILES / 2);
        assert!(some.iter().chain(most).all(|model| model.len() == number * 4 * PAYLOAD));
        files.take_turns(&mut store, &chunk, 4);
        store.end_lending();
    }
    files.check(&mut store, &folder);
}

/// More than there is memory for.
#[test]
fn what_is_brought_back_is_written_if_it_must_be() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { memory: 60_000, early: u64::MAX, descriptors: 8, beside: true };
    let mut store = store_within(&folder, limits);
    let mut files = Files::add(&mut store, &folder);
    let chunk = chunk(0);
    store.lend(&chunk, Some(capture_of(&chunk, 0)));
    files.take_turns(&mut store, &chunk, 16);
    assert!(store.leaving.bytes() > 100_000);
    store.end_lending();
    store.lend(&chunk, Some(capture_of(&chunk, 0)));
    assert_eq!(store.leaving.bytes(), 0);
    assert!(store.memory_used() < 60_000, "{}", store.memory_used());
    files.check(&mut store, &folder);
}

#[test]
fn what_was_left_long_ago_is_written() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 8, true);
    let mut files = Files::add(&mut store, &folder);
    let chunk = chunk(0);
    let first = capture_of(&chunk, 1000);
    store.lend(&chunk, Some(first.clone()));
    files.take_turns(&mut store, &chunk, 4);
    store.end_lending();
    for position in [REACH / 2, REACH, REACH + REACH / 4 + 100_000] {
        assert!(store.leaving.bytes() > 0, "before {position}");
        store.lend(&chunk, Some(Origin::new(Arc::clone(first.file()), position)));
        store.end_lending();
    }
    assert_eq!(store.leaving.bytes(), 0);
    files.check(&mut store, &folder);
}

#[test]
fn a_capture_that_was_cut_short_is_told_file_by_file() {
    for beside in [false, true] {
        let folder = TempDir::new().unwrap();
        let mut store = store(&folder, 8, beside);
        let mut files = Files::add(&mut store, &folder);
        let chunk = chunk(0);
        let capture = capture_of(&chunk, 0);
        store.lend(&chunk, Some(capture.clone()));
        files.take_turns(&mut store, &chunk, 4);
        // Of each turn of the last half of them.
        let file: &File = capture.file();
        file.set_len((FILES * 3 * PAYLOAD + FILES / 2 * PAYLOAD) as u64).unwrap();
        for (number, (id, model)) in files.ids.into_iter().zip(files.models).enumerate() {
            let closed = store.close(id, |_, _, _| Ok(()));
            let path = folder.path().join(number.to_string());
            match number < FILES / 2 {
                true => assert!(closed.is_some() && fs::read(path).unwrap() == model),
                false => assert!(closed.is_none() && !path.exists()),
            }
        }
        assert!(store.tools.messages.failed());
        store.end_lending();
    }
}

/// Small payloads would need as much memory for what stands for them.
#[test]
fn small_payloads_are_kept() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 8, true);
    let mut files = Files::add(&mut store, &folder);
    let chunk = chunk(0);
    store.lend(&chunk, Some(capture_of(&chunk, 0)));
    for (number, payload) in chunk.bytes().chunks(50).take(20 * FILES).enumerate() {
        files.put(&mut store, number % FILES, payload);
    }
    assert_eq!(store.leaving.bytes(), 0);
    // Those that begin with a larger one have room for some.
    let mut large = Files::add_from(FILES, &mut store, &folder);
    large.take_turns(&mut store, &chunk, 1);
    for payload in chunk.bytes().chunks(50).take(200) {
        large.put(&mut store, 0, payload);
    }
    assert_eq!(store.leaving.bytes(), ((FILES - 1) * PAYLOAD) as u64);
    large.check(&mut store, &folder);
    drop(files);
}
