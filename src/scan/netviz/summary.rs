//! What the page says, in numbers and names, before anything is placed on it.

use super::addresses::AddressHistogram;
use super::classes::{Class, Classes};
use super::page::Fill;
use super::ports::{PortHistogram, Service};
use super::timeline::Bars;
use super::{NetViz, looks};
use crate::time::Timestamp;

/// How many addresses or ports a ranking shows.
pub(super) const RANKS: usize = 10;

/// The facts of one capture.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    /// Packets counted.
    pub(super) packets: u64,
    /// Their bytes on the wire.
    pub(super) bytes: u64,
    /// The earliest and the latest packet.
    pub(super) range: Option<(Timestamp, Timestamp)>,
    /// Names of what the link layer carried, and each one's share of the bytes in percent.
    pub(super) transports: Vec<(&'static str, u64)>,
    /// Traffic over time; `None` without packets.
    pub(super) bars: Option<Bars>,
    /// The classes in it, and their names, in the order in which they are stacked.
    pub(super) classes: Vec<(Class, String)>,
    /// The four rankings, row by row.
    pub(super) rankings: [[Ranking; 2]; 2],
}

/// The busiest addresses or ports.
#[derive(Clone, Debug)]
pub(super) struct Ranking {
    /// What is ranked: `Source Addresses`.
    pub(super) title: &'static str,
    /// Most bytes first; at most [`RANKS`], none without bytes.
    pub(super) entries: Vec<Entry>,
    /// The bytes of all, those not shown included.
    pub(super) total: u64,
}

/// A line of a ranking.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The address or port.
    pub(super) name: String,
    /// The service on that port.
    pub(super) remark: &'static str,
    /// Its bytes.
    pub(super) bytes: u64,
    /// The look of its bar.
    pub(super) fill: Fill,
}

impl Summary {
    /// The facts counted so far.
    pub(super) fn of(counts: &NetViz) -> Self {
        let busiest = counts.source_ports.top(RANKS);
        let classes = Classes::new(&busiest, |port| counts.timeline.is_complete(port));
        let bars = counts.timeline.bars(&classes);
        let seen = |class: &Class| bars.as_ref().is_some_and(|bars| bars.has(*class));
        let named = classes.in_order().into_iter().filter(|(class, _)| seen(class)).collect();
        let ports = |title, histogram| rank_ports(title, histogram, &classes);
        Self {
            packets: counts.packets,
            bytes: counts.transports.total(),
            range: counts.range,
            transports: counts.transports.shares(),
            classes: named,
            rankings: [
                [
                    rank_addresses("Source Addresses", &counts.sources),
                    rank_addresses("Destination Addresses", &counts.destinations),
                ],
                [
                    ports("Source Ports", &counts.source_ports),
                    ports("Destination Ports", &counts.destination_ports),
                ],
            ],
            bars,
        }
    }
}

fn rank_addresses(title: &'static str, histogram: &AddressHistogram) -> Ranking {
    let entry = |leaf: super::addresses::Leaf| Entry {
        name: leaf.prefix.to_string(),
        remark: "",
        bytes: leaf.bytes,
        fill: looks::NEUTRAL,
    };
    let entries = histogram.top(RANKS).into_iter().map(entry).collect();
    Ranking { title, entries, total: histogram.total() }
}

fn rank_ports(title: &'static str, histogram: &PortHistogram, classes: &Classes) -> Ranking {
    let entry = |entry: super::ports::PortBytes| Entry {
        name: entry.port.to_string(),
        remark: Service::on_port(entry.port).map_or("", Service::name),
        bytes: entry.bytes,
        fill: looks::look(classes.of_port(entry.port)),
    };
    let entries = histogram.top(RANKS).into_iter().map(entry).collect();
    Ranking { title, entries, total: histogram.total() }
}
