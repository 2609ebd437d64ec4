//! The report in DFXML, the XML of digital forensics.
//!
//! Its shape is that of tcpflow's reports of the last fifteen years, line breaks included, because
//! scripts read it that do not parse XML. Entries are appended as flows close, so that after a
//! crash all that closed before is there.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::around::Totals;
use super::environment::Environment;
use super::xml;
use crate::digits;
use crate::flow::{Identity, Summary};
use crate::output::{REMOVED, is_removed};
use crate::scan::{Findings, RunFindings};
use crate::time::TimeSpeller;

/// Entries gather up to this size before they are written.
const FULL_BUFFER: usize = 256 * 1024;

/// A report being written.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    file: File,
    /// What waits to be written.
    pub(super) text: Vec<u8>,
    pub(super) environment: Environment,
    pub(super) first_times: TimeSpeller,
    pub(super) last_times: TimeSpeller,
    /// It had a name when it was begun: standard output may be a file without.
    had_name: bool,
    error: Option<io::Error>,
}

impl Report {
    /// Writes everything that comes before the flows to `file`, which is new or empty, and at
    /// `path`.
    pub fn begin(
        file: File,
        path: &Path,
        environment: Environment,
        tdelta: i32,
    ) -> io::Result<Self> {
        let had_name = !is_removed(&file);
        let (path, text, error) = (path.to_owned(), Vec::new(), None);
        let (first_times, last_times) = Default::default();
        let mut report =
            Self { path, file, text, environment, first_times, last_times, had_name, error };
        report.push_head(tdelta);
        report.flush();
        match report.error.take() {
            Some(error) => Err(error),
            None => Ok(report),
        }
    }

    /// Where the report is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The report's file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Adds a flow that is over. `file` is where its bytes are, if anywhere.
    pub fn flow(
        &mut self,
        flow: &Identity,
        summary: &Summary,
        file: Option<&Path>,
        findings: &Findings,
    ) {
        self.put("    <fileobject>\n");
        if let Some(path) = file {
            self.put("      <filename>");
            self.put_escaped(path);
            self.put("</filename>\n");
        }
        self.put("      <filesize>");
        digits::push(&mut self.text, summary.size);
        self.put("</filesize>\n");
        self.push_flow_facts(flow, summary);
        self.push_findings(findings, summary.missing_bytes == 0);
        self.put("    </fileobject>\n");
        if self.text.len() >= FULL_BUFFER {
            self.flush();
        }
    }

    /// Writes the end of the report and everything that waits.
    pub fn finish(mut self, totals: &Totals, findings: &RunFindings) -> io::Result<()> {
        self.push_tail(totals, findings);
        self.flush();
        if self.had_name && self.error.is_none() && is_removed(&self.file) {
            self.error = Some(io::Error::other(REMOVED));
        }
        self.error.take().map_or(Ok(()), Err)
    }

    /// Writes everything that waits in memory.
    pub fn flush(&mut self) {
        if self.error.is_none()
            && let Err(error) = self.file.write_all(&self.text)
        {
            self.error = Some(error);
        }
        self.text.clear();
    }

    /// An element with text, on a line of its own.
    pub(super) fn push_element(&mut self, indent: &str, name: &str, value: &[u8]) {
        let value = xml::text(value);
        self.put(&format!("{indent}<{name}>{value}</{name}>\n"));
    }

    /// The beginning of an attribute, up to its value.
    pub(super) fn open_attribute(&mut self, name: &str) {
        self.text.push(b' ');
        self.put(name);
        self.put("='");
    }

    /// An attribute that is a number.
    pub(super) fn push_number(&mut self, name: &str, number: u64) {
        self.open_attribute(name);
        digits::push(&mut self.text, number);
        self.text.push(b'\'');
    }

    /// A path, as text.
    pub(super) fn put_escaped(&mut self, path: &Path) {
        xml::push_text(&mut self.text, path.as_os_str().as_encoded_bytes());
    }

    /// Text as it is, markup included.
    pub(super) fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}
