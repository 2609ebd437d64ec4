//! What can go wrong with a source of packets, as one line that names the source and the reason.

use std::io;

use crate::messages::without_error_number;

use super::filter::FilterError;

/// A source that could not be opened, or that did not go on to its proper end.
///
/// Every packet before the fault was delivered.
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: {fault}")]
pub struct CaptureError {
    /// The file or the device.
    pub source_name: String,
    /// The reason.
    #[source]
    pub fault: Fault,
}

/// Why a source could not be opened or read on.
///
/// Wordings follow libpcap's where it has one, because that is what people search for.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system or a decompressor said so.
    #[error("{}", without_error_number(&.0.to_string()))]
    Io(#[from] io::Error),
    /// So many more files of an archive cannot be read; the others were told of.
    #[error("{0} more of its files cannot be read")]
    More(usize),
    /// No file of an archive can be read.
    #[error("{first} (and {more} more of the archive's files cannot be read either)")]
    AndMore {
        /// What is wrong with the first one.
        first: Box<Fault>,
        /// How many there are besides.
        more: usize,
    },
    /// Neither a capture nor an archive of one.
    #[error("unknown file format")]
    UnknownFormat,
    /// The input ended too early.
    #[error("truncated dump file; tried to read {wanted} {part} bytes, only got {got}")]
    Truncated {
        /// What was being read.
        part: &'static str,
        /// How long that is, in bytes.
        wanted: usize,
        /// How many bytes of it there were.
        got: usize,
    },
    /// A pcap file from before version 2.
    #[error("archaic pcap savefile format")]
    Archaic,
    /// A version of a file format that nothing is known about.
    #[error("unsupported {format} version {major}.{minor}")]
    UnsupportedVersion {
        /// The file format.
        format: &'static str,
        /// The major version.
        major: u16,
        /// The minor version.
        minor: u16,
    },
    /// No such packet exists; the file is damaged.
    #[error("invalid packet capture length {length}, bigger than maximum of {maximum}")]
    PacketTooLong {
        /// How many bytes the packet is said to have.
        length: u32,
        /// The most there may be with this link type.
        maximum: u32,
    },
    /// A pcapng section that describes interfaces without end.
    #[error("more than {0} pcapng interfaces")]
    TooManyInterfaces(usize),
    /// A pcapng block whose length field cannot be right.
    #[error("pcapng block has invalid length {0}")]
    BlockLength(u32),
    /// A pcapng block that is longer than any sane one.
    #[error("pcapng block size {length} > maximum {maximum}")]
    BlockTooLong {
        /// How many bytes the block is said to have.
        length: u32,
        /// The most there may be.
        maximum: u32,
    },
    /// The lengths at the start and at the end of a pcapng block differ.
    #[error("pcapng block lengths in header and trailer do not match")]
    BlockLengthMismatch,
    /// A pcapng block that has no room for what must be in it.
    #[error("pcapng {0} block is too short for its content")]
    BlockContent(&'static str),
    /// A pcapng section that begins with neither byte order's mark.
    #[error("pcapng section with a bad byte order mark")]
    ByteOrder,
    /// An option of a pcapng interface that makes its packets' times unreadable.
    #[error("pcapng interface with an invalid {0}")]
    InterfaceOption(&'static str),
    /// A pcapng packet of an interface that was not described.
    #[error("pcapng packet of interface {0}, which was not described before")]
    UnknownInterface(u32),
    /// A pcapng file that holds no interface, hence no packet.
    #[error("the capture file has no Interface Description Blocks")]
    NoInterface,
    /// A filter expression that libpcap does not take for a device.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// What libpcap said of a device.
    #[error("{0}")]
    Device(String),
}

impl Fault {
    /// This fault of the source `source_name`.
    pub(crate) fn of(self, source_name: impl Into<String>) -> CaptureError {
        CaptureError { source_name: source_name.into(), fault: self }
    }
}

/// What libpcap said, without the `pcap` crate's words around it.
pub(super) fn libpcap_reason(error: pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(reason) => reason,
        other => other.to_string(),
    }
}
