//! What stands in `fixtures/`: tiny captures, and the trees that must come out of them.
//!
//! The expected trees are written down here by hand, from the rules of reassembly; nothing in them
//! was taken from what the program made.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::captures::{
    self, ByteOrder, ETHERNET, Frame, Interface, LINUX_SLL, NULL, Pcap, RAW, frames, pcapng,
};
use super::packets::{
    ACK, Connection, FIN, PSH, RST, SYN, Side, arp, cooked, ethernet, ethernet_with_tag, loopback,
    udp,
};

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "10.0.0.2:80";
const FROM_CLIENT: &str = "010.000.000.001.40000-010.000.000.002.00080";
const FROM_SERVER: &str = "010.000.000.002.00080-010.000.000.001.40000";

const REQUEST: &[u8] = b"GET /hello.txt HTTP/1.1\r\nHost: example.com\r\n\r\n";
const RESPONSE_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 31\r\n\r\n";
const RESPONSE_BODY: &[u8] = b"Hello, world!\nThis is tcpflow.\n";

/// A capture and what must come out of it.
pub(crate) struct Fixture {
    /// Its file name in `fixtures/`.
    pub(crate) file: &'static str,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its flows, in the order in which the report tells of them.
    pub(crate) flows: Vec<ExpectedFlow>,
    /// Whether the file is damaged, so that the run must fail after doing what could be done.
    pub(crate) damaged: bool,
}

/// A flow as the report and the output folder must show it.
pub(crate) struct ExpectedFlow {
    /// Its file, if it has one, and what stands in it.
    pub(crate) file: Option<(&'static str, Vec<u8>)>,
    /// The number of the capture's packet that began it.
    pub(crate) first_packet: u32,
    /// How many packets were counted to it.
    pub(crate) packets: u32,
    /// How often its position went back.
    pub(crate) out_of_order: u32,
    /// How often it broke the protocol's rules.
    pub(crate) violations: u32,
}

impl ExpectedFlow {
    fn file(
        name: &'static str,
        content: impl AsRef<[u8]>,
        first_packet: u32,
        packets: u32,
    ) -> Self {
        let file = Some((name, content.as_ref().to_vec()));
        Self { file, first_packet, packets, out_of_order: 0, violations: 0 }
    }

    fn silent(first_packet: u32, packets: u32) -> Self {
        Self { file: None, first_packet, packets, out_of_order: 0, violations: 0 }
    }

    fn out_of_order(self, out_of_order: u32) -> Self {
        Self { out_of_order, ..self }
    }

    /// When its first packet was seen, in microseconds since [`captures::FIRST_SECOND`].
    pub(crate) fn first_microsecond(&self) -> u32 {
        123_456 + 1000 * self.first_packet
    }

    /// A line about it, as in `report.txt` of the expected tree.
    pub(crate) fn line(&self) -> String {
        let (name, size) = match &self.file {
            Some((name, content)) => (*name, content.len()),
            None => ("-", 0),
        };
        report_line(
            name,
            &format!("2023-11-14T22:13:20.{:06}Z", self.first_microsecond()),
            &size.to_string(),
            &self.packets.to_string(),
            &self.out_of_order.to_string(),
            &self.violations.to_string(),
        )
    }
}

/// A line of `report.txt`: what does not change from run to run in a report.
pub(crate) fn report_line(
    name: &str,
    start: &str,
    size: &str,
    packets: &str,
    out_of_order: &str,
    violations: &str,
) -> String {
    format!(
        "{name} since {start}: {size} bytes, {packets} packets, \
         {out_of_order} out of order, {violations} violations\n"
    )
}

/// All of them.
pub(crate) fn all() -> Vec<Fixture> {
    let http = http(CLIENT, SERVER).datagrams();
    let http_file = Pcap::of(ETHERNET).write(&over(ethernet, &http));
    vec![
        good("http-ipv4.pcap", http_file.clone(), http_flows(FROM_CLIENT, FROM_SERVER)),
        good("http-ipv4.pcap.gz", gzip(&http_file), http_flows(FROM_CLIENT, FROM_SERVER)),
        http_over_ipv6(),
        good(
            "big-endian.pcap",
            Pcap { order: ByteOrder::Big, ..Pcap::of(ETHERNET) }.write(&over(ethernet, &http)),
            http_flows(FROM_CLIENT, FROM_SERVER),
        ),
        nanoseconds(),
        two_interfaces(),
        truncated(),
        vlan(),
        loopback_of_two_systems(),
        raw_ip(),
        good(
            "linux-cooked.pcap",
            Pcap::of(LINUX_SLL).write(&over(cooked, &http)),
            http_flows(FROM_CLIENT, FROM_SERVER),
        ),
        out_of_order(),
        retransmission(),
        sequence_wrap(),
        port_reuse(),
        insertion(),
        gap(),
        closings(),
        keep_alive(),
        padding(),
        snaplen(),
        not_tcp(),
    ]
}

fn good(file: &'static str, bytes: Vec<u8>, flows: Vec<ExpectedFlow>) -> Fixture {
    Fixture { file, bytes, flows, damaged: false }
}

fn plain(file: &'static str, connections: Vec<Connection>, flows: Vec<ExpectedFlow>) -> Fixture {
    let datagrams: Vec<_> = connections.into_iter().flat_map(Connection::datagrams).collect();
    good(file, Pcap::of(ETHERNET).write(&over(ethernet, &datagrams)), flows)
}

fn over(link: impl Fn(&[u8]) -> Vec<u8>, datagrams: &[Vec<u8>]) -> Vec<Frame> {
    frames(datagrams.iter().map(|datagram| link(datagram)))
}

fn http(client: &str, server: &str) -> Connection {
    Connection::between(client, server)
        .handshake()
        .says(Side::Client, REQUEST)
        .says(Side::Server, RESPONSE_HEAD)
        .says(Side::Server, RESPONSE_BODY)
        .goodbye()
}

/// The last acknowledgement comes after the flow was closed, and is counted to none.
fn http_flows(client: &'static str, server: &'static str) -> Vec<ExpectedFlow> {
    let response = [RESPONSE_HEAD, RESPONSE_BODY].concat();
    vec![ExpectedFlow::file(client, REQUEST, 0, 4), ExpectedFlow::file(server, response, 1, 4)]
}

/// The bytes are stored, not compressed, so that they do not depend on the compressor's version.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a vector takes all")
}

