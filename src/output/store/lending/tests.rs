//! Files that take on payloads where they are, against what they must hold.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::{FileId, FileStore};
use crate::chunk::Chunk;
use crate::output::create::Creation;
use crate::output::store::leaving::tests::capture_of;
use crate::output::tests::store_beside;

const PAYLOAD: usize = 1460;
const CHUNK: usize = 200_000;

fn store(folder: &TempDir, descriptors: usize, beside: bool) -> FileStore {
    store_beside(folder, 1 << 20, descriptors, beside)
}

fn add(store: &mut FileStore, folder: &TempDir, name: &str) -> FileId {
    store.add(Creation::Replace(folder.path().join(name)), None, None)
}

fn chunk(seed: usize) -> Chunk {
    let mut chunk = Chunk::new(CHUNK);
    let byte = |n: usize| ((n * 31 + seed * 7) % 251 + 1) as u8;
    chunk.bytes_to_change().iter_mut().enumerate().for_each(|(n, it)| *it = byte(n));
    chunk
}

fn is_lent(store: &FileStore) -> bool {
    store.lending.loans.iter().any(|loan| loan.pieces.count() > 0)
}

/// A stream in order, all of it in chunks.
fn stream(store: &mut FileStore, id: FileId, chunks: usize) -> Vec<u8> {
    let mut expected = Vec::new();
    for number in 0..chunks {
        let chunk = chunk(number);
        store.lend(&chunk, None);
        for payload in chunk.bytes().chunks(PAYLOAD) {
            store.put(id, expected.len() as u64, payload);
            expected.extend_from_slice(payload);
        }
        assert!(is_lent(store));
        store.end_lending();
    }
    expected
}

#[test]
fn a_large_stream_is_written_from_where_it_was_read() {
    for beside in [false, true] {
        let folder = TempDir::new().unwrap();
        let mut store = store(&folder, 8, beside);
        let id = add(&mut store, &folder, "large");
        let expected = stream(&mut store, id, 10);
        assert_eq!(store.memory_used(), 0, "there is no window");
        assert!(store.close(id, |_, _, _| Ok(())).is_some());
        assert!(fs::read(folder.path().join("large")).unwrap() == expected);
    }
}

/// The zeros that filled it while it waited in a window could be written behind what came for it.
#[test]
fn a_hole_of_the_window_is_filled_by_what_is_taken_on() {
    for round in 0..50 {
        let folder = TempDir::new().unwrap();
        let mut store = store(&folder, 8, true);
        let id = add(&mut store, &folder, "holes");
        // So that nobody waits for it to be opened.
        store.create(id);
        let chunk = chunk(round);
        store.lend(&chunk, None);
        let mut model = vec![0; CHUNK];
        let payloads: Vec<_> = chunk.bytes().chunks(PAYLOAD).enumerate().collect();
        let is_late = |number: usize| (10..15).contains(&number);
        let (late, punctual): (Vec<_>, Vec<_>) = payloads.iter().partition(|it| is_late(it.0));
        for (number, payload) in punctual.into_iter().chain(late) {
            store.put(id, (number * PAYLOAD) as u64, payload);
            model[number * PAYLOAD..][..payload.len()].copy_from_slice(payload);
        }
        assert!(is_lent(&store));
        store.end_lending();
        store.flush();
        assert!(fs::read(folder.path().join("holes")).unwrap() == model, "round {round}");
    }
}

#[test]
fn nothing_is_taken_on_if_there_are_too_many_files() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 200, true);
    let ids: Vec<_> = (0..100).map(|n| add(&mut store, &folder, &n.to_string())).collect();
    let mut lent = Vec::new();
    let mut positions = vec![0; ids.len()];
    for number in 0..60 {
        let chunk = chunk(number);
        store.lend(&chunk, None);
        for (turn, payload) in chunk.bytes().chunks(PAYLOAD).enumerate() {
            let file = turn % ids.len();
            store.put(ids[file], positions[file], payload);
            positions[file] += payload.len() as u64;
        }
        lent.push(is_lent(&store));
        store.end_lending();
    }
    let last = lent.iter().rposition(|&it| it);
    assert!(last.is_some_and(|last| last < 40), "tried, and given up: {lent:?}");
}

