//! The way of a packet through the stages.

use super::sink::StreamSink;
use crate::capture::RawPacket;
use crate::config::Phase;
use crate::decode::{Decoder, Verdict};
use crate::flow::Tracker;
use crate::messages::Messages;
use crate::output::{PacketFiles, UnprocessedPackets};

/// What is done with TCP segments.
pub(super) enum Demux {
    /// Streams are rebuilt.
    Streams(Box<Tracker<StreamSink>>),
    /// Packets are sorted into files.
    Packets(PacketFiles),
    /// Nothing (`-x tcpdemux`).
    Off,
}

/// The stages behind the capture.
pub(super) struct Pipeline {
    pub(super) decoder: Decoder,
    pub(super) delta_seconds: i32,
    pub(super) demux: Demux,
    pub(super) sink: StreamSink,
    pub(super) unprocessed: Option<UnprocessedPackets>,
    pub(super) messages: Messages,
}

impl Pipeline {
    /// Takes one packet all the way.
    #[inline]
    pub(super) fn packet(&mut self, packet: &RawPacket<'_>, phase: Phase) {
        let Self { decoder, demux, sink, unprocessed, messages, delta_seconds } = self;
        decoder.decode(packet, |datagram, verdict| {
            let time = packet.time.to_timestamp(*delta_seconds);
            for scanner in &mut sink.scanners {
                scanner.datagram(packet, &datagram, time);
            }
            let processed = match (&verdict, &mut *demux) {
                (Verdict::Segment(segment), Demux::Streams(tracker)) => {
                    tracker.segment(segment, phase, sink);
                    true
                }
                (Verdict::Segment(segment), Demux::Packets(files)) => {
                    files.packet(packet, segment);
                    true
                }
                (Verdict::Headless(segment), Demux::Packets(files)) => {
                    files.packet(packet, segment);
                    false
                }
                (_, Demux::Off) => true,
                (Verdict::Headless(_) | Verdict::NotTcp, _) => false,
            };
            if !processed
                && let Some(file) = unprocessed
                && let Err(error) = file.packet(packet)
            {
                messages.error(format_args!("packets not processed: {error}"));
                *unprocessed = None;
            }
            if let Demux::Streams(tracker) = demux {
                tracker.expire(time, sink);
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
        if let Some(file) = &mut self.unprocessed
            && let Err(error) = file.flush()
        {
            self.messages.error(format_args!("packets not processed: {error}"));
            self.unprocessed = None;
        }
    }

    /// Whether nobody takes what is put out any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.sink.console_error().is_some()
    }
}
