//! Fragments, from frames to segments.

use super::*;

const NOTHING: [&str; 0] = [];

/// The fragments of a segment with 28 bytes of data, the first with 12 of them.
fn fragments(id: u16) -> [Vec<u8>; 2] {
    let segment = tcp(7, 0x18, b"first arrived and then last!");
    [ipv4_fragment(6, id, 0, true, &segment[..32]), ipv4_fragment(6, id, 32, false, &segment[32..])]
}

fn ipv6_fragment(next: u8, offset: u16, more: bool, payload: &[u8]) -> Vec<u8> {
    let field = (offset | u16::from(more)).to_be_bytes();
    ipv6(44, &[&[next, 0][..], &field, &[0, 0, 0, 9], payload].concat())
}

#[test]
fn the_last_fragment_to_come_brings_the_segment() {
    let [first, last] = fragments(1);
    let mut test = Test::new();
    assert_eq!(test.datagram(&first), ["fragment to port 80"]);
    assert_eq!(test.datagram(&last), ["segment first arrived and then last!"]);
    assert_eq!(test.datagram(&last), ["fragment of something"]);
    assert_eq!(test.datagram(&first), ["segment first arrived and then last!"]);
    assert_eq!(test.finish(), NOTHING);
}

#[test]
fn a_segment_counts_all_its_frames_and_the_time_of_the_last() {
    let [first, last] = fragments(1);
    let mut test = Test::new();
    test.datagram(&first);
    test.seconds = 3;
    test.visit(LinkType::ETHERNET, &frame(&last), 0, |found| {
        let Found::Datagram(datagram, Verdict::Segment(segment)) = found else { panic!() };
        assert_eq!(datagram.data, last, "the datagram is what is in this frame");
        let len = (frame(&first).len() + frame(&last).len()) as u32;
        assert_eq!((segment.wire_len, segment.captured_len), (len, len));
        assert_eq!(segment.time.as_micros(), 3_000_000);
    });
}

#[test]
fn a_datagram_without_end_leaves_its_first_fragment_after_30_seconds() {
    let [first, last] = fragments(1);
    let mut test = Test::new();
    test.datagram(&first);
    test.seconds = 30;
    assert_eq!(test.datagram(&ipv4(1, &[])), ["not TCP"]);
    test.seconds = 31;
    assert_eq!(test.datagram(&last), ["overdue first arrive", "fragment of something"]);
    assert_eq!(test.finish(), NOTHING, "the late one brings nothing");
}

#[test]
fn at_the_end_of_input_first_fragments_are_what_there_is() {
    let mut test = Test::new();
    test.datagram(&fragments(1)[0]);
    test.datagram(&fragments(2)[0]);
    test.datagram(&fragments(3)[1]);
    assert_eq!(test.finish(), ["overdue first arrive", "overdue first arrive"]);
    assert_eq!(test.finish(), NOTHING);
}

#[test]
fn an_overdue_segment_is_told_with_its_own_time() {
    let mut test = Test::new();
    test.seconds = 4;
    test.datagram(&fragments(1)[0]);
    let mut seen = Vec::new();
    test.decoder.finish(|found| {
        let Found::Overdue(segment) = found else { panic!() };
        seen.push((segment.time.as_micros(), segment.link.source.0, segment.seq));
    });
    assert_eq!(seen, [(4_000_000, [5; 6], 7)]);
}

#[test]
fn a_first_fragment_too_short_for_its_header_leaves_nothing() {
    let mut test = Test::new();
    let segment = tcp(7, 0x18, b"data");
    assert_eq!(
        test.datagram(&ipv4_fragment(6, 1, 0, true, &segment[..16])),
        ["fragment to port 80"]
    );
    assert_eq!(test.finish(), NOTHING);
    test.datagram(&ipv4_fragment(6, 1, 0, true, &segment[..16]));
    let last = ipv4_fragment(6, 1, 16, false, &segment[16..]);
    assert_eq!(test.datagram(&last), ["segment data"], "but together they are whole");
}

#[test]
fn fragments_of_other_protocols_are_not_processed() {
    let mut test = Test::new();
    assert_eq!(test.datagram(&ipv4_fragment(1, 1, 0, true, &[8; 16])), ["not TCP"]);
    assert_eq!(test.datagram(&ipv4_fragment(1, 1, 16, false, &[8; 16])), ["not TCP"]);
    assert!(!test.decoder.innermost.is_waiting(), "nor kept");
    assert_eq!(test.datagram(&ipv4_fragment(17, 1, 0, true, &udp(53, &[8; 8]))), ["not TCP"]);
    assert_eq!(test.datagram(&ipv4_fragment(17, 1, 16, false, &[8; 16])), ["not TCP"]);
}

