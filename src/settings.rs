//! The parameters of `-S NAME=VALUE`: one table from which parsing, help and checks come.

/// The values of all parameters, defaults included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Write the DFXML report.
    pub enable_report: bool,
    /// Seconds added to the time of every packet.
    pub tdelta: i32,
    /// Live capture: milliseconds after which the kernel hands over what it has.
    pub packet_buffer_timeout: u32,
    /// The prefix of messages, instead of the program's name.
    pub debug_prefix: Option<String>,
    /// Run this command on every HTTP body; empty for none.
    pub http_cmd: String,
    /// Tell this descriptor about HTTP bodies.
    pub http_alert_fd: Option<i32>,
    /// Print the address histograms.
    pub netviz_histogram_dump: bool,
    /// At most this many nodes in each address histogram.
    pub netviz_histogram_size: i64,
    /// Close flows idle for more than this many seconds; 0 for never.
    pub tcp_timeout: u32,
    /// Run this command on every flow file; empty for none.
    pub tcp_cmd: String,
    /// Tell this descriptor about flow files.
    pub tcp_alert_fd: Option<i32>,
    /// Drop 802.11 frames whose check sequence is there and wrong.
    pub check_fcs: bool,
    /// Look for TCP inside tunnels.
    pub decap: bool,
    /// At most this many bytes of streams wait in memory to be written.
    pub buffer_memory: u64,
    /// stub
    pub http_max_body: Option<u64>,
    /// stub
    pub capture_buffer: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enable_report: true,
            tdelta: 0,
            packet_buffer_timeout: 10,
            debug_prefix: None,
            http_cmd: String::new(),
            http_alert_fd: None,
            netviz_histogram_dump: false,
            netviz_histogram_size: 1000,
            tcp_timeout: 0,
            tcp_cmd: String::new(),
            tcp_alert_fd: None,
            check_fcs: true,
            decap: true,
            buffer_memory: 64 << 20,
            http_max_body: None,
            capture_buffer: None,
        }
    }
}
