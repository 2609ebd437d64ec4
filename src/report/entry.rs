//! The entry of a flow in the report: its facts, and what scanners found in it.

use super::dfxml::Report;
use crate::digits;
use crate::flow::{Identity, Summary};
use crate::net_text;
use crate::scan::Findings;

/// `AF_INET` and `AF_INET6` of Linux, whatever the system: reports must not depend on it.
const FAMILY_IPV4: u64 = 2;
const FAMILY_IPV6: u64 = 10;

impl Report {
    /// What is known of the flow itself.
    pub(super) fn push_flow_facts(&mut self, flow: &Identity, summary: &Summary) {
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

    /// What scanners found; `complete` if no byte of the flow is missing.
    pub(super) fn push_findings(&mut self, findings: &Findings, complete: bool) {
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
}
