//! The scanners `md5`, `sha1` and `sha256`, which are one: a flow's bytes are read once for all.

use std::io;

use super::{Algorithms, Findings, FinishedFlow, FlowScanner, RunningHashes};

/// Tells the hashes of every flow. They were computed while the bytes passed, where possible.
#[derive(Clone, Copy, Debug)]
pub struct HashScanner(pub Algorithms);

impl FlowScanner for HashScanner {
    fn flow(&self, flow: &mut FinishedFlow<'_>, findings: &mut Findings) -> io::Result<()> {
        let running = flow.hashes.take().unwrap_or_else(|| RunningHashes::new(self.0));
        findings.hashes = running.finish(&mut flow.content)?;
        Ok(())
    }
}