#[test]
fn offsets_beyond_the_longest_datagram_do_no_harm() {
    let mut test = Test::new();
    for more in [true, false] {
        let fragment = ipv4_fragment(6, 1, 65_528, more, &[1; 100]);
        assert_eq!(test.datagram(&fragment), ["fragment of something"]);
    }
    assert_eq!(test.finish(), NOTHING);
}

#[test]
fn fragments_of_version_6_come_together_behind_their_headers() {
    let segment = tcp(7, 0x18, b"data of version 6");
    let mut test = Test::new();
    let first = ipv6_fragment(6, 0, true, &segment[..24]);
    let last = ipv6_fragment(6, 24, false, &segment[24..]);
    assert_eq!(test.datagram(&last), ["fragment of something"]);
    assert_eq!(test.datagram(&first), ["segment data of version 6"]);

    // The part that is cut into fragments may begin with destination options.
    let options = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &segment].concat();
    let first = ipv6_fragment(60, 0, true, &options[..24]);
    let last = ipv6_fragment(60, 24, false, &options[24..]);
    assert_eq!(test.datagram(&first), ["fragment to port 80"]);
    assert_eq!(test.datagram(&last), ["segment data of version 6"]);
    assert_eq!(test.datagram(&ipv6_fragment(6, 0, false, &segment)), ["segment data of version 6"]);
}

/// Fragments of TCP are not written to what was not processed, as soon as it is known that they are.
#[test]
fn ports_are_found_though_the_headers_before_them_are_in_another_fragment() {
    let segment = tcp(7, 0x18, b"data behind options");
    let options = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &segment].concat();
    let mut test = Test::new();
    assert_eq!(test.datagram(&ipv6_fragment(60, 0, true, &options[..8])), ["not TCP"]);
    let second = ipv6_fragment(60, 8, true, &options[8..24]);
    assert_eq!(test.datagram(&second), ["fragment to port 80"]);
    let last = ipv6_fragment(60, 24, false, &options[24..]);
    assert_eq!(test.datagram(&last), ["segment data behind options"]);
}

#[test]
fn fragments_of_fragments_are_refused() {
    let mut test = Test::new();
    let inner = [&[6, 0, 0, 1, 0, 0, 0, 9][..], &tcp(7, 0x18, b"data")].concat();
    assert_eq!(test.datagram(&ipv6_fragment(44, 0, true, &inner[..24])), ["not TCP"]);
    assert_eq!(test.datagram(&ipv6_fragment(44, 24, false, &inner[24..])), ["not TCP"]);
    assert_eq!(test.finish(), NOTHING);
}

#[test]
fn tunnels_may_be_fragmented_outside_and_inside() {
    let [first, last] = fragments(1);
    let gre = |datagram: &[u8]| [&[0, 0, 8, 0], datagram].concat();
    let mut test = Test::new();
    assert_eq!(test.datagram(&ipv4(47, &gre(&first))), ["fragment to port 80"]);
    let outside = gre(&last);
    let begin = ipv4_fragment(47, 2, 0, true, &outside[..16]);
    assert_eq!(test.datagram(&begin), ["not TCP"], "no datagram of TCP is in pieces here");
    let end = ipv4_fragment(47, 2, 16, false, &outside[16..]);
    assert_eq!(test.datagram(&end), ["segment first arrived and then last!"]);
    assert_eq!(test.finish(), NOTHING);
}

#[test]
fn a_fragmented_tunnel_without_end_leaves_what_its_first_fragment_holds() {
    let mut test = Test::new();
    let inside = ipv4(6, &tcp(7, 0x18, b"beginning and end"));
    test.datagram(&ipv4_fragment(4, 2, 0, true, &inside[..48]));
    assert_eq!(test.finish(), ["overdue beginnin"]);
}

#[test]
fn a_tunnel_left_alone_is_not_put_together() {
    let mut test = Test::with(Options { decap: false, ..Options::default() });
    assert_eq!(test.datagram(&ipv4_fragment(47, 2, 0, true, &[0; 16])), ["not TCP"]);
    assert!(!test.decoder.innermost.is_waiting());
}
