//! The end of a file: what waits is written, somebody looks at all of it, it gets its times and is
//! closed.
//!
//! That needs nothing of the store the file was in, so that any thread may do it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::blocks::Blocks;
use super::left::Left;
use super::moving;
use super::stored_file::{REMOVED, StoredFile, is_removed, stamp};
use super::tools::Tools;
use crate::scan::{Content, RunningHashes};

/// A file that was closed.
#[derive(Debug)]
pub struct ClosedFile<T> {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was made at all; a scratch file that fits in memory is not.
    pub on_disk: bool,
    /// What the inspection of its content gave.
    pub findings: T,
}

impl StoredFile {
    /// Opens the file, or makes it, to be [finished](Self::finish) soon. What cannot be done now is
    /// tried once more then.
    pub(super) fn open_to_finish(&mut self, tools: &Tools) {
        if self.handle.is_none() && !self.is_scratch() {
            // What is wrong is told when it is tried once more.
            let _ = self.open(tools);
        }
    }

    /// Writes what waits, has `inspect` look at all of the content, and closes the file. `None`
    /// if it could not be made or written, which is told.
    ///
    /// What is left of the file belongs to whoever made it: memory that one thread asked for and
    /// another gives back costs both of them a wait.
    pub fn finish<T>(
        &mut self,
        tools: &mut Tools,
        inspect: impl FnOnce(&Path, Content<'_>, Option<RunningHashes>) -> io::Result<T>,
    ) -> Option<ClosedFile<T>> {
        tools.scratch.clear();
        let blocks = match self.pending.is_in_pieces() {
            true => self.join(tools),
            false => None,
        };
        let closed = self.finish_in_piece(tools, inspect);
        self.close();
        if let Some(blocks) = blocks {
            (tools.scratch, _) = self.pending.release();
            self.spent = blocks;
        }
        closed
    }

    /// Has the window in one piece; gives the blocks in which it was.
    fn join(&mut self, tools: &mut Tools) -> Option<Blocks> {
        let mut scratch = std::mem::take(&mut tools.scratch);
        if !self.pending.is_left() {
            return Some(self.pending.join(scratch));
        }
        let left = self.left().ok_or_else(|| io::ErrorKind::NotFound.into());
        match left.and_then(|left| tools.rereading.gather(left, &mut scratch)) {
            Ok(()) => Some(self.pending.bring_back(scratch)),
            Err(error) => {
                self.pending.clear();
                self.fail(error, &tools.messages);
                None
            }
        }
    }

    /// What was left in a capture, of a file that is not in a store.
    pub(super) fn left(&self) -> Option<Left<'_>> {
        let (chain, capture) = (self.pending.left()?, self.capture.as_ref()?);
        Some(Left { chain, capture })
    }

    fn finish_in_piece<T>(
        &mut self,
        tools: &Tools,
        inspect: impl FnOnce(&Path, Content<'_>, Option<RunningHashes>) -> io::Result<T>,
    ) -> Option<ClosedFile<T>> {
        let was_open = self.handle.is_some();
        if let Err(error) = self.give_back_room(tools) {
            self.fail(error, &tools.messages);
        }
        // What is wholly in memory need not be read back.
        let in_memory = self.written == 0 && self.pending.start() == 0;
        if in_memory && self.is_scratch() {
            self.hash_pending();
        } else if let Err(error) = self.open(tools).and_then(|()| self.write_pending()) {
            self.fail(error, &tools.messages);
        }
        // Nobody could have removed a file that was made just now.
        if was_open && self.handle.as_deref().is_some_and(is_removed) {
            self.fail(io::Error::other(REMOVED), &tools.messages);
        }
        if self.failed {
            return None;
        }
        // Nobody else has them any more, for nothing is on the way.
        let hashes = self.hashes.take().and_then(Arc::into_inner);
        let hashes = hashes.map(|it| it.into_inner().unwrap_or_else(PoisonError::into_inner));
        let content = match self.file() {
            _ if in_memory => Content::Memory(self.pending.whole()),
            Some(file) => Content::File(file, self.written),
            None => return None,
        };
        let path = self.creation.as_ref()?.path()?;
        let finished = inspect(path, content, hashes).and_then(|findings| {
            if let Some(file) = self.file() {
                stamp(file, self.stamp)?;
            }
            Ok(findings)
        });
        match finished {
            Ok(findings) => {
                let path = self.creation.take()?.into_path()?;
                Some(ClosedFile { path, on_disk: self.file().is_some(), findings })
            }
            Err(error) => {
                self.fail(error, &tools.messages);
                None
            }
        }
    }

    /// Gives back the room before the beginning that was not needed, and cuts off what is too much.
    pub(super) fn give_back_room(&mut self, tools: &Tools) -> io::Result<()> {
        let (lead, limit) = (std::mem::take(&mut self.lead), self.limit.take());
        if lead == 0 && limit.is_none() {
            return Ok(());
        }
        self.pending.unchain();
        if self.written == 0 && self.pending.start() == 0 {
            self.pending.drop_front(lead);
            self.pending.truncate(limit.unwrap_or(u64::MAX));
            return Ok(());
        }
        self.open(tools)?;
        self.write_pending()?;
        self.pending.clear();
        self.pending.step_back(lead);
        if let Some(file) = self.file() {
            self.written = moving::move_bytes_down(file, self.written, lead, limit)?;
        }
        Ok(())
    }
}