/// They were found to have taken on too little of their first chunk, and nothing was taken on of the
/// next 256.
#[test]
fn streams_that_become_large_near_the_end_of_a_chunk_go_on() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 8, false);
    let id = add(&mut store, &folder, "large");
    let mut model = Vec::new();
    for number in 0..3 {
        let chunk = chunk(number);
        store.lend(&chunk, None);
        // The first chunk has other things in it until the window is full.
        let payloads = chunk.bytes().chunks(PAYLOAD);
        let foreign = if number == 0 { payloads.len() - 25 } else { 0 };
        for payload in payloads.skip(foreign) {
            store.put(id, model.len() as u64, payload);
            model.extend_from_slice(payload);
        }
        assert!(is_lent(&store), "chunk {number}");
        store.end_lending();
    }
    assert!(store.close(id, |_, _, _| Ok(())).is_some());
    assert!(fs::read(folder.path().join("large")).unwrap() == model);
}

/// Memory that it was given, and did without, was taken off the memory in use without ever having
/// been added.
#[test]
fn a_first_payload_that_is_larger_than_a_small_window_is_counted_right() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 8, false);
    // Its memory is used again.
    let small = add(&mut store, &folder, "small");
    (0..40).for_each(|number| store.put(small, number * 1000, &[1; 1000]));
    assert!(store.close(small, |_, _, _| Ok(())).is_some());
    let id = add(&mut store, &folder, "large");
    let chunk = chunk(0);
    store.lend(&chunk, None);
    store.put(id, 0, &chunk.bytes()[..60_000]);
    assert!(store.memory_used() < 1 << 20, "{}", store.memory_used());
    store.put(id, 60_000, &chunk.bytes()[60_000..]);
    store.end_lending();
    assert!(store.close(id, |_, _, _| Ok(())).is_some());
    assert_eq!(store.memory_used(), 0);
    assert!(fs::read(folder.path().join("large")).unwrap() == chunk.bytes());
}

/// Its window was written whenever it had 32 KB, to be done without, which was not possible.
#[test]
fn without_descriptors_large_streams_keep_large_windows() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder, 1, true);
    let [id, other] = ["one", "other"].map(|name| add(&mut store, &folder, name));
    stream(&mut store, id, 2);
    let chunk = chunk(0);
    store.lend(&chunk, None);
    let before = store.writes;
    for (number, payload) in chunk.bytes().chunks(PAYLOAD).enumerate() {
        store.put(other, (number * PAYLOAD) as u64, payload);
    }
    store.end_lending();
    assert_eq!(store.writes, before);
    assert!(store.close(other, |_, _, _| Ok(())).is_some());
    assert!(fs::read(folder.path().join("other")).unwrap() == chunk.bytes());
}

/// What is done to a file.
#[derive(Clone, Debug)]
enum Step {
    /// So many payloads come in order.
    Go(usize),
    /// So many bytes are left out, to come later.
    Skip(u64),
    /// What was left out first comes.
    Fill,
    /// Old bytes come again: from how far before the end, how many, and whether they differ.
    Again(u64, usize, bool),
    /// Bytes that are in no chunk.
    Elsewhere(usize),
    /// So many small payloads come in order.
    Sip(usize),
    /// Zeros, which are in the chunk.
    Zeros(usize),
    MoveUp(u64),
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        8 => (1_usize..40).prop_map(Step::Go),
        2 => (1_u64..5_000).prop_map(Step::Skip),
        2 => Just(Step::Fill),
        2 => (1_u64..60_000, 1_usize..3000, any::<bool>())
            .prop_map(|(back, len, differs)| Step::Again(back, len, differs)),
        1 => (1_usize..3000).prop_map(Step::Elsewhere),
        1 => (1_usize..200).prop_map(Step::Sip),
        1 => (1_usize..20_000).prop_map(Step::Zeros),
        1 => (1_u64..3_000).prop_map(Step::MoveUp),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec((0_usize..2, step), 1..60)
}

/// A file as it must be, and what is still to come.
#[derive(Default)]
struct Model {
    bytes: Vec<u8>,
    /// Where a stream goes on, and the holes that were left.
    next: u64,
    holes: Vec<(u64, u64)>,
}

