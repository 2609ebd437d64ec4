//! `-K`, a pcap file for each flow, and `-w`, the packets that were not processed.

use crate::support::captures::{ByteOrder, ETHERNET, LINUX_SLL, Pcap, RAW, cut, frames};
use crate::support::packets::{Connection, SYN, Side, ethernet, tcp};
use crate::support::sandbox::{Sandbox, fixture};

const CLIENT_PCAP: &str = "010.000.000.001.40000-010.000.000.002.00080.pcap";
const SERVER_PCAP: &str = "010.000.000.002.00080-010.000.000.001.40000.pcap";

fn talk() -> Vec<Vec<u8>> {
    Connection::between("10.0.0.1:40000", "10.0.0.2:80")
        .handshake()
        .says(Side::Client, b"question")
        .says(Side::Server, b"answer")
        .goodbye()
        .datagrams()
}

/// The packets of a capture that come from this address, as a capture of their own.
fn only(link_type: u16, link: impl Fn(&[u8]) -> Vec<u8>, last_octet: u8) -> Vec<u8> {
    let datagrams = talk();
    let mut all = frames(datagrams.iter().map(|datagram| link(datagram)));
    let mut from_it = datagrams.iter().map(|datagram| datagram[15] == last_octet);
    all.retain(|_| from_it.next() == Some(true));
    Pcap::of(link_type).write(&all)
}

#[test]
fn k_sorts_whole_packets_by_flow() {
    let sandbox = Sandbox::new();
    let all = frames(talk().iter().map(|datagram| ethernet(datagram)));
    for (name, order, nanoseconds) in
        [("little", ByteOrder::Little, false), ("big", ByteOrder::Big, true)]
    {
        let capture = Pcap { link_type: ETHERNET, order, nanoseconds }.write(&all);
        sandbox.write(name, capture);
        sandbox.run(&format!("-K -o {name}.out -r {name}")).succeeds();
        let tree = sandbox.tree(&format!("{name}.out"));
        assert_eq!(Vec::from_iter(tree.keys()), [CLIENT_PCAP, SERVER_PCAP]);
        assert!(tree[CLIENT_PCAP] == only(ETHERNET, ethernet, 1), "{name}");
        assert!(tree[SERVER_PCAP] == only(ETHERNET, ethernet, 2), "{name}");
    }
}

/// Raw IP is 101 in files, whatever number libpcap gives it in memory.
#[test]
fn k_writes_the_link_type_as_files_number_it() {
    let sandbox = Sandbox::new();
    sandbox.write("raw.pcap", Pcap::of(RAW).write(&frames(talk())));
    sandbox.run("-K -o out -r raw.pcap").succeeds();
    assert!(sandbox.read(&format!("out/{CLIENT_PCAP}")) == only(RAW, <[u8]>::to_vec, 1));
    sandbox.run("-K -o cooked -r {linux-cooked.pcap}").succeeds();
    let cooked = sandbox.read(&format!("cooked/{CLIENT_PCAP}"));
    assert_eq!(cooked[20..24], u32::from(LINUX_SLL).to_le_bytes());
}

/// A pcap file has one link type. That packets of another one are missing is told, but not for each.
#[test]
fn k_leaves_out_packets_of_another_link_type_and_counts_them() {
    let sandbox = Sandbox::new();
    let framed = frames(talk().iter().map(|datagram| ethernet(datagram)));
    sandbox.write("framed.pcap", Pcap::of(ETHERNET).write(&framed));
    sandbox.write("raw.pcap", Pcap::of(RAW).write(&frames(talk())));
    let outcome = sandbox.run("-K -o out -r framed.pcap -r raw.pcap");
    let left_out = format!("{} packets were left out", talk().len());
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert_eq!(outcome.complaints().len(), 2, "{outcome:?}");
    outcome
        .complains(&["10.0.0.1 40000 > 10.0.0.2 80 left out: its link type"])
        .complains(&[&left_out]);
    assert!(sandbox.read(&format!("out/{CLIENT_PCAP}")) == only(ETHERNET, ethernet, 1));
}

/// All but the packets of one flow were lost, without a word.
#[test]
fn k_keeps_flows_that_share_a_name_in_one_file() {
    let sandbox = Sandbox::new();
    let other = Connection::between("10.0.0.1:40001", "10.0.0.3:443").handshake().goodbye();
    let all = frames(talk().iter().chain(&other.datagrams()).map(|datagram| ethernet(datagram)));
    sandbox.write("in.pcap", Pcap::of(ETHERNET).write(&all));
    sandbox.run("-K -T all -o out -r in.pcap").succeeds();
    assert!(sandbox.read("out/all.pcap") == Pcap::of(ETHERNET).write(&all));
    sandbox.run("-K -T %A -o by-source -r in.pcap").succeeds();
    let tree = sandbox.tree("by-source");
    let lengths = ["001", "002", "003"].map(|last| tree[&format!("010.000.000.{last}.pcap")].len());
    assert_eq!(lengths.iter().sum::<usize>(), Pcap::of(ETHERNET).write(&all).len() + 2 * 24);
}

