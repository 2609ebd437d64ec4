//! File systems that only a test would want, which only root can mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::sandbox::{is_root, skip};

/// A mounted file system, gone at the end of the test.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// A small disk at `folder`, which is made. Without root, or where mounting is not possible,
    /// says that `test` is skipped.
    pub(crate) fn small_disk(test: &str, folder: PathBuf, size: &str) -> Option<Self> {
        if !is_root() {
            skip(test, "only root may mount a disk");
            return None;
        }
        fs::create_dir(&folder).expect("a folder");
        let size = format!("size={size},mode=777");
        match mount(&["-t", "tmpfs", "-o", &size, "none"], &folder) {
            true => Some(Self(folder)),
            false => {
                skip(test, "tmpfs cannot be mounted here");
                None
            }
        }
    }

    /// From now on it can only be read.
    pub(crate) fn make_read_only(&self) -> bool {
        mount(&["-o", "remount,ro"], &self.0)
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let status = Command::new("mount").args(arguments).arg(folder).status();
    status.is_ok_and(|status| status.success())
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