fn http_over_ipv6() -> Fixture {
    let datagrams = http("[2001:db8::1]:40000", "[2001:db8::2]:80").datagrams();
    good(
        "http-ipv6.pcap",
        Pcap::of(ETHERNET).write(&over(ethernet, &datagrams)),
        http_flows("2001:db8::1.40000-2001:db8::2.00080", "2001:db8::2.00080-2001:db8::1.40000"),
    )
}

/// Nanoseconds are cut, not rounded.
fn nanoseconds() -> Fixture {
    let mut frames = over(ethernet, &http(CLIENT, SERVER).datagrams());
    for frame in &mut frames {
        frame.nanoseconds += 789;
    }
    good(
        "nanoseconds.pcap",
        Pcap { nanoseconds: true, ..Pcap::of(ETHERNET) }.write(&frames),
        http_flows(FROM_CLIENT, FROM_SERVER),
    )
}

/// What the server says arrives on another interface, with another link type and finer times.
fn two_interfaces() -> Fixture {
    let interfaces =
        [Interface { link_type: ETHERNET, decimals: 6 }, Interface { link_type: RAW, decimals: 9 }];
    let frames: Vec<_> = frames(http(CLIENT, SERVER).datagrams())
        .into_iter()
        .map(|frame| match frame.data[15] {
            1 => {
                let data = ethernet(&frame.data);
                (0, Frame { wire_len: data.len() as u32, data, ..frame })
            }
            _ => (1, frame),
        })
        .collect();
    let file = pcapng(&interfaces, &frames);
    good("two-interfaces.pcapng", file, http_flows(FROM_CLIENT, FROM_SERVER))
}

/// The capture ends in the middle of the response's body.
fn truncated() -> Fixture {
    let frames = over(ethernet, &http(CLIENT, SERVER).datagrams()[..6]);
    let mut bytes = Pcap::of(ETHERNET).write(&frames);
    bytes.truncate(bytes.len() - 4);
    let flows = vec![
        ExpectedFlow::file(FROM_CLIENT, REQUEST, 0, 3),
        ExpectedFlow::file(FROM_SERVER, RESPONSE_HEAD, 1, 2),
    ];
    Fixture { file: "truncated.pcap", bytes, flows, damaged: true }
}

/// VLAN 100, with priority 3 in the upper bits of the tag.
fn vlan() -> Fixture {
    let frames =
        over(|datagram| ethernet_with_tag(0x6064, datagram), &http(CLIENT, SERVER).datagrams());
    good(
        "vlan.pcap",
        Pcap::of(ETHERNET).write(&frames),
        http_flows(
            "010.000.000.001.40000-010.000.000.002.00080--100",
            "010.000.000.002.00080-010.000.000.001.40000--100",
        ),
    )
}

