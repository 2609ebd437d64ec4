//! 802.11 captures: for everything in which they were found to differ, a case and what becomes of
//! it by IEEE 802.11 and radiotap.org. Where the original does otherwise, it loses or falsifies.

use flate2::Crc;

use super::*;

const ACCESS_POINT: [u8; 6] = [2, 0, 0, 0, 0, 1];
const STATION: [u8; 6] = [2, 0, 0, 0, 0, 2];
const HOST: [u8; 6] = [2, 0, 0, 0, 0, 3];

const FROM_DS: [u8; 2] = [0x08, 0x02];

/// Radiotap with flags and rate.
const fn radiotap(flags: u8) -> [u8; 10] {
    [0, 0, 10, 0, 6, 0, 0, 0, flags, 0]
}

const WITH_FCS: [u8; 10] = radiotap(0x10);
const WITHOUT_FCS: [u8; 10] = radiotap(0);

/// An 802.11 header with the sequence number given; `rest` stands behind its fixed part.
fn header(control: [u8; 2], sequence: u16, rest: &[u8]) -> Vec<u8> {
    let sequence = sequence.to_le_bytes();
    [&control[..], &[0x34, 0x12], &STATION, &ACCESS_POINT, &HOST, &sequence, rest].concat()
}

fn snap(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0][..], &ethertype.to_be_bytes(), payload].concat()
}

/// What a connection sends in one direction: opening, data, closing.
fn connection() -> [Vec<u8>; 3] {
    [tcp(1000, 0x12, b""), tcp(1001, 0x18, b"hello wifi"), tcp(1011, 0x11, b"")]
        .map(|segment| ipv4(6, &segment))
}

const CONNECTION: &[&str] = &["segment", "segment hello wifi", "segment"];
const NOTHING: &[&str] = &[];

fn fcs(frame: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(frame);
    crc.sum().to_le_bytes()
}

fn with_fcs(frame: &[u8]) -> Vec<u8> {
    [frame, &fcs(frame)].concat()
}

fn with_wrong_fcs(frame: &[u8]) -> Vec<u8> {
    [frame, &fcs(frame).map(|byte| !byte)].concat()
}

/// A capture and what is found in it.
struct Case {
    what: &'static str,
    link_type: LinkType,
    check_fcs: bool,
    /// Bytes that were not captured of every frame.
    missing: usize,
    frames: Vec<Vec<u8>>,
    found: Vec<String>,
    /// Frames counted as encrypted.
    protected: u64,
}

impl Case {
    /// A case with these frames behind a radiotap header.
    fn new(
        what: &'static str,
        capture_header: &[u8],
        frames: Vec<Vec<u8>>,
        found: &[&str],
    ) -> Self {
        Self {
            what,
            link_type: LinkType::RADIOTAP,
            check_fcs: true,
            missing: 0,
            frames: frames.iter().map(|frame| [capture_header, frame].concat()).collect(),
            found: found.iter().map(|&found| found.to_owned()).collect(),
            protected: 0,
        }
    }

    fn of(self, link_type: LinkType) -> Self {
        Self { link_type, ..self }
    }

    fn unchecked(self) -> Self {
        Self { check_fcs: false, ..self }
    }

    fn cut(self, missing: usize) -> Self {
        Self { missing, ..self }
    }

    fn protected(self, protected: u64) -> Self {
        Self { protected, ..self }
    }

    fn check(&self) {
        let options = Options { check_fcs: self.check_fcs, ..Options::default() };
        let mut test = Test::with(options);
        let mut found: Vec<String> = Vec::new();
        for frame in &self.frames {
            found.extend(test.frame(self.link_type, frame, self.missing));
        }
        found.extend(test.finish());
        assert_eq!(found, self.found, "{}", self.what);
        assert_eq!(test.decoder.protected_frames(), self.protected, "{}", self.what);
    }
}

/// The frames of a connection: each datagram behind a header and what `wrap` puts before it.
fn frames(header: &[u8], wrap: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    connection().iter().map(|datagram| [header, &wrap(datagram)].concat()).collect()
}

/// The same with header and logical link header as usual.
fn usual() -> Vec<Vec<u8>> {
    kind(FROM_DS, &[])
}

/// The same in frames of another kind; `rest` stands behind the fixed part of the header.
fn kind(control: [u8; 2], rest: &[u8]) -> Vec<Vec<u8>> {
    frames(&header(control, 0, rest), |datagram| snap(0x0800, datagram))
}

fn each(frames: Vec<Vec<u8>>, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    frames.iter().map(|frame| change(frame)).collect()
}

