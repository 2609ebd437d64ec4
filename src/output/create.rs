//! How a file comes to be on disk: opened, opened again, made with its folders.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{FILE_MODE, Opening};
use super::naming::Namer;
use super::scratch::ScratchFile;
use crate::flow::Identity;

/// A file's name, and how it is made under that name.
#[derive(Debug)]
pub enum Creation {
    /// A flow's file: the first name that no file has yet. Files that exist are left alone.
    New(NewFile),
    /// A file of the output folder with a fixed name. A file of that name that exists is emptied.
    Replace(PathBuf),
    /// A file that is only there because memory is scarce.
    Scratch(ScratchFile),
    /// A file of the output folder that has been made.
    Made(PathBuf),
}

/// A flow's file that is still to be made.
#[derive(Debug)]
pub struct NewFile {
    /// The flow.
    pub flow: Identity,
    /// The name with count 0.
    pub first_path: PathBuf,
}

impl Creation {
    /// Where the file is, once it was made; of a scratch file before that, where its folder will be.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Made(path) => Some(path),
            Self::Scratch(file) => Some(file.path()),
            Self::New(_) | Self::Replace(_) => None,
        }
    }

    /// The same, for when the file is closed.
    pub fn into_path(self) -> Option<PathBuf> {
        match self {
            Self::Made(path) => Some(path),
            Self::Scratch(file) => Some(file.into_path()),
            Self::New(_) | Self::Replace(_) => None,
        }
    }

    /// Whether the file need not be made as long as its bytes fit in memory.
    pub fn is_scratch(&self) -> bool {
        matches!(self, Self::Scratch(_))
    }

    /// The file's name for messages.
    pub fn display(&self) -> impl fmt::Display {
        match self {
            Self::Made(path) | Self::Replace(path) => path.display(),
            Self::Scratch(file) => file.path().display(),
            Self::New(new) => new.first_path.display(),
        }
    }

    /// Opens the file for reading and writing, making it first if that was not done yet. `namer` is
    /// that of the output folder.
    pub fn open(&mut self, namer: &Namer) -> io::Result<File> {
        match self {
            Self::New(new) => {
                let (file, path) = new.make(namer)?;
                *self = Self::Made(path);
                Ok(file)
            }
            Self::Replace(path) => {
                let file = namer.folder().open(path, Opening::Empty, FILE_MODE)?;
                *self = Self::Made(std::mem::take(path));
                Ok(file)
            }
            Self::Scratch(file) => file.open(),
            Self::Made(path) => namer.folder().open_again(path),
        }
    }
}

impl NewFile {
    /// Makes the file; its path is that of a made file from then on.
    fn make(&mut self, namer: &Namer) -> io::Result<(File, PathBuf)> {
        let mut count = namer.first_count(&self.first_path);
        loop {
            let counted = (count > 0).then(|| namer.path(&self.flow, count));
            let path = counted.as_deref().unwrap_or(&self.first_path);
            match namer.folder().open(path, Opening::New, FILE_MODE) {
                Ok(file) => {
                    if count > 0 {
                        namer.note_taken(&self.first_path, count);
                    }
                    let path = counted.unwrap_or_else(|| std::mem::take(&mut self.first_path));
                    return Ok((file, path));
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if !namer.has_count() => {
                    return Err(io::Error::new(
                        io::ErrorKind::AlreadyExists,
                        "file exists, and the file-name template has no count to tell another",
                    ));
                }
                Err(_) => {
                    count = count
                        .checked_add(1)
                        .ok_or_else(|| io::Error::other("all counts of this name are taken"))?;
                }
            }
        }
    }
}

/// Whether the error says that no descriptor is left.
pub(super) fn too_many_open(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}
