//! The parameters of `-S NAME=VALUE`: one table from which parsing, help and checks come.
//!
//! The original ignored unknown names and read bad numbers as 0; here both are errors, because a
//! parameter that silently does nothing is worse than none.

mod table;
mod value;

use thiserror::Error;

pub use self::table::{PARAMETERS, Parameter};

/// The values of all parameters, defaults included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Write the DFXML report.
    pub enable_report: bool,
    /// Seconds added to the time of every packet.
    pub tdelta: i32,
    /// Live capture: milliseconds after which the kernel hands over what it has.
    pub packet_buffer_timeout: u32,
    /// Live capture: bytes of the kernel's packet buffer; `None` for a size that serves well.
    pub capture_buffer: Option<u32>,
    /// Live capture: at most this many bytes of packets wait in memory to be looked at; `None` for a
    /// bound that depends on `max_memory`.
    pub capture_queue: Option<u64>,
    /// The prefix of messages, instead of the program's name.
    pub debug_prefix: Option<String>,
    /// Run this command on every HTTP body; empty for none.
    pub http_cmd: String,
    /// Tell this descriptor about HTTP bodies; never negative.
    pub http_alert_fd: Option<i32>,
    /// Cut decompressed HTTP bodies at this many bytes; `None` for a bound that grows with the
    /// compressed size.
    pub http_max_body: Option<u64>,
    /// Print the address histograms.
    pub netviz_histogram_dump: bool,
    /// At most this many addresses and prefixes in each address histogram; negative for as many as
    /// fit into memory set aside for them.
    pub netviz_histogram_size: i64,
    /// Close flows idle for more than this many seconds; 0 for never.
    pub tcp_timeout: u32,
    /// Run this command on every flow file; empty for none.
    pub tcp_cmd: String,
    /// Tell this descriptor about flow files; never negative.
    pub tcp_alert_fd: Option<i32>,
    /// Drop 802.11 frames whose check sequence is there and wrong.
    pub check_fcs: bool,
    /// Look for TCP inside tunnels.
    pub decap: bool,
    /// At most this many bytes of streams wait in memory to be written; `None` for a bound that
    /// depends on `max_memory` and on how many flows are open.
    pub buffer_memory: Option<u64>,
    /// At most this many bytes of memory for everything; `None` for a bound that depends on the
    /// machine.
    pub max_memory: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enable_report: true,
            tdelta: 0,
            packet_buffer_timeout: 10,
            capture_buffer: None,
            capture_queue: None,
            debug_prefix: None,
            http_cmd: String::new(),
            http_alert_fd: None,
            http_max_body: None,
            netviz_histogram_dump: false,
            netviz_histogram_size: -1,
            tcp_timeout: 0,
            tcp_cmd: String::new(),
            tcp_alert_fd: None,
            check_fcs: true,
            decap: true,
            buffer_memory: None,
            max_memory: None,
        }
    }
}

/// Why a `-S` is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParameterError {
    /// There is no `=`.
    #[error("invalid parameter '{0}': NAME=VALUE is expected")]
    NoValue(String),
    /// No parameter has this name.
    #[error("unknown parameter '{0}' (-H lists them)")]
    Unknown(String),
    /// The value is not one that this parameter can have.
    #[error("parameter {name}: '{value}' is not {expected}")]
    BadValue {
        /// The parameter.
        name: &'static str,
        /// What it was to be set to.
        value: String,
        /// What it can be set to.
        expected: &'static str,
    },
}

