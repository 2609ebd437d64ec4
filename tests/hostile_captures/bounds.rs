//! Runs the program within bounds that the system enforces, and measures what it left.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::support::sandbox::{Outcome, Sandbox};

/// A build without optimisation takes so many times longer, and so do the bounds.
const SLOWER: u64 = if cfg!(debug_assertions) { 8 } else { 1 };

/// What a run may use; it is killed when it wants more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Seconds of processor time, of an optimised build.
    pub(crate) seconds: u64,
    /// Megabytes of address space, thread stacks and all.
    pub(crate) memory: u64,
}

/// What a small capture may use: none of these takes as long or as much.
pub(crate) const SMALL: Bounds = Bounds { seconds: 3, memory: 400 };

impl Bounds {
    /// Runs the program with these words as arguments. A run that was killed does not
    /// succeed.
    pub(crate) fn run(self, sandbox: &Sandbox, arguments: &str) -> Outcome {
        let (memory, seconds) = (self.memory << 10, self.seconds * SLOWER);
        let outcome = sandbox.shell(&format!(
            // As a child of the shell: its peak of memory would begin with that of this test if the
            // shell became the program.
            "ulimit -c 0 && ulimit -v {memory} && ulimit -t {seconds} && tcpflow {arguments}; exit $?"
        ));
        // A thread may have panicked without taking the program with it.
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
        outcome
    }
}

/// Bytes that all files below a folder take on disk.
pub(crate) fn disk_use(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("a folder's entry"))
        .map(|entry| match entry.metadata().expect("an entry's size") {
            metadata if metadata.is_dir() => disk_use(&entry.path()),
            metadata => metadata.blocks() * 512,
        })
        .sum()
}

/// How long the largest file in a folder is, holes included.
pub(crate) fn largest_file(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").metadata().expect("its size").len())
        .max()
        .unwrap_or(0)
}
