//! A run, from the first input to the last line.

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::Exit;
use super::packets::{Demux, Pipeline};
use super::progress::{Position, Progress};
use super::setup::{Setup, SetupError};
use super::signals::StopFlag;
use super::wanted::Wanted;
use crate::capture::{Filter, Next, Source, Statistics};
use crate::config::{Config, Input, Phase, Sink};
use crate::messages::Messages;
use crate::report::{DeviceTotals, Totals};
use crate::scan::RunFindings;

/// In live capture, bytes wait at most this long in memory.
///
/// That is after they were taken from the kernel; half of the second that is promised is for the
/// way there, and for the writing.
const LIVE_FLUSH: Duration = Duration::from_millis(500);

/// How long, once asked to stop, the packets of a device that were captured before are looked at. Who
/// asked may lose patience and kill the program, and then more is lost; many wait ten seconds.
const LAST_PACKETS: Duration = Duration::from_secs(5);

/// The same of packets that are printed: who sits before it wants to see it stop.
const LAST_PRINTED: Duration = Duration::from_millis(500);

/// How many packets pass between two looks at the clock.
const PACKETS_PER_LOOK: u64 = 256;

/// From this many flows on, an output folder with as many entries deserves a warning.
const TOO_MANY_FILES: u64 = 10_000;

/// Does what `config` says.
pub fn run(config: &Config) -> Exit {
    let prefix = config.settings.debug_prefix.as_deref().unwrap_or(&config.program);
    let messages = Messages::new(prefix, config.verbosity);
    if let Err(error) = go(config, &messages) {
        messages.error(error);
    }
    match messages.failed() {
        true => Exit::Failure,
        false => Exit::Success,
    }
}

fn go(config: &Config, messages: &Messages) -> Result<(), SetupError> {
    let stop = StopFlag::listen().map_err(SetupError::Signals)?;
    let mut setup = Setup::begin(config, messages.clone(), stop.clone())?;
    let mut current = setup.open_next_input();
    // A device's packets are filtered by the kernel.
    let mut filter = match &current {
        Some((source, _)) if !config.filter.is_empty() && !is_live(config) => {
            Some(Filter::compile(&config.filter, source.link_type())?)
        }
        _ => None,
    };
    let mut pipeline = setup.pipeline(current.as_ref().map(|(source, _)| source))?;
    setup.relinquish_privileges()?;
    let mut last_phase = None;
    let mut device = None;
    while let Some((mut source, phase)) = current {
        last_phase = Some(phase);
        let mut reading = Reading { config, messages, stop: &stop, source: &mut source, phase };
        reading.run(filter.as_mut(), &mut pipeline);
        device = device_totals(&mut source, messages);
        if stop.is_raised() || pipeline.is_abandoned() {
            break;
        }
        if setup.next_input_may_wait() {
            pipeline.flush();
        }
        current = setup.open_next_input();
    }
    finish(config, pipeline, last_phase, device);
    Ok(())
}

fn is_live(config: &Config) -> bool {
    matches!(config.input, Input::Live { .. })
}

/// One input while it is read.
struct Reading<'a> {
    config: &'a Config,
    messages: &'a Messages,
    stop: &'a StopFlag,
    source: &'a mut Source,
    phase: Phase,
}

impl Reading<'_> {
    /// Reads the input to its end, or until somebody wants the run to stop.
    fn run(&mut self, filter: Option<&mut Filter>, pipeline: &mut Pipeline) {
        let mut progress = Progress::begin(
            !is_live(self.config)
                && !self.config.verbosity.quiet
                && !matches!(self.config.sink, Sink::Console(_)),
            self.messages,
        );
        let mut wanted = Wanted::new(filter);
        let (mut packets, mut looks) = (0, 0);
        let mut flushed = Instant::now();
        let mut stopped = None;
        self.lend(pipeline);
        while self.goes_on(&mut stopped) {
            let at_hand = self.source.at_hand();
            let (taken, rest) = pipeline.batch(&at_hand, &mut wanted, self.phase);
            let passed = rest.passed();
            self.source.pass_over(passed);
            packets += taken;
            if taken == 0 {
                pipeline.sink.end_lending();
                match self.source.read_on() {
                    Ok(Next::AtHand) => {}
                    Ok(Next::Packet(packet)) => {
                        let alone = std::iter::once(packet);
                        packets += pipeline.batch(&alone, &mut wanted, self.phase).0;
                    }
                    Ok(Next::Idle) => {
                        pipeline.flush();
                        flushed = Instant::now();
                        if pipeline.is_abandoned() {
                            break;
                        }
                    }
                    Ok(Next::End) => break,
                    Err(error) => self.messages.error(error),
                }
                self.lend(pipeline);
            }
            if let Some(error) = wanted.failure() {
                self.messages.error(error);
                break;
            }
            if packets / PACKETS_PER_LOOK != looks {
                looks = packets / PACKETS_PER_LOOK;
                if pipeline.is_abandoned() {
                    break;
                }
                if is_live(self.config) && flushed.elapsed() >= LIVE_FLUSH {
                    pipeline.flush();
                    flushed = Instant::now();
                }
                progress.update(|| Position {
                    bytes: self.source.position(),
                    size: self.source.size(),
                    packets,
                    flows: pipeline.flows(),
                });
            }
        }
        pipeline.sink.end_lending();
        drop(progress);
        if self.stop.is_raised() {
            self.messages.debug(1, "terminating orderly");
        }
        wanted.link_types().tell(self.source, self.messages);
    }

    /// Lets files hold the memory in which packets are at hand.
    fn lend(&self, pipeline: &mut Pipeline) {
        if let Some(chunk) = self.source.chunk_at_hand() {
            pipeline.sink.lend(chunk, self.source.origin_at_hand());
        }
    }

    /// Whether to read on. When somebody wants the run to stop, a device is given a moment for the
    /// packets that it has delivered already; `stopped` is when that was.
    #[inline]
    fn goes_on(&mut self, stopped: &mut Option<Instant>) -> bool {
        if !self.stop.is_raised() {
            return true;
        }
        let Source::Live(live) = &mut *self.source else { return false };
        match stopped {
            Some(stopped) => {
                let patience = match self.config.sink {
                    Sink::Console(_) => LAST_PRINTED,
                    Sink::Files | Sink::PacketFiles | Sink::ReportOnly => LAST_PACKETS,
                };
                stopped.elapsed() < patience
            }
            None => {
                live.stop();
                *stopped = Some(Instant::now());
                true
            }
        }
    }
}

