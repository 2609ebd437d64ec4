//! Giving up privileges: `-U` and `-z`.

use std::io;
use std::os::unix::fs::{fchown, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, chdir, chroot, getuid, setgid, setgroups, setuid};
use thiserror::Error;

/// Whom to become, and where to be confined.
#[derive(Debug)]
pub(super) struct Relinquish {
    name: String,
    uid: Uid,
    gid: Gid,
    root: Option<PathBuf>,
}

/// Why privileges could not be given up.
#[derive(Debug, Error)]
pub(super) enum PrivilegeError {
    #[error("user '{0}' does not exist")]
    NoSuchUser(String),
    #[error("cannot look up user '{0}': {1}")]
    LookUp(String, nix::Error),
    #[error("only root can become user '{0}'")]
    NotRoot(String),
    #[error("cannot change root to '{}': {}", .0.display(), .1)]
    Chroot(PathBuf, nix::Error),
    #[error("cannot become user '{0}': {1}")]
    Become(String, nix::Error),
    #[error("user '{0}' could become root again")]
    NotForGood(String),
}

/// Whether the program may do everything.
pub(super) fn is_root() -> bool {
    Uid::effective().is_root()
}

impl Relinquish {
    /// Looks the user up, which must be done while the system's files can be seen.
    pub(super) fn prepare(user: &str, root: Option<&Path>) -> Result<Self, PrivilegeError> {
        let found = User::from_name(user)
            .map_err(|error| PrivilegeError::LookUp(user.to_owned(), error))?
            .ok_or_else(|| PrivilegeError::NoSuchUser(user.to_owned()))?;
        if !is_root() {
            return Err(PrivilegeError::NotRoot(user.to_owned()));
        }
        Ok(Self {
            name: user.to_owned(),
            uid: found.uid,
            gid: found.gid,
            root: root.map(Path::to_owned),
        })
    }

    /// Where `path` is while the root has not been changed yet.
    pub(super) fn before_chroot(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// Gives a folder that was made for this run to the user.
    pub(super) fn give_folder(&self, path: &Path) -> io::Result<()> {
        // Whoever may rename it must not choose with a link what is given away.
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }

    /// Gives an open file to the user; a terminal or a pipe stays whose it is.
    pub(super) fn give_file(&self, file: &std::fs::File) -> io::Result<()> {
        if !file.metadata()?.is_file() {
            return Ok(());
        }
        fchown(file, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }

    /// Changes the root, if asked to, and becomes the user. There is no way back.
    pub(super) fn relinquish(&self) -> Result<(), PrivilegeError> {
        if let Some(root) = &self.root {
            chroot(root.as_path())
                .and_then(|()| chdir("/"))
                .map_err(|error| PrivilegeError::Chroot(root.clone(), error))?;
        }
        // The order matters: the user may no longer change groups.
        setgroups(&[self.gid])
            .and_then(|()| setgid(self.gid))
            .and_then(|()| setuid(self.uid))
            .map_err(|error| PrivilegeError::Become(self.name.clone(), error))?;
        if !self.uid.is_root() && (getuid().is_root() || setuid(Uid::from_raw(0)).is_ok()) {
            return Err(PrivilegeError::NotForGood(self.name.clone()));
        }
        Ok(())
    }
}
