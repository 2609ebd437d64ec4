//! Flows that are over: what is known of them until their files are finished, and what is asked of
//! those files later.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::flow::{Identity, REMEMBERED_CLOSINGS, Summary};
use crate::output::Finishing;
use crate::scan::{Content, Findings, FinishedFlow, FlowScanner, RunningHashes};

/// The scanners that look at flows.
pub(super) type FlowScanners = Arc<[Box<dyn FlowScanner>]>;

/// A flow that is over but not reported yet.
pub(super) struct Closing {
    pub(super) flow: Identity,
    pub(super) summary: Summary,
    /// The file that is being finished.
    pub(super) file: Option<Finishing>,
    pub(super) findings: Findings,
}

/// Stands for the file of a closed flow: how many were closed before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept(u64);

/// Where the files of the flows are that were closed last. Nobody asks for those of others.
#[derive(Debug, Default)]
pub(super) struct LastFiles {
    /// Files of flows that were closed.
    closed: u64,
    /// Those of them that were finished since, in the order of closing.
    finished: u64,
    /// Where the last ones are that were finished; `None` if they could not be kept.
    paths: VecDeque<Option<PathBuf>>,
}

impl LastFiles {
    /// Another file's flow is closed.
    pub(super) fn close(&mut self) -> Kept {
        self.closed += 1;
        Kept(self.closed - 1)
    }

    /// The first of those that were not finished is, and is at `path`. Gives back what nobody will
    /// ask for any more.
    pub(super) fn finish(&mut self, path: Option<PathBuf>) -> Option<PathBuf> {
        self.finished += 1;
        self.paths.push_back(path);
        match self.paths.len() > REMEMBERED_CLOSINGS {
            true => self.paths.pop_front().flatten(),
            false => None,
        }
    }

    /// Whether the file is finished.
    pub(super) fn is_finished(&self, Kept(number): Kept) -> bool {
        number < self.finished
    }

    /// Whether the file's bytes at `position` are exactly `payload`.
    pub(super) fn holds(&self, file: Kept, position: u64, payload: &[u8]) -> bool {
        self.path(file).is_some_and(|path| holds(path, position, payload).unwrap_or(false))
    }

    fn path(&self, Kept(number): Kept) -> Option<&Path> {
        let from_last = usize::try_from(self.finished.checked_sub(number)?).ok()?;
        self.paths.get(self.paths.len().checked_sub(from_last)?)?.as_deref()
    }
}

/// Has all scanners look at a flow.
pub(super) fn scan(
    scanners: &[Box<dyn FlowScanner>],
    identity: &Identity,
    path: Option<&Path>,
    content: Content<'_>,
    hashes: Option<RunningHashes>,
) -> io::Result<Findings> {
    let mut findings = Findings::default();
    let mut flow = FinishedFlow { identity, path, content, hashes };
    for scanner in scanners {
        scanner.flow(&mut flow, &mut findings)?;
    }
    Ok(findings)
}

fn holds(path: &Path, position: u64, payload: &[u8]) -> io::Result<bool> {
    let mut stored = vec![0; payload.len()];
    File::open(path)?.read_exact_at(&mut stored, position)?;
    Ok(stored == payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_files_are_known_by_their_numbers() {
        let mut files = LastFiles::default();
        let kept: Vec<_> = (0..300).map(|_| files.close()).collect();
        for number in 0..250 {
            files.finish((number % 10 > 0).then(|| PathBuf::from(number.to_string())));
        }
        assert!(files.is_finished(kept[249]) && !files.is_finished(kept[250]));
        assert_eq!(files.path(kept[249]), Some(Path::new("249")));
        assert_eq!(files.path(kept[240]), None, "could not be kept");
        assert_eq!(files.path(kept[149]), Some(Path::new("149")), "the 101st");
        assert_eq!(files.path(kept[148]), None, "the 102nd");
        assert_eq!(files.path(kept[250]), None, "not finished");
    }
}
