//! The output folder: opens files in it and in the folders that templates make below it.
//!
//! The folder itself is where the user said, links and all. What is inside may have been put there
//! by somebody else, and the program may be root: below the output folder no symbolic link is
//! followed, neither as a file nor as a folder, and no name leads out.
//!
//! Opening a file costs one system call, for the folder used last is held open, so that the system
//! need not walk there for each file. In a live capture that may last for months the output folder
//! itself is looked for anew each time: it may have been moved away, or be a link that leads
//! elsewhere by now.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use memchr::{memchr, memrchr};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

/// The rights of files, less the umask.
pub const FILE_MODE: u32 = 0o666;

/// The rights of folders, less the umask.
const FOLDER_MODE: u32 = 0o777;

/// Longer paths the system takes from nobody. Step by step such a file could be made, but not
/// be opened by its name any more.
const LONGEST_PATH: usize = libc::PATH_MAX as usize;

/// What opening a file does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Makes it; an error if there is one, a link included.
    New,
    /// Makes it, or empties the one that is there.
    Empty,
    /// Takes the one that is there.
    Again,
}

/// The output folder of a run.
#[derive(Debug)]
pub struct OutputFolder {
    /// What stands in front of the names of all files in it.
    prefix: Vec<u8>,
    /// Whether files in it are looked for from there, rather than by their whole path.
    is_held: bool,
    /// The folder itself, once it is held: two threads open files in it, and should not have to
    /// wait for each other.
    root: OnceLock<Arc<OwnedFd>>,
    /// The folder that was used last: its name below this one, and the folder.
    last: Mutex<Option<(Vec<u8>, Arc<OwnedFd>)>>,
}

impl OutputFolder {
    /// The output folder as it was given. It is put in front of names with a slash, and not at all
    /// if it is `.` or empty: names in reports have always looked so.
    pub fn new(folder: &Path) -> Self {
        let mut prefix = folder.as_os_str().as_bytes().to_vec();
        match prefix.as_slice() {
            b"" | b"." => prefix.clear(),
            _ => prefix.push(b'/'),
        }
        Self { prefix, is_held: false, root: OnceLock::new(), last: Mutex::default() }
    }

    /// The same, to be held open from its first file on, whatever becomes of its name.
    pub fn held(self) -> Self {
        Self { is_held: true, ..self }
    }

    /// What stands in front of the names of all files in it.
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// The path of the file `name` in it.
    pub fn file(&self, name: &str) -> PathBuf {
        let path = [self.prefix.as_slice(), name.as_bytes()].concat();
        PathBuf::from(OsString::from_vec(path))
    }

    /// Opens a file for reading and writing, whose `path` begins with [`prefix`](Self::prefix).
    /// Folders that miss are made, unless the file is opened again. `mode` is its rights, less the
    /// umask, if it is made.
    pub fn open(&self, path: &Path, opening: Opening, mode: u32) -> io::Result<File> {
        self.open_or_make(path, opening, mode, opening != Opening::Again)
    }

    /// Opens a file of the folder that was made before.
    pub fn open_again(&self, path: &Path) -> io::Result<File> {
        self.open(path, Opening::Again, FILE_MODE)
    }

    fn open_or_make(
        &self,
        path: &Path,
        opening: Opening,
        mode: u32,
        may_make: bool,
    ) -> io::Result<File> {
        let name = self.name_of(path)?;
        if path.as_os_str().len() >= LONGEST_PATH {
            return Err(Errno::NAMETOOLONG.into());
        }
        let (folder, file) = match memrchr(b'/', name) {
            Some(slash) => (&name[..slash], &name[slash + 1..]),
            None if self.is_held => (&b""[..], name),
            None => {
                let full = path.as_os_str().as_bytes();
                return match open_in(CWD, full, opening, mode) {
                    // The folder itself is gone, which somebody did while we were running.
                    Err(error) if missing(&error) && may_make => {
                        self.make()?;
                        open_in(CWD, full, opening, mode)
                    }
                    result => result,
                };
            }
        };
        let opened = match folder {
            b"" if self.is_held => open_in(self.root(may_make)?, file, opening, mode),
            _ => open_in(self.enter(folder, may_make)?.as_fd(), file, opening, mode),
        };
        match opened {
            // The folder that was held open may have been removed since.
            Err(error) if missing(&error) => {
                self.forget();
                open_in(self.enter(folder, may_make)?.as_fd(), file, opening, mode)
            }
            result => result,
        }
    }