/// IPv4 as a little-endian host writes it, IPv6 as a big-endian macOS would.
fn loopback_of_two_systems() -> Fixture {
    let four = Connection::between(CLIENT, SERVER).says(Side::Client, b"over four").datagrams();
    let six =
        Connection::between("[::1]:40000", "[::2]:80").says(Side::Client, b"over six").datagrams();
    let four = four.iter().map(|datagram| loopback([2, 0, 0, 0], datagram));
    let six = six.iter().map(|datagram| loopback([0, 0, 0, 30], datagram));
    good(
        "loopback.pcap",
        Pcap::of(NULL).write(&frames(four.chain(six))),
        vec![
            ExpectedFlow::file(FROM_CLIENT, "over four", 0, 1),
            ExpectedFlow::file("::1.40000-::2.00080", "over six", 1, 1),
        ],
    )
}

fn raw_ip() -> Fixture {
    let four = Connection::between(CLIENT, SERVER).says(Side::Client, b"over four").datagrams();
    let six = Connection::between("[2001:db8::1]:40000", "[2001:db8::2]:80")
        .says(Side::Client, b"over six")
        .datagrams();
    good(
        "raw-ip.pcap",
        Pcap::of(RAW).write(&frames(four.into_iter().chain(six))),
        vec![
            ExpectedFlow::file(FROM_CLIENT, "over four", 0, 1),
            ExpectedFlow::file("2001:db8::1.40000-2001:db8::2.00080", "over six", 1, 1),
        ],
    )
}

fn out_of_order() -> Fixture {
    let connection = Connection::between(CLIENT, SERVER)
        .handshake()
        .segment(Side::Client, PSH | ACK, 0, b"one ")
        .segment(Side::Client, PSH | ACK, 8, b"three")
        .segment(Side::Client, PSH | ACK, 4, b"two ")
        .goodbye();
    plain(
        "out-of-order.pcap",
        vec![connection],
        vec![
            ExpectedFlow::file(FROM_CLIENT, "one two three", 0, 6).out_of_order(1),
            ExpectedFlow::silent(1, 2),
        ],
    )
}

/// What comes later overwrites what came earlier; the SYN that comes again changes nothing.
fn retransmission() -> Fixture {
    let connection = Connection::between(CLIENT, SERVER)
        .handshake()
        .segment(Side::Client, PSH | ACK, 0, b"abcdef")
        .segment(Side::Client, SYN, u32::MAX, b"")
        .segment(Side::Client, PSH | ACK, 3, b"DEFghi")
        .segment(Side::Client, PSH | ACK, 0, b"abc")
        .goodbye();
    plain(
        "retransmission.pcap",
        vec![connection],
        vec![
            ExpectedFlow::file(FROM_CLIENT, "abcDEFghi", 0, 7).out_of_order(2),
            ExpectedFlow::silent(1, 2),
        ],
    )
}

/// The sequence numbers pass 2^32 in the middle of a segment.
fn sequence_wrap() -> Fixture {
    let connection = Connection::between(CLIENT, SERVER)
        .client_isn(u32::MAX - 11)
        .handshake()
        .says(Side::Client, b"before, ")
        .says(Side::Client, b"across, ")
        .says(Side::Client, b"behind")
        .goodbye();
    plain(
        "sequence-wrap.pcap",
        vec![connection],
        vec![
            ExpectedFlow::file(FROM_CLIENT, "before, across, behind", 0, 6),
            ExpectedFlow::silent(1, 2),
        ],
    )
}

/// A second connection between the same ports, though the first one was never closed.
fn port_reuse() -> Fixture {
    let first = Connection::between(CLIENT, SERVER)
        .handshake()
        .says(Side::Client, b"first")
        .says(Side::Server, b"reply one");
    let second = Connection::between(CLIENT, SERVER)
        .client_isn(500_000)
        .server_isn(900_000)
        .handshake()
        .says(Side::Client, b"second")
        .says(Side::Server, b"reply two");
    plain(
        "port-reuse.pcap",
        vec![first, second],
        vec![
            ExpectedFlow::file(FROM_CLIENT, "first", 0, 3),
            ExpectedFlow::file(FROM_SERVER, "reply one", 1, 2),
            ExpectedFlow::file("010.000.000.001.40000-010.000.000.002.00080c1", "second", 5, 3),
            ExpectedFlow::file("010.000.000.002.00080-010.000.000.001.40000c1", "reply two", 6, 2),
        ],
    )
}

/// The beginning of the connection is not in the capture, and its first bytes come last.
fn insertion() -> Fixture {
    let connection = Connection::between(CLIENT, SERVER)
        .segment(Side::Client, PSH | ACK, 100, b"world")
        .segment(Side::Client, PSH | ACK, 94, b"hello ")
        .segment(Side::Client, PSH | ACK, 105, b"!")
        .segment(Side::Client, PSH | ACK, 90, b"A");
    plain(
        "insertion.pcap",
        vec![connection],
        vec![ExpectedFlow::file(FROM_CLIENT, b"A\0\0\0hello world!", 0, 4).out_of_order(2)],
    )
}

