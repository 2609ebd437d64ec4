//! What decoding costs per packet on the path that most captures take.

use divan::{Bencher, black_box};
use tcpflow::capture::{LinkType, RawPacket};
use tcpflow::decode::{Decoder, Options};
use tcpflow::time::CaptureTime;

fn main() {
    divan::main();
}

const PACKETS: usize = 1000;

/// Ethernet, IPv4, TCP without options, and as much payload as fits a usual frame.
fn ethernet_ipv4_tcp() -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00];
    frame.extend([0x45, 0, 0x05, 0xdc, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend([0x1f, 0x90, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    frame.resize(14 + 1500, b'x');
    frame
}

#[divan::bench(counters = [divan::counter::ItemsCount::new(PACKETS)])]
fn plain_ethernet_ipv4_tcp(bencher: Bencher<'_, '_>) {
    let frame = ethernet_ipv4_tcp();
    let decoder = Decoder::new(Options::default());
    bencher.bench_local(|| {
        let mut payload_bytes = 0;
        for second in 0..PACKETS {
            let packet = RawPacket {
                time: CaptureTime { seconds: second as i64, microseconds: 0 },
                wire_len: frame.len() as u32,
                link_type: LinkType::ETHERNET,
                data: black_box(&frame),
            };
            if let Some(segment) = decoder.usual(&packet, packet.time.to_timestamp(0)) {
                payload_bytes += black_box(&segment).payload.len();
            }
        }
        assert_eq!(payload_bytes, PACKETS * 1460);
    });
}
