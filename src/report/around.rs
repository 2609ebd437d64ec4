//! What stands around the flows of a report: which program ran where and when, and at the end what
//! it counted.

use nix::sys::time::TimeVal;

use super::dfxml::Report;
use super::xml;
use crate::capture::Statistics;
use crate::net_text;
use crate::scan::{Network, RunFindings};
use crate::time::{CaptureTime, Timestamp};

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

impl Report {
    /// Everything before the flows.
    pub(super) fn push_head(&mut self, tdelta: i32) {
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

    /// Everything behind the flows.
    pub(super) fn push_tail(&mut self, totals: &Totals, findings: &RunFindings) {
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
}

fn build_time() -> Timestamp {
    let seconds = env!("TCPFLOW_BUILD_EPOCH").parse().unwrap_or(0);
    CaptureTime { seconds, microseconds: 0 }.to_timestamp(0)
}
