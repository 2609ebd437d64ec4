//! netviz: counts packets and draws what was counted on one page, `report.pdf`.
//!
//! [`NetViz`] takes each packet that the link layer hands on as IP, in constant time and bounded
//! memory, whatever the packets hold. At the end:
//!
//! ```text
//! counts  ->  Summary  ->  Page  ->  PDF
//!             what to say  where     bytes
//! ```
//!
//! It knows nothing of flows and streams: a packet counts with its bytes on the wire, headers
//! included, whether it belongs to a connection or not. Nothing is written here; the caller gets
//! bytes.

use std::cmp::Ordering;

use crate::time::Timestamp;

mod address;
mod addresses;
mod classes;
mod fold;
mod font;
mod headers;
mod layout;
mod looks;
mod page;
mod pdf;
mod ports;
mod ranking;
mod resolution;
mod scale;
mod summary;
#[cfg(test)]
mod tests;
mod ticks;
mod time_plot;
mod timeline;
mod transports;
mod words;
mod zone;

pub use zone::LocalZone;

use addresses::AddressHistogram;
use headers::Headers;
use ports::{PortHistogram, Service};
use summary::Summary;
use timeline::{Kind, Timeline};
use transports::Transports;

/// How to count.
#[derive(Clone, Debug)]
pub struct Options {
    /// At most this many addresses and prefixes in each of the two address histograms; beyond,
    /// quiet neighbours are folded into prefixes. Negative: as many as fit into the 64 MB that
    /// the histograms may take, which is also the most that a larger number gets.
    pub histogram_size: i64,
    /// The time zone in which times are shown and days begin.
    pub zone: LocalZone,
}

/// A packet that the link layer handed on as IP.
#[derive(Clone, Copy, Debug)]
pub struct PacketView<'a> {
    /// When it was captured, `tdelta` included.
    pub time: Timestamp,
    /// Bytes of the whole frame on the wire.
    pub wire_len: u32,
    /// The outermost EtherType, if the frame is Ethernet.
    pub ether_type: Option<u16>,
    /// The bytes captured, from the IP header on.
    pub data: &'a [u8],
}

/// What the page says that was not counted.
#[derive(Clone, Debug)]
pub struct PageFacts {
    /// The program's version.
    pub program_version: String,
    /// Where the packets came from.
    pub source: String,
    /// Now.
    pub generated: Timestamp,
}

/// The counts from which the page is drawn.
#[derive(Clone, Debug)]
pub struct NetViz {
    zone: LocalZone,
    packets: u64,
    /// The earliest and the latest time.
    range: Option<(Timestamp, Timestamp)>,
    transports: Transports,
    timeline: Timeline,
    sources: AddressHistogram,
    destinations: AddressHistogram,
    source_ports: PortHistogram,
    destination_ports: PortHistogram,
}

impl NetViz {
    /// Nothing counted yet.
    pub fn new(options: Options) -> Self {
        Self {
            zone: options.zone,
            packets: 0,
            range: None,
            transports: Transports::default(),
            timeline: Timeline::new(0),
            sources: AddressHistogram::new(options.histogram_size),
            destinations: AddressHistogram::new(options.histogram_size),
            source_ports: PortHistogram::new(),
            destination_ports: PortHistogram::new(),
        }
    }

    /// Counts a packet.
    pub fn packet(&mut self, packet: &PacketView<'_>) {
        let &PacketView { time, wire_len, ether_type, data } = packet;
        if self.packets == 0 {
            self.timeline = Timeline::new(self.zone.offset_at(time.seconds()));
        }
        self.packets += 1;
        let (first, last) = self.range.unwrap_or((time, time));
        self.range = Some((first.min(time), last.max(time)));
        self.transports.add(ether_type, wire_len);

        let headers = Headers::read(data);
        if let Some((source, destination)) = headers.addresses {
            self.sources.add(source, wire_len);
            self.destinations.add(destination, wire_len);
        }
        if let Some((source, destination)) = headers.ports {
            self.source_ports.add(source, wire_len);
            self.destination_ports.add(destination, wire_len);
        }
        self.timeline.add(time, kind(headers.ports, self.packets), wire_len);
    }

    /// The page as a PDF file.
    pub fn finish(self, facts: &PageFacts) -> Vec<u8> {
        let page = self.page(facts);
        let generated = facts.generated.seconds();
        let properties = pdf::Properties {
            title: &facts.source,
            producer: &format!("tcpflow {}", facts.program_version),
            created: self.zone.local(generated),
            offset: self.zone.offset_at(generated),
        };
        pdf::write(&page, &properties)
    }

    fn page(&self, facts: &PageFacts) -> page::Page {
        layout::page(&Summary::of(self), facts, &self.zone)
    }

    /// The address histograms in full, as text: statistics, then an address and its bytes a line.
    /// `nodes` are the addresses and prefixes now held, `ctr_added` those ever created, `pruned`
    /// those folded into others.
    pub fn histogram_dump(&self) -> String {
        let mut dump = String::new();
        // The statistics of the sources have always come twice.
        self.sources.write_statistics(&mut dump);
        for (name, tree) in [("src_tree:\n", &self.sources), ("dst_tree:\n", &self.destinations)] {
            dump.push_str(name);
            tree.write_statistics(&mut dump);
            tree.write_leaves(&mut dump);
            dump.push('\n');
        }
        dump
    }
}

/// What a packet counts as over time. A port of a known service tells more than any other; if
/// both are, packets take turns by their `number`.
fn kind(ports: Option<(u16, u16)>, number: u64) -> Kind {
    let Some((source, destination)) = ports else { return Kind::NotTcp };
    match (Service::on_port(source), Service::on_port(destination)) {
        (None, None) => Kind::Port(source),
        (Some(service), None) | (None, Some(service)) => Kind::Service(service),
        (Some(source), Some(destination)) => {
            Kind::Service(if number % 2 == 1 { source } else { destination })
        }
    }
}

/// Adds to a sum that stops at its end rather than starting again, or ending the program.
fn add_bytes(sum: &mut u64, bytes: u32) {
    *sum = sum.saturating_add(u64::from(bytes));
}

/// The first `count` of `entries` in `order`, sorted.
fn top<T>(mut entries: Vec<T>, count: usize, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if entries.len() > count && count > 0 {
        entries.select_nth_unstable_by(count - 1, &order);
        entries.truncate(count);
    }
    entries.sort_by(order);
    entries
}
