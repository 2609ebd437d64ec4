//! Tunnels, from frames to the innermost segment.

use super::*;

fn innermost() -> Vec<u8> {
    ipv4(6, &tcp(1, 0x18, b"data"))
}

/// The datagram in one more tunnel, each time another kind.
fn wrap(datagram: &[u8], kind: usize) -> Vec<u8> {
    let in_ethernet = frame(datagram);
    let [ipv4_type, ipv6_type] = [[8, 0], [0x86, 0xdd]];
    let ethertype = if datagram[0] >> 4 == 4 { ipv4_type } else { ipv6_type };
    match kind {
        0 => ipv4(if datagram[0] >> 4 == 4 { 4 } else { 41 }, datagram),
        1 => ipv6(47, &[&[0, 0][..], &ethertype, datagram].concat()),
        2 => ipv4(47, &[&[0, 0, 0x65, 0x58], &in_ethernet[..]].concat()),
        3 => ipv4(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &in_ethernet[..]].concat())),
        4 => ipv6(17, &udp(6081, &[&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &in_ethernet[..]].concat())),
        5 => ipv4(17, &udp(2152, &[&[0x30, 255, 0, 0, 0, 0, 0, 1], datagram].concat())),
        _ => ipv6(4, datagram),
    }
}

#[test]
fn every_tunnel_in_every_other_is_opened() {
    for outer in 0..7 {
        for inner in 0..7 {
            let datagram = wrap(&wrap(&innermost(), inner), outer);
            assert_eq!(Test::new().datagram(&datagram), ["segment data"], "{inner} in {outer}");
        }
    }
    let teredo = ipv4(17, &udp(3544, &ipv6(6, &tcp(1, 0x18, b"data"))));
    assert_eq!(Test::new().datagram(&teredo), ["segment data"]);
}

#[test]
fn tunnels_are_opened_eight_deep() {
    let nested =
        |depth: usize| (0..depth).fold(innermost(), |inside, kind| wrap(&inside, kind % 7));
    assert_eq!(Test::new().datagram(&nested(8)), ["segment data"]);
    assert_eq!(Test::new().datagram(&nested(9)), ["not TCP"]);
}

#[test]
fn without_decap_tunnels_are_left_alone() {
    let mut test = Test::with(Options { decap: false, ..Options::default() });
    for kind in 0..7 {
        assert_eq!(test.datagram(&wrap(&innermost(), kind)), ["not TCP"], "{kind}");
    }
    assert_eq!(test.datagram(&innermost()), ["segment data"]);
    let options = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &tcp(1, 0x18, b"data")].concat();
    assert_eq!(test.datagram(&ipv6(0, &options)), ["segment data"], "extensions are no tunnels");
}

#[test]
fn a_tunnel_without_tcp_inside_is_not_processed() {
    for kind in 0..7 {
        assert_eq!(Test::new().datagram(&wrap(&ipv4(1, &[8; 8]), kind)), ["not TCP"], "{kind}");
    }
}

#[test]
fn the_flow_is_the_innermost_and_the_link_the_outermost() {
    let inner = [&[0, 9, 0x86, 0xdd][..], &ipv6(6, &tcp(1, 0x18, b"data"))].concat();
    let inner = [&[0xee; 12][..], &[0x81, 0], &inner].concat();
    let vxlan = ipv4(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &inner[..]].concat()));
    let outer = ethernet(0x8100, &[&[0, 7, 8, 0], &vxlan[..]].concat());
    Test::new().visit(LinkType::ETHERNET, &outer, 0, |found| {
        let Found::Datagram(datagram, Verdict::Segment(segment)) = found else { panic!() };
        assert_eq!(datagram.data, vxlan);
        assert!(segment.tuple.is_ipv6());
        assert_eq!(segment.link.vlan, Some(7));
        assert_eq!(segment.link.source.0, [5; 6]);
        assert_eq!(segment.captured_len as usize, outer.len());
    });
}

#[test]
fn headers_between_ip_and_tcp_are_walked_in_both_versions() {
    let segment = tcp(1, 0x18, b"data");
    let authentication = [&[6, 4][..], &[0; 22], &segment].concat();
    assert_eq!(Test::new().datagram(&ipv4(51, &authentication)), ["segment data"]);
    let chain = [&[43, 0][..], &[0; 6], &[51, 0], &[0; 6], &authentication].concat();
    assert_eq!(Test::new().datagram(&ipv6(0, &chain)), ["segment data"]);
}

#[test]
fn compressed_segments_are_inflated() {
    use flate2::{Compress, Compression, FlushCompress};
    let mut deflated = Vec::with_capacity(1000);
    let segment = tcp(1, 0x18, b"data data data data");
    Compress::new(Compression::default(), false)
        .compress_vec(&segment, &mut deflated, FlushCompress::Finish)
        .unwrap();
    let compressed = [&[6, 0, 0, 2], &deflated[..]].concat();
    let inflated = ["segment data data data data"];
    assert_eq!(Test::new().datagram(&ipv6(108, &compressed)), inflated);
    let tunnelled = ipv4(4, &ipv4(108, &compressed));
    assert_eq!(Test::new().datagram(&tunnelled), inflated);
    assert_eq!(Test::new().datagram(&ipv4(108, &compressed[..4])), ["not TCP"]);
    let mut left_alone = Test::with(Options { decap: false, ..Options::default() });
    assert_eq!(left_alone.datagram(&ipv4(108, &compressed)), ["not TCP"]);
}
