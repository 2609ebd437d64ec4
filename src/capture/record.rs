//! What the reader of a capture format finds at the front of its window.

use super::nflog;
use super::packet::{LinkType, RawPacket};
use super::window::Window;
use crate::time::CaptureTime;
use std::ops::Range;

/// What comes next in a capture.
pub(super) enum Record {
    Packet(PacketRecord),
    /// Nothing yet.
    Waiting,
    End,
}

/// A packet, and where its bytes are. Readers find it, [`PacketRecord::lend`] takes it: a reader
/// that lent it itself could not be asked again in the same loop.
pub(super) struct PacketRecord {
    pub(super) time: CaptureTime,
    pub(super) wire_len: u32,
    pub(super) link_type: LinkType,
    /// Bytes of the whole record, all of which are in the window.
    pub(super) record_len: usize,
    /// Where in the record the packet's bytes are.
    pub(super) data: Range<usize>,
    /// Whether the capturing machine was big-endian.
    pub(super) big_endian: bool,
}

impl PacketRecord {
    /// Moves the window past the record and lends the packet in it.
    #[inline]
    pub(super) fn lend<R>(self, window: &mut Window<R>) -> RawPacket<'_> {
        let Self { time, wire_len, link_type, record_len, data, big_endian } = self;
        let data = if big_endian && link_type == LinkType::NFLOG {
            let data = window.lend_mut(record_len, data);
            nflog::make_little_endian(data);
            data
        } else {
            window.lend(record_len, data)
        };
        RawPacket { time, wire_len, link_type, data }
    }
}
