//! Live capture from a network device, by libpcap.
//!
//! Packets are copied out of the kernel's ring a batch at a time: that costs less than asking
//! libpcap for each one, and the ring is free again at once.

use pcap::{Active, Capture, Device};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::MAX_SNAPLEN;
use super::error::{CaptureError, Fault, libpcap_reason};
use super::filter::FilterError;
use super::packet::{LinkType, RawPacket};
use super::savefile::PcapHeader;
use super::source::Next;
use crate::sys;
use crate::time::CaptureTime;

/// Packets to copy at once, at most.
const BATCH_PACKETS: usize = 256;
/// How long to wait for packets before saying that there are none now.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// What to capture, and how.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// The device; `None` for libpcap's first one.
    pub device: Option<String>,
    /// Whether to see frames that are not meant for this host.
    pub promiscuous: bool,
    /// A filter expression, for the kernel to apply; empty for none.
    pub filter: String,
    /// Milliseconds after which the kernel hands over what it has.
    pub timeout_ms: u32,
    /// Bytes of the kernel's ring; `None` for libpcap's default.
    pub buffer_size: Option<u32>,
}

/// A device that packets are being captured from.
pub struct Live {
    device: String,
    capture: Capture<Active>,
    link_type: LinkType,
    batch: Batch,
    failed: bool,
}

/// How many packets there were, from the start of a capture on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets that the filter let pass.
    pub received: u32,
    /// Packets lost because there was no room for them any more.
    pub dropped: u32,
    /// Packets lost by the device itself, where it tells.
    pub dropped_by_device: u32,
}

impl Live {
    /// Begins to capture.
    pub fn open(options: &LiveOptions) -> Result<Self, CaptureError> {
        let device = match &options.device {
            Some(device) => device.clone(),
            None => first_device()?,
        };
        let mut capture = activate(&device, options, options.promiscuous)
            .or_else(|error| match options.promiscuous {
                // Some devices and users may capture, only not all that passes by.
                true => activate(&device, options, false).map_err(|_| error),
                false => Err(error),
            })
            .and_then(|capture| capture.setnonblock().map_err(libpcap_reason))
            .map_err(|reason| Fault::Device(reason).of(&device))?;
        if !options.filter.is_empty() {
            capture.filter(&options.filter, true).map_err(|error| {
                let (expression, reason) = (options.filter.clone(), libpcap_reason(error));
                Fault::Filter(FilterError { expression, reason }).of(&device)
            })?;
        }
        let link_type = LinkType(capture.get_datalink().0);
        Ok(Self { device, capture, link_type, batch: Batch::default(), failed: false })
    }

    /// See [`Source::next_packet`](super::Source::next_packet). The end comes only after an error.
    #[inline]
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        if self.batch.is_empty() && !self.refill()? {
            return Ok(if self.failed { Next::End } else { Next::Idle });
        }
        Ok(match self.batch.pop(self.link_type) {
            Some(packet) => Next::Packet(packet),
            None => Next::Idle,
        })
    }

    /// What became of the packets so far.
    pub fn statistics(&mut self) -> Result<Statistics, CaptureError> {
        match self.capture.stats() {
            Ok(pcap::Stat { received, dropped, if_dropped }) => {
                Ok(Statistics { received, dropped, dropped_by_device: if_dropped })
            }
            Err(error) => Err(Fault::Device(libpcap_reason(error)).of(&self.device)),
        }
    }

    /// See [`Source::link_type`](super::Source::link_type).
    pub fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.device
    }

    /// See [`Source::pcap_header`](super::Source::pcap_header).
    pub fn pcap_header(&self) -> PcapHeader {
        PcapHeader::new(self.link_type, MAX_SNAPLEN)
    }

    /// Tries to have packets in the batch; waits a little for them.
    #[cold]
    fn refill(&mut self) -> Result<bool, CaptureError> {
        if self.failed {
            return Ok(false);
        }
        let mut refilled = self.batch.refill(&mut self.capture);
        // libpcap's own waiting would not end before a packet comes, however long that takes.
        if let Ok(0) = refilled
            && self.wait()
        {
            refilled = self.batch.refill(&mut self.capture);
        }
        refilled.map(|count| count > 0).map_err(|error| {
            self.failed = true;
            Fault::Device(libpcap_reason(error)).of(&self.device)
        })
    }

    /// Waits for packets; tells whether there may be some. A signal ends the waiting.
    fn wait(&self) -> bool {
        let mut descriptors = [PollFd::new(&self.capture, PollFlags::IN)];
        match poll(&mut descriptors, Some(&PATIENCE)) {
            Ok(count) => count > 0,
            Err(Errno::INTR) => false,
            // What is wrong with the descriptor, libpcap will find out and say.
            Err(_) => true,
        }
    }
}

/// Packets copied out of the ring.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    packets: Vec<BatchedPacket>,
    /// How many of the packets were handed on.
    popped: usize,
}

