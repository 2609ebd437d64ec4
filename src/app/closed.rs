//! Flows that are over: what is known of them until their files are finished, and what is asked of
//! those files later.

use std::cell::OnceCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::flow::{Identity, Summary};
use crate::output::Finishing;
use crate::scan::{Content, Findings, FinishedFlow, FlowScanner, RunningHashes};

/// The scanners that look at flows.
pub(super) type FlowScanners = Arc<[Box<dyn FlowScanner>]>;

/// A flow that is over but not reported yet.
pub(super) struct Closing {
    pub(super) flow: Identity,
    pub(super) summary: Summary,
    /// The file that is being finished, and whoever wants to know where it is.
    pub(super) file: Option<(Finishing, Kept)>,
    pub(super) findings: Findings,
}

/// Where the file of a closed flow is: known once it is finished, `None` if it could not be kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Rc<OnceCell<Option<PathBuf>>>);

impl Kept {
    /// Where the file is, if that is known and it is anywhere.
    pub(super) fn path(&self) -> Option<&Path> {
        self.0.get()?.as_deref()
    }

    /// Whether it is known where the file is, or that it is nowhere.
    pub(super) fn is_known(&self) -> bool {
        self.0.get().is_some()
    }

    /// Takes down where the file is; once.
    pub(super) fn set(&self, path: Option<PathBuf>) {
        // It is set only when the file's outcome is given, which is given once.
        let _ = self.0.set(path);
    }

    /// Whether the file's bytes at `position` are exactly `payload`.
    pub(super) fn holds(&self, position: u64, payload: &[u8]) -> bool {
        self.path().is_some_and(|path| holds(path, position, payload).unwrap_or(false))
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
