//! IP over ATM: routed protocols behind a logical link header (RFC 2684), and Linux's classical IP.

use super::{bare, ethertype, llc};
use crate::decode::segment::Datagram;

/// `DLT_ATM_RFC1483`: always a logical link header.
pub(super) fn multiprotocol(frame: &[u8]) -> Option<Datagram<'_>> {
    let (ethertype, payload) = llc::behind(frame)?;
    Some(bare(ethertype::behind(ethertype, payload)?.datagram))
}

/// `DLT_ATM_CLIP`: a logical link header, or no header at all.
pub(super) fn classical_ip(frame: &[u8]) -> Option<Datagram<'_>> {
    match llc::behind(frame) {
        Some(_) => multiprotocol(frame),
        None => Some(bare(frame)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logical_link_header_is_optional_in_classical_ip_only() {
        let with_header = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45];
        assert_eq!(multiprotocol(&with_header).unwrap().data, [0x45]);
        assert_eq!(classical_ip(&with_header).unwrap().data, [0x45]);
        assert!(multiprotocol(&[0x45, 0, 0]).is_none());
        assert_eq!(classical_ip(&[0x45, 0, 0]).unwrap().data, [0x45, 0, 0]);
    }
}