struct BatchedPacket {
    time: CaptureTime,
    wire_len: u32,
    /// Where in the batch its bytes are.
    data: std::ops::Range<usize>,
}

impl Batch {
    #[inline]
    fn is_empty(&self) -> bool {
        self.popped == self.packets.len()
    }

    #[inline]
    fn pop(&mut self, link_type: LinkType) -> Option<RawPacket<'_>> {
        let BatchedPacket { time, wire_len, data } = self.packets.get(self.popped)?;
        self.popped += 1;
        let data = self.bytes.get(data.clone()).unwrap_or_default();
        Some(RawPacket { time: *time, wire_len: *wire_len, link_type, data })
    }

    /// Replaces the packets, which must all have been handed on, by those that are there now.
    fn refill(&mut self, capture: &mut Capture<Active>) -> Result<usize, pcap::Error> {
        self.bytes.clear();
        self.packets.clear();
        self.popped = 0;
        capture.dispatch(Some(BATCH_PACKETS), |packet| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(packet.data);
            self.packets.push(BatchedPacket {
                time: CaptureTime {
                    seconds: packet.header.ts.tv_sec,
                    microseconds: packet.header.ts.tv_usec as u32,
                },
                wire_len: packet.header.len,
                data: start..self.bytes.len(),
            });
        })
    }
}

/// The name of libpcap's first device.
fn first_device() -> Result<String, CaptureError> {
    match Device::lookup() {
        Ok(Some(device)) => Ok(device.name),
        Ok(None) => Err(Fault::Device("no suitable device found".to_owned()).of("live capture")),
        Err(error) => Err(Fault::Device(libpcap_reason(error)).of("live capture")),
    }
}

fn activate(
    device: &str,
    options: &LiveOptions,
    promiscuous: bool,
) -> Result<Capture<Active>, String> {
    let clamped = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let mut capture = Capture::from_device(device)
        .map_err(libpcap_reason)?
        .snaplen(clamped(MAX_SNAPLEN))
        .promisc(promiscuous)
        .timeout(clamped(options.timeout_ms));
    if let Some(size) = options.buffer_size {
        capture = capture.buffer_size(clamped(size));
    }
    sys::activate(capture)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::{Duration, Instant};

    use super::*;

    fn options(device: &str) -> LiveOptions {
        LiveOptions {
            device: Some(device.to_owned()),
            promiscuous: true,
            filter: String::new(),
            timeout_ms: 10,
            buffer_size: None,
        }
    }

    /// Captures from `device`; `None`, with a message, where that is not allowed.
    fn open(options: &LiveOptions) -> Option<Live> {
        match Live::open(options) {
            Ok(live) => Some(live),
            Err(error) if !rustix::process::geteuid().is_root() => {
                eprintln!("SKIPPED: capturing needs root: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn packets_arrive_whole_and_silence_is_reported() {
        const SIZES: [usize; 3] = [1, 700, 20_000];
        for device in ["lo", "any"] {
            let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
            let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
            let port = receiver.local_addr().unwrap().port();
            let filter = format!("udp dst port {port}");
            let Some(mut live) = open(&LiveOptions { filter, ..options(device) }) else { return };
            assert_eq!(live.name(), device);
            let begin = Instant::now();
            assert!(matches!(live.next_packet().unwrap(), Next::Idle));
            assert!(begin.elapsed() < Duration::from_secs(10), "an idle device blocked");

            let mut sizes = Vec::new();
            for size in SIZES {
                sender.send_to(&vec![b'x'; size], ("127.0.0.1", port)).unwrap();
            }
            while sizes.len() < 3 && begin.elapsed() < Duration::from_secs(30) {
                if let Next::Packet(packet) = live.next_packet().unwrap() {
                    assert_eq!(packet.wire_len as usize, packet.data.len());
                    let payload = vec![b'x'; SIZES[sizes.len()]];
                    assert!(packet.data.ends_with(&payload), "{device}");
                    sizes.push(packet.data.len());
                }
            }
            // Headers may hold an x, too, so it is not the number of them that is looked at.
            let headers = sizes[0] - SIZES[0];
            assert_eq!(sizes, SIZES.map(|size| size + headers), "{device}");
            assert!(live.statistics().unwrap().received >= 3);
            assert_eq!(live.pcap_header(), PcapHeader::new(live.link_type, MAX_SNAPLEN));
        }
    }

    #[test]
    fn what_cannot_be_captured_is_explained() {
        let error = Live::open(&options("no-such-device")).err().unwrap().to_string();
        assert!(error.starts_with("no-such-device: "), "{error}");
        let bad = LiveOptions { filter: "port and".to_owned(), ..options("lo") };
        if open(&options("lo")).is_some() {
            let error = Live::open(&bad).err().unwrap().to_string();
            assert!(error.contains("port and"), "{error}");
        }
    }
}
