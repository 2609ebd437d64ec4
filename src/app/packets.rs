//! The way of a packet through the stages.

use arrayvec::ArrayVec;

use super::sink::StreamSink;
use super::wanted::Wanted;
use crate::capture::RawPacket;
use crate::config::Phase;
use crate::decode::{Datagram, Decoder, Found, Segment, Verdict};
use crate::flow::Tracker;
use crate::messages::Messages;
use crate::output::{PacketFiles, UnprocessedPackets};
use crate::scan::PacketScanner;
use crate::time::Timestamp;

/// How many packets are looked at together.
const BATCH: usize = 32;

/// What is done with TCP segments.
pub(super) enum Demux {
    /// Streams are rebuilt.
    Streams(Box<Tracker<StreamSink>>),
    /// Packets are sorted into files.
    Packets(Box<PacketFiles>),
    /// Nothing (`-x tcpdemux`).
    Off,
}

impl Demux {
    /// Closes the flows that have been idle for too long.
    #[inline]
    fn expire(&mut self, now: Timestamp, sink: &mut StreamSink) {
        if let Self::Streams(tracker) = self {
            tracker.expire(now, sink);
        }
    }

    /// Does its work on what a datagram carries; whether the datagram counts as processed.
    #[inline]
    fn take(
        &mut self,
        packet: &RawPacket<'_>,
        verdict: &Verdict<'_>,
        phase: Phase,
        sink: &mut StreamSink,
    ) -> bool {
        match (self, verdict) {
            (Self::Streams(tracker), Verdict::Segment(segment)) => {
                tracker.segment(segment, phase, sink);
                true
            }
            (
                Self::Packets(files),
                Verdict::Segment(segment) | Verdict::Fragment(Some(segment)),
            ) => {
                files.packet(packet, segment);
                true
            }
            (Self::Packets(files), Verdict::Headless(segment)) => {
                files.packet(packet, segment);
                false
            }
            (_, Verdict::Fragment(_)) | (Self::Off, _) => true,
            (_, Verdict::Headless(_) | Verdict::NotTcp) => false,
        }
    }
}

/// The stages behind the capture.
pub(super) struct Pipeline {
    pub(super) decoder: Decoder,
    pub(super) delta_seconds: i32,
    pub(super) scanners: Vec<Box<dyn PacketScanner>>,
    pub(super) demux: Demux,
    pub(super) sink: StreamSink,
    pub(super) unprocessed: Option<UnprocessedPackets>,
    pub(super) messages: Messages,
}

impl Pipeline {
    /// Takes packets all the way, [`BATCH`] of those that are wanted at the most. Tells how many were
    /// looked at, and gives back the others.
    #[inline(never)] // What is done between two batches must not take registers from this.
    pub(super) fn batch<'a, P: Iterator<Item = RawPacket<'a>> + Clone>(
        &mut self,
        packets: &P,
        wanted: &mut Wanted<'_>,
        phase: Phase,
    ) -> (u64, P) {
        let Self { decoder, scanners, demux, sink, delta_seconds, .. } = self;
        let (mut unwanted, mut rest) = (0, packets.clone());
        let mut segments = ArrayVec::<Segment<'a>, BATCH>::new();
        let mut odd = None;
        // Nearly always nobody does but the streams.
        let others_listen = !scanners.is_empty() || matches!(demux, Demux::Packets(_));
        for packet in rest.by_ref() {
            if !wanted.includes(&packet) {
                unwanted += 1;
                continue;
            }
            let time = packet.time.to_timestamp(*delta_seconds);
            // One after the other, so that the usual segment is put together where it stays.
            let is_usual = if let Some(segment) = decoder.usual(&packet, time) {
                segments.push(segment);
                true
            } else if let Some(segment) = decoder.nearly_usual(&packet, time) {
                segments.push(segment);
                true
            } else {
                false
            };
            if is_usual {
                if !others_listen {
                    if segments.is_full() {
                        break;
                    }
                    continue;
                }
                if let Some(segment) = segments.last() {
                    tell(scanners, &packet, &Decoder::usual_datagram(&packet, segment), time);
                }
            } else if let Some((datagram, segment)) = decoder.plain(&packet, time) {
                segments.push(segment);
                tell(scanners, &packet, &datagram, time);
            } else {
                odd = Some((packet, time));
                break;
            }
            if let (Demux::Packets(files), Some(segment)) = (&mut *demux, segments.last()) {
                files.packet(&packet, segment);
            }
            if segments.is_full() {
                break;
            }
        }
        let looked_at = unwanted + segments.len() as u64 + u64::from(odd.is_some());
        if let Demux::Streams(tracker) = demux {
            let lookups = tracker.look_ahead(&segments, sink);
            for (segment, lookup) in segments.iter().zip(&lookups) {
                tracker.expected_segment(*lookup, segment, phase, sink);
                tracker.expire(segment.time, sink);
            }
        }
        if let Some((packet, time)) = odd {
            self.odd(&packet, time, phase);
        }
        (looked_at, rest)
    }

    /// Takes a packet that is not plain all the way.
    fn odd(&mut self, packet: &RawPacket<'_>, time: Timestamp, phase: Phase) {
        let Self { decoder, scanners, demux, sink, unprocessed, .. } = self;
        decoder.decode(packet, time, |found| {
            let (datagram, verdict) = match found {
                Found::Datagram(datagram, verdict) => (datagram, verdict),
                Found::Overdue(segment) => {
                    if let Demux::Streams(tracker) = demux {
                        tracker.segment(&segment, phase, sink);
                    }
                    return;
                }
                Found::Beacon(beacon) => {
                    for scanner in scanners.iter_mut() {
                        scanner.beacon(&beacon);
                    }
                    return;
                }
            };
            tell(scanners, packet, datagram, time);
            if !demux.take(packet, verdict, phase, sink)
                && let Some(file) = unprocessed
            {
                file.packet(packet);
            }
            demux.expire(time, sink);
        });
    }

    /// Takes what was waiting for fragments that will not come any more: the input has ended, the
    /// last of it in this phase.
    pub(super) fn release_fragments(&mut self, phase: Phase) {
        let Self { decoder, demux, sink, .. } = self;
        decoder.finish(|found| {
            if let (Found::Overdue(segment), Demux::Streams(tracker)) = (found, &mut *demux) {
                tracker.segment(&segment, phase, sink);
            }
        });
    }

    /// How many flows were made so far.
    pub(super) fn flows(&self) -> u64 {
        match &self.demux {
            Demux::Streams(tracker) => tracker.totals().flows,
            Demux::Packets(_) | Demux::Off => 0,
        }
    }

    /// Writes everything that waits in memory.
    pub(super) fn flush(&mut self) {
        self.sink.flush();
        if let Demux::Packets(files) = &mut self.demux {
            files.flush();
        }
        if let Some(file) = &mut self.unprocessed {
            file.flush();
        }
    }

    /// Whether nobody takes what is put out any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.sink.console_error().is_some()
    }
}

/// Tells all scanners of a datagram.
#[inline(never)]
fn tell(
    scanners: &mut [Box<dyn PacketScanner>],
    packet: &RawPacket<'_>,
    datagram: &Datagram<'_>,
    time: Timestamp,
) {
    for scanner in scanners {
        scanner.datagram(packet, datagram, time);
    }
}
