//! Live capture from a network device, by libpcap.
//!
//! A thread of its own [drains](super::drain) the kernel's buffer into a queue, so that packets are
//! not lost while the packet loop waits for a disk or for a reader of its output. When the queue is
//! full, the kernel's buffer fills, and then the kernel drops packets and counts them.

use std::time::{Duration, Instant};

use pcap::{Active, Capture, Device};

use super::MAX_SNAPLEN;
use super::batch::Batch;
use super::drain::{Drain, Statistics, Tally};
use super::error::{CaptureError, Fault, libpcap_reason};
use super::filter::FilterError;
use super::packet::LinkType;
use super::packet_queue::Taken;
use super::savefile::PcapHeader;
use super::source::Next;
use crate::sys;

/// What to have of the kernel's buffer, in bytes, where it does not give more; then libpcap's default.
const LEAST_BUFFER: u32 = 8 << 20;
/// How long there may be no packet before [`Next::Idle`] tells so.
const PATIENCE: Duration = Duration::from_millis(10);

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
    /// The size of the kernel's buffer.
    pub buffer: KernelBuffer,
    /// Bytes of packets that may wait for whoever asks for them.
    pub queue_bytes: u64,
}

/// The size of the kernel's buffer, in bytes. The kernel takes this memory when the capture begins, and
/// gives it to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelBuffer {
    /// So much; an error if the kernel does not give it.
    Exactly(u32),
    /// As much of this as the kernel gives.
    UpTo(u32),
}

/// A device that packets are being captured from.
pub struct Live {
    device: String,
    link_type: LinkType,
    queue_bytes: u64,
    stage: Stage,
    /// The packets that were taken from the queue last.
    batch: Batch,
    /// When there was last nothing to do.
    idle_at: Instant,
}

enum Stage {
    /// The kernel gathers packets.
    Open(Box<Capture<Active>>),
    /// They are being taken from it.
    Draining(Drain),
    /// It is over; this is what became of the packets.
    Over(Statistics),
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
        Ok(Self {
            device,
            link_type: LinkType(capture.get_datalink().0),
            queue_bytes: options.queue_bytes,
            stage: Stage::Open(Box::new(capture)),
            batch: Batch::default(),
            idle_at: Instant::now(),
        })
    }

    /// See [`Source::next_packet`](super::Source::next_packet). The end comes only after an error
    /// or after [`stop`](Self::stop).
    ///
    /// The thread begins with the first call, not before: by then, privileges have been given up.
    #[inline]
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        if self.batch.is_empty() {
            match self.refill()? {
                Taken::Packets => {}
                Taken::Nothing => return Ok(Next::Idle),
                Taken::End => return Ok(Next::End),
            }
        }
        Ok(match self.batch.pop(self.link_type) {
            Some(packet) => Next::Packet(packet),
            None => Next::Idle,
        })
    }

    /// Captures no more. The packets that were captured until now are still delivered, then comes
    /// the end.
    pub fn stop(&mut self) {
        match &self.stage {
            Stage::Draining(drain) => drain.queue.stop(),
            // Nothing was taken from the kernel yet, and no thread can have failed.
            Stage::Open(_) | Stage::Over(_) => drop(self.end()),
        }
    }

    /// Captures no more, and tells what became of the packets. Those that were not delivered yet
    /// count as [unread](Statistics::unread).
    pub fn finish(&mut self) -> Statistics {
        let _ = self.end();
        let left = std::mem::take(&mut self.batch).len() as u64;
        match &mut self.stage {
            Stage::Over(statistics) => {
                statistics.unread += left;
                *statistics
            }
            Stage::Open(_) | Stage::Draining(_) => Statistics::default(),
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

    /// Takes the next packets from the queue.
    ///
    /// That there is nothing to do is told at most every [`PATIENCE`], but then as soon as the queue
    /// is empty: where packets trickle in, there is a time to write out what has gathered, and it
    /// does not come so often that the writing becomes the work.
    #[cold]
    fn refill(&mut self) -> Result<Taken, CaptureError> {
        if let Stage::Open(_) = self.stage {
            self.begin()?;
        }
        let Stage::Draining(drain) = &self.stage else { return Ok(Taken::End) };
        let patience = PATIENCE.saturating_sub(self.idle_at.elapsed());
        let taken = drain.queue.take(&mut self.batch, patience);
        match taken {
            Taken::Packets => {}
            Taken::Nothing => self.idle_at = Instant::now(),
            Taken::End => self.end()?,
        }
        Ok(taken)
    }

    fn begin(&mut self) -> Result<(), CaptureError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over(Statistics::default()));
        if let Stage::Open(capture) = stage {
            let drain = Drain::start(*capture, self.queue_bytes)
                .map_err(|error| Fault::Io(error).of(&self.device))?;
            self.stage = Stage::Draining(drain);
        }
        Ok(())
    }

    /// Ends the thread; fails if it had failed.
    fn end(&mut self) -> Result<(), CaptureError> {
        match std::mem::replace(&mut self.stage, Stage::Over(Statistics::default())) {
            Stage::Over(statistics) => self.stage = Stage::Over(statistics),
            Stage::Open(mut capture) => {
                self.stage = Stage::Over(Tally::default().count(&mut capture));
            }
            Stage::Draining(drain) => {
                let (statistics, reason) = drain.finish();
                self.stage = Stage::Over(statistics);
                if let Some(reason) = reason {
                    return Err(Fault::Device(reason).of(&self.device));
                }
            }
        }
        Ok(())
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
    let sizes = match options.buffer {
        KernelBuffer::Exactly(size) => vec![Some(size)],
        KernelBuffer::UpTo(most) => {
            let halves = std::iter::successors(Some(most), |size| Some(size / 2));
            halves.take_while(|size| *size >= LEAST_BUFFER).map(Some).chain([None]).collect()
        }
    };
    let mut outcome = Err("no buffer".to_owned());
    for size in sizes {
        outcome = activate_with_buffer(device, options, promiscuous, size);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn activate_with_buffer(
    device: &str,
    options: &LiveOptions,
    promiscuous: bool,
    buffer_size: Option<u32>,
) -> Result<Capture<Active>, String> {
    let clamped = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let mut capture = Capture::from_device(device)
        .map_err(libpcap_reason)?
        .snaplen(clamped(MAX_SNAPLEN))
        .promisc(promiscuous)
        .timeout(clamped(options.timeout_ms));
    if let Some(size) = buffer_size {
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
            buffer: KernelBuffer::UpTo(32 << 20),
            queue_bytes: 1 << 20,
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
            live.stop();
            while !matches!(live.next_packet().unwrap(), Next::End) {}
            let statistics = live.finish();
            assert!(statistics.received >= 3 && statistics.dropped == 0, "{statistics:?}");
            assert_eq!(statistics.unread, 0);
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
