//! `DLT_IPNET`: datagrams seen between the zones of a Solaris host.

use super::bare;
use crate::decode::segment::Datagram;

/// 24 bytes of version, family, hook, length, interfaces and zones.
pub(super) fn datagram(frame: &[u8]) -> Option<Datagram<'_>> {
    const VERSION: u8 = 1;
    const IPV4: u8 = 2;
    const IPV6: u8 = 26;
    const HEADER_LEN: usize = 24;
    match frame {
        [VERSION, IPV4 | IPV6, ..] => frame.get(HEADER_LEN..).map(bare),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_are_taken() {
        let frame = |family| [&[1, family][..], &[0; 22], &[0x45]].concat();
        assert_eq!(datagram(&frame(2)).unwrap().data, [0x45]);
        assert_eq!(datagram(&frame(26)).unwrap().data, [0x45]);
        assert!(datagram(&frame(10)).is_none());
        assert!(datagram(&frame(2)[..23]).is_none());
    }
}
