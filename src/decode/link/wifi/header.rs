//! The header of an 802.11 frame (IEEE 802.11-2020, 9.2 and 9.3).

use crate::decode::segment::{LinkFacts, MacAddr};

const TO_DS: u16 = 0x0100;
const FROM_DS: u16 = 0x0200;
const MORE_FRAGMENTS: u16 = 0x0400;
const PROTECTED: u16 = 0x4000;
/// In management and QoS data frames: an HT control field is there.
const HT_CONTROL: u16 = 0x8000;

const AGGREGATED: u16 = 0x0080;
const MESH: u16 = 0x0100;

/// The frames that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header<'a> {
    /// A beacon: who sent it, and everything behind the header.
    Beacon { source: MacAddr, body: &'a [u8] },
    /// A frame with data.
    Data(DataHeader),
}

/// What the header of a data frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataHeader {
    /// In bytes.
    pub(super) len: usize,
    /// Whether the body is encrypted.
    pub(super) protected: bool,
    /// Which part of a data unit this is, if it was cut into several.
    pub(super) part: Option<Part>,
    pub(super) unit: Unit,
}

/// Which part of a data unit a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// 0 to 15.
    pub(super) number: u8,
    pub(super) is_last: bool,
}

/// What the header says of the data unit in the frame, the same in all parts of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) link: LinkFacts,
    pub(super) id: UnitId,
    /// Whether it is an aggregate of several.
    pub(super) is_aggregate: bool,
    /// Whether a mesh control field may stand first.
    pub(super) may_be_mesh: bool,
}

/// Tells a data unit from others that are on their way at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct UnitId {
    receiver: MacAddr,
    transmitter: MacAddr,
    sequence_number: u16,
    traffic: u16,
}

impl<'a> Header<'a> {
    /// Reads the header; `None` for frames that do not matter and for those that are cut.
    pub(super) fn read(frame: &'a [u8]) -> Option<Self> {
        const VERSION: u16 = 0x0003;
        const KIND: u16 = 0x00fc;
        const DATA: u16 = 0x0008;
        const BEACON: u16 = 0x0080;
        const IS_DATA: u16 = 0x000c;
        const WITHOUT_DATA: u16 = 0x0040;

        let control = u16::from_le_bytes(*frame.first_chunk()?);
        if control & VERSION != 0 {
            return None;
        }
        if control & KIND == BEACON {
            let len = if control & HT_CONTROL != 0 { 28 } else { 24 };
            return Some(Self::Beacon { source: address(frame, 10)?, body: frame.get(len..)? });
        }
        if control & IS_DATA != DATA || control & WITHOUT_DATA != 0 {
            return None;
        }
        DataHeader::read(control, frame).map(Self::Data)
    }
}

impl DataHeader {
    fn read(control: u16, frame: &[u8]) -> Option<Self> {
        const QUALITY_OF_SERVICE: u16 = 0x0080;

        let [first, second, third] = [address(frame, 4)?, address(frame, 10)?, address(frame, 16)?];
        let sequence = u16_at(frame, 22)?;
        let mut len = 24;
        let (to_ds, from_ds) = (control & TO_DS != 0, control & FROM_DS != 0);
        let (destination, source) = match (to_ds, from_ds) {
            (false, false) => (first, second),
            (false, true) => (first, third),
            (true, false) => (third, second),
            (true, true) => {
                len += 6;
                (third, address(frame, 24)?)
            }
        };
        let mut service = None;
        if control & QUALITY_OF_SERVICE != 0 {
            service = Some(u16_at(frame, len)?);
            len += if control & HT_CONTROL != 0 { 6 } else { 2 };
        }
        let is_set = |bit| service.is_some_and(|field| field & bit != 0);
        let number = (sequence & 0x0f) as u8;
        let is_last = control & MORE_FRAGMENTS == 0;
        Some(Self {
            len,
            protected: control & PROTECTED != 0,
            part: (number != 0 || !is_last).then_some(Part { number, is_last }),
            unit: Unit {
                link: LinkFacts { vlan: None, source, destination },
                id: UnitId {
                    receiver: first,
                    transmitter: second,
                    sequence_number: sequence >> 4,
                    traffic: service.map_or(u16::MAX, |field| field & 0x0f),
                },
                is_aggregate: is_set(AGGREGATED),
                may_be_mesh: from_ds && is_set(MESH),
            },
        })
    }
}