#[test]
fn k_overwrites_and_keeps_port_reuse_in_one_file() {
    let sandbox = Sandbox::new();
    sandbox.run("-K -o out -r {port-reuse.pcap}").succeeds();
    let first = sandbox.tree("out");
    assert_eq!(Vec::from_iter(first.keys()), [CLIENT_PCAP, SERVER_PCAP]);
    sandbox.run("-K -o out -r {port-reuse.pcap}").succeeds();
    assert_eq!(sandbox.tree("out"), first);
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flows.len(), 0);
    assert_eq!(report.text_of("total_flows"), "0");
    assert_eq!(report.text_of("total_packets"), "0");
}

/// With `-K` nothing is printed, and what it writes can be read again.
#[test]
fn k_wins_over_the_console_and_can_be_read_again() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-K -c -o out -r {http-ipv4.pcap}").succeeds();
    assert_eq!(outcome.stdout, b"");
    sandbox.run(&format!("-o again -r out/{CLIENT_PCAP} -r out/{SERVER_PCAP}")).succeeds();
    sandbox.run("-o once -r {http-ipv4.pcap}").succeeds();
    assert_eq!(sandbox.tree("again"), sandbox.tree("once"));
}

/// Times of packets stay as they were captured, names follow `tdelta`.
#[test]
fn k_moves_names_but_no_times_by_tdelta() {
    let sandbox = Sandbox::new();
    sandbox.write("in.pcap", Pcap::of(ETHERNET).write(&frames(talk().iter().map(|d| ethernet(d)))));
    sandbox.run("-K -S tdelta=10 -T %t-%a -o out -r in.pcap").succeeds();
    assert_eq!(sandbox.names("out"), ["1700000010-00080.pcap", "1700000010-40000.pcap"]);
    assert!(sandbox.read("out/1700000010-40000.pcap") == only(ETHERNET, ethernet, 1));
}

#[test]
fn k_opens_more_flows_than_descriptors() {
    let sandbox = Sandbox::new();
    let connection = |number: u16| {
        Connection::between(&format!("10.0.0.1:{}", 1000 + number), "10.0.0.2:80")
            .says(Side::Client, b"a")
            .says(Side::Client, b"b")
    };
    sandbox.capture("many.pcap", (0..50).map(connection));
    sandbox.shell("ulimit -n 16; tcpflow -K -o out -r many.pcap").succeeds();
    let tree = sandbox.tree("out");
    assert_eq!(tree.len(), 50);
    assert!(tree.values().all(|file| file.len() == 24 + 2 * (16 + 55)));
}

/// A TCP header that was cut off still belongs to its flow as long as the ports are there.
#[test]
fn headless_packets_belong_to_k_and_to_w() {
    let sandbox = Sandbox::new();
    let addresses = ["10.0.0.1:40000", "10.0.0.2:80"].map(|address| address.parse().unwrap());
    let mut all = frames([ethernet(&tcp(addresses[0], addresses[1], SYN, 7, 0, b""))]);
    cut(&mut all, 14 + 20 + 12);
    let capture = Pcap::of(ETHERNET).write(&all);
    sandbox.write("cut.pcap", &capture);
    sandbox.run("-K -w rest.pcap -o out -r cut.pcap").succeeds();
    assert!(sandbox.read(&format!("out/{CLIENT_PCAP}")) == capture);
    assert!(sandbox.read("rest.pcap") == capture);
}

/// The UDP packet is written, TCP and ARP are not.
#[test]
fn w_writes_ip_packets_that_were_not_processed() {
    let sandbox = Sandbox::new();
    sandbox.run("-w rest.pcap -o out -r {not-tcp.pcap}").succeeds();
    let capture = std::fs::read(fixture("not-tcp.pcap")).unwrap();
    let (first, second) = (24 + 16 + 58, 24 + 16 + 58 + 16 + 52);
    let expected = [&capture[..24], &capture[first..second]].concat();
    assert!(sandbox.read("rest.pcap") == expected);
    assert_eq!(sandbox.names("out").len(), 1);
}

#[test]
fn w_takes_any_input() {
    let sandbox = Sandbox::new();
    let udp_only = {
        sandbox.run("-w little.pcap -o out -r {not-tcp.pcap}").succeeds();
        sandbox.read("little.pcap")
    };
    let capture = std::fs::read(fixture("not-tcp.pcap")).unwrap();
    sandbox.write("gzipped", crate::support::fixtures::gzip(&capture));
    sandbox.run("-w rest.pcap -o out -r gzipped").succeeds();
    assert!(sandbox.read("rest.pcap") == udp_only);
    for name in ["big-endian.pcap", "nanoseconds.pcap", "two-interfaces.pcapng"] {
        sandbox.run(&format!("-w empty.pcap -o out -r {{{name}}}")).succeeds();
        let header = sandbox.read("empty.pcap");
        assert_eq!(header.len(), 24, "{name}: only the file's header");
    }
}

#[test]
fn w_that_cannot_be_written_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.run("-w no/rest.pcap -o out -r {not-tcp.pcap}").fails(1, &["no/rest.pcap"]);
}
