//! Where flow files are: the output folder and the template give a path for each flow and count.

use std::collections::HashMap;
use std::ffi::OsString;
use std::hash::BuildHasher;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::template::Template;
use crate::flow::Identity;

/// After this many names known to be taken, the memory of them starts anew.
const REMEMBERED_NAMES: usize = 4096;

/// Makes the paths of flow files.
#[derive(Debug)]
pub struct Namer {
    prefix: Vec<u8>,
    template: Template,
    hasher: RandomState,
    /// The lowest count that may be free, for names whose count 0 was taken.
    taken: Mutex<Taken>,
}

type Taken = HashMap<NameHash, u32, RandomState>;

/// Stands for a flow's name without count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameHash(u64);

impl Namer {
    /// Paths in `folder`, by `template`. The folder is put in front as it was given, with a slash,
    /// and not at all if it is `.` or empty: names in reports have always looked so.
    pub fn new(folder: &Path, template: Template) -> Self {
        let mut prefix = folder.as_os_str().as_encoded_bytes().to_vec();
        match prefix.as_slice() {
            b"" | b"." => prefix.clear(),
            _ => prefix.push(b'/'),
        }
        Self { prefix, template, hasher: RandomState::default(), taken: Mutex::default() }
    }

    /// The path of the flow's file with this count.
    pub fn path(&self, flow: &Identity, count: u32) -> PathBuf {
        let mut path = Vec::with_capacity(self.prefix.len() + 64);
        self.render(&mut path, flow, count);
        PathBuf::from(OsString::from_vec(path))
    }

    /// Appends the path of the flow's file with this count to `out`.
    pub fn render(&self, out: &mut Vec<u8>, flow: &Identity, count: u32) {
        out.extend_from_slice(&self.prefix);
        self.template.render(out, flow, count);
    }

    /// What tells flows apart whose names differ in the count only.
    pub fn hash(&self, flow: &Identity) -> NameHash {
        let mut name = Vec::with_capacity(64);
        self.template.render(&mut name, flow, 0);
        NameHash(self.hasher.hash_one(&name))
    }

    /// The count from which on the flow's names are worth trying. A thousand flows that share a
    /// name must not each try the counts of all those before.
    pub fn first_count(&self, flow: &Identity) -> u32 {
        let taken = self.taken();
        if taken.is_empty() {
            return 0;
        }
        taken.get(&self.hash(flow)).copied().unwrap_or(0)
    }

    /// The flow's name with this count is taken, and so are those with lower counts.
    pub fn note_taken(&self, flow: &Identity, count: u32) {
        let mut taken = self.taken();
        if taken.len() >= REMEMBERED_NAMES {
            taken.clear();
        }
        taken.insert(self.hash(flow), count.saturating_add(1));
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // The map is a help to guess; half an update does no harm.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether names with different counts differ.
    pub fn has_count(&self) -> bool {
        self.template.has_count()
    }
}