/// Ends the capture from a device, if it is one, and tells how many packets there were and how many
/// of them were lost.
fn device_totals(source: &mut Source, messages: &Messages) -> Option<DeviceTotals> {
    let Source::Live(live) = source else { return None };
    let packets = live.finish();
    let device = live.name().to_owned();
    let Statistics { received, dropped, dropped_by_device, unread } = packets;
    let line = format!(
        "{device}: {received} packets received, {dropped} dropped by the kernel, \
         {dropped_by_device} by the device"
    );
    match dropped + dropped_by_device {
        0 => messages.debug(1, line),
        _ => messages.loss(format_args!("{line}; streams may have gaps")),
    }
    if unread > 0 {
        messages.loss(format_args!("{device}: {unread} packets received but not looked at"));
    }
    Some(DeviceTotals { device, packets })
}

/// Closes everything and tells the end; `last_phase` is that of the last input. Nothing is drawn if
/// nothing could be read.
fn finish(
    config: &Config,
    mut pipeline: Pipeline,
    last_phase: Option<Phase>,
    device: Option<DeviceTotals>,
) {
    if let Some(phase) = last_phase {
        pipeline.release_fragments(phase);
    }
    let encrypted = pipeline.decoder.protected_frames();
    if encrypted > 0 {
        pipeline.messages.debug(1, format_args!("{encrypted} encrypted 802.11 frames left out"));
    }
    let Pipeline { scanners, demux, mut sink, unprocessed, messages, .. } = pipeline;
    let mut totals = Totals { device, ..Totals::default() };
    match demux {
        Demux::Streams(mut tracker) => {
            totals.open_flows = tracker.open_flows() as u64;
            tracker.finish(&mut sink);
            let counted = tracker.totals();
            totals.flows = counted.flows;
            totals.packets = counted.packets;
            totals.max_open_flows = counted.max_open_flows;
            totals.closed_early = counted.closed_early;
        }
        Demux::Packets(files) => files.finish(),
        Demux::Off => {}
    }
    sink.finish();
    if let Some(error) = sink.console_error()
        && error.kind() != ErrorKind::BrokenPipe
    {
        messages.error(format_args!("standard output: {error}"));
    }
    let mut findings = RunFindings::default();
    if last_phase.is_some() {
        for scanner in scanners {
            scanner.finish(&mut findings);
        }
    }
    if let Some(report) = sink.report {
        let path = report.path().to_owned();
        if let Err(error) = report.finish(&totals, &findings) {
            messages.error(format_args!("{}: {error}", path.display()));
        }
    }
    if let Some(file) = unprocessed {
        file.finish();
    }
    sink.children.finish();
    messages.tell_more_files();
    warn_of_many_files(config, totals.flows, &messages);
}

fn warn_of_many_files(config: &Config, flows: u64, messages: &Messages) {
    if flows <= TOO_MANY_FILES || config.sink != Sink::Files {
        return;
    }
    let folder = &config.output_folder;
    // Counting all of them would take as long as making a good part of them did.
    let enough = TOO_MANY_FILES as usize;
    let entries = fs::read_dir(folder).map_or(0, |entries| entries.take(enough).count());
    if entries == enough {
        messages.warning(format_args!(
            "{} holds {entries} files or more; -Fk, -Fm or -Fg sort them into folders of 1,000",
            folder.display()
        ));
    }
}