    /// Removes a file, whose `path` begins with [`prefix`](Self::prefix).
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let name = self.name_of(path)?;
        match memrchr(b'/', name) {
            None => fs::remove_file(path),
            Some(slash) => {
                let folder = self.enter(&name[..slash], false)?;
                Ok(unlinkat(&folder, &name[slash + 1..], AtFlags::empty())?)
            }
        }
    }

    /// Makes a file, or empties it, that the user may have placed anywhere, but no folder for it.
    /// Outside of the output folder links are followed, because the user named them: `/dev/stdout`
    /// is one.
    pub fn create_anywhere(&self, path: &Path) -> io::Result<File> {
        match self.inside(path) {
            Some(name) => {
                let mut inside = self.prefix.clone();
                inside.extend_from_slice(name.as_os_str().as_bytes());
                let inside = OsString::from_vec(inside);
                self.open_or_make(Path::new(&inside), Opening::Empty, FILE_MODE, false)
            }
            None => File::create(path),
        }
    }

    /// The name in the output folder that `path` stands for, if it leads there.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let here = Path::new(".");
        let itself = fs::metadata(self.itself()).ok()?;
        let is_it = |folder: &&Path| {
            let folder = if folder.as_os_str().is_empty() { here } else { folder };
            fs::metadata(folder)
                .is_ok_and(|found| (found.dev(), found.ino()) == (itself.dev(), itself.ino()))
        };
        let folder = path.ancestors().skip(1).find(is_it)?;
        path.strip_prefix(folder).ok().map(Path::to_owned)
    }

    /// The part of `path` behind the output folder, which must not lead out of it.
    fn name_of<'a>(&self, path: &'a Path) -> io::Result<&'a [u8]> {
        let name = path.as_os_str().as_bytes().strip_prefix(self.prefix.as_slice());
        name.filter(|name| self.is_below(name)).ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidInput, "the name leads out of the output folder")
        })
    }

    /// Templates are checked when they are parsed; this holds whatever they do.
    fn is_below(&self, name: &[u8]) -> bool {
        if memchr(b'/', name).is_none() {
            return name != b"..";
        }
        let is_absolute = self.prefix.is_empty() && name.starts_with(b"/");
        !is_absolute && name.split(|&byte| byte == b'/').all(|part| part != b"..")
    }

    /// The folder itself, held from the first time on.
    fn root(&self, may_make: bool) -> io::Result<BorrowedFd<'_>> {
        let root = match self.root.get() {
            Some(root) => root,
            None => {
                let root = self.enter(b"", may_make)?;
                self.root.get_or_init(|| root)
            }
        };
        Ok(root.as_fd())
    }

    /// Opens the folder `name`, step by step, making what is missing if `may_make`.
    fn enter(&self, name: &[u8], may_make: bool) -> io::Result<Arc<OwnedFd>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, folder)) = &*last
            && known == name
        {
            return Ok(Arc::clone(folder));
        }
        let mut folder = match self.open_itself() {
            Err(error) if missing(&error) && may_make => {
                self.make()?;
                self.open_itself()?
            }
            result => result?,
        };
        let steps = name.split(|&byte| byte == b'/');
        for step in steps.filter(|step| !step.is_empty() && *step != b".") {
            folder = match open_folder(folder.as_fd(), step) {
                Err(error) if missing(&error) && may_make => {
                    make_folder(folder.as_fd(), step)?;
                    open_folder(folder.as_fd(), step)?
                }
                result => result?,
            };
        }
        let folder = Arc::new(folder);
        *last = Some((name.to_vec(), Arc::clone(&folder)));
        Ok(folder)
    }

    fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn itself(&self) -> PathBuf {
        match self.prefix.as_slice() {
            b"" => PathBuf::from("."),
            prefix => PathBuf::from(OsString::from_vec(prefix.to_vec())),
        }
    }

    fn open_itself(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(retry_on_intr(|| openat(CWD, self.itself(), flags, Mode::empty()))?)
    }

    fn make(&self) -> io::Result<()> {
        match fs::create_dir(self.itself()) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}

fn missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

fn open_in(folder: BorrowedFd<'_>, name: &[u8], opening: Opening, mode: u32) -> io::Result<File> {
    let how = match opening {
        Opening::New => OFlags::CREATE | OFlags::EXCL,
        Opening::Empty => OFlags::CREATE | OFlags::TRUNC,
        Opening::Again => OFlags::empty(),
    };
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | how;
    match retry_on_intr(|| openat(folder, name, flags, Mode::from_raw_mode(mode))) {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::LOOP) => Err(io::Error::other("is a symbolic link, which is not followed")),
        Err(error) => Err(error.into()),
    }
}

fn open_folder(above: BorrowedFd<'_>, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| openat(above, name, flags, Mode::empty())).map_err(|error| {
        let is_link = || {
            statat(above, name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
        };
        match error {
            Errno::NOTDIR | Errno::LOOP if is_link() => io::Error::other(format!(
                "the folder '{}' is a symbolic link, which is not followed",
                String::from_utf8_lossy(name)
            )),
            error => error.into(),
        }
    })
}

/// Somebody else, our other thread for one, may make it at the same moment.
fn make_folder(above: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    match retry_on_intr(|| mkdirat(above, name, Mode::from_raw_mode(FOLDER_MODE))) {
        Err(error) if error != Errno::EXIST => Err(error.into()),
        _ => Ok(()),
    }
}