fn right(frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    each(frames, with_fcs)
}

fn wrong(frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    each(frames, with_wrong_fcs)
}

fn management(subtype: u8, source: u8, elements: &[u8]) -> Vec<u8> {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0x21, 4];
    let source = [0, 0, 0, 0, 0, source];
    let start = [&[subtype << 4, 0, 0, 0][..], &[0xff; 6], &source, &ACCESS_POINT, &[0, 0]];
    [&start.concat()[..], &fixed, elements].concat()
}

fn beacon(source: u8, elements: &[u8]) -> Vec<u8> {
    management(8, source, elements)
}

/// The element with a network's name.
fn name(name: &[u8]) -> Vec<u8> {
    [&[0, name.len() as u8], name].concat()
}

/// A beacon whose frame check sequence begins as given.
fn beacon_with_fcs(start: &[u8]) -> Vec<u8> {
    (0..=u32::MAX)
        .map(|n| {
            let tail = [&name(b"real")[..], &[0xdd, 4], &n.to_le_bytes()].concat();
            with_fcs(&beacon(1, &tail))
        })
        .find(|frame| frame[frame.len() - 4..].starts_with(start))
        .unwrap()
}

#[rustfmt::skip]
fn capture_headers() -> Vec<Case> {
    let prism = |len: u8| [&[0x44, 0, 0, 0, len, 0, 0, 0][..], &[0; 136]].concat();
    let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat();
    let short = |end| right(usual()).into_iter().take(end).collect::<Vec<_>>();
    let data = &CONNECTION[..2];
    vec![
        Case::new("the usual frame", &WITH_FCS, right(usual()), CONNECTION),
        Case::new("flags: no FCS", &WITHOUT_FCS, usual(), CONNECTION),
        Case::new("flags: no FCS, unchecked", &WITHOUT_FCS, usual(), CONNECTION).unchecked(),
        Case::new("FCS there, unchecked", &WITH_FCS, right(usual()), CONNECTION).unchecked(),
        Case::new("FCS there and wrong", &WITH_FCS, wrong(usual()), NOTHING),
        Case::new("FCS wrong, unchecked", &WITH_FCS, wrong(usual()), CONNECTION).unchecked(),
        Case::new("flags: FCS there and bad", &radiotap(0x50), right(usual()), NOTHING),
        Case::new("padding of a header that needs none", &radiotap(0x30), right(usual()), CONNECTION),
        Case::new("radiotap without fields", &[0, 0, 8, 0, 0, 0, 0, 0], right(usual()), CONNECTION),
        Case::new("radiotap with a spare byte", &[0, 0, 9, 0, 0, 0, 0, 0, 0], right(usual()), CONNECTION),
        Case::new("radiotap length below 8", &[0, 0, 5, 0, 0, 0, 0, 0], right(usual()), NOTHING),
        Case::new("radiotap of another version", &[7, 0, 10, 0, 6, 0, 0, 0, 0x10, 0], right(usual()), CONNECTION),

        Case::new("plain 802.11", &[], right(usual()), CONNECTION).of(LinkType::IEEE802_11),
        Case::new("plain 802.11 without FCS", &[], usual(), CONNECTION).of(LinkType::IEEE802_11),
        Case::new("radiotap under the number of plain 802.11 is a management frame",
                  &WITH_FCS, right(usual()), NOTHING).of(LinkType::IEEE802_11),
        Case::new("Prism", &prism(144), right(usual()), CONNECTION).of(LinkType::PRISM),
        Case::new("Prism without FCS", &prism(144), usual(), CONNECTION).of(LinkType::PRISM),
        Case::new("Prism that notes another length", &prism(64), right(usual()), CONNECTION).of(LinkType::PRISM),
        Case::new("AVS under the number of Prism", &avs, right(usual()), CONNECTION).of(LinkType::PRISM),
        Case::new("AVS", &avs, right(usual()), CONNECTION).of(LinkType::AVS),
        Case::new("PPI without fields", &[0, 0, 8, 0, 105, 0, 0, 0], right(usual()), CONNECTION).of(LinkType::PPI),

        Case::new("two presence words", &[0, 0, 16, 0, 2, 0, 0, 0x80, 1, 0, 0, 0, 0x10, 0, 0, 0], short(2), data),
        Case::new("presence words beyond the header", &[0, 0, 12, 0, 2, 0, 0, 0x80, 0, 0, 0, 0x80], short(2), NOTHING),
        Case::new("extended channel and rate", &[&[0, 0, 19, 0, 0, 0, 12, 0][..], &[0; 11]].concat(), short(2), data),
        Case::new("aggregation status", &[&[0, 0, 16, 0, 0, 0, 16, 0][..], &[0; 8]].concat(), short(2), data),
        Case::new("newer rates", &[&[0, 0, 32, 0, 0, 0, 0x60, 0][..], &[0; 24]].concat(), short(2), data),
        Case::new("namespaces", &[&[0, 0, 16, 0, 0, 0, 0, 0x20][..], &[0; 8]].concat(), short(1), &data[..1]),
        Case::new("a cut timer", &[0, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0, 0], short(2), data),
        Case::new("cut fields behind the flags", &[0, 0, 9, 0, 14, 0, 0, 0, 0], short(2), data),
        Case::new("a cut rate", &[0, 0, 10, 0, 0, 0, 8, 0, 0, 0], short(2), data),
        Case::new("nothing but flags of two fields", &[0, 0, 9, 0, 2, 0, 8, 0, 0], short(2), data),
        Case::new("all fields of old", &[&[0, 0, 72, 0, 0xff, 0xff, 15, 0][..], &[0; 64]].concat(), short(2), data),
        Case::new("a field cut behind its padding", &[0, 0, 13, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0], short(2), data),
        Case::new("a field behind padding", &[0, 0, 14, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0], short(2), data),
        Case::new("fewer than 8 bytes captured", &[0, 0, 8, 0], vec![vec![]], NOTHING),
        Case::new("radiotap longer than the packet", &[&[0, 0, 255, 0][..], &[0; 24]].concat(), vec![vec![]], NOTHING),
        Case::new("raw IPv4", &[], connection().into(), CONNECTION).of(LinkType::IPV4),
    ]
}

