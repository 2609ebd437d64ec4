//! The capture header PPI, "per-packet information": a link type, then fields of type, length and
//! value. One of them is about 802.11 frames.

use super::fcs::Fcs;
use crate::capture::LinkType;

/// Link type of the frame behind the header, what is known of its frame check sequence, and the
/// frame. `None` if the header is cut.
pub(super) fn read(packet: &[u8]) -> Option<(LinkType, Fcs, &[u8])> {
    const HEADER_LEN: usize = 8;
    let &[_, flags, low, high, link_type @ ..] = packet.first_chunk::<HEADER_LEN>()?;
    let len = usize::from(u16::from_le_bytes([low, high]));
    let (header, frame) = packet.split_at_checked(len)?;
    let fcs = fcs(header.get(HEADER_LEN..)?, flags);
    Some((LinkType(i32::from_le_bytes(link_type)), fcs, frame))
}

fn fcs(mut fields: &[u8], header_flags: u8) -> Fcs {
    const ALIGNED: u8 = 1;
    const WIRELESS: u16 = 2;
    const FCS_AT_END: u8 = 1;
    const FCS_INVALID: u8 = 4;

    while let Some((&[a, b, c, d], values)) = fields.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes([c, d]));
        if u16::from_le_bytes([a, b]) == WIRELESS {
            // A timer of eight bytes, then the flags.
            return match values.get(..len).and_then(|values| values.get(8)) {
                Some(flags) if flags & FCS_AT_END != 0 => {
                    Fcs::Present { is_bad: flags & FCS_INVALID != 0 }
                }
                Some(_) => Fcs::Absent,
                None => Fcs::Unknown,
            };
        }
        let step = if header_flags & ALIGNED != 0 { len.next_multiple_of(4) } else { len };
        fields = values.get(step..).unwrap_or_default();
    }
    Fcs::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(header_flags: u8, fields: &[u8]) -> Vec<u8> {
        let len = 8 + fields.len() as u8;
        [&[0, header_flags, len, 0, 105, 0, 0, 0][..], fields, b"frame"].concat()
    }

    fn wireless(flags: u8) -> Vec<u8> {
        [&[2, 0, 20, 0][..], &[0; 8], &[flags], &[0; 11]].concat()
    }

    #[test]
    fn the_field_on_wireless_frames_tells_of_the_check_sequence() {
        let read = |flags| read(&packet(0, &wireless(flags))).map(|it| (it.0, it.1, it.2.to_vec()));
        let found = |fcs| Some((LinkType::IEEE802_11, fcs, b"frame".to_vec()));
        assert_eq!(read(0), found(Fcs::Absent));
        assert_eq!(read(1), found(Fcs::Present { is_bad: false }));
        assert_eq!(read(5), found(Fcs::Present { is_bad: true }));
    }

    #[test]
    fn other_fields_are_stepped_over_aligned_or_not() {
        let other = [9, 0, 3, 0, 1, 2, 3];
        let fcs = |flags, fields: &[u8]| read(&packet(flags, fields)).unwrap().1;
        let present = Fcs::Present { is_bad: false };
        assert_eq!(fcs(0, &[&other[..], &wireless(1)].concat()), present);
        assert_eq!(fcs(1, &[&other[..], &[0], &wireless(1)].concat()), present);
        assert_eq!(fcs(0, &other), Fcs::Unknown);
        assert_eq!(fcs(0, &wireless(1)[..12]), Fcs::Unknown, "cut");
    }

    #[test]
    fn cut_headers_are_refused() {
        assert_eq!(read(&packet(0, &[])[..7]), None);
        assert_eq!(read(&[0, 0, 7, 0, 105, 0, 0, 0, 1]), None, "length below 8");
        assert_eq!(read(&[0, 0, 9, 0, 105, 0, 0, 0]), None);
    }
}
