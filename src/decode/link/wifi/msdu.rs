//! The data unit in an 802.11 frame, or the several units of an aggregate (IEEE 802.11-2020, 9.3.2.2),
//! each with a logical link header before its datagram.

use super::header::Unit;
use crate::decode::link::{ethertype, llc};
use crate::decode::segment::{Datagram, LinkFacts, MacAddr};

/// Calls `visit` with every datagram in the body of a data frame.
pub(super) fn datagrams(unit: &Unit, body: &[u8], mut visit: impl FnMut(Datagram<'_>)) {
    if !unit.is_aggregate {
        if let Some(datagram) = datagram(unit.link, unit.may_be_mesh, body) {
            visit(datagram);
        }
        return;
    }
    let mut rest = body;
    while let Some((destination, behind)) = rest.split_first_chunk::<6>() {
        let Some((source, behind)) = behind.split_first_chunk::<6>() else { return };
        let Some((len, contents)) = ethertype::take_u16(behind) else { return };
        let len = usize::from(len);
        let link =
            LinkFacts { source: MacAddr(*source), destination: MacAddr(*destination), vlan: None };
        // The last one may be cut by the snap length.
        let contents = contents.get(..len).unwrap_or(contents);
        if let Some(datagram) = datagram(link, unit.may_be_mesh, contents) {
            visit(datagram);
        }
        const HEADER_LEN: usize = 14;
        rest = rest.get((HEADER_LEN + len).next_multiple_of(4)..).unwrap_or_default();
    }
}

fn datagram(link: LinkFacts, may_be_mesh: bool, contents: &[u8]) -> Option<Datagram<'_>> {
    // The bit that announces mesh control has another meaning outside of mesh networks, and what
    // kind of network it is a frame does not say. A logical link header is never a mesh control.
    if let Some((ethertype, payload)) = llc::behind(contents) {
        let carried = ethertype::behind(ethertype, payload)?;
        return Some(Datagram {
            link: LinkFacts { vlan: carried.vlan, ..link },
            data: carried.datagram,
        });
    }
    let (link, contents) = behind_mesh_control(link, contents).filter(|_| may_be_mesh)?;
    datagram(link, false, contents)
}

/// Flags, time to live, sequence number, then the addresses of ends outside of the mesh.
fn behind_mesh_control(link: LinkFacts, contents: &[u8]) -> Option<(LinkFacts, &[u8])> {
    let (&[flags, ..], rest) = contents.split_first_chunk::<6>()?;
    match flags & 3 {
        0 => Some((link, rest)),
        1 => {
            let (source, rest) = rest.split_first_chunk()?;
            Some((LinkFacts { source: MacAddr(*source), ..link }, rest))
        }
        2 => {
            let (destination, rest) = rest.split_first_chunk()?;
            let (source, rest) = rest.split_first_chunk()?;
            let (source, destination) = (MacAddr(*source), MacAddr(*destination));
            Some((LinkFacts { source, destination, ..link }, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

    fn found(unit: Unit, body: &[u8]) -> Vec<(u8, u8, Option<u16>, Vec<u8>)> {
        let mut found = Vec::new();
        datagrams(&unit, body, |datagram| {
            let link = datagram.link;
            let (source, destination) = (link.source.0[0], link.destination.0[0]);
            found.push((source, destination, link.vlan, datagram.data.to_vec()));
        });
        found
    }

    fn unit() -> Unit {
        let (source, destination) = (MacAddr([1; 6]), MacAddr([2; 6]));
        Unit { link: LinkFacts { source, destination, vlan: None }, ..Unit::default() }
    }

    #[test]
    fn the_ethertype_is_honoured_and_tags_are_read() {
        assert_eq!(found(unit(), &[&SNAP[..], &[0x45]].concat()), [(1, 2, None, vec![0x45])]);
        let arp = [0xaa, 0xaa, 3, 0, 0, 0, 8, 6, 0, 1];
        assert_eq!(found(unit(), &arp), []);
        let tagged = [0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0, 0, 5, 8, 0, 0x45];
        assert_eq!(found(unit(), &tagged), [(1, 2, Some(5), vec![0x45])]);
    }

    #[test]
    fn aggregates_are_taken_apart() {
        let one = |n: u8, data: &[u8]| {
            let len = (8 + data.len()) as u16;
            [&[n; 6][..], &[n + 1; 6], &len.to_be_bytes(), &SNAP, data].concat()
        };
        let aggregate = Unit { is_aggregate: true, ..unit() };
        let body = [&one(3, &[0x45, 0x46])[..], &one(5, &[0x47])].concat();
        let both = [(4, 3, None, vec![0x45, 0x46]), (6, 5, None, vec![0x47])];
        assert_eq!(found(aggregate, &body), both);
        let padded = [&one(3, &[0x45])[..], &[0], &one(5, &[0x47, 0x48]), &[0xff; 9]].concat();
        let both = [(4, 3, None, vec![0x45]), (6, 5, None, vec![0x47, 0x48])];
        assert_eq!(found(aggregate, &padded), both);
        let cut = &body[..body.len() - 1];
        assert_eq!(found(aggregate, cut)[1], (6, 5, None, vec![]));
    }

    #[test]
    fn mesh_control_is_skipped_where_it_may_be() {
        let mesh = Unit { may_be_mesh: true, ..unit() };
        let llc = [&SNAP[..], &[0x45]].concat();
        let plain = [&[0, 30, 1, 0, 0, 0][..], &llc].concat();
        assert_eq!(found(mesh, &plain), [(1, 2, None, vec![0x45])]);
        assert_eq!(found(unit(), &plain), []);
        assert_eq!(found(mesh, &llc), [(1, 2, None, vec![0x45])], "the bit means something else");
        let extended = [&[2, 30, 1, 0, 0, 0][..], &[7; 6], &[8; 6], &llc].concat();
        assert_eq!(found(mesh, &extended), [(8, 7, None, vec![0x45])]);
        let proxied = [&[1, 30, 1, 0, 0, 0][..], &[9; 6], &llc].concat();
        assert_eq!(found(mesh, &proxied), [(9, 2, None, vec![0x45])]);
    }
}