#[rustfmt::skip]
fn frame_kinds() -> Vec<Case> {
    let fourth = [9; 6];
    let service = [0, 0];
    let both = [&fourth[..], &service].concat();
    let control = |control, rest: &[u8]| right(kind(control, rest));
    let llc = |start: [u8; 6], ethertype: u16| {
        right(frames(&header(FROM_DS, 0, &[]), |datagram| {
            [&start[..], &ethertype.to_be_bytes(), datagram].concat()
        }))
    };
    let aggregate = |datagram: &[u8]| {
        let unit = snap(0x0800, datagram);
        [&HOST[..], &STATION, &(unit.len() as u16).to_be_bytes(), &unit].concat()
    };
    let parts = |last: u8| {
        let whole = snap(0x0800, &ipv4(6, &tcp(1, 0x18, b"in two parts")));
        let (first, second) = whole.split_at(50);
        let first = [&header([8, 6], 0x1230, &[])[..], first].concat();
        let second = [&header(FROM_DS, 0x1230 + u16::from(last), &[])[..], second].concat();
        vec![with_fcs(&first), with_fcs(&second)]
    };
    let udp = [&header(FROM_DS, 0, &[])[..], &snap(0x0800, &ipv4(17, &udp(53, b"name?")))].concat();
    let arp = [&header(FROM_DS, 0, &[])[..], &snap(0x0806, &[0; 28])].concat();
    let ipv6_data = [&header(FROM_DS, 0, &[])[..], &snap(0x86dd, &ipv6(6, &tcp(1, 0x18, b"v6data")))].concat();
    let long = [&header(FROM_DS, 0, &[])[..], &snap(0x0800, &ipv4(6, &tcp(1, 0x10, &[b'A'; 40])))].concat();
    let cut = long[..long.len() - 30].to_vec();
    let headers_only = |control, rest: &[u8]| vec![with_fcs(&header(control, 0, rest))];
    vec![
        Case::new("to the access point", &WITH_FCS, control([8, 1], &[]), CONNECTION),
        Case::new("ad hoc", &WITH_FCS, control([8, 0], &[]), CONNECTION),
        Case::new("four addresses", &WITH_FCS, control([8, 3], &fourth), CONNECTION),
        Case::new("QoS", &WITH_FCS, control([0x88, 2], &service), CONNECTION),
        Case::new("QoS, four addresses", &WITH_FCS, control([0x88, 3], &both), CONNECTION),
        Case::new("QoS with acknowledgement", &WITH_FCS, control([0x98, 2], &service), CONNECTION),
        Case::new("data with acknowledgement", &WITH_FCS, control([0x18, 2], &[]), CONNECTION),
        Case::new("a kind without data, yet with bytes", &WITH_FCS, control([0x48, 2], &[]), NOTHING),
        Case::new("encrypted", &WITH_FCS, control([8, 0x42], &[]), NOTHING).protected(3),
        Case::new("the order bit announces no HT control without QoS",
                  &WITH_FCS, control([8, 0x82], &[0; 4]), NOTHING),
        Case::new("order without QoS", &WITH_FCS, control([8, 0x82], &[]), CONNECTION),
        Case::new("HT control", &WITH_FCS, control([0x88, 0x82], &[0; 6]), CONNECTION),
        Case::new("QoS, header padded", &radiotap(0x30), control([0x88, 2], &[0; 4]), CONNECTION),
        Case::new("another protocol version has another header", &WITH_FCS, control([9, 2], &[]), NOTHING),
        Case::new("an extension frame", &WITH_FCS, control([0x0c, 2], &[]), NOTHING),

        Case::new("no SNAP", &WITH_FCS, llc([0x42, 0x42, 3, 0, 0, 0], 0x0800), NOTHING),
        Case::new("no SNAP, organisation of bridges", &WITH_FCS, llc([0x42, 0x42, 3, 0, 0, 0xf8], 0x0800), NOTHING),
        Case::new("no SNAP, other bytes", &WITH_FCS, llc([0x42, 0x42, 3, 0x55, 0, 0], 0x0800), NOTHING),
        Case::new("no SNAP, other bytes again", &WITH_FCS, llc([0x42, 0x42, 3, 0, 0x55, 0], 0x0800), NOTHING),
        Case::new("SNAP of another organisation", &WITH_FCS, llc([0xaa, 0xaa, 3, 1, 2, 3], 0x0806), NOTHING),
        Case::new("SNAP of bridges", &WITH_FCS, llc([0xaa, 0xaa, 3, 0, 0, 0xf8], 0x0800), CONNECTION),
        Case::new("VLAN", &WITH_FCS,
                  right(frames(&header(FROM_DS, 0, &[]), |it| snap(0x8100, &[&[0, 5, 8, 0], it].concat()))), CONNECTION),
        Case::new("aggregate", &WITH_FCS, right(frames(&header([0x88, 2], 0, &[0x80, 0]), aggregate)), CONNECTION),
        Case::new("IPv6", &WITH_FCS, vec![with_fcs(&ipv6_data)], &["segment v6data"]),

        Case::new("one byte of a frame", &WITH_FCS, vec![vec![8]], NOTHING),
        Case::new("frame control only", &WITH_FCS, vec![vec![8, 2]], NOTHING),
        Case::new("a header and nothing else", &WITH_FCS, vec![header(FROM_DS, 0, &[])], NOTHING).unchecked(),
        Case::new("null", &WITH_FCS, headers_only([0x48, 2], &[]), NOTHING),
        Case::new("QoS null", &WITH_FCS, headers_only([0xc8, 2], &service), NOTHING),
        Case::new("QoS without its field", &WITH_FCS, headers_only([0x88, 2], &[]), NOTHING),
        Case::new("7 bytes of logical link header", &WITH_FCS, headers_only(FROM_DS, &[0xaa, 0xaa, 3, 0, 0, 0, 8]), NOTHING),
        Case::new("6 bytes of logical link header", &WITH_FCS, headers_only(FROM_DS, &[0xaa, 0xaa, 3, 0, 0, 0]), NOTHING),
        Case::new("control frames", &WITH_FCS,
                  vec![with_fcs(&header([0xb4, 2], 0, &[])), with_fcs(&[0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1])], NOTHING),
        Case::new("only what the link layer calls IP is unprocessed", &WITH_FCS,
                  vec![with_fcs(&udp), with_wrong_fcs(&udp), with_fcs(&arp), with_fcs(&management(4, 1, &[]))], &["not TCP"]),
        Case::new("parts", &WITH_FCS, parts(1), &["segment in two parts"]),
        Case::new("a part is missing", &WITH_FCS, parts(2), &["overdue in"]),
        Case::new("cut by the snap length", &WITH_FCS, vec![cut.clone()], &["segment AAAAAAAAAA"]).cut(34),
        Case::new("cut, unchecked", &WITH_FCS, vec![cut], &["segment AAAAAAAAAA"]).cut(34).unchecked(),
    ]
}