/// Ten bytes were never captured, so the flow stays open behind its FIN.
fn gap() -> Fixture {
    let connection = Connection::between(CLIENT, SERVER)
        .handshake()
        .segment(Side::Client, PSH | ACK, 0, b"before")
        .segment(Side::Client, PSH | ACK, 16, b"after")
        .goodbye();
    plain(
        "gap.pcap",
        vec![connection],
        vec![
            ExpectedFlow::silent(1, 2),
            ExpectedFlow::file(FROM_CLIENT, b"before\0\0\0\0\0\0\0\0\0\0after", 0, 6),
        ],
    )
}

/// One flow ends by FIN, and what is sent again is known to be old; one ends by RST, and what is
/// new makes a new file.
fn closings() -> Fixture {
    let by_fin = Connection::between(CLIENT, SERVER)
        .segment(Side::Client, SYN, u32::MAX, b"")
        .says(Side::Client, b"farewell")
        .segment(Side::Client, FIN | ACK, 8, b"")
        .segment(Side::Client, PSH | ACK, 4, b"well");
    let by_rst = Connection::between("10.0.0.1:40001", SERVER)
        .segment(Side::Client, SYN, u32::MAX, b"")
        .says(Side::Client, b"stop")
        .segment(Side::Client, RST, 4, b"")
        .says(Side::Client, b"again");
    plain(
        "closings.pcap",
        vec![by_fin, by_rst],
        vec![
            ExpectedFlow::file(FROM_CLIENT, "farewell", 0, 3),
            ExpectedFlow::file("010.000.000.001.40001-010.000.000.002.00080", "stop", 4, 3),
            ExpectedFlow::file("010.000.000.001.40001-010.000.000.002.00080c1", "again", 7, 1),
        ],
    )
}

/// The byte of a keep-alive is not the stream's.
fn keep_alive() -> Fixture {
    let connection = Connection::between(CLIENT, SERVER)
        .handshake()
        .says(Side::Client, b"data")
        .segment(Side::Client, ACK, 3, b"X")
        .says(Side::Client, b"more")
        .goodbye();
    plain(
        "keep-alive.pcap",
        vec![connection],
        vec![ExpectedFlow::file(FROM_CLIENT, "datamore", 0, 6), ExpectedFlow::silent(1, 2)],
    )
}

/// Ethernet fills short frames up to 60 bytes, here with more than zeros.
fn padding() -> Fixture {
    let datagrams =
        Connection::between(CLIENT, SERVER).handshake().says(Side::Client, b"hi").goodbye();
    let mut frames = over(ethernet, &datagrams.datagrams());
    for frame in &mut frames {
        frame.data.resize(60, 0xee);
        frame.wire_len = 60;
    }
    good(
        "padding.pcap",
        Pcap::of(ETHERNET).write(&frames),
        vec![ExpectedFlow::file(FROM_CLIENT, "hi", 0, 4), ExpectedFlow::silent(1, 2)],
    )
}

/// Of every frame 64 bytes were captured, 10 of them payload.
fn snaplen() -> Fixture {
    let datagrams = Connection::between(CLIENT, SERVER)
        .handshake()
        .says(Side::Client, b"0123456789abcdef")
        .says(Side::Client, b"ghij")
        .goodbye();
    let mut frames = over(ethernet, &datagrams.datagrams());
    captures::cut(&mut frames, 64);
    good(
        "snaplen.pcap",
        Pcap::of(ETHERNET).write(&frames),
        vec![
            ExpectedFlow::silent(1, 2),
            ExpectedFlow::file(FROM_CLIENT, b"0123456789\0\0\0\0\0\0ghij", 0, 6),
        ],
    )
}

/// The second frame is UDP, which is for `-w`; the third is not even IP.
fn not_tcp() -> Fixture {
    let text = Connection::between(CLIENT, SERVER).says(Side::Client, b"text").datagrams();
    let name_query = udp(
        "10.0.0.1:5353".parse().expect("an address"),
        "10.0.0.2:53".parse().expect("an address"),
        b"who is it?",
    );
    let contents = [ethernet(&text[0]), ethernet(&name_query), arp()];
    good(
        "not-tcp.pcap",
        Pcap::of(ETHERNET).write(&frames(contents)),
        vec![ExpectedFlow::file(FROM_CLIENT, "text", 0, 1)],
    )
}
