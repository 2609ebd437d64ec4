//! The one link type whose header depends on the byte order of the capturing machine: NFLOG.
//!
//! Packets from files of the other byte order are rewritten, as libpcap does, so that the decoder
//! and written copies, which are little-endian always, see one form.

/// Turns the big-endian attribute headers (length and type, 16 bits each) of an NFLOG packet into
/// little-endian ones. Stops where the attributes stop making sense.
pub(super) fn make_little_endian(packet: &mut [u8]) {
    // Address family, version, resource id (in network byte order): the same in both.
    let Some(([_, 0, _, _], mut rest)) = packet.split_first_chunk_mut::<4>() else { return };
    while let Some((header, _)) = rest.split_first_chunk_mut::<4>() {
        let length = u16::from_be_bytes([header[0], header[1]]);
        header.swap(0, 1);
        header.swap(2, 3);
        // Attributes begin at multiples of 4 bytes.
        let next = usize::from(length).next_multiple_of(4);
        if next == 0 {
            return;
        }
        rest = rest.get_mut(next..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_header_is_swapped() {
        let mut packet = vec![2, 0, 0, 9];
        packet.extend([0, 5, 0, 10, b'x', 0, 0, 0]);
        packet.extend([0, 4, 0, 9]);
        packet.extend([0, 200, 0, 9, 1, 2]);
        make_little_endian(&mut packet);
        assert_eq!(packet[4..12], [5, 0, 10, 0, b'x', 0, 0, 0]);
        assert_eq!(packet[12..16], [4, 0, 9, 0]);
        assert_eq!(packet[16..], [200, 0, 9, 0, 1, 2]);
    }
}
