//! Whatever the bytes: no panic, nothing from outside of the frame, and nothing left in the end.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Every link type there is a reader for, and some there is none for.
fn link_types() -> impl Iterator<Item = LinkType> {
    (0..300).map(LinkType)
}

type Wrap = fn(&[u8]) -> Vec<u8>;

/// Frames that begin as something the decoder knows, then a few bytes are changed.
fn nearly_valid() -> impl Strategy<Value = Vec<u8>> {
    let inside = prop_oneof![
        vec(any::<u8>(), 0..60).prop_map(|data| ipv4(6, &tcp(1, 0x18, &data))),
        vec(any::<u8>(), 0..60).prop_map(|data| ipv6(6, &tcp(1, 0x18, &data))),
        (any::<u8>(), vec(any::<u8>(), 0..80)).prop_map(|(next, data)| ipv6(next, &data)),
        (0..4_u16, any::<bool>(), vec(any::<u8>(), 0..60))
            .prop_map(|(offset, more, data)| ipv4_fragment(6, 1, offset * 8, more, &data)),
        (0..4_u16, any::<u8>(), vec(any::<u8>(), 0..60))
            .prop_map(|(id, protocol, data)| { ipv4_fragment(protocol, id, 8, true, &data) }),
    ];
    let wrapped = inside.prop_recursive(10, 64, 1, |inside| {
        (inside, any::<prop::sample::Index>()).prop_map(|(inside, kind)| {
            let kinds: [Wrap; 7] = [
                |it| ipv4(4, it),
                |it| ipv6(41, it),
                |it| ipv4(47, &[&[0xb0, 0, 8, 0][..], &[0; 12], it].concat()),
                |it| {
                    ipv4(
                        47,
                        &[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &[0; 8], &frame(it)[..]].concat(),
                    )
                },
                |it| ipv4(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &frame(it)[..]].concat())),
                |it| ipv4(17, &udp(2152, &[&[0x30, 255, 0, 0, 0, 0, 0, 1], it].concat())),
                |it| ipv6(60, &[&[4, 0, 0, 0, 0, 0, 0, 0], it].concat()),
            ];
            kind.get(&kinds)(&inside)
        })
    });
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let tag = prop::option::of(any::<[u8; 2]>());
    (wrapped, tag, changes, any::<prop::sample::Index>()).prop_map(
        |(datagram, tag, changes, cut)| {
            let mut frame = frame(&datagram);
            if let Some([high, low]) = tag {
                frame.splice(12..12, [0x81, 0, high, low]);
            }
            for (at, byte) in changes {
                let at = at.index(frame.len());
                frame[at] = byte;
            }
            let len = frame.len();
            frame.truncate(len - cut.index(len) / 4);
            frame
        },
    )
}

/// 802.11 frames with arbitrary flags and bodies that may be aggregates.
fn wireless() -> impl Strategy<Value = Vec<u8>> {
    let parts = (any::<[u8; 2]>(), 0..4_u8, any::<[u8; 2]>(), vec(any::<u8>(), 0..120));
    parts.prop_map(|([kind, flags], sequence, service, body)| {
        let control = [kind & 0xfc, flags & 0xbf];
        let header = [&control[..], &[0; 2], &[1; 18], &[sequence, 0], &service].concat();
        [&header[..], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &body].concat()
    })
}

/// Datagrams lie inside their frame; only parts of wireless frames are put together. A segment may
/// come from several frames or be inflated, but is never longer than a datagram can be.
fn check(test: &mut Test, link_type: LinkType, frame: &[u8], missing: usize) {
    let inside = frame.as_ptr_range();
    let is_wireless = matches!(link_type.0, 105 | 119 | 127 | 163 | 192);
    test.visit(link_type, frame, missing, |found| match found {
        Found::Datagram(datagram, verdict) => {
            let data = datagram.data.as_ptr_range();
            assert!(is_wireless || inside.start <= data.start && data.end <= inside.end);
            if let Verdict::Segment(segment) = verdict {
                assert!(segment.payload.len() <= frame.len().max(65_535));
            }
        }
        Found::Overdue(segment) => assert!(segment.payload.len() <= 65_535),
        Found::Beacon(beacon) => {
            assert!(beacon.ssid.len() <= 32 && !beacon.ssid.contains(&0));
        }
    });
}

proptest! {
    #[test]
    fn any_bytes_of_any_link_type(frames in vec(vec(any::<u8>(), 0..200), 1..8), missing in 0..8_usize) {
        for link_type in link_types() {
            let mut test = Test::new();
            for frame in &frames {
                check(&mut test, link_type, frame, missing);
            }
            test.finish();
        }
    }

    #[test]
    fn frames_that_are_nearly_right(frames in vec(nearly_valid(), 1..20), step in 0..20_i64) {
        let mut test = Test::new();
        for frame in &frames {
            test.seconds += step;
            check(&mut test, LinkType::ETHERNET, frame, 0);
        }
        test.finish();
        prop_assert!(!test.decoder.innermost.is_waiting());
    }

    #[test]
    fn wireless_frames(frames in vec(wireless(), 1..20), check_fcs in any::<bool>()) {
        let mut test = Test::with(Options { check_fcs, ..Options::default() });
        for frame in &frames {
            check(&mut test, LinkType::IEEE802_11, frame, 0);
            let with_header = [&[0, 0, 9, 0, 2, 0, 0, 0, 0x30], &frame[..]].concat();
            check(&mut test, LinkType::RADIOTAP, &with_header, 0);
        }
        test.finish();
        prop_assert!(!test.decoder.link.is_waiting());
    }

    #[test]
    fn fragments_in_any_order_give_the_datagram_back(
        payload in vec(any::<u8>(), 1..300),
        order in Just((0..64_usize).collect::<Vec<_>>()).prop_shuffle(),
        step in 1..9_usize,
    ) {
        let segment = tcp(1, 0x18, &payload);
        let pieces: Vec<&[u8]> = segment.chunks(step * 8).collect();
        let mut test = Test::new();
        let mut whole = Vec::new();
        for &n in order.iter().filter(|&&n| n < pieces.len()) {
            let more = n + 1 < pieces.len();
            let fragment = ipv4_fragment(6, 1, (n * step * 8) as u16, more, pieces[n]);
            test.visit(LinkType::RAW, &fragment, 0, |found| {
                if let Found::Datagram(_, Verdict::Segment(segment)) = found {
                    whole.push(segment.payload.to_vec());
                }
            });
        }
        prop_assert_eq!(whole, [payload]);
    }
}