#[rustfmt::skip]
fn beacons() -> Vec<Case> {
    let rates = [1, 4, 0x82, 0x84, 0x8b, 0x96, 3, 1, 6];
    let net = |source, ssid: &[u8]| beacon(source, &[&name(ssid)[..], &rates].concat());
    let found = |source: u8, ssid: &str| format!("beacon 00:00:00:00:00:{source:02x} {ssid}");
    let one = |what, elements: &[u8], ssid: &str| {
        Case::new(what, &WITH_FCS, vec![with_fcs(&beacon(1, elements))], &[&found(1, ssid)])
    };
    let several = vec![net(2, b"zeta"), net(3, b"alpha"), net(2, b"zeta"), net(9, b"")];
    let short = |len| with_fcs(&beacon(1, &[])[..len]);
    vec![
        Case::new("plain 802.11", &[], vec![with_fcs(&net(1, b"net1"))], &[&found(1, "net1")]).of(LinkType::IEEE802_11),
        Case::new("several, in order of arrival", &WITH_FCS, right(several),
                  &[&found(2, "zeta"), &found(3, "alpha"), &found(2, "zeta"), &found(9, "")]),
        Case::new("FCS wrong", &WITH_FCS, vec![with_wrong_fcs(&net(1, b"zeta"))], NOTHING),
        Case::new("no FCS though the flags say so", &WITH_FCS, vec![net(1, b"zeta")], NOTHING),
        Case::new("no FCS though the flags say so, unchecked: four bytes of an element go",
                  &WITH_FCS, vec![net(1, b"zeta")], &[&found(1, "zeta")]).unchecked(),
        Case::new("no FCS", &WITHOUT_FCS, vec![net(1, b"zeta")], &[&found(1, "zeta")]),
        Case::new("probes and associations are none", &WITH_FCS,
                  right([5, 4, 0].map(|subtype| management(subtype, 1, &name(b"zeta"))).into()), NOTHING),
        one("a name of 33 bytes", &name(&[b'L'; 33]), ""),
        one("a name of 32 bytes", &name(&[b'L'; 32]), "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL"),
        one("two names", &[name(b"A"), name(b"BB")].concat(), "BB"),
        one("17 rates", &[&[1, 17][..], &[0; 17], &name(b"ZZ")].concat(), ""),
        one("a cut name", &[0, 10, b'a', b'b', b'c'], ""),
        one("a vendor's element", &[&[0xdd, 2, 0, 1][..], &name(b"VV")].concat(), "VV"),
        one("a traffic map", &[&[5, 4, 0, 1, 0, 0][..], &name(b"TT")].concat(), "TT"),
        one("a short traffic map", &[&[5, 1, 0, 0, 0][..], &name(b"TT")].concat(), "TT"),
        Case::new("FCS that begins as a name of no byte", &WITH_FCS, vec![beacon_with_fcs(&[0, 0])], &[&found(1, "real")]),
        Case::new("FCS that begins as a name of one byte", &WITH_FCS, vec![beacon_with_fcs(&[0, 1])], &[&found(1, "real")]),
        Case::new("FCS that begins as a longer name", &WITH_FCS, vec![beacon_with_fcs(&[0])], &[&found(1, "real")]),
        Case::new("the fixed part is cut, whatever the FCS adds", &WITH_FCS, vec![short(31), short(32), short(35)], NOTHING),
        Case::new("nothing but the fixed part", &WITH_FCS, vec![short(36)], &[&found(1, "")]),
    ]
}