fn address(frame: &[u8], at: usize) -> Option<MacAddr> {
    frame.get(at..)?.first_chunk().copied().map(MacAddr)
}

fn u16_at(frame: &[u8], at: usize) -> Option<u16> {
    frame.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with addresses 01.., 02.., 03.., then whatever follows.
    fn frame(control: u16, sequence: u16, rest: &[u8]) -> Vec<u8> {
        let control = control.to_le_bytes();
        let sequence = sequence.to_le_bytes();
        [&control[..], &[0; 2], &[1; 6], &[2; 6], &[3; 6], &sequence, rest].concat()
    }

    fn data(control: u16, sequence: u16, rest: &[u8]) -> DataHeader {
        match Header::read(&frame(control, sequence, rest)) {
            Some(Header::Data(header)) => header,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn addresses_are_those_of_the_ends_not_of_the_hops() {
        let ends = |control, rest: &[u8]| {
            let link = data(control, 0, rest).unit.link;
            (link.source.0[0], link.destination.0[0])
        };
        assert_eq!(ends(0x0008, &[]), (2, 1), "ad hoc");
        assert_eq!(ends(0x0208, &[]), (3, 1), "from the access point");
        assert_eq!(ends(0x0108, &[]), (2, 3), "to the access point");
        assert_eq!(ends(0x0308, &[4; 6]), (4, 3), "between access points");
    }

    #[test]
    fn optional_fields_lengthen_the_header() {
        assert_eq!(data(0x0008, 0, &[]).len, 24);
        assert_eq!(data(0x8008, 0, &[]).len, 24, "order without QoS announces no HT control");
        assert_eq!(data(0x0088, 0, &[0; 2]).len, 26);
        assert_eq!(data(0x0098, 0, &[0; 2]).len, 26, "with an acknowledgement");
        assert_eq!(data(0x8088, 0, &[0; 6]).len, 30);
        assert_eq!(data(0x8388, 0, &[0; 12]).len, 36);
    }

    #[test]
    fn frames_without_data_of_other_versions_and_types_do_not_matter() {
        for control in [0x0048, 0x00c8, 0x0009, 0x000c, 0x00d4, 0x0050] {
            assert_eq!(Header::read(&frame(control, 0, &[0; 20])), None, "{control:04x}");
        }
    }

    #[test]
    fn cut_headers_do_not_matter() {
        let whole = frame(0x8388, 0, &[0; 8]);
        for len in 0..whole.len() {
            assert_eq!(Header::read(&whole[..len]), None, "{len} bytes");
        }
    }

    #[test]
    fn parts_are_numbered() {
        assert_eq!(data(0x0008, 0x1230, &[]).part, None);
        let first = data(0x0408, 0x1230, &[]);
        let last = data(0x0008, 0x1231, &[]);
        assert_eq!(first.part, Some(Part { number: 0, is_last: false }));
        assert_eq!(last.part, Some(Part { number: 1, is_last: true }));
        assert_eq!(first.unit.id, last.unit.id);
        assert_ne!(first.unit.id, data(0x0408, 0x1240, &[]).unit.id);
        assert_ne!(data(0x0088, 0, &[1, 0]).unit.id, data(0x0088, 0, &[2, 0]).unit.id);
    }

    #[test]
    fn beacons_are_told_by_their_transmitter() {
        let source = MacAddr([2; 6]);
        let body = &[9, 9][..];
        assert_eq!(Header::read(&frame(0x80, 0, body)), Some(Header::Beacon { source, body }));
        let with_control = frame(0x8080, 0, &[0, 0, 0, 0, 9, 9]);
        assert_eq!(Header::read(&with_control), Some(Header::Beacon { source, body }));
    }
}
