//! The scanner `md5`.

use std::io;

use super::{Findings, FinishedFlow, FlowScanner};

/// Tells the hashes of every flow. They were computed while the bytes passed, where possible.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashScanner;

impl FlowScanner for HashScanner {
    fn flow(&self, flow: &mut FinishedFlow<'_>, findings: &mut Findings) -> io::Result<()> {
        let running = flow.hashes.take().unwrap_or_default();
        findings.hashes = Some(running.finish(&mut flow.content)?);
        Ok(())
    }
}
