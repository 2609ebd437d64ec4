//! The report in DFXML, the XML of digital forensics.
//!
//! Its shape is that of tcpflow's reports of the last fifteen years, line breaks included, because
//! scripts read it that do not parse XML. Entries are appended as flows close, so that after a
//! crash all that closed before is there.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::sys::time::TimeVal;

use super::environment::Environment;
use super::xml;
use crate::capture::Statistics;
use crate::digits;
use crate::flow::{Identity, Summary};
use crate::net_text;
use crate::output::{REMOVED, is_removed};
use crate::scan::{Findings, Network, RunFindings};
use crate::time::{CaptureTime, TimeSpeller, Timestamp};

/// Entries gather up to this size before they are written.
const FULL_BUFFER: usize = 256 * 1024;

/// `AF_INET` and `AF_INET6` of Linux, whatever the system: reports must not depend on it.
const FAMILY_IPV4: u64 = 2;
const FAMILY_IPV6: u64 = 10;

/// A report being written.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    file: File,
    text: Vec<u8>,
    environment: Environment,
    first_times: TimeSpeller,
    last_times: TimeSpeller,
    /// It had a name when it was begun: standard output may be a file without.
    had_name: bool,
    error: Option<io::Error>,
}

/// The counts at the end of a report.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// The largest number of flows open at once.
    pub max_open_flows: u64,
    /// Flows made.
    pub flows: u64,
    /// Flows still open when the input ended.
    pub open_flows: u64,
    /// Packets counted to flows.
    pub packets: u64,
    /// Flows closed early for want of memory.
    pub closed_early: u64,
    /// In a live capture, what became of the device's packets.
    pub device: Option<DeviceTotals>,
}

/// A device that was captured from, and its packets.
#[derive(Clone, Debug)]
pub struct DeviceTotals {
    /// The device's name.
    pub device: String,
    /// Its packets, and how many were lost.
    pub packets: Statistics,
}

