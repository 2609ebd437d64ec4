//! Capture files by hand: from frames to the bytes of pcap and pcapng files.

/// The second at which every capture begins: 2023-11-14T22:13:20Z.
pub(crate) const FIRST_SECOND: u32 = 1_700_000_000;

/// Link types, as capture files number them.
pub(crate) const NULL: u16 = 0;
/// Ethernet.
pub(crate) const ETHERNET: u16 = 1;
/// Raw IP.
pub(crate) const RAW: u16 = 101;
/// Linux cooked capture.
pub(crate) const LINUX_SLL: u16 = 113;

/// A frame and when it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Nanoseconds since [`FIRST_SECOND`].
    pub(crate) nanoseconds: u64,
    /// Its length on the wire.
    pub(crate) wire_len: u32,
    /// What was captured of it.
    pub(crate) data: Vec<u8>,
}

/// Frames a millisecond apart, the first one at 123,456 microseconds.
pub(crate) fn frames(contents: impl IntoIterator<Item = Vec<u8>>) -> Vec<Frame> {
    contents
        .into_iter()
        .zip(0..)
        .map(|(data, index)| Frame {
            nanoseconds: 123_456_000 + index * 1_000_000,
            wire_len: data.len() as u32,
            data,
        })
        .collect()
}

/// Cuts every frame to the first `snaplen` bytes, as a capture with this limit does.
pub(crate) fn cut(frames: &mut [Frame], snaplen: usize) {
    for frame in frames {
        frame.data.truncate(snaplen);
    }
}

/// The byte order of the host that wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

/// The kind of a pcap file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pcap {
    /// The link type of its frames.
    pub(crate) link_type: u16,
    /// In which order its numbers stand.
    pub(crate) order: ByteOrder,
    /// Whether its times have nanoseconds; otherwise microseconds.
    pub(crate) nanoseconds: bool,
}

impl Pcap {
    /// The usual kind: little-endian, microseconds.
    pub(crate) fn of(link_type: u16) -> Self {
        Self { link_type, order: ByteOrder::Little, nanoseconds: false }
    }

    /// The bytes of the file.
    pub(crate) fn write(self, frames: &[Frame]) -> Vec<u8> {
        let order = self.order;
        let magic = if self.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let mut file = order.u32(magic).to_vec();
        file.extend(order.u16(2));
        file.extend(order.u16(4));
        for field in [0, 0, 65535, u32::from(self.link_type)] {
            file.extend(order.u32(field));
        }
        for frame in frames {
            let fraction = (frame.nanoseconds % 1_000_000_000) as u32;
            for field in [
                FIRST_SECOND + (frame.nanoseconds / 1_000_000_000) as u32,
                if self.nanoseconds { fraction } else { fraction / 1000 },
                frame.data.len() as u32,
                frame.wire_len,
            ] {
                file.extend(order.u32(field));
            }
            file.extend(&frame.data);
        }
        file
    }
}

/// An interface of a pcapng file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface {
    /// The link type of its frames.
    pub(crate) link_type: u16,
    /// Its times count units of 10 to the minus this many seconds.
    pub(crate) decimals: u8,
}

/// The bytes of a little-endian pcapng file; each frame comes with the number of its interface.
pub(crate) fn pcapng(interfaces: &[Interface], frames: &[(usize, Frame)]) -> Vec<u8> {
    let order = ByteOrder::Little;
    let mut section = order.u32(0x1a2b_3c4d).to_vec();
    section.extend(order.u16(1));
    section.extend(order.u16(0));
    section.extend([0xff; 8]); // a section of unknown length
    let mut file = block(0x0a0d_0d0a, &section);
    for interface in interfaces {
        let mut body = order.u16(interface.link_type).to_vec();
        body.extend([0, 0]);
        body.extend(order.u32(0)); // no limit to the length of frames
        body.extend(order.u16(9)); // option if_tsresol
        body.extend(order.u16(1));
        body.extend([interface.decimals, 0, 0, 0]);
        body.extend([0; 4]); // end of options
        file.extend(block(1, &body));
    }
    for (number, frame) in frames {
        let unit = 10u64.pow(9 - u32::from(interfaces[*number].decimals));
        let time = (u64::from(FIRST_SECOND) * 1_000_000_000 + frame.nanoseconds) / unit;
        let mut body = order.u32(*number as u32).to_vec();
        body.extend(order.u32((time >> 32) as u32));
        body.extend(order.u32(time as u32));
        body.extend(order.u32(frame.data.len() as u32));
        body.extend(order.u32(frame.wire_len));
        body.extend(&frame.data);
        body.resize(body.len().next_multiple_of(4), 0);
        file.extend(block(6, &body));
    }
    file
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let order = ByteOrder::Little;
    let length = order.u32(body.len() as u32 + 12);
    [&order.u32(kind), &length[..], body, &length].concat()
}
