//! The table of parameters: everything about one stands here, once.

use super::value::Value;

/// Everything about one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value when nothing is said, as it would be typed.
    pub default: &'static str,
    /// The scanner that it belongs to; empty if to none.
    pub scanner: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
    pub(super) value: Value,
}

/// Every parameter, in the order in which help lists them.
pub const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "enable_report",
        default: "YES",
        scanner: "",
        help: "write the DFXML report",
        value: Value::Flag(|s| &mut s.enable_report),
    },
    Parameter {
        name: "tdelta",
        default: "0",
        scanner: "",
        help: "seconds to add to the time of every packet",
        value: Value::Signed(|s| &mut s.tdelta),
    },
    Parameter {
        name: "packet-buffer-timeout",
        default: "10",
        scanner: "",
        help: "live capture: milliseconds until packets are handed over",
        value: Value::Unsigned(|s| &mut s.packet_buffer_timeout),
    },
    Parameter {
        name: "capture_buffer",
        default: "auto",
        scanner: "",
        help: "live capture: bytes of the kernel's packet buffer",
        value: Value::AutoSmallSize(|s| &mut s.capture_buffer),
    },
    Parameter {
        name: "capture_queue",
        default: "auto",
        scanner: "",
        help: "live capture: bytes of packets that may wait in memory",
        value: Value::AutoSize(|s| &mut s.capture_queue),
    },
    Parameter {
        name: "buffer_memory",
        default: "auto",
        scanner: "",
        help: "bytes of all flows that may wait in memory to be written",
        value: Value::AutoSize(|s| &mut s.buffer_memory),
    },
    Parameter {
        name: "max_memory",
        default: "auto",
        scanner: "",
        help: "bytes of memory for everything; beyond, idle flows are closed",
        value: Value::AutoSize(|s| &mut s.max_memory),
    },
    Parameter {
        name: "decap",
        default: "YES",
        scanner: "",
        help: "look for TCP inside tunnels",
        value: Value::Flag(|s| &mut s.decap),
    },
    Parameter {
        name: "debug-prefix",
        default: "",
        scanner: "",
        help: "what messages begin with, instead of the program's name",
        value: Value::OptionalText(|s| &mut s.debug_prefix),
    },
    Parameter {
        name: "http_cmd",
        default: "",
        scanner: "http",
        help: "command to run on each HTTP body",
        value: Value::Text(|s| &mut s.http_cmd),
    },
    Parameter {
        name: "http_alert_fd",
        default: "-1",
        scanner: "http",
        help: "file descriptor that is told of HTTP bodies",
        value: Value::Descriptor(|s| &mut s.http_alert_fd),
    },
    Parameter {
        name: "http_max_body",
        default: "auto",
        scanner: "http",
        help: "bytes after which a decompressed body is cut",
        value: Value::AutoSize(|s| &mut s.http_max_body),
    },
    Parameter {
        name: "netviz_histogram_dump",
        default: "0",
        scanner: "netviz",
        help: "print the address histograms, if not 0",
        value: Value::NotZero(|s| &mut s.netviz_histogram_dump),
    },
    Parameter {
        name: "netviz_histogram_size",
        default: "-1",
        scanner: "netviz",
        help: "addresses in a histogram before they become prefixes; -1 for as many as 64 MB hold",
        value: Value::Wide(|s| &mut s.netviz_histogram_size),
    },
    Parameter {
        name: "tcp_timeout",
        default: "0",
        scanner: "tcpdemux",
        help: "seconds without packets after which a flow is closed; 0 for never",
        value: Value::Unsigned(|s| &mut s.tcp_timeout),
    },
    Parameter {
        name: "tcp_cmd",
        default: "",
        scanner: "tcpdemux",
        help: "command to run on each flow file",
        value: Value::Text(|s| &mut s.tcp_cmd),
    },
    Parameter {
        name: "tcp_alert_fd",
        default: "-1",
        scanner: "tcpdemux",
        help: "file descriptor that is told of flow files",
        value: Value::Descriptor(|s| &mut s.tcp_alert_fd),
    },
    Parameter {
        name: "check_fcs",
        default: "YES",
        scanner: "wifiviz",
        help: "drop 802.11 frames whose check sequence is wrong",
        value: Value::Flag(|s| &mut s.check_fcs),
    },
];