impl Settings {
    /// Does what `-S text` asks for. The text is split at its first `=`.
    pub fn set(&mut self, text: &str) -> Result<(), ParameterError> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(ParameterError::NoValue(text.to_owned()));
        };
        let Some(parameter) = PARAMETERS.iter().find(|parameter| parameter.name == name) else {
            return Err(ParameterError::Unknown(name.to_owned()));
        };
        parameter.value.store(self, value).map_err(|expected| ParameterError::BadValue {
            name: parameter.name,
            value: value.to_owned(),
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Result<Settings, String> {
        let mut settings = Settings::default();
        settings.set(text).map(|()| settings).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_of_the_table_are_the_defaults() {
        for parameter in PARAMETERS {
            let mut settings = Settings::default();
            settings.set(&format!("{}={}", parameter.name, parameter.default)).unwrap();
            assert_eq!(settings, Settings::default(), "{}", parameter.name);
        }
    }

    /// A value goes where its name says, and nowhere else.
    #[test]
    fn every_parameter_changes_a_field_of_its_own() {
        let mut seen = Vec::new();
        for parameter in PARAMETERS {
            let other = if parameter.default == "YES" { "NO" } else { "1" };
            let mut changed = Settings::default();
            changed.set(&format!("{}={other}", parameter.name)).unwrap();
            assert_ne!(changed, Settings::default(), "{}", parameter.name);
            assert!(!seen.contains(&changed), "{}", parameter.name);
            seen.push(changed);
        }
    }

    #[test]
    fn values_may_be_empty_and_contain_equals_signs() {
        assert_eq!(set("tcp_cmd=grep a=b").unwrap().tcp_cmd, "grep a=b");
        assert_eq!(set("http_cmd=").unwrap().http_cmd, "");
        assert_eq!(set("debug-prefix==").unwrap().debug_prefix.as_deref(), Some("="));
        assert_eq!(set("debug-prefix=").unwrap().debug_prefix, None);
    }

    #[test]
    fn flags_go_by_their_first_character() {
        for (text, expected) in [("Yes", true), ("true", true), ("1", true), ("nO", false)] {
            assert_eq!(set(&format!("check_fcs={text}")).unwrap().check_fcs, expected, "{text}");
        }
        for text in ["", " YES", "on", "2", "é"] {
            let error = set(&format!("check_fcs={text}")).unwrap_err();
            assert_eq!(error, format!("parameter check_fcs: '{text}' is not YES or NO"));
        }
    }

    #[test]
    fn the_histogram_dump_is_asked_for_by_any_number_but_zero() {
        for (text, expected) in
            [("0", false), ("00", false), ("1", true), ("20", true), ("-1", true), ("yes", true)]
        {
            let settings = set(&format!("netviz_histogram_dump={text}")).unwrap();
            assert_eq!(settings.netviz_histogram_dump, expected, "{text}");
        }
        let error = set("netviz_histogram_dump=many").unwrap_err();
        assert_eq!(error, "parameter netviz_histogram_dump: 'many' is not a number, YES or NO");
    }

    #[test]
    fn sizes_may_have_a_unit() {
        assert_eq!(set("buffer_memory=5").unwrap().buffer_memory, Some(5));
        assert_eq!(set("buffer_memory=2k").unwrap().buffer_memory, Some(2048));
        assert_eq!(set("http_max_body=3G").unwrap().http_max_body, Some(3 << 30));
        assert_eq!(set("capture_buffer=16M").unwrap().capture_buffer, Some(16 << 20));
        for text in ["", "K", "-1", "1.5M", "99999999999G", "5é"] {
            assert!(set(&format!("buffer_memory={text}")).is_err(), "{text}");
        }
        assert!(set("capture_buffer=2G").is_err());
    }

    #[test]
    fn numbers_out_of_range_are_errors_not_limits() {
        assert_eq!(set("tdelta=-3600").unwrap().tdelta, -3600);
        assert_eq!(set("tcp_alert_fd=2").unwrap().tcp_alert_fd, Some(2));
        for text in [
            "tdelta=99999999999",
            "tdelta=5x",
            "tdelta=",
            "tcp_timeout=-1",
            "tcp_timeout=4294967295",
            "tcp_alert_fd=-2",
            "tcp_alert_fd=abc",
            "netviz_histogram_size=many",
        ] {
            assert!(set(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_parameter_is_named() {
        assert_eq!(set("x").unwrap_err(), "invalid parameter 'x': NAME=VALUE is expected");
        assert_eq!(set("x=y").unwrap_err(), "unknown parameter 'x' (-H lists them)");
        assert_eq!(set("=y").unwrap_err(), "unknown parameter '' (-H lists them)");
    }
}