#[test]
fn what_stands_before_the_frame() {
    capture_headers().iter().for_each(Case::check);
}

#[test]
fn what_kind_of_frame_it_is() {
    frame_kinds().iter().for_each(Case::check);
}

#[test]
fn what_networks_announce_themselves() {
    beacons().iter().for_each(Case::check);
}

#[test]
fn addresses_are_those_of_source_and_destination() {
    let frame = [&WITHOUT_FCS[..], &usual()[1]].concat();
    let mut seen = 0;
    Test::new().visit(LinkType::RADIOTAP, &frame, 0, |found| {
        let Found::Datagram(_, Verdict::Segment(segment)) = found else { panic!() };
        assert_eq!((segment.link.source.0, segment.link.destination.0), (HOST, STATION));
        assert_eq!(segment.link.vlan, None);
        assert_eq!(segment.wire_len as usize, frame.len());
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn all_datagrams_of_an_aggregate_are_visited() {
    let unit = |datagram: &[u8]| {
        let unit = snap(0x0800, datagram);
        let pad = vec![0; (14 + unit.len()).next_multiple_of(4) - 14 - unit.len()];
        [&HOST[..], &STATION, &(unit.len() as u16).to_be_bytes(), &unit, &pad].concat()
    };
    let body: Vec<u8> = connection().iter().flat_map(|datagram| unit(datagram)).collect();
    let frame = [&WITHOUT_FCS[..], &header([0x88, 2], 0, &[0x80, 0]), &body].concat();
    assert_eq!(Test::new().frame(LinkType::RADIOTAP, &frame, 0), CONNECTION);
}