impl Model {
    fn put(&mut self, store: &mut FileStore, id: FileId, position: u64, data: &[u8]) {
        store.put(id, position, data);
        let end = position as usize + data.len();
        self.bytes.resize(self.bytes.len().max(end), 0);
        self.bytes[position as usize..end].copy_from_slice(data);
    }

    fn go_on(&mut self, store: &mut FileStore, id: FileId, data: &[u8]) {
        self.put(store, id, self.next, data);
        self.next += data.len() as u64;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn files_hold_what_was_taken_on_last(
        steps in steps(),
        descriptors in 1_usize..4,
        beside in any::<bool>(),
        chunk_steps in 1_usize..12,
        leaves in any::<bool>(),
        enough_from in 0_usize..4,
    ) {
        let folder = TempDir::new().unwrap();
        let mut store = store(&folder, descriptors, beside);
        let ids: Vec<_> = (0..2).map(|n| add(&mut store, &folder, &n.to_string())).collect();
        let mut models = [Model::default(), Model::default()];
        // Small files leave what they can if part of the budget is in use.
        let other = add(&mut store, &folder, "other");
        for (number, steps) in steps.chunks(chunk_steps).enumerate() {
            if leaves && number == enough_from {
                store.put(other, 0, &[1; 100_000]);
            }
            let mut chunk = chunk(number);
            chunk.bytes_to_change()[CHUNK - 20_000..].fill(0);
            store.lend(&chunk, leaves.then(|| capture_of(&chunk, number as u64 * 7)));
            let mut payloads = chunk.bytes()[..CHUNK - 20_000].chunks(PAYLOAD).cycle();
            for (file, step) in steps {
                let (id, model) = (ids[*file], &mut models[*file]);
                match *step {
                    Step::Go(count) => {
                        for payload in payloads.by_ref().take(count) {
                            model.go_on(&mut store, id, payload);
                        }
                    }
                    Step::Skip(len) => {
                        model.holes.push((model.next, len));
                        model.next += len;
                    }
                    Step::Fill => {
                        if let Some((position, len)) = model.holes.pop() {
                            model.put(&mut store, id, position, &chunk.bytes()[7..][..len as usize]);
                        }
                    }
                    Step::Again(back, len, differs) => {
                        let from = model.next.saturating_sub(back) as usize;
                        let Some(stored) = model.bytes.get(from..from + len) else { continue };
                        let mut again = stored.to_vec();
                        again[len / 2] ^= u8::from(differs);
                        // As the tracker does it: what was stored is asked for before it is replaced.
                        let differing = store.differing(id, from as u64, &again);
                        prop_assert_eq!(differing, u64::from(differs));
                        if differs {
                            model.put(&mut store, id, from as u64, &again);
                        }
                    }
                    Step::Sip(count) => {
                        for payload in chunk.bytes()[..CHUNK - 20_000].chunks(60).take(count) {
                            model.go_on(&mut store, id, payload);
                        }
                    }
                    Step::Elsewhere(len) => model.go_on(&mut store, id, &vec![9; len]),
                    Step::Zeros(len) => {
                        model.go_on(&mut store, id, &chunk.bytes()[CHUNK - 20_000..][..len]);
                    }
                    Step::MoveUp(distance) if !model.bytes.is_empty() => {
                        store.move_up(id, distance, None);
                        model.bytes.splice(..0, vec![0; distance as usize]);
                        model.next += distance;
                        model.holes.iter_mut().for_each(|hole| hole.0 += distance);
                    }
                    Step::MoveUp(_) => {}
                    Step::Flush => {
                        store.flush();
                        for (number, model) in models.iter().enumerate() {
                            if !model.bytes.is_empty() {
                                let path = folder.path().join(number.to_string());
                                prop_assert!(fs::read(path).unwrap() == model.bytes, "flushed");
                            }
                        }
                    }
                }
            }
            store.end_lending();
        }
        for (number, (id, model)) in ids.into_iter().zip(models).enumerate() {
            prop_assert!(store.close(id, |_, _, _| Ok(())).is_some());
            let path = folder.path().join(number.to_string());
            prop_assert!(fs::read(path).unwrap() == model.bytes, "closed");
        }
        store.close(other, |_, _, _| Ok(()));
        prop_assert_eq!(store.memory_used(), 0);
    }
}