fn build_time() -> Timestamp {
    let seconds = env!("TCPFLOW_BUILD_EPOCH").parse().unwrap_or(0);
    CaptureTime { seconds, microseconds: 0 }.to_timestamp(0)
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
        self.put("  </configuration>\n");
        match &findings.networks {
            None => self.put("  <summary />\n"),
            Some(networks) => self.push_networks(networks),
        }
        let elapsed = self.environment.elapsed_seconds();
        for (name, number) in [
            ("open_fds_at_end", 0),
            ("max_open_flows", totals.max_open_flows),
            ("total_flows", totals.flows),
            ("flow_map_size", totals.open_flows),
            ("total_packets", totals.packets),
        ] {
            self.put(&format!("  <{name}>{number}</{name}>\n"));
        }
        if totals.closed_early > 0 {
            self.put(&format!("  <closed_early>{}</closed_early>\n", totals.closed_early));
        }
        if let Some(device) = &totals.device {
            self.push_device(device);
        }
        if let Some(usage) = self.environment.usage() {
            let seconds = |time: TimeVal| format!("{}.{:06}", time.tv_sec(), time.tv_usec());
            self.put("  <rusage>\n");
            for (name, figure) in [
                ("utime", seconds(usage.user_time())),
                ("stime", seconds(usage.system_time())),
                ("maxrss", usage.max_rss().to_string()),
                ("minflt", usage.minor_page_faults().to_string()),
                ("majflt", usage.major_page_faults().to_string()),
                ("nswap", usage.full_swaps().to_string()),
                ("inblock", usage.block_reads().to_string()),
                ("oublock", usage.block_writes().to_string()),
                ("clocktime", format!("{elapsed:.6}")),
            ] {
                self.put(&format!("    <{name}>{figure}</{name}>\n"));
            }
            self.put("  </rusage>\n");
        }
        self.put("</dfxml>\n");
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

    fn push_head(&mut self, tdelta: i32) {
        self.put(concat!(
            "<?xml version='1.0' encoding='UTF-8'?>\n",
            "<dfxml xmloutputversion='1.0'>\n",
            "  <metadata \n",
            "  xmlns='http://afflib.org/tcpflow/' \n",
            "  xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \n",
            "  xmlns:dc='http://purl.org/dc/elements/1.1/'>\n",
            "    <dc:type>Feature Extraction</dc:type>\n",
            "  </metadata>\n",
            "  <creator version='1.0'>\n",
            "    <program>TCPFLOW</program>\n",
        ));
        self.push_element("    ", "version", env!("CARGO_PKG_VERSION").as_bytes());
        self.put("    <build_environment>\n");
        self.push_element("      ", "compiler", env!("TCPFLOW_COMPILER").as_bytes());
        let mut built = Vec::new();
        build_time().push_iso8601_seconds(&mut built);
        self.push_element("      ", "compilation_date", &built);
        self.put("    </build_environment>\n    <execution_environment>\n");
        self.push_execution_environment();
        self.put("    </execution_environment>\n  </creator>\n");
        self.put("  <configuration>\n  </configuration>\n");
        self.put(&format!("  <tdelta>{tdelta}</tdelta>\n  <configuration>\n"));
    }

    fn push_execution_environment(&mut self) {
        let environment = &self.environment;
        let mut start = Vec::new();
        environment.start.push_iso8601_seconds(&mut start);
        let mut facts: Vec<(&str, Vec<u8>)> = Vec::new();
        if let Some(system) = &environment.system {
            facts.extend([
                ("os_sysname", system.sysname().as_encoded_bytes().to_vec()),
                ("os_release", system.release().as_encoded_bytes().to_vec()),
                ("os_version", system.version().as_encoded_bytes().to_vec()),
                ("host", system.nodename().as_encoded_bytes().to_vec()),
                ("arch", system.machine().as_encoded_bytes().to_vec()),
            ]);
        }
        facts.push(("command_line", environment.command_line.clone()));
        facts.push(("uid", environment.uid.to_string().into_bytes()));
        if let Some(name) = &environment.user_name {
            facts.push(("username", name.clone().into_bytes()));
        }
        facts.push(("start_time", start));
        for (name, value) in facts {
            self.push_element("      ", name, &value);
        }
    }

    fn push_flow_facts(&mut self, flow: &Identity, summary: &Summary) {
        self.put("      <tcpflow startime='");
        self.first_times.push_iso8601(&mut self.text, flow.first_time);
        self.put("' endtime='");
        self.last_times.push_iso8601(&mut self.text, summary.last_time);
        self.put("'");
        for (name, address) in
            [("mac_daddr", flow.link.destination), ("mac_saddr", flow.link.source)]
        {
            if !address.is_zero() {
                self.open_attribute(name);
                net_text::push_mac(&mut self.text, address);
                self.put("'");
            }
        }
        let tuple = &flow.tuple;
        self.push_number("family", if tuple.is_ipv6() { FAMILY_IPV6 } else { FAMILY_IPV4 });
        for (name, address) in [("src_ipn", tuple.source()), ("dst_ipn", tuple.destination())] {
            self.open_attribute(name);
            net_text::push_address(&mut self.text, address);
            self.put("'");
        }
        self.push_number("srcport", tuple.source_port().into());
        self.push_number("dstport", tuple.destination_port().into());
        self.push_number("packets", summary.packets);
        for (name, count) in
            [("out_of_order_count", summary.out_of_order), ("violations", summary.violations)]
        {
            if count != 0 {
                self.push_number(name, count.into());
            }
        }
        self.push_number("len", summary.wire_len);
        if summary.captured_len != summary.wire_len {
            self.push_number("caplen", summary.captured_len);
        }
        // Gaps are evidence; the original does not tell of them.
        for (name, count) in
            [("missing_bytes", summary.missing_bytes), ("conflicts", summary.conflicts)]
        {
            if count != 0 {
                self.push_number(name, count);
            }
        }
        self.put(" />\n");
    }

    fn push_findings(&mut self, findings: &Findings, complete: bool) {
        if findings.is_empty() {
            return;
        }
        self.put("      ");
        for hash in &findings.hashes {
            self.put("<hashdigest type='");
            self.put(hash.algorithm.name());
            self.put(if complete { "'>" } else { "' complete='no'>" });
            for &byte in &hash.digest {
                net_text::push_hex(&mut self.text, byte);
            }
            self.put("</hashdigest>");
        }
        if let Some(bodies) = &findings.bodies {
            self.put("\n    <byte_runs>\n");
            for body in bodies {
                self.put("     <byte_run file_offset='");
                digits::push(&mut self.text, body.offset);
                self.put("'><fileobject><filename>");
                self.put_escaped(&body.path);
                self.put("</filename><filesize>");
                digits::push(&mut self.text, body.size);
                self.put("</filesize></fileobject></byte_run>\n");
            }
            self.put("    </byte_runs>");
        }
        self.put("\n");
    }

    fn push_networks(&mut self, networks: &[Network]) {
        self.put("  <summary><ssids>\n");
        for network in networks {
            self.put("  <ssid mac='");
            net_text::push_mac(&mut self.text, network.source);
            self.put("' ssid='");
            self.put(&xml::ssid(&network.ssid));
            self.put("'");
            self.push_number("count", network.count);
            self.put("/>\n");
        }
        self.put("</ssids>\n</summary>\n");
    }

    /// What became of a device's packets: an element that only live captures have.
    fn push_device(&mut self, DeviceTotals { device, packets }: &DeviceTotals) {
        self.put("  <live_capture>\n");
        self.push_element("    ", "interface", device.as_bytes());
        for (name, number) in [
            ("packets_received", packets.received),
            ("packets_dropped_by_kernel", packets.dropped),
            ("packets_dropped_by_interface", packets.dropped_by_device),
            ("packets_unread", packets.unread),
        ] {
            self.put(&format!("    <{name}>{number}</{name}>\n"));
        }
        self.put("  </live_capture>\n");
    }

    fn push_element(&mut self, indent: &str, name: &str, value: &[u8]) {
        let value = xml::text(value);
        self.put(&format!("{indent}<{name}>{value}</{name}>\n"));
    }

    fn open_attribute(&mut self, name: &str) {
        self.text.push(b' ');
        self.put(name);
        self.put("='");
    }

    fn push_number(&mut self, name: &str, number: u64) {
        self.open_attribute(name);
        digits::push(&mut self.text, number);
        self.text.push(b'\'');
    }

    fn put_escaped(&mut self, path: &Path) {
        xml::push_text(&mut self.text, path.as_os_str().as_encoded_bytes());
    }

    fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}
