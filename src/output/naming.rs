//! Where flow files are: the output folder and the template give a path for each flow and count.

use std::collections::HashMap;
use std::ffi::OsString;
use std::hash::BuildHasher;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::folder::OutputFolder;
use super::template::Template;
use crate::flow::Identity;
use crate::visible;

/// After this many names known to be taken, the memory of them starts anew: 9 MB. As long as it
/// lasts, the flows that share a name cost one attempt each, however many names take turns.
const REMEMBERED_NAMES: usize = 400_000;

/// Names are rarely longer.
const USUAL_NAME: usize = 64;

/// Makes the paths of flow files.
#[derive(Debug)]
pub struct Namer {
    folder: Arc<OutputFolder>,
    template: Template,
    has_controls: bool,
    hasher: RandomState,
    /// The lowest count that may be free, for names whose count 0 was taken.
    taken: Mutex<Taken>,
    /// Whether there were ever any, which two threads can ask without waiting for each other.
    any_taken: AtomicBool,
}

type Taken = HashMap<NameHash, u32, RandomState>;

/// Stands for a flow's name without count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameHash(u64);

impl Namer {
    /// Paths in `folder`, by `template`.
    pub fn new(folder: OutputFolder, template: Template) -> Self {
        let folder = Arc::new(folder);
        let has_controls = visible::has_controls(folder.prefix())
            || template.literals().any(visible::has_controls);
        Self {
            folder,
            template,
            has_controls,
            hasher: RandomState::default(),
            taken: Mutex::default(),
            any_taken: AtomicBool::new(false),
        }
    }

    /// The output folder.
    pub fn folder(&self) -> &Arc<OutputFolder> {
        &self.folder
    }

    /// Whether names hold control characters, which must not be printed as they are.
    pub fn has_controls(&self) -> bool {
        self.has_controls
    }

    /// The path of the flow's file with this count.
    pub fn path(&self, flow: &Identity, count: u32) -> PathBuf {
        self.path_in(PathBuf::new(), flow, count)
    }

    /// The same in the memory of another path, which is forgotten.
    pub fn path_in(&self, other: PathBuf, flow: &Identity, count: u32) -> PathBuf {
        let mut path = other.into_os_string().into_vec();
        path.clear();
        path.reserve(self.folder.prefix().len() + USUAL_NAME);
        self.render(&mut path, flow, count);
        PathBuf::from(OsString::from_vec(path))
    }

    /// Appends the path of the flow's file with this count to `out`.
    pub fn render(&self, out: &mut Vec<u8>, flow: &Identity, count: u32) {
        out.extend_from_slice(self.folder.prefix());
        self.template.render(out, flow, count);
    }

    /// What tells flows apart whose names differ in more than the count, from the path with count
    /// 0. To be made once a flow and kept.
    pub fn hash(&self, first_path: &Path) -> NameHash {
        NameHash(self.hasher.hash_one(first_path.as_os_str().as_encoded_bytes()))
    }

    /// The count from which on names like `first_path` are worth trying. A thousand flows that
    /// share a name must not each try the counts of all those before.
    pub fn first_count(&self, first_path: &Path) -> u32 {
        match self.any_taken.load(Ordering::Acquire) {
            true => self.taken().get(&self.hash(first_path)).copied().unwrap_or(0),
            false => 0,
        }
    }

    /// The name like `first_path` with this count is taken, and so are those with lower counts.
    pub fn note_taken(&self, first_path: &Path, count: u32) {
        let mut taken = self.taken();
        if taken.len() >= REMEMBERED_NAMES {
            taken.clear();
        }
        taken.insert(self.hash(first_path), count.saturating_add(1));
        self.any_taken.store(true, Ordering::Release);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_names_that_take_turns_are_remembered() {
        let namer = Namer::new(OutputFolder::new(Path::new("out")), Template::default());
        let path = |name: u32| PathBuf::from(name.to_string());
        for count in 0..3 {
            for name in 0..20_000 {
                assert_eq!(namer.first_count(&path(name)), count);
                namer.note_taken(&path(name), count);
            }
        }
    }
}
